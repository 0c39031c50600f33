import type { Champion, ModelDetail, ModelSummary } from "../../lib/domain/api/models.ts";
import type { Overview, Services } from "../../lib/domain/api/overview.ts";
import type { LogLine, RunDetail, Stage } from "../../lib/domain/api/runs.ts";
import type { Metrics } from "../../lib/domain/metrics-schema.ts";
import { STAGES, type StageName } from "../../lib/domain/stages.ts";

/** What the stand-in answers: a small project with one finished run, typed by the API's own schemas. */
export const CLASSES = ["walking", "upstairs", "downstairs", "sitting", "standing", "lying"];
const COUNTS = [
  [489, 4, 3, 0, 0, 0],
  [6, 461, 4, 0, 0, 0],
  [2, 7, 411, 0, 0, 0],
  [0, 1, 0, 431, 59, 0],
  [0, 0, 0, 21, 511, 0],
  [0, 0, 0, 0, 0, 537],
];

export const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

export const metrics: Metrics = {
  windows: sum(COUNTS.map(sum)),
  accuracy: { value: 0.9637, low: 0.9513, high: 0.9752 },
  macroF1: { value: 0.9641, low: 0.9519, high: 0.9747 },
  weightedF1: 0.9637,
  perClass: CLASSES.map((label, index) => {
    const support = sum(COUNTS[index] ?? []);
    const predicted = sum(COUNTS.map((row) => row[index] ?? 0));
    const right = COUNTS[index]?.[index] ?? 0;
    return { label, support, predicted, precision: right / predicted, recall: right / support, f1: (2 * right) / (support + predicted) };
  }),
  confusion: { classes: CLASSES, counts: COUNTS },
  subjects: [2, 4, 9, 10, 12, 13, 18, 20, 24].map((person, index) => ({
    subject: `b-${person}f3a`,
    windows: 290 + 7 * index,
    accuracy: 0.992 - 0.011 * index,
  })),
  calibration: {
    ece: 0.0184,
    bins: Array.from({ length: 10 }, (_, index) => ({
      from: index / 10,
      to: (index + 1) / 10,
      windows: index < 3 ? 0 : 4 ** (index - 3),
      confidence: (index + 0.6) / 10,
      accuracy: Math.min(1, (index + 0.9) / 10),
    })),
  },
  uncertain: { threshold: 0.6, windows: 61 },
  leaking: false,
};

/** Seconds and rows of each stage, in the order of the pipeline. */
const FLOW: Readonly<Partial<Record<StageName, readonly [seconds: number, rowsIn: number, rowsOut: number]>>> = {
  stage: [1.2, 1_122_772, 1_122_772],
  clean: [6.4, 1_122_772, 1_122_714],
  snapshot: [2.1, 1_122_714, 1_122_714],
  window: [4.8, 1_122_714, 10_299],
  cluster: [0.6, 30, 30],
  describe: [1.9, 700_112, 700_112],
  train: [38.2, 7352, 7352],
  evaluate: [2.6, 2947, 2947],
  decide: [0.1, 2947, 2947],
  promote: [0.2, 1, 1],
  score: [3.3, 10_411, 10_411],
};

/** The stages of a run that has come as far as `until` (which runs); all done without it. */
export function stages(startedSecondsAgo: number, until?: StageName): Stage[] {
  let at = startedSecondsAgo;
  let reached = false;
  return STAGES.map((name) => {
    const flow = FLOW[name];
    const running = name === until;
    const blank = {
      attempt: 1,
      startedAt: null,
      endedAt: null,
      seconds: null,
      rowsIn: null,
      rowsOut: null,
      rowsQuarantined: null,
      rowsDuplicate: null,
      reused: false,
      reusedFrom: null,
      reason: null,
      progress: null,
      detail: {},
      error: null,
    };
    if (flow === undefined) return { ...blank, name, state: "skipped", reason: "the spec has no `synthesise`" };
    if (reached) return { ...blank, name, state: "waiting" };
    reached = running;
    const startedAt = ago(at);
    at -= flow[0];
    const common = { ...blank, name, startedAt, rowsIn: flow[1] };
    if (running) return { ...common, state: "running", seconds: 0, progress: { done: 12, total: 40, unit: "epochs" } };
    const clean = name === "clean" ? { rowsQuarantined: 46, rowsDuplicate: 12 } : {};
    const reuse =
      name === "stage"
        ? { state: "reused" as const, reused: true, reusedFrom: "run-0007", reason: "the files and this part of the spec are the same" }
        : { state: "done" as const };
    return {
      ...common,
      ...clean,
      ...reuse,
      endedAt: ago(at),
      seconds: flow[0],
      rowsOut: flow[2],
      detail: name === "train" ? { family: "mlp", backend: "native", epochs: 40 } : {},
    };
  });
}

