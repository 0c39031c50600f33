import type { Comparison, ModelDetail, ModelSummary } from "../../lib/domain/api/models.ts";
import type { RunDetail } from "../../lib/domain/api/runs.ts";
import { CLASSES, finishedRun, metrics, summary } from "./fixtures.ts";

/** The trials of run-0008: two genomes of the spec, one known before, their mutants, and what was made of the best. */
export const trials: ModelSummary[] = [
  { id: "t-1", generation: 0, origin: "spec" as const, family: "mlp", parents: [], mutation: null, score: 0.931 },
  { id: "t-2", generation: 0, origin: "spec" as const, family: "cnn", parents: [], mutation: null, score: 0.902 },
  { id: "t-3", generation: 0, origin: "memory" as const, family: "boosting", parents: ["t-of-run-0006"], mutation: null, score: 0.944 },
  {
    id: "t-4",
    generation: 1,
    origin: "mutant" as const,
    family: "mlp",
    parents: ["t-1"],
    mutation: "learning rate .1 -> .05",
    score: 0.938,
  },
  {
    id: "t-5",
    generation: 1,
    origin: "mutant" as const,
    family: "mlp",
    parents: ["t-1"],
    mutation: "units 150-150-100 -> 150-150-128",
    score: 0.951,
  },
  { id: "t-6", generation: 1, origin: "mutant" as const, family: "cnn", parents: ["t-2"], mutation: "kernel 5 -> 9", score: null },
  { id: "t-7", generation: 2, origin: "mutant" as const, family: "mlp", parents: ["t-5"], mutation: "dropout .3 -> .5", score: 0.9581 },
  { id: "t-8", generation: 2, origin: "mutant" as const, family: "boosting", parents: ["t-3"], mutation: "leaves 7 -> 15", score: 0.947 },
  { id: "t-9", generation: 2, origin: "refit" as const, family: "mlp", parents: ["t-7"], mutation: null, score: 0.9581 },
].map(({ score, ...trial }) => ({
  ...summary,
  ...trial,
  fittedOn: trial.origin === "refit" ? "train+validation" : "train",
  champion: trial.id === "t-9",
  accuracy: trial.origin === "refit" ? metrics.accuracy : null,
  macroF1: trial.origin === "refit" ? metrics.macroF1 : null,
  latencyUs: trial.origin === "refit" ? 84.3 : null,
  state: score === null ? "failed" : "trained",
  validation: score === null ? null : { value: score, low: score - 0.018, high: score + 0.015 },
  failure: score === null ? { code: "TRAINING_DIVERGED", message: "The loss became infinite in epoch 3." } : null,
}));

export const runSlots: RunDetail["slots"] = [
  {
    slot: "har/all/acc+gyro",
    cohort: "all",
    sensors: ["acc", "gyro"],
    state: "done",
    generation: 2,
    candidate: "m-0008-mlp",
    champion: "m-0007-logistic",
    decision: finishedRun.decision,
    reason: finishedRun.decision?.reason ?? null,
  },
  {
    slot: "har/c1/acc+gyro",
    cohort: "c1",
    sensors: ["acc", "gyro"],
    state: "evolving",
    generation: 1,
    candidate: null,
    champion: null,
    decision: null,
    reason: null,
  },
  {
    slot: "har/all/acc",
    cohort: "all",
    sensors: ["acc"],
    state: "failed",
    generation: 1,
    candidate: null,
    champion: null,
    decision: null,
    reason: "none of 4 models could be trained: The loss became infinite in epoch 3.",
  },
];

export const comparison = (a: ModelDetail, b: ModelDetail): Comparison => ({
  a,
  b,
  comparable: true,
  reason: null,
  split: "holdout",
  paired: "windows",
  accuracy: { value: 0.0125, low: 0.0049, high: 0.0204 },
  macroF1: { value: 0.0143, low: 0.0061, high: 0.0225 },
  perClass: CLASSES.map((label, index) => ({
    label,
    a: 0.93 + 0.004 * index,
    b: 0.96 - 0.004 * index,
    difference: { value: 0.03 - 0.008 * index, low: 0.01 - 0.008 * index, high: 0.05 - 0.008 * index },
  })),
  subjects: metrics.subjects.map(({ subject, windows, accuracy }, index) => ({
    subject,
    windows,
    a: accuracy - 0.02 + 0.004 * index,
    b: accuracy,
  })),
  better: 5,
  worse: 3,
  equal: 1,
});
