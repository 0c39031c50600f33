import { z } from "zod";
import { SensorloopError } from "./errors.ts";
import { objectRefSchema } from "./object-ref.ts";

/** The format that is written. 2 knew no labels but those of the files; it is read as a snapshot without others. */
const FORMAT = 3;

/** A snapshot at rest: which bytes it consists of, and nothing that is not immutable. */
const manifestSchema = z.object({
  format: z.union([z.literal(2), z.literal(FORMAT)]),
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
  /** What people said of its recordings (lib/domain/labels/frozen.ts); null where nobody said anything. */
  labels: objectRefSchema.nullable().default(null),
  /** Groups of recordings that can be windowed on their own, with the files each needs. */
  shards: z.array(z.object({ recordings: objectRefSchema, parts: z.array(z.string()), rows: z.number().int() })),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** What every format says in the same way, and a later snapshot needs of an earlier one. */
export const splitOfManifestSchema = manifestSchema.pick({ splitHash: true, split: true });

/** @throws SensorloopError FORMAT_TOO_OLD, FORMAT_TOO_NEW */
export function parseManifest(text: string): Manifest {
  const value: unknown = JSON.parse(text);
  const { format } = z.object({ format: z.number() }).parse(value);
  if (format > FORMAT) throw new SensorloopError("FORMAT_TOO_NEW", `the snapshot has format ${format}; this version reads up to ${FORMAT}`);
  if (format < 2) throw new SensorloopError("FORMAT_TOO_OLD", `the snapshot has format ${format}; this version reads from 2 on`);
  return manifestSchema.parse(value);
}