export const finishedRun: RunDetail = {
  run: "run-0008",
  kind: "training",
  project: "har",
  state: "done",
  specVersion: 3,
  seed: 1,
  requestedBy: "ada",
  requestedAt: ago(4000),
  startedAt: ago(3999),
  endedAt: ago(3940),
  stage: "score",
  candidate: "m-0008-mlp",
  accuracy: metrics.accuracy,
  macroF1: metrics.macroF1,
  decision: {
    promoted: true,
    reason: "The candidate is better than the champion on the same 2,947 windows of 9 people by more than the margin of .002.",
    rule: "better",
    candidate: "m-0008-mlp",
    champion: "m-0007-logistic",
    difference: { metric: "macroF1", value: 0.0143, low: 0.0061, high: 0.0225 },
  },
  error: null,
  snapshot: "9c1f2a7be0d44f6d8a31",
  champion: "m-0008-mlp",
  stages: stages(3999),
  metrics,
  params: { "gate.margin": 0.002, "models.0.family": "mlp", seed: 1 },
  before: { run: "run-0007", changes: [{ path: "models.0.family", was: "logistic", is: "mlp" }] },
  uploads: 2,
  models: [{ id: "m-0008-mlp", slot: "har/all/acc+gyro", family: "mlp", state: "trained" }],
  slots: [],
  temporalUrl: "http://127.0.0.1:8233/namespaces/default/workflows/run%2Frun-0008",
  workflowStarted: true,
};

export const earlierRun: RunDetail = {
  ...finishedRun,
  run: "run-0006",
  state: "failed",
  requestedAt: ago(90_000),
  startedAt: ago(89_999),
  endedAt: ago(89_990),
  stage: "train",
  candidate: null,
  accuracy: null,
  macroF1: null,
  decision: null,
  metrics: null,
  champion: null,
  before: null,
  models: [],
  stages: stages(89_999, "train").map((stage) =>
    stage.name === "train" ? { ...stage, state: "failed", endedAt: ago(89_990), seconds: 4, progress: null } : stage,
  ),
  error: {
    code: "TRAINING_DIVERGED",
    message: "The loss became infinite in epoch 3.",
    remedy: "Lower the learning rate; the loss became infinite or not a number.",
    retryable: false,
    facts: {},
  },
};

export const logLines: LogLine[] = [
  ...finishedRun.stages.flatMap(({ name, startedAt, endedAt }) =>
    startedAt === null || endedAt === null
      ? []
      : [
          { at: startedAt, level: "info", stage: name, message: `${name} begins` },
          { at: endedAt, level: "info", stage: name, message: `${name} is done` },
        ],
  ),
  { at: ago(3990), level: "warn", stage: "clean", message: "46 rows of exp07_user03.txt were refused by rule 'range'" },
].map((line, index) => ({ ...line, id: index + 1 }));

export const summary: ModelSummary = {
  id: "m-0008-mlp",
  project: "har",
  slot: "har/all/acc+gyro",
  run: "run-0008",
  snapshot: "9c1f2a7be0d44f6d8a31",
  family: "mlp",
  state: "trained",
  fittedOn: "train+validation",
  champion: true,
  origin: "mutant",
  generation: 2,
  parents: ["t-5"],
  mutation: "dropout .3 -> .5",
  accuracy: metrics.accuracy,
  macroF1: metrics.macroF1,
  validation: { value: 0.9581, low: 0.9402, high: 0.9731 },
  latencyUs: 84.3,
  bytes: 268_244,
  failure: null,
  createdAt: ago(3950),
};

const { validation: _, ...summaryOfDetail } = summary;

