import { z } from "zod";
import { artifactSchema } from "../artifact.ts";
import type { Spec } from "../spec.ts";

/** One recording, to be seen: what it has, not its samples. */
export const signalQuerySchema = z.object({ subject: z.string().min(1).max(80), recording: z.string().min(1).max(400) });
export const signalInfoSchema = z.object({
  ...signalQuerySchema.shape,
  project: z.string(),
  samples: z.int(),
  rateHz: z.number(),
  /** Time of sample 0 in microseconds since 1970; 0 where the recording has no clock. */
  startUs: z.number(),
  /** What a sample is: a moment at the rate, or a row that is an example of its own and has no rate. */
  axis: z.enum(["time", "row"]),
  channels: z.array(z.object({ name: z.string(), sensor: z.string(), unit: z.string().nullable() })),
  /** [from, to) in samples; between them nothing was measured. */
  stretches: z.array(z.tuple([z.int(), z.int()])),
  /** Labels as the next snapshot would have them: those of the files below, those of people above. */
  labels: z.array(z.object({ label: z.string(), from: z.int(), to: z.int(), source: z.enum(["file", "people"]) })),
  predictions: z.array(z.object({ from: z.int(), to: z.int(), predicted: z.string(), confidence: z.number() })).max(5_000),
  /** Address of a video or sound of the recording, and how many seconds after the signal it begins; null without one. */
  media: z.object({ kind: z.enum(["video", "audio"]), url: z.string(), offsetSeconds: z.number() }).nullable(),
});
export type SignalInfo = z.infer<typeof signalInfoSchema>;

/** A view of the signal: at most `columns` columns, each the extremes of its samples; see `lib/domain/signal/view.ts`. */
export const signalViewQuerySchema = signalQuerySchema.extend({
  from: z.coerce.number().int().nonnegative(),
  to: z.coerce.number().int().positive(),
  columns: z.coerce.number().int().min(1).max(8_000).default(1_000),
});

export const recordingQuerySchema = z.object({ search: z.string().max(200).optional() });
export const recordingSchema = z.object({
  subject: z.string(),
  recording: z.string(),
  predictions: z.int(),
  /** Mean confidence of its predictions, 0 to 1. */
  confidence: z.number().nullable(),
  labels: z.int(),
});
export type RecordingSummary = z.infer<typeof recordingSchema>;

/** All that scoring elsewhere needs beside the weights: the model's artifact, and the spec whose filters, windows and features it was trained on. */
export const scoringModelSchema = z.object({ model: z.string(), slot: z.string(), artifact: artifactSchema, spec: z.custom<Spec>() });
export type ScoringModel = z.infer<typeof scoringModelSchema>;
