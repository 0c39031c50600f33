import { z } from "zod";
import { modelGenomeSchema } from "../artifact.ts";
import { idSchema } from "../ids.ts";
import { estimateSchema, metricsSchema } from "../metrics-schema.ts";
import { reportSchema } from "./data.ts";
import { timeSchema } from "./page.ts";

/** `<project>/<cohort>/<sensors>`, see `slotId`. */
export const slotSchema = z
  .string()
  .max(400)
  .regex(/^[a-z0-9][a-z0-9_-]*\/[a-z0-9][a-z0-9_-]*\/[a-z0-9][a-z0-9_+-]*$/, "project/cohort/sensors");

/** Where a genome came from. */
const MODEL_ORIGINS = ["spec", "memory", "mutant", "refit", "ensemble", "import"] as const;

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
  origin: z.enum(MODEL_ORIGINS),
  /** 0 = the first of its search. */
  generation: z.int(),
  /** Models of the same slot that its genome was made from. */
  parents: z.array(z.string()),
  /** What was changed in a parent's genome, in words; null where nothing was. */
  mutation: z.string().nullable(),
  /** On the holdout of its snapshot; null before it was evaluated. */
  accuracy: estimateSchema.nullable(),
  macroF1: estimateSchema.nullable(),
  /**
   * Macro F1 on the validation people, by which candidates are chosen; of one that was fitted again on all rows that of the
   * trial it came from. Null where there were no such people or it failed.
   */
  validation: estimateSchema.nullable(),
  /** A single answer, as measured on the holdout. */
  latencyUs: z.number().nullable(),
  /** Of artifact and weights together. */
  bytes: z.int().nullable(),
  /** Why it failed. */
  failure: z.object({ code: z.string(), message: z.string() }).nullable(),
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

export const modelDetailSchema = modelSummarySchema.omit({ validation: true }).extend({
  windowSet: z.string(),
  specVersion: z.int().nullable(),
  genome: modelGenomeSchema,
  epoch: z.int(),
  /** What the trainer recorded: back end, threads, seconds, rows. */
  training: z.record(z.string(), z.unknown()).nullable(),
  validation: metricsSchema.nullable(),
  /** One entry an epoch. */
  curve: z.array(z.record(z.string(), z.number().nullable())),
  artifactSha256: z.string().nullable(),
  weightsSha256: z.string().nullable(),
  error: reportSchema.nullable(),
  evaluations: z.array(evaluationSchema),
  /** Its times as champion, newest first. */
  reigns: z.array(z.object({ since: timeSchema, until: timeSchema.nullable(), by: z.string(), why: z.string() })),
});
export type ModelDetail = z.infer<typeof modelDetailSchema>;

export const modelQuerySchema = z.object({
  slot: slotSchema.optional(),
  run: idSchema.optional(),
  /**
   * `best`: by macro F1 on validation, those without one last. Figures of different snapshots are of different people, so
   * models of the newest snapshot come before those of the one before it.
   */
  order: z.enum(["newest", "best"]).default("newest"),
});

/** What models are trained for: the slots of a project that have any, with what stands there. */
export const slotSummarySchema = z.object({
  slot: z.string(),
  cohort: z.string(),
  sensors: z.array(z.string()),
  champion: z.string().nullable(),
  models: z.int(),
  newestAt: timeSchema,
});
export type SlotSummary = z.infer<typeof slotSummarySchema>;

export const lineageQuerySchema = z.object({ slot: slotSchema, run: idSchema.optional() });
/** What one run tried in one slot, by the generation it was tried in: what its family tree is drawn from. */
export const lineageSchema = z.object({
  slot: z.string(),
  /** The run shown; null where the slot has no model. */
  run: z.string().nullable(),
  /** Runs that looked for a model of the slot, newest first. */
  runs: z.array(z.string()),
  models: z.array(modelSummarySchema),
});
export type Lineage = z.infer<typeof lineageSchema>;

/** Two models side by side; differences are `b` minus `a`, with 95 % intervals where both answered the same windows. */
export const comparisonSchema = z.object({
  a: modelDetailSchema,
  b: modelDetailSchema,
  /** Two models are compared only on the same holdout; `reason` says what stands in the way. */
  comparable: z.boolean(),
  reason: z.string().nullable(),
  split: z.string().nullable(),
  /** What the differences are paired by: windows, or, where the two cut them otherwise, people; null where they are not. */
  paired: z.enum(["windows", "people"]).nullable(),
  accuracy: estimateSchema.nullable(),
  macroF1: estimateSchema.nullable(),
  /** F1; `difference` is null where one of them has none. */
  perClass: z.array(
    z.object({ label: z.string(), a: z.number().nullable(), b: z.number().nullable(), difference: estimateSchema.nullable() }),
  ),
  /**
   * Accuracy by subject, the largest differences first, at most 200; `better`, `worse`, `equal` count all subjects. Where
   * they are paired by people, `windows` are those of `a`.
   */
  subjects: z.array(z.object({ subject: z.string(), windows: z.int(), a: z.number(), b: z.number() })),
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
  /** On the holdout of its snapshot. */
  accuracy: estimateSchema.nullable(),
  macroF1: estimateSchema.nullable(),
});
export type Champion = z.infer<typeof championSchema>;
export const championQuerySchema = z.object({ slot: slotSchema.optional(), at: timeSchema.optional() });

/** One time that a model served a slot, by the journal. */
export const reignSchema = z.object({
  slot: z.string(),
  model: z.string(),
  /** How it came to serve. */
  by: z.string(),
  kind: z.enum(["model.promoted", "model.rolled-back"]),
  why: z.string(),
  since: timeSchema,
  /** Null while it lasts. */
  until: timeSchema.nullable(),
});
export type Reign = z.infer<typeof reignSchema>;
export const historyQuerySchema = z.object({ slot: slotSchema.optional() });
