import type { FeatureSet, FeatureStatistics } from "../../lib/domain/api/features.ts";
import type { Agreement, Label } from "../../lib/domain/api/labels.ts";
import type { Due, Night, Schedule } from "../../lib/domain/api/nights.ts";
import type { Prediction } from "../../lib/domain/api/predictions.ts";
import type { SignalInfo } from "../../lib/domain/api/signals.ts";
import type { Annotation, Task } from "../../lib/domain/api/tasks.ts";
import { encodeView, gridOf } from "../../lib/domain/signal/view.ts";
import { ago, CLASSES } from "./fixtures.ts";

/** What the stand-in answers of the half of the loop that people and nights turn. */

const DAY = 86_400;
const uuid = (number: number) => `3b5e1c5e-7a0f-4a6e-8d9b-${String(number).padStart(12, "0")}`;

export const due = (count = 5): Due[] =>
  Array.from({ length: count }, (_, index) => {
    const at = new Date(Date.now() + (index * DAY + 5 * 3600) * 1000);
    const note = index === 3 ? "The clocks go forward: 02:30 does not exist, it is moved to 03:00." : null;
    return { at: at.toISOString(), local: `${at.toISOString().slice(0, 10)} 02:30`, note };
  });

export const schedule: Schedule = {
  project: "har",
  cron: "30 2 * * *",
  timezone: "Europe/Berlin",
  overlap: "skip",
  catchupMinutes: 60,
  jitterSeconds: 0,
  paused: false,
  why: "after the last shift",
  setBy: "ada",
  setAt: ago(20 * DAY),
  told: true,
  next: due(),
};

const OUTCOMES = ["promoted", "skipped", "kept", "promoted", "failed", "skipped", "cancelled"] as const;
const REASONS = {
  promoted: "The candidate is better: macro F1 .964 ± .011 against the champion's .950 ± .018.",
  kept: "The candidate gains +.001, less than the margin of .002; the champion stays.",
  skipped: "8 labels are new and no file; a night is worth it from 20 labels on.",
  failed: "TRAINING_DIVERGED: The loss became infinite in epoch 3.",
  cancelled: "Stopped by ada.",
};

const NIGHTS = 16;

export const nights: Night[] = Array.from({ length: NIGHTS }, (_, index) => {
  const outcome = OUTCOMES[index % OUTCOMES.length] ?? "kept";
  const trained = outcome === "promoted" || outcome === "kept";
  const before = 0.95 - 0.002 * index;
  return {
    id: `night-${NIGHTS - index}`,
    project: "har",
    cause: index % 9 === 5 ? "labels" : "clock",
    dueAt: ago(index * 2 * DAY + 20_000),
    by: "night",
    state: trained ? "done" : outcome,
    reason: REASONS[outcome],
    run: outcome === "skipped" ? null : "run-0008",
    promoted: trained ? outcome === "promoted" : null,
    labels: 120 - index,
    files: index % 3,
    gain: trained
      ? { labels: 120 - index, metric: "macroF1", before, chosen: before + 0.014, random: index === 2 ? null : before + 0.005, note: null }
      : null,
    startedAt: ago(index * 2 * DAY + 19_990),
    endedAt: ago(index * 2 * DAY + 19_000),
  };
});

export const annotation: Annotation = {
  project: "har",
  enabled: true,
  classes: CLASSES.map((name, index) => ({ name, key: String(index + 1) })),
  guide: "Look at the vertical axis first.",
  rateHz: 50,
  expert: false,
  mayAdjudicate: true,
  queue: { open: 212, adjudicate: 3, mine: 0, doneToday: 64, doneByMeToday: 12, oldestAt: ago(3 * 3600) },
  byReason: [
    { reason: "uncertain", open: 150 },
    { reason: "random", open: 62 },
  ],
  retrain: { labels: 112, at: 150 },
  gainPerHundred: 1.2,
  estimate: { answered: 42, accuracy: { value: 0.9048, low: 0.7793, high: 0.9623 } },
  champion: { model: "m-0008-mlp", slot: "har/all/acc+gyro" },
};

const task = (number: number, part: Partial<Task>): Task => ({
  id: uuid(number),
  project: "har",
  reason: "uncertain",
  subject: "b-2f3a",
  recording: `exp0${number}_user02`,
  from: 2560,
  to: 2688,
  rateHz: 50,
  startUs: 0,
  model: "m-0008-mlp",
  predicted: "sitting",
  confidence: 0.52,
  claimed: null,
  state: "adjudicate",
  wanted: 2,
  answers: 2,
  version: 2,
  outcome: null,
  escalated: false,
  createdAt: ago(3 * 3600 + number),
  ...part,
});

