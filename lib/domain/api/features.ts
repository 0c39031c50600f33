import { z } from "zod";
import { timeSchema } from "./page.ts";

export const featureSetSchema = z.object({
  name: z.string(),
  version: z.int(),
  from: z.enum(["windows", "profile", "labels", "trailing"]),
  names: z.array(z.string()),
  rows: z.int(),
  subjects: z.int(),
  /** Newest event time and newest creation time; null without rows. */
  newestEventAt: timeSchema.nullable(),
  newestCreatedAt: timeSchema.nullable(),
  /** Whether the newest is older than the spec allows. */
  stale: z.boolean(),
});
export type FeatureSet = z.infer<typeof featureSetSchema>;

/** Statistics of one feature over the newest row of each subject. */
export const featureStatisticsSchema = z.object({
  set: z.string(),
  features: z.array(
    z.object({
      name: z.string(),
      count: z.int(),
      missing: z.int(),
      mean: z.number().nullable(),
      sd: z.number().nullable(),
      min: z.number().nullable(),
      max: z.number().nullable(),
    }),
  ),
});
export type FeatureStatistics = z.infer<typeof featureStatisticsSchema>;

const valueSchema = z.number().nullable();
export const latestQuerySchema = z.object({
  /** Names of sets, with commas between; all without it. */
  sets: z.string().max(1_000).optional(),
  /** As it was known then; now without it. */
  at: timeSchema.optional(),
});
export const latestSchema = z.object({
  project: z.string(),
  subject: z.string(),
  sets: z.array(
    z.object({
      set: z.string(),
      version: z.int(),
      eventAt: timeSchema.nullable(),
      createdAt: timeSchema.nullable(),
      stale: z.boolean(),
      values: z.record(z.string(), valueSchema),
    }),
  ),
});
export type LatestFeatures = z.infer<typeof latestSchema>;

export const joinSchema = z.strictObject({
  rows: z
    .array(z.strictObject({ subject: z.string().min(1).max(80), at: timeSchema }))
    .min(1)
    .max(10_000),
  sets: z.array(z.string().max(63)).max(50).optional(),
  /**
   * What had been written by then counts as known even for earlier moments: history that was loaded afterwards. Without
   * it a row gets only what had been written when it happened - what serving would have answered.
   */
  asOf: timeSchema.optional(),
});
export type JoinRequest = z.infer<typeof joinSchema>;
export const joinedSchema = z.object({
  columns: z.array(z.string()),
  rows: z.array(z.object({ subject: z.string(), at: timeSchema, values: z.array(valueSchema) })),
});
export type Joined = z.infer<typeof joinedSchema>;
