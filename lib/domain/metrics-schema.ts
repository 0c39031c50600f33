import { z } from "zod";

/** A share with its 95 % interval, from a bootstrap over subjects; `low` and `high` are null with fewer than two subjects. */
export const estimateSchema = z.object({ value: z.number(), low: z.number().nullable(), high: z.number().nullable() });
export type Estimate = z.infer<typeof estimateSchema>;

/** How good a model is on one split. Ratios whose denominator is 0 (a class without support) are null, never NaN. */
export const metricsSchema = z.object({
  windows: z.number().int(),
  accuracy: estimateSchema,
  macroF1: estimateSchema,
  weightedF1: z.number(),
  perClass: z.array(
    z.object({
      label: z.string(),
      support: z.number().int(),
      predicted: z.number().int(),
      precision: z.number().nullable(),
      recall: z.number().nullable(),
      f1: z.number().nullable(),
    }),
  ),
  /** counts[actual][predicted], both in the order of `classes`. */
  confusion: z.object({ classes: z.array(z.string()), counts: z.array(z.array(z.number().int())) }),
  /** By accuracy, worst first; no more than the 200 worst, because metrics travel in workflow payloads. */
  subjects: z.array(z.object({ subject: z.string(), windows: z.number().int(), accuracy: z.number() })),
  /** How many subjects there are, listed or not. */
  subjectCount: z.number().int().optional(),
  /** Reliability by ten equal bins of confidence; `ece` is the expected calibration error. */
  calibration: z.object({
    ece: z.number(),
    bins: z.array(z.object({ from: z.number(), to: z.number(), windows: z.number().int(), confidence: z.number(), accuracy: z.number() })),
  }),
  /** Windows answered with a confidence below `threshold`, shown apart from right and wrong. */
  uncertain: z.object({ threshold: z.number(), windows: z.number().int() }),
  /** True where the split lets the same person stand on both sides. */
  leaking: z.boolean(),
});
export type Metrics = z.infer<typeof metricsSchema>;
