import type { Cohorts, Distribution, Distributions, Synthesis } from "../../lib/domain/api/data.ts";
import { ago, CLASSES } from "./fixtures.ts";

export const cohorts: Cohorts = {
  clustering: "7f0d6a2e-52f5-4a3c-9a0a-1c9a52a3a222",
  snapshot: "9c1f2a7be0d44f6d8a31",
  createdAt: ago(3980),
  by: "profile",
  silhouette: 0.42,
  reason: null,
  cohorts: [
    { cohort: "c1", subjects: 16, training: 11, holdout: 5, silhouette: 0.47, centre: "18-25, 62 % male, 178 cm, 74 kg, athlete" },
    { cohort: "c2", subjects: 14, training: 10, holdout: 4, silhouette: 0.36, centre: "46-55, 71 % female, 166 cm, 70 kg, beginner" },
  ],
  members: Array.from({ length: 30 }, (_, index) => ({
    subject: `b-${index + 1}f3a`,
    cohort: index < 16 ? "c1" : "c2",
    side: index % 10 < 7 ? "train" : "holdout",
    profile:
      index === 3
        ? null
        : {
            age: index < 16 ? 19 + (index % 7) : 47 + (index % 9),
            sex: index % 3 === 0 ? "female" : "male",
            level: "beginner",
            weightKg: 60 + ((index * 7) % 25),
            heightCm: 158 + ((index * 5) % 30),
          },
    place: null,
  })),
};

/** Bell-shaped counts in 24 bins with an open one on each side, as a description keeps them. */
function bell(mean: number, sd: number): Distribution {
  const edges = [mean - 5 * sd, ...Array.from({ length: 25 }, (_, edge) => mean + (edge / 3 - 4) * sd), mean + 5 * sd];
  const counts = edges
    .slice(1)
    .map((edge, bin) => Math.round(5000 * Math.exp(-(((edge + (edges[bin] ?? 0)) / 2 - mean) ** 2) / (2 * sd * sd))));
  return {
    count: counts.reduce((sum, count) => sum + count, 0),
    nulls: 12,
    mean,
    sd,
    quantiles: [-2.33, -1.64, -0.67, 0, 0.67, 1.64, 2.33].map((z) => mean + z * sd),
    edges,
    counts,
  };
}

export const distributions: Distributions = {
  snapshot: "9c1f2a7be0d44f6d8a31",
  createdAt: ago(3975),
  by: "channel",
  channels: ["ax", "ay", "az", "gx", "gy", "gz"],
  cohorts: ["all", "c1", "c2"],
  channel: "ax",
  cohort: "all",
  classes: CLASSES.map((label, index) => ({
    label,
    real: bell(0.98 - 0.12 * index, 0.09 + 0.03 * index),
    synthetic: bell(0.97 - 0.12 * index, 0.1 + 0.03 * index),
  })),
};

export const synthesis: Synthesis = {
  id: "7f0d6a2e-52f5-4a3c-9a0a-1c9a52a3a333",
  snapshot: "9c1f2a7be0d44f6d8a31",
  createdAt: ago(3970),
  people: 20,
  rows: 360_000,
  windows: 5580,
  fidelity: {
    passed: 412,
    failed: 2,
    checks: [
      { statistic: "correlation", class: "walking", of: "ax with ay", real: 0.41, synthetic: 0.29, tolerance: 0.1, pass: false },
      { statistic: "sd", class: "lying", of: "gx", real: 0.0213, synthetic: 0.031, tolerance: 0.005, pass: false },
      { statistic: "mean", class: "walking", of: "ax", real: 0.981, synthetic: 0.979, tolerance: 0.02, pass: true },
    ],
  },
  privacy: { pass: true, syntheticClose: 0.012, referenceClose: 0.01, syntheticMedian: 1.42, referenceMedian: 1.31, copies: [] },
  transfer: {
    real: { accuracy: 0.946, macroF1: 0.944 },
    syntheticToReal: { accuracy: 0.873, macroF1: 0.871 },
    realToSynthetic: { accuracy: 0.905, macroF1: 0.902 },
    both: { accuracy: 0.943, macroF1: 0.941 },
  },
  notes: ["The correlations of rows of 'lying' of cohort 'all' could not be as they were stated, and were mended."],
  decision: {
    joins: false,
    reason: "a model would lose by them: macro F1 on validation 0.9440 without them, 0.9410 with them",
  },
};
