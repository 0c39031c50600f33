import { z } from "zod";
import { idSchema } from "../ids.ts";
import { timeSchema } from "./page.ts";

export const NIGHT_CAUSES = ["clock", "labels", "request", "backfill"] as const;
export type NightCause = (typeof NIGHT_CAUSES)[number];
export const NIGHT_STATES = ["asked", "running", "skipped", "done", "failed", "cancelled"] as const;
export type NightState = (typeof NIGHT_STATES)[number];

/** Five fields, as in crontab(5): minute, hour, day of month, month, day of week. */
export const scheduleInputSchema = z.strictObject({
  cron: z.string().min(9).max(100),
  /** An IANA zone; the nights are at the same time of its clocks all year. */
  timezone: z.string().min(1).max(64),
  /** What a night does that is due while the one before still runs. */
  overlap: z.enum(["skip", "buffer"]).default("skip"),
  /** After an outage or a pause, a night this long overdue is still started - one at most. */
  catchupMinutes: z.int().min(1).max(1_440).default(60),
  /** Each night starts at random within this many seconds after its time. */
  jitterSeconds: z.int().min(0).max(3_600).default(0),
  why: z.string().max(500).default(""),
});
export type ScheduleInput = z.infer<typeof scheduleInputSchema>;

/** A moment of the schedule: the instant, and what the project's clocks show. */
const dueSchema = z.object({ at: timeSchema, local: z.string(), note: z.string().nullable() });
export type Due = z.infer<typeof dueSchema>;

export const scheduleSchema = z.object({
  project: z.string(),
  cron: z.string(),
  timezone: z.string(),
  overlap: z.enum(["skip", "buffer"]),
  catchupMinutes: z.int(),
  jitterSeconds: z.int(),
  paused: z.boolean(),
  why: z.string(),
  setBy: z.string(),
  setAt: timeSchema,
  /** Whether Temporal has been told; a worker does it as soon as Temporal answers. */
  told: z.boolean(),
  next: z.array(dueSchema),
});
export type Schedule = z.infer<typeof scheduleSchema>;
export const schedulePreviewSchema = z.object({ next: z.array(dueSchema), notes: z.array(z.string()) });
export type SchedulePreview = z.infer<typeof schedulePreviewSchema>;
export const scheduleWhySchema = z.strictObject({ why: z.string().max(500).default("") });

export const backfillSchema = z.strictObject({
  from: timeSchema,
  to: timeSchema,
  /** Nights under way at once; those of one slot still train one after another. */
  parallel: z.int().min(1).max(4).default(1),
  dryRun: z.boolean().default(true),
});
export type BackfillRequest = z.infer<typeof backfillSchema>;
export const backfilledSchema = z.object({
  dryRun: z.boolean(),
  nights: z.array(dueSchema.extend({ id: z.string(), known: z.boolean() })),
});
export type Backfilled = z.infer<typeof backfilledSchema>;

/** F1 on the holdout: before the last labels, with them, and with equally many taken at random. */
export const labelGainSchema = z.object({
  labels: z.int(),
  metric: z.enum(["accuracy", "macroF1"]),
  before: z.number(),
  chosen: z.number(),
  random: z.number().nullable(),
  /** Why there is no figure for random labels, where there is none. */
  note: z.string().nullable(),
});
export type LabelGain = z.infer<typeof labelGainSchema>;

export const nightSchema = z.object({
  id: z.string(),
  project: z.string(),
  cause: z.enum(NIGHT_CAUSES),
  dueAt: timeSchema,
  by: z.string(),
  state: z.enum(NIGHT_STATES),
  reason: z.string().nullable(),
  run: z.string().nullable(),
  promoted: z.boolean().nullable(),
  labels: z.int(),
  files: z.int(),
  gain: labelGainSchema.nullable(),
  startedAt: timeSchema.nullable(),
  endedAt: timeSchema.nullable(),
});
export type Night = z.infer<typeof nightSchema>;
export const nightQuerySchema = z.object({ state: z.enum(NIGHT_STATES).optional(), project: idSchema.optional() });
export const cancelNightSchema = z.strictObject({ why: z.string().max(500).default("") });
export const askNightSchema = z.strictObject({ id: idSchema.optional(), why: z.string().max(500).default("") });
