import { z } from "zod";
import { idSchema } from "../ids.ts";
import { estimateSchema, metricsSchema } from "../metrics-schema.ts";
import { genomeSchema } from "../spec.ts";
import { reportSchema } from "./data.ts";
import { timeSchema } from "./page.ts";

/** `<project>/<cohort>/<sensors>`, see `slotId`. */
export const slotSchema = z
  .string()
  .max(400)
  .regex(/^[a-z0-9][a-z0-9_-]*\/[a-z0-9][a-z0-9_-]*\/[a-z0-9][a-z0-9_+-]*$/, "project/cohort/sensors");

export const modelSummarySchema = z.object({
  id: z.string(),
  project: z.string(),
  slot: z.string(),
  run: z.string(),
  snapshot: z.string(),
  family: z.string(),
  state: z.enum(["training", "trained", "failed"]),
  fittedOn: z.enum(["train", "train+validation"]),
  champion: z.boolean(),
  /** On the holdout of its snapshot; null before it was evaluated. */
  accuracy: estimateSchema.nullable(),
  macroF1: estimateSchema.nullable(),
  createdAt: timeSchema,
});
export type ModelSummary = z.infer<typeof modelSummarySchema>;

export const evaluationSchema = z.object({
  snapshot: z.string(),
  split: z.string(),
  holdoutSha256: z.string(),
  metrics: metricsSchema,
  latencyUs: z.number().nullable(),
  bytes: z.int().nullable(),
  createdAt: timeSchema,
});
export type Evaluation = z.infer<typeof evaluationSchema>;

export const modelDetailSchema = modelSummarySchema.extend({
  windowSet: z.string(),
  specVersion: z.int().nullable(),
  genome: genomeSchema,
  epoch: z.int(),
  /** What the trainer recorded: back end, threads, seconds, rows. */
  training: z.record(z.string(), z.unknown()).nullable(),
  validation: metricsSchema.nullable(),
  /** One entry an epoch. */
  curve: z.array(z.record(z.string(), z.number().nullable())),
  artifactSha256: z.string().nullable(),
  weightsSha256: z.string().nullable(),
  bytes: z.int().nullable(),
  error: reportSchema.nullable(),
  evaluations: z.array(evaluationSchema),
  /** Its times as champion, newest first. */
  reigns: z.array(z.object({ since: timeSchema, until: timeSchema.nullable(), by: z.string(), why: z.string() })),
});
export type ModelDetail = z.infer<typeof modelDetailSchema>;

export const modelQuerySchema = z.object({ slot: slotSchema.optional(), run: idSchema.optional() });

/** Two models side by side; numbers are `b` minus `a`. */
export const comparisonSchema = z.object({
  a: modelDetailSchema,
  b: modelDetailSchema,
  /** Two models are compared only on the same holdout; `reason` says what stands in the way. */
  comparable: z.boolean(),
  reason: z.string().nullable(),
  split: z.string().nullable(),
  accuracy: z.number().nullable(),
  macroF1: z.number().nullable(),
  perClass: z.array(z.object({ label: z.string(), a: z.number().nullable(), b: z.number().nullable() })),
  /** Accuracy by subject, paired; `better`, `worse`, `equal` count subjects. */
  subjects: z.array(z.object({ subject: z.string(), a: z.number(), b: z.number() })),
  better: z.int(),
  worse: z.int(),
  equal: z.int(),
});
export type Comparison = z.infer<typeof comparisonSchema>;

export const promoteSchema = z.strictObject({
  /** The champion that the sender saw; promotion is refused with CONFLICT when it is another by now. Null: none. */
  expected: z.string().max(80).nullable(),
  why: z.string().max(500).default(""),
});
export const rollbackSchema = z.strictObject({
  slot: slotSchema.optional(),
  expected: z.string().max(80).optional(),
  why: z.string().max(500).default(""),
});

export const championSchema = z.object({
  project: z.string(),
  slot: z.string(),
  model: z.string(),
  since: timeSchema,
  by: z.string(),
  why: z.string(),
  accuracy: z.number().nullable(),
  macroF1: z.number().nullable(),
});
export type Champion = z.infer<typeof championSchema>;
export const championQuerySchema = z.object({ slot: slotSchema.optional(), at: timeSchema.optional() });
