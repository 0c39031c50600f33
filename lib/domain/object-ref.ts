import { z } from "zod";

/** Points to bytes in the object store. Data travels between stages as such a reference, never as itself. */
export const objectRefSchema = z.object({
  key: z.string(),
  /** SHA-256 of the bytes, in lower-case hex; checked before anything parses them. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.number().int().nonnegative(),
});

export type ObjectRef = z.infer<typeof objectRefSchema>;

/** What an object is; the second part of its key: `<project>/<kind>/<uuid>`. */
export const OBJECT_KINDS = [
  "upload",
  "file",
  "clean",
  "snapshot",
  "windows",
  "checkpoint",
  "model",
  "description",
  "synthesis",
  "signal",
] as const;
export type ObjectKind = (typeof OBJECT_KINDS)[number];
