import { z } from "zod";
import { genomeSchema } from "./spec.ts";

/**
 * A trained model at rest: this JSON and one buffer of little-endian float32. Nothing in it is executable; its SHA-256
 * is checked before it is parsed, and every tensor's place is checked against the buffer before it is used.
 */
export const ARTIFACT_FORMAT = 1;

/** Most members of an ensemble; each costs an answer its own time. */
export const MOST_MEMBERS = 8;

/** What a model answers with that is the mean of the probabilities of others. Made by `combine-models`, never named in a spec. */
const ensembleGenomeSchema = z.strictObject({
  family: z.literal("ensemble"),
  /** None of them is an ensemble itself. */
  members: z.array(genomeSchema).min(2).max(MOST_MEMBERS),
});

/** The genome of a model, which may be one that no spec can ask for. */
export const modelGenomeSchema = z.discriminatedUnion("family", [...genomeSchema.options, ensembleGenomeSchema]);
export type ModelGenome = z.infer<typeof modelGenomeSchema>;

const names = z.array(z.string());
const samples = z.number().int().nonnegative();

/**
 * What a model reads: a row of named features, a window of samples x channels, or `both`, the window and then the features.
 */
const inputSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("features"), names }),
  z.object({ kind: z.literal("signal"), channels: names, samples }),
  z.object({ kind: z.literal("both"), channels: names, samples, names }),
]);
export type ModelInput = z.infer<typeof inputSchema>;

/**
 * z-score of the training rows, channels first, then features; then clipped to +-clip; NaN becomes the mean (0). Null where
 * values are read as they are, missing ones included: trees do.
 */
const scalingSchema = z.object({ mean: z.array(z.number()), sd: z.array(z.number()), clip: z.number() }).nullable();

const tensorEntrySchema = z.object({
  name: z.string(),
  shape: z.array(z.number().int().nonnegative()),
  /** In floats from the beginning of the buffer. */
  offset: z.number().int().nonnegative(),
});
export type TensorEntry = z.infer<typeof tensorEntrySchema>;

/** How a model was trained, so that the same bits can be had again. Of an ensemble: sums over its members. */
const trainingSchema = z.object({
  /** Null where TensorFlow had no part in it. */
  backend: z.enum(["native", "wasm", "cpu"]).nullable(),
  threads: z.number().int(),
  seed: z.number().int(),
  epochs: z.number().int(),
  rows: z.number().int(),
  seconds: z.number(),
});

const memberSchema = z.object({
  input: inputSchema,
  scaling: scalingSchema,
  tensors: z.array(tensorEntrySchema),
  training: trainingSchema,
});
export type ArtifactMember = z.infer<typeof memberSchema>;

export const artifactSchema = memberSchema.extend({
  format: z.number().int(),
  genome: modelGenomeSchema,
  /** Class of each output, in order. */
  classes: z.array(z.string()).min(2),
  /** Of an ensemble, in the order of its genome; its own `input` then holds all that they read, and `tensors` are theirs. */
  members: z.array(memberSchema).optional(),
  weights: z.object({ sha256: z.string(), floats: z.number().int() }),
});
export type Artifact = z.infer<typeof artifactSchema>;