export const champion: ModelDetail = {
  ...summaryOfDetail,
  windowSet: "7f0d6a2e-52f5-4a3c-9a0a-1c9a52a3a111",
  specVersion: 3,
  genome: {
    family: "mlp",
    units: [150, 150, 100],
    activation: "tanh",
    inputDropout: 0,
    dropout: 0.5,
    batch: 64,
    epochs: 40,
    labelSmoothing: 0,
    optimizer: { kind: "sgd", learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0, schedule: "cosine", warmupSteps: 0 },
  },
  epoch: 40,
  training: { backend: "native", threads: 1, seed: 1, epochs: 40, rows: 7352, seconds: 38.2 },
  validation: { ...metrics, macroF1: { value: 0.9581, low: 0.9402, high: 0.9731 } },
  curve: Array.from({ length: 40 }, (_, index) => ({
    epoch: index + 1,
    loss: 1.6 * Math.exp(-index / 9) + 0.06,
    validationLoss: 1.5 * Math.exp(-index / 8) + 0.12,
  })),
  artifactSha256: "ab".repeat(32),
  weightsSha256: "cd".repeat(32),
  error: null,
  evaluations: [
    {
      snapshot: summary.snapshot,
      split: "holdout",
      holdoutSha256: "ef".repeat(32),
      metrics,
      latencyUs: 84.3,
      bytes: 268_244,
      createdAt: ago(3945),
    },
  ],
  reigns: [{ since: ago(3941), until: null, by: "gate", why: "better than the champion by more than the margin" }],
};

export const challenger: ModelDetail = {
  ...champion,
  id: "m-0007-logistic",
  family: "logistic",
  run: "run-0007",
  champion: false,
  origin: "spec",
  generation: 0,
  parents: [],
  mutation: null,
  macroF1: { value: 0.9498, low: 0.931, high: 0.967 },
  accuracy: { value: 0.9512, low: 0.934, high: 0.968 },
  genome: { family: "logistic", l2: 0.001, maxIterations: 200 },
  training: { backend: "wasm", threads: 1, seed: 1, epochs: 1, rows: 7352, seconds: 12.4 },
  curve: [],
  reigns: [{ since: ago(80_000), until: ago(3941), by: "gate", why: "the first of its slot" }],
};

export const championRow = (model: ModelDetail): Champion => ({
  project: "har",
  slot: model.slot,
  model: model.id,
  since: ago(3941),
  by: "gate",
  why: "better by more than the margin",
  accuracy: model.accuracy,
  macroF1: model.macroF1,
});

export const project: Overview["project"] = {
  id: "har",
  title: "Human activity recognition with a phone at the waist",
  specVersion: 3,
  specSha256: "12".repeat(32),
  appliedBy: "ada",
  appliedAt: ago(200_000),
};

export const counts: Overview["counts"] = {
  rowsIn: 1_122_772,
  rowsOk: 1_122_714,
  rowsQuarantined: 46,
  rowsDuplicate: 12,
  uploads: 2,
  files: { staged: 122, duplicate: 1, refused: 1 },
  bytes: 148_220_412,
  snapshots: 1,
  newestAt: ago(5000),
};

export const stations: Overview["stations"] = [
  { name: "ingest", count: 122, unit: "files", at: ago(5000), state: "done", note: null },
  {
    name: "clean",
    count: 1_122_714,
    unit: "rows",
    at: ago(3990),
    state: "attention",
    note: "46 rows are in quarantine, most by rule 'range'.",
  },
  { name: "snapshot", count: 1, unit: "snapshot", at: ago(3985), state: "done", note: null },
  { name: "train", count: 2, unit: "models", at: ago(3950), state: "idle", note: null },
  { name: "evaluate", count: 2, unit: "models", at: ago(3945), state: "idle", note: null },
  { name: "promote", count: 1, unit: "champion", at: ago(3941), state: "done", note: null },
  { name: "predict", count: 10_411, unit: "windows", at: ago(3940), state: "done", note: null },
  { name: "annotate", count: 212, unit: "tasks", at: ago(600), state: "done", note: null },
  { name: "retrain", count: 40, unit: "nights", at: ago(19_000), state: "done", note: null },
];

export const services: Services = {
  ok: true,
  services: (["postgres", "object-store", "temporal", "worker", "predictor"] as const).map((name, index) => ({
    name,
    ok: true,
    latencyMs: 1.3 + index,
    since: ago(7200),
    message: null,
    remedy: null,
  })),
};
