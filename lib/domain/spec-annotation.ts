import { z } from "zod";
import { idSchema } from "./ids.ts";

/** The parts of the spec that concern people, the feature store and the nights; `spec.ts` puts them into the whole. */

/** Hours for which people are left alone. */
const patience = z
  .number()
  .refine(
    (hours) => hours >= 0.25 && hours <= 8_760,
    "expected 0.25 to 8760 hours: told more often than every quarter of an hour, people stop reading; later than in a year, they are never told",
  );

const most = z.int().min(0).max(10_000);

/** Who is asked about what. Without it there are no tasks; labels can still be imported. */
export const annotationSchema = z.strictObject({
  /** How to tell the classes apart; Markdown. */
  guide: z.string().max(50_000).default(""),
  /** Class to key; classes without one get digits, then letters, in order. */
  hotkeys: z.record(z.string(), z.string().regex(/^[a-z0-9]$/)).default({}),
  /** Most tasks that a promotion makes of each kind. */
  tasks: z
    .strictObject({
      /** Predictions less confident than `doubtBelow`. */
      uncertain: most.default(200),
      /** Predictions that a label or a user's confirmation contradicts. */
      contradicted: most.default(100),
      /** Windows that the champion and the one before it see differently. */
      disagreement: most.default(100),
      /** Any windows at all: only these give an unbiased estimate. */
      random: most.default(50),
      /** Windows whose label is known, asked to see how well annotators do. */
      gold: most.default(10),
    })
    .prefault({}),
  doubtBelow: z.number().min(0).max(1).default(0.8),
  /** Weights of what puts a task first: doubt, distance to the tasks before it, chance. */
  order: z
    .strictObject({
      uncertainty: z.number().min(0).max(100).default(1),
      diversity: z.number().min(0).max(100).default(0.5),
      random: z.number().min(0).max(100).default(0.1),
    })
    .prefault({}),
  /** The share of tasks that several people answer, blind to each other, and how many. */
  overlap: z.strictObject({ answers: z.int().min(1).max(9).default(2), share: z.number().min(0).max(1).default(0.1) }).prefault({}),
  /** Accounts whose word counts as an expert's. */
  experts: z.array(idSchema).max(200).default([]),
  /** After this a task that was not answered goes back into the queue. */
  leaseMinutes: z.number().positive().max(1_440).default(10),
  remindHours: patience.default(24),
  escalateHours: patience.default(72),
  /** Files of video or sound: a pattern on their names with the group `recording`, and how much later than the signal they begin. */
  media: z.strictObject({ match: z.string().includes("(?<recording>"), offsetSeconds: z.number().default(0) }).optional(),
});

/** When a night is worth it. Every project may retrain; this says when and on what. */
export const retrainSchema = z
  .strictObject({
    /** With fewer new labels, and no new files, a night is skipped. */
    minLabels: z.int().min(1).default(20),
    /** Asks for a retraining as soon as this many labels are new; null = by the clock alone. */
    atLabels: z.int().min(1).nullable().default(null),
    /** Looked through for new files before each night. */
    watch: z
      .array(
        z.union([
          /** A folder of the worker's machine, inside one of SENSORLOOP_WATCH_DIRS. */
          z.strictObject({ folder: z.string().min(1).max(4_000) }),
          z.strictObject({ s3: z.string().regex(/^s3:\/\/[a-z0-9][a-z0-9.-]+\/?/, "s3://bucket/prefix") }),
          z.strictObject({
            url: z.url({ protocol: /^https$/ }),
            sha256: z
              .string()
              .regex(/^[0-9a-f]{64}$/)
              .optional(),
          }),
        ]),
      )
      .max(20)
      .default([]),
    /** Whether each night measures what the last labels bought. */
    measureGain: z.boolean().default(true),
  })
  .prefault({});

/** Who is told. Addresses only: secrets are in the configuration. */
export const notifySchema = z
  .strictObject({
    webhook: z.url({ protocol: /^https$/ }).optional(),
    mail: z.array(z.email()).max(20).default([]),
    on: z
      .array(z.enum(["night-done", "night-skipped", "night-failed", "tasks-waiting"]))
      .default(["night-done", "night-failed", "tasks-waiting"]),
  })
  .prefault({});

const maxAgeDays = z.number().positive().optional().describe("an older row counts as stale");
const statistic = z.enum(["mean", "sd", "min", "max", "last", "count"]);

/** A set of features of a subject, written by the pipeline and, where data streams, by the stream. */
const featureSetSchema = z.discriminatedUnion("from", [
  /** The spec's window features, summed up over a recording or a day. */
  z.strictObject({
    from: z.literal("windows"),
    /** Names of window features; the first fifty without it. */
    features: z.array(z.string().min(1).max(200)).min(1).max(200).optional(),
    per: z.enum(["recording", "day"]).default("day"),
    statistic: statistic.default("mean"),
    maxAgeDays,
  }),
  /** Age, sex, level, weight and height as numbers. */
  z.strictObject({ from: z.literal("profile"), maxAgeDays }),
  /** How many standing labels of each class a subject has. */
  z.strictObject({ from: z.literal("labels"), maxAgeDays }),
  /** Statistics of another set over the last days, each row as of its own moment. */
  z.strictObject({
    from: z.literal("trailing"),
    of: idSchema,
    features: z.array(z.string().min(1).max(200)).min(1).max(50),
    days: z.array(z.int().min(1).max(3_650)).min(1).max(10),
    statistics: z.array(statistic).min(1).default(["mean"]),
    maxAgeDays,
  }),
]);
export const featureStoreSchema = z.strictObject({ sets: z.record(idSchema, featureSetSchema) });

export type AnnotationSpec = z.infer<typeof annotationSchema>;
export type RetrainSpec = z.infer<typeof retrainSchema>;
export type NotifySpec = z.infer<typeof notifySchema>;
export type FeatureSetSpec = z.infer<typeof featureSetSchema>;
