import { z } from "zod";
import { idSchema } from "../ids.ts";
import { slotSchema } from "./models.ts";
import { timeSchema } from "./page.ts";

/** What finds one prediction again: model, recording, subject and the window in samples. */
export const predictionKeySchema = z.object({
  model: z.string().max(80),
  recording: z.string().max(400),
  subject: z.string().max(80),
  from: z.coerce.number().int().nonnegative(),
  to: z.coerce.number().int().positive(),
});
export type PredictionKey = z.infer<typeof predictionKeySchema>;

export const predictionSchema = predictionKeySchema.extend({
  project: z.string(),
  snapshot: z.string(),
  startUs: z.number(),
  split: z.string(),
  actual: z.string().nullable(),
  predicted: z.string(),
  confidence: z.number(),
  run: z.string(),
  createdAt: timeSchema,
});
export type Prediction = z.infer<typeof predictionSchema>;

export const predictionQuerySchema = z.object({
  model: z.string().max(80).optional(),
  split: z.enum(["train", "validation", "holdout", "unlabelled"]).optional(),
  actual: z.string().max(80).optional(),
  predicted: z.string().max(80).optional(),
  wrong: z.stringbool().optional(),
  /** `newest` by time; `doubtful` from the least confident up. */
  order: z.enum(["newest", "doubtful"]).default("newest"),
});

/** From a prediction back to the rows of the file it came from. */
export const traceSchema = z.object({
  prediction: predictionSchema,
  model: z.object({ id: z.string(), run: z.string(), snapshot: z.string(), slot: z.string() }),
  snapshot: z.object({ id: z.string(), manifestSha256: z.string(), createdAt: timeSchema }),
  sources: z.array(
    z.object({
      file: z.uuid(),
      name: z.string(),
      upload: z.uuid(),
      uploadName: z.string(),
      sha256: z.string(),
      addedBy: z.string(),
      addedAt: timeSchema,
      cleaning: z.uuid().nullable(),
      /** First and last line of the file the window was read from, counted from 1; null where the clean stage kept none. */
      lines: z.object({ from: z.int(), to: z.int() }).nullable(),
    }),
  ),
});
export type Trace = z.infer<typeof traceSchema>;

/**
 * What a model is asked: rows of features by name, as its artifact lists them, or windows of raw samples by channel, at
 * the spec's rate and as long as its windows are. A missing or null value was not measured.
 */
export const predictSchema = z
  .strictObject({
    slot: slotSchema.optional(),
    rows: z
      .array(z.record(z.string().max(200), z.number().nullable()))
      .min(1)
      .max(1000)
      .optional(),
    windows: z
      .array(z.record(idSchema, z.array(z.number().nullable()).min(1).max(100_000)))
      .min(1)
      .max(200)
      .optional(),
  })
  .refine((request) => (request.rows === undefined) !== (request.windows === undefined), "either `rows` or `windows`");
export type PredictRequest = z.infer<typeof predictSchema>;
export const predictQuerySchema = z.object({ slot: slotSchema.optional() });

const answerSchema = z.object({ label: z.string(), confidence: z.number(), probabilities: z.record(z.string(), z.number()) });
/** Every answer says which model gave it, and the hash of what it was asked. */
export const predictedSchema = z.object({
  project: z.string(),
  slot: z.string(),
  model: z.string(),
  inputSha256: z.string(),
  answers: z.array(answerSchema),
});
export type Predicted = z.infer<typeof predictedSchema>;