export const tasks: Task[] = [
  task(1, {}),
  task(2, { predicted: "standing", confidence: 0.44, claimed: "sitting" }),
  task(3, { predicted: "upstairs", confidence: 0.61, answers: 3, wanted: 3 }),
  task(4, { state: "open", escalated: true, answers: 0, version: 0, createdAt: ago(4 * DAY) }),
];

export const answersTo = ({ id, subject, recording, from, to }: Task): Label[] =>
  ["ben", "cleo"].map((by, index) => ({
    id: uuid(100 + index),
    project: "har",
    subject,
    recording,
    from,
    to,
    rateHz: 50,
    class: CLASSES[3 + index] ?? null,
    authority: "annotator",
    by,
    task: id,
    supersedes: null,
    seconds: 2.4 + index,
    at: ago(3600 * (2 - index)),
    stands: true,
  }));

export const agreement: Agreement = {
  overall: { alpha: 0.742, items: 188 },
  perClass: CLASSES.map((label, index) => ({
    label,
    alpha: index === 4 ? null : 0.92 - 0.11 * index,
    items: index === 4 ? 1 : 40 - index,
  })),
  pairs: [
    { a: "ben", b: "cleo", kappa: 0.81, items: 90, perClass: [{ label: "sitting", kappa: 0.74, items: 40 }] },
    { a: "ben", b: "dina", kappa: 0.52, items: 61, perClass: [{ label: "standing", kappa: 0.31, items: 22 }] },
    { a: "cleo", b: "dina", kappa: null, items: 2, perClass: [] },
  ],
  annotators: ["ben", "cleo", "dina"].map((account, index) => ({
    account,
    labels: 640 - 210 * index,
    medianSeconds: 1.8 + 4.4 * index,
    agreement: 0.96 - 0.05 * index,
    gold: index === 2 ? null : 0.95 - 0.1 * index,
    goldItems: index === 2 ? 0 : 20,
  })),
  confusions: [
    { a: "sitting", b: "standing", count: 31 },
    { a: "upstairs", b: "downstairs", count: 7 },
  ],
};

export const signal: SignalInfo = {
  project: "har",
  subject: "b-2f3a",
  recording: "exp01_user02",
  samples: 20_598,
  rateHz: 50,
  startUs: 0,
  axis: "time",
  channels: ["ax", "ay", "az"].map((name) => ({ name, sensor: "acc", unit: "g" })),
  stretches: [[0, 20_598]],
  labels: [
    { label: "walking", from: 0, to: 2400, source: "file" },
    { label: "sitting", from: 2500, to: 3600, source: "people" },
  ],
  predictions: Array.from({ length: 40 }, (_, index) => ({
    from: 64 * index,
    to: 64 * index + 128,
    predicted: index < 36 ? "walking" : "sitting",
    confidence: 0.6 + 0.01 * (index % 30),
  })),
  media: null,
};

/** Three waves; of each column its first sample stands for all of it. */
export function viewOf(from: number, to: number, columns: number): Uint8Array {
  const grid = gridOf({ from, to }, columns);
  return encodeView({
    ...grid,
    channels: signal.channels.map((_, channel) => {
      const values = Float32Array.from(
        { length: grid.columns },
        (__, at) => Math.sin((grid.from + at * grid.step) / (9 + 4 * channel)) + channel,
      );
      return { first: values, last: values, min: values, max: values };
    }),
  });
}

export const predictions: Prediction[] = Array.from({ length: 12 }, (_, index) => ({
  model: "m-0008-mlp",
  recording: `exp0${1 + (index % 6)}_user02`,
  subject: "b-2f3a",
  from: 64 * index,
  to: 64 * index + 128,
  project: "har",
  snapshot: "9c1f2a7be0d44f6d8a31",
  startUs: 0,
  split: "holdout",
  actual: "sitting",
  predicted: "standing",
  confidence: 0.41 + 0.02 * index,
  run: "run-0008",
  createdAt: ago(3940),
}));

export const featureSets: FeatureSet[] = (["windows", "profile", "labels", "trailing"] as const).map((from, index) => ({
  name: ["motion", "person", "labels", "week"][index] ?? from,
  version: 1 + (index % 2),
  from,
  names: Array.from({ length: from === "windows" ? 50 : 4 }, (_, place) => `${from}_${place + 1}`),
  rows: 21_400 - 5000 * index,
  subjects: 30,
  newestEventAt: index === 2 ? null : ago(DAY),
  newestCreatedAt: index === 2 ? null : ago(DAY - 3600),
  stale: index === 3,
}));

export const featureStatistics = (set: string): FeatureStatistics => ({
  set,
  features: (featureSets.find(({ name }) => name === set)?.names ?? []).map((name, index) => ({
    name,
    count: 30 - (index % 3),
    missing: index % 3,
    mean: index === 1 ? null : 0.98 - 0.013 * index,
    sd: index === 1 ? null : 0.1,
    min: index === 1 ? null : -1.2,
    max: index === 1 ? null : 2.4,
  })),
});
