import { z } from "zod";
import { idSchema } from "../ids.ts";
import { estimateSchema, metricsSchema } from "../metrics-schema.ts";
import { RUN_STATES, STAGE_STATES, STAGES, verdictSchema } from "../stages.ts";
import { reportSchema } from "./data.ts";
import { timeSchema } from "./page.ts";

/** Values of a spec are nested a few levels; readers downstream recurse, so the depth is bounded here. */
const shallow = (value: unknown, levels = 12): boolean =>
  typeof value !== "object" || value === null || (levels > 0 && Object.values(value).every((inner) => shallow(inner, levels - 1)));

export const startRunSchema = z.strictObject({
  /** Chosen by the sender, so that the same request sent twice starts one run; made by the server where left out. */
  id: idSchema.optional(),
  /**
   * Does this run of the project again: its spec version, settings, seed and uploads (all of today's, where it was asked to
   * take all). What is the same is reused, so it goes on where that one stopped. Stands alone.
   */
  again: idSchema.optional(),
  /** Uploads to learn from; every upload of the project where left out. */
  uploads: z.array(z.uuid()).max(20_000).optional(),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .optional(),
  /** Changes to the spec for this run alone, path to value: `{"gate.mode": "manual"}`. */
  set: z
    .record(
      z.string().min(1).max(200),
      z.unknown().refine((value) => shallow(value), "is nested too deeply"),
    )
    .default({}),
});
export type StartRun = z.infer<typeof startRunSchema>;

export const stageSchema = z.object({
  name: z.enum(STAGES),
  state: z.enum(STAGE_STATES),
  attempt: z.int(),
  startedAt: timeSchema.nullable(),
  endedAt: timeSchema.nullable(),
  /** Null until it has begun; counts on while it runs. */
  seconds: z.number().nullable(),
  rowsIn: z.int().nullable(),
  rowsOut: z.int().nullable(),
  rowsQuarantined: z.int().nullable(),
  rowsDuplicate: z.int().nullable(),
  reused: z.boolean(),
  reusedFrom: z.string().nullable(),
  /** Why it was skipped or reused, in a sentence. */
  reason: z.string().nullable(),
  progress: z.object({ done: z.number(), total: z.number(), unit: z.string() }).loose().nullable(),
  detail: z.record(z.string(), z.unknown()),
  error: reportSchema.nullable(),
});
export type Stage = z.infer<typeof stageSchema>;

/** What a run does: the whole pipeline, or cleaning again what was refused. */
const RUN_KINDS = ["training", "replay"] as const;

/** A run in a list. */
export const runSummarySchema = z.object({
  run: z.string(),
  kind: z.enum(RUN_KINDS),
  project: z.string(),
  state: z.enum(RUN_STATES),
  specVersion: z.int(),
  seed: z.int(),
  requestedBy: z.string(),
  requestedAt: timeSchema,
  startedAt: timeSchema.nullable(),
  endedAt: timeSchema.nullable(),
  /** The stage that is going on, or where it stopped. */
  stage: z.enum(STAGES).nullable(),
  candidate: z.string().nullable(),
  /** Of the candidate, on the holdout. */
  accuracy: estimateSchema.nullable(),
  macroF1: estimateSchema.nullable(),
  decision: verdictSchema.nullable(),
  error: reportSchema.nullable(),
});
export type RunSummary = z.infer<typeof runSummarySchema>;

const SLOT_STATES = ["waiting", "evolving", "deciding", "done", "skipped", "failed"] as const;

/** One slot that a run worked on. */
export const runSlotSchema = z.object({
  slot: z.string(),
  cohort: z.string(),
  sensors: z.array(z.string()),
  state: z.enum(SLOT_STATES),
  /** The newest generation that was begun. */
  generation: z.int(),
  candidate: z.string().nullable(),
  champion: z.string().nullable(),
  decision: verdictSchema.nullable(),
  /** Why it was skipped or failed, in a sentence. */
  reason: z.string().nullable(),
});
export type RunSlot = z.infer<typeof runSlotSchema>;

/** One run with everything its page shows; also what `run start --wait --json` prints. */
export const runDetailSchema = runSummarySchema.extend({
  snapshot: z.string().nullable(),
  champion: z.string().nullable(),
  stages: z.array(stageSchema),
  metrics: metricsSchema.nullable(),
  params: z.record(z.string(), z.unknown()),
  /** The run of the project before this one and what was different in it, parameter by parameter. */
  before: z.object({ run: z.string(), changes: z.array(z.object({ path: z.string(), was: z.unknown(), is: z.unknown() })) }).nullable(),
  uploads: z.int(),
  models: z.array(z.object({ id: z.string(), slot: z.string(), family: z.string(), state: z.string() })),
  slots: z.array(runSlotSchema),
  /** Temporal's own page of the workflow; null where no address is configured. */
  temporalUrl: z.string().nullable(),
  /** False while the request waits for Temporal to come back. */
  workflowStarted: z.boolean(),
});
export type RunDetail = z.infer<typeof runDetailSchema>;

export const runQuerySchema = z.object({ project: idSchema.optional(), state: z.enum(RUN_STATES).optional() });

export const logLineSchema = z.object({
  id: z.int(),
  at: timeSchema,
  level: z.string(),
  stage: z.string().nullable(),
  message: z.string(),
});
export type LogLine = z.infer<typeof logLineSchema>;

export const cancelRunSchema = z.strictObject({ why: z.string().max(500).default("") });
export const approveRunSchema = z.strictObject({ approve: z.boolean(), why: z.string().max(500).default("") });
