import { z } from "zod";
import { genomeSchema } from "./spec.ts";

/**
 * A trained model at rest: this JSON and one buffer of little-endian float32. Nothing in it is executable; its SHA-256
 * is checked before it is parsed, and every tensor's place is checked against the buffer before it is used.
 */
export const ARTIFACT_FORMAT = 1;

const tensorEntrySchema = z.object({
  name: z.string(),
  shape: z.array(z.number().int().nonnegative()),
  /** In floats from the beginning of the buffer. */
  offset: z.number().int().nonnegative(),
});

export const artifactSchema = z.object({
  format: z.number().int(),
  genome: genomeSchema,
  /** Class of each output, in order. */
  classes: z.array(z.string()).min(2),
  /** What the model reads: a row of named features, or a window of channels x samples. */
  input: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("features"), names: z.array(z.string()) }),
    z.object({ kind: z.literal("signal"), channels: z.array(z.string()), samples: z.number().int() }),
  ]),
  /** z-score of the training rows, per feature or per channel, then clipped to +-clip; NaN becomes the mean (0). */
  scaling: z.object({ mean: z.array(z.number()), sd: z.array(z.number()), clip: z.number() }),
  tensors: z.array(tensorEntrySchema),
  weights: z.object({ sha256: z.string(), floats: z.number().int() }),
  /** How it was trained, so that the same bits can be had again. */
  training: z.object({
    backend: z.enum(["native", "wasm", "cpu"]),
    threads: z.number().int(),
    seed: z.number().int(),
    epochs: z.number().int(),
    rows: z.number().int(),
    seconds: z.number(),
  }),
});
export type Artifact = z.infer<typeof artifactSchema>;
