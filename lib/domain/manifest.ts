import { z } from "zod";
import { objectRefSchema } from "./object-ref.ts";

/** A snapshot at rest: which bytes it consists of, and nothing that is not immutable. */
export const manifestSchema = z.object({
  format: z.literal(2),
  project: z.string(),
  splitBy: z.enum(["subject", "recording", "random"]),
  /** Hash of the split's rules and seed: sides are carried over only between snapshots that share it. */
  splitHash: z.string(),
  /** Clean Parquet, one part a file. */
  parts: z.array(
    objectRefSchema.extend({
      file: z.string(),
      name: z.string(),
      /** Index into the spec's `files`. */
      fileSpec: z.number().int(),
      role: z.enum(["samples", "intervals"]),
      /** What is in it, recording by recording and label by label (lib/ingest/pieces.ts). */
      pieces: objectRefSchema,
      rows: z.number().int(),
    }),
  ),
  /** JSON: subject or recording to its side. */
  split: objectRefSchema,
  /** Groups of recordings that can be windowed on their own, with the files each needs. */
  shards: z.array(z.object({ recordings: objectRefSchema, parts: z.array(z.string()), rows: z.number().int() })),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** What every format says in the same way, and a later snapshot needs of an earlier one. */
export const splitOfManifestSchema = manifestSchema.pick({ splitHash: true, split: true });
