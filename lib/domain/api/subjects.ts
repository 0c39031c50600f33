import { z } from "zod";

/** `why` goes into the journal, which nothing is erased from. */
export const eraseSubjectSchema = z.strictObject({ why: z.string().trim().min(1).max(500) });

/** What was removed of a person, in rows. */
export const erasedSubjectSchema = z.object({
  /** Biometric id. */
  subject: z.string(),
  /** Open tasks that were taken back. */
  tasks: z.int(),
  features: z.int(),
  predictions: z.int(),
  /** Recordings as the viewer reads them. */
  signals: z.int(),
  profile: z.boolean(),
});
export type ErasedSubject = z.infer<typeof erasedSubjectSchema>;
