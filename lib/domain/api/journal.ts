import { z } from "zod";
import { idSchema } from "../ids.ts";
import { EVENT_KINDS } from "../journal.ts";
import { timeSchema } from "./page.ts";

export const journalEntrySchema = z.object({
  id: z.int(),
  at: timeSchema,
  actor: z.string(),
  project: z.string().nullable(),
  /** One of EVENT_KINDS, or one of a newer version. */
  kind: z.string(),
  /** What it is about: a run, a slot, an account, an upload. */
  subject: z.string().nullable(),
  payload: z.record(z.string(), z.unknown()),
});
export type JournalEntry = z.infer<typeof journalEntrySchema>;

export const journalQuerySchema = z.object({
  project: idSchema.optional(),
  kind: z.enum(EVENT_KINDS).optional(),
  actor: z.string().max(80).optional(),
  subject: z.string().max(400).optional(),
});
