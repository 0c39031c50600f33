import { z } from "zod";
import { intervalSchema, labelSchema } from "./labels.ts";
import { timeSchema } from "./page.ts";

/** Why a window is asked about. */
export const TASK_REASONS = ["uncertain", "contradicted", "disagreement", "confusion", "random", "gold"] as const;
export type TaskReason = (typeof TASK_REASONS)[number];
export const TASK_STATES = ["open", "adjudicate", "done", "withdrawn"] as const;
export type TaskState = (typeof TASK_STATES)[number];

export const taskSchema = z.object({
  id: z.uuid(),
  project: z.string(),
  /** Gold samples go out under another reason: whoever answers must not know. */
  reason: z.enum(TASK_REASONS),
  ...intervalSchema.shape,
  rateHz: z.number(),
  startUs: z.number(),
  model: z.string(),
  predicted: z.string(),
  confidence: z.number(),
  /** What contradicts the prediction, where something does. */
  claimed: z.string().nullable(),
  state: z.enum(TASK_STATES),
  wanted: z.int(),
  answers: z.int(),
  version: z.int(),
  outcome: z.string().nullable(),
  escalated: z.boolean(),
  createdAt: timeSchema,
});
export type Task = z.infer<typeof taskSchema>;

export const taskQuerySchema = z.object({
  state: z.enum(TASK_STATES).optional(),
  reason: z.enum(TASK_REASONS).optional(),
  predicted: z.string().max(80).optional(),
  /** Only those that nobody has answered for too long. */
  escalated: z.stringbool().optional(),
});

export const claimSchema = z.strictObject({
  /** How many the client wants in hand in all; the answer has those of `holding` that it may keep, and new ones. */
  count: z.int().min(1).max(50).default(20),
  /** Tasks that this client holds already and wants to keep. */
  holding: z.array(z.uuid()).max(50).default([]),
});
/** A task in the caller's hands until `until`. */
export const leasedTaskSchema = taskSchema.extend({ until: timeSchema });
export type LeasedTask = z.infer<typeof leasedTaskSchema>;

export const skipTaskSchema = z.strictObject({ why: z.string().max(200).default("") });
export const adjudicateSchema = z.strictObject({ id: z.uuid(), class: z.string().min(1).max(80), version: z.int().min(0) });

export const taskDetailSchema = z.object({
  task: taskSchema,
  /** The answers, for whoever has answered or may adjudicate; empty for others, so that they stay blind. */
  answers: z.array(labelSchema),
  leases: z.array(z.object({ account: z.string(), until: timeSchema })),
});
export type TaskDetail = z.infer<typeof taskDetailSchema>;

/** Tasks to be made by hand: of the predictions in one cell of a model's confusion matrix, or of single ones. */
export const makeTasksSchema = z.strictObject({
  model: z.string().max(80),
  split: z.enum(["validation", "holdout", "unlabelled"]).default("holdout"),
  actual: z.string().max(80).optional(),
  predicted: z.string().max(80).optional(),
  limit: z.int().min(1).max(1_000).default(100),
});
export const madeTasksSchema = z.object({ made: z.int(), known: z.int() });

/** All that the page for annotators needs to know of a project before the first task. */
export const annotationSchema = z.object({
  project: z.string(),
  enabled: z.boolean(),
  classes: z.array(z.object({ name: z.string(), key: z.string() })),
  guide: z.string(),
  rateHz: z.number(),
  expert: z.boolean(),
  mayAdjudicate: z.boolean(),
  queue: z.object({
    open: z.int(),
    adjudicate: z.int(),
    mine: z.int(),
    doneToday: z.int(),
    doneByMeToday: z.int(),
    oldestAt: timeSchema.nullable(),
  }),
  byReason: z.array(z.object({ reason: z.enum(TASK_REASONS), open: z.int() })),
  /** Labels since the last retraining, and at how many the next is asked for (null: only by the clock). */
  retrain: z.object({ labels: z.int(), at: z.int().nullable() }),
  /** What labels of the last retraining bought, in points of F1 a hundred labels; null before the first. */
  gainPerHundred: z.number().nullable(),
  /**
   * How often people say of the random slice what that champion said: of windows that nobody had labelled, with Wilson's
   * 95 % interval. Null before the first answer.
   */
  estimate: z.object({ answered: z.int(), accuracy: z.object({ value: z.number(), low: z.number(), high: z.number() }) }).nullable(),
  /** The champion that the browser scores with; null before the first. */
  champion: z.object({ model: z.string(), slot: z.string() }).nullable(),
});
export type Annotation = z.infer<typeof annotationSchema>;
