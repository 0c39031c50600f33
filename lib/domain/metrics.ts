import { bootstrapIntervals, countBySubject } from "./bootstrap.ts";
import type { Estimate, Metrics } from "./metrics-schema.ts";
import type { Outcomes } from "./outcomes.ts";

const BINS = 10;
/** `Metrics` travels in workflow payloads of 100 KB at most, so no more subjects than this are listed: the worst. */
const SUBJECTS_LISTED = 200;

export interface MeasureOptions {
  /** Whether the split lets one person stand on both sides. */
  readonly leaking: boolean;
  /** Answers below this confidence are counted as uncertain. */
  readonly uncertainBelow?: number;
  readonly seed?: number;
  readonly resamples?: number;
}

/**
 * How good the answers are, over the windows with a label.
 * - F1 of a class: 2TP / (2TP + FP + FN); null where nothing of the class was there, 0 where none of it was found.
 * - macro F1: the mean over classes with support; weighted F1: by support. Without a window all shares are 0.
 * - intervals: 95 %, by drawing subjects anew; a class that a resample lacks is left out of that resample's mean.
 * - ECE: mean |confidence - accuracy| over ten equal bins, weighted by their windows (Guo 2017).
 */
export function measure(outcomes: Outcomes, options: MeasureOptions): Metrics {
  const { classes, subject } = outcomes;
  const size = classes.length;
  const cell = cellsOf(outcomes);
  const totals = new Float64Array(size * size);
  for (const index of cell) if (index >= 0) totals[index]! += 1;
  const counts = countBySubject(cell, subject, size * size);
  const [accuracyInterval, macroInterval] = bootstrapIntervals(
    counts,
    (drawn) => [accuracyOf(drawn, size), macroF1Of(drawn, size)],
    options,
  );
  const perClass = perClassOf(totals, classes);
  const windows = totals.reduce((sum, count) => sum + count, 0);
  const estimate = (value: number, interval: { low: number; high: number } | null | undefined): Estimate => ({
    value: Number.isNaN(value) ? 0 : value,
    low: interval?.low ?? null,
    high: interval?.high ?? null,
  });
  return {
    windows,
    accuracy: estimate(accuracyOf(totals, size), accuracyInterval),
    macroF1: estimate(macroF1Of(totals, size), macroInterval),
    weightedF1: perClass.reduce((sum, { f1, support }) => sum + (f1 ?? 0) * support, 0) / Math.max(1, windows),
    perClass,
    confusion: { classes: [...classes], counts: classes.map((_, row) => [...totals.subarray(row * size, (row + 1) * size)]) },
    subjects: accuracyBySubject(outcomes, cell).slice(0, SUBJECTS_LISTED),
    subjectCount: counts.subjects,
    calibration: calibrate(outcomes, cell),
    uncertain: countUncertain(outcomes, cell, options.uncertainBelow ?? 0.5),
    leaking: options.leaking,
  };
}

/** Worst first. */
function accuracyBySubject({ subjects, subject, actual, predicted }: Outcomes, cells: Int32Array): Metrics["subjects"] {
  const seen = new Int32Array(subjects.length);
  const right = new Int32Array(subjects.length);
  for (let window = 0; window < cells.length; window += 1) {
    if (cells[window]! < 0) continue;
    seen[subject[window]!]! += 1;
    if (actual[window] === predicted[window]) right[subject[window]!]! += 1;
  }
  const rows = subjects.flatMap((name, index) =>
    seen[index]! > 0 ? [{ subject: name, windows: seen[index]!, accuracy: right[index]! / seen[index]! }] : [],
  );
  return rows.sort((one, other) => one.accuracy - other.accuracy || (one.subject < other.subject ? -1 : 1));
}

/** `actual x classes + predicted` of each window, -1 for one without a label. */
function cellsOf({ classes, actual, predicted }: Outcomes): Int32Array {
  return actual.map((label, window) => (label < 0 ? -1 : label * classes.length + predicted[window]!));
}

/** Share of the diagonal of a row-major confusion matrix; NaN without a window. */
export function accuracyOf(totals: Float64Array, size: number): number {
  let right = 0;
  let all = 0;
  for (let index = 0; index < size * size; index += 1) all += totals[index]!;
  for (let index = 0; index < size; index += 1) right += totals[index * size + index]!;
  return right / all;
}

/** Mean F1 over the classes with support; NaN where no class has any. */
export function macroF1Of(totals: Float64Array, size: number): number {
  let sum = 0;
  let supported = 0;
  for (let label = 0; label < size; label += 1) {
    const f1 = classF1Of(totals, size, label);
    if (Number.isNaN(f1)) continue;
    supported += 1;
    sum += f1;
  }
  return sum / supported;
}

/** F1 of one class of a row-major confusion matrix; NaN where it has no support. */
export function classF1Of(totals: Float64Array, size: number, label: number): number {
  let support = 0;
  let predicted = 0;
  for (let other = 0; other < size; other += 1) {
    support += totals[label * size + other]!;
    predicted += totals[other * size + label]!;
  }
  return support === 0 ? NaN : (2 * totals[label * size + label]!) / (support + predicted);
}

function perClassOf(totals: Float64Array, classes: readonly string[]): Metrics["perClass"] {
  const size = classes.length;
  return classes.map((label, index) => {
    const hits = totals[index * size + index]!;
    let support = 0;
    let predicted = 0;
    for (let other = 0; other < size; other += 1) {
      support += totals[index * size + other]!;
      predicted += totals[other * size + index]!;
    }
    return {
      label,
      support,
      predicted,
      precision: predicted > 0 ? hits / predicted : null,
      recall: support > 0 ? hits / support : null,
      f1: support > 0 ? (2 * hits) / (support + predicted) : null,
    };
  });
}

/** An empty bin has confidence and accuracy 0. */
function calibrate({ actual, predicted, confidence }: Outcomes, cell: Int32Array): Metrics["calibration"] {
  const bins = Array.from({ length: BINS }, () => ({ windows: 0, confidence: 0, right: 0 }));
  let windows = 0;
  for (let window = 0; window < cell.length; window += 1) {
    if (cell[window]! < 0) continue;
    windows += 1;
    const bin = bins[Math.min(BINS - 1, Math.max(0, Math.floor(confidence[window]! * BINS)))]!;
    bin.windows += 1;
    bin.confidence += confidence[window]!;
    if (actual[window] === predicted[window]) bin.right += 1;
  }
  const ece = bins.reduce((sum, bin) => sum + Math.abs(bin.confidence - bin.right), 0) / Math.max(1, windows);
  const mean = (sum: number, count: number) => (count > 0 ? sum / count : 0);
  return {
    ece,
    bins: bins.map((bin, index) => ({
      from: index / BINS,
      to: (index + 1) / BINS,
      windows: bin.windows,
      confidence: mean(bin.confidence, bin.windows),
      accuracy: mean(bin.right, bin.windows),
    })),
  };
}

function countUncertain({ confidence }: Outcomes, cell: Int32Array, threshold: number): Metrics["uncertain"] {
  let windows = 0;
  for (let window = 0; window < cell.length; window += 1) if (cell[window]! >= 0 && confidence[window]! < threshold) windows += 1;
  return { threshold, windows };
}
