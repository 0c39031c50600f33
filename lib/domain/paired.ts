import { bootstrapIntervals, countBySubject, totalsOf } from "./bootstrap.ts";
import { accuracyOf, classF1Of, macroF1Of } from "./metrics.ts";
import type { Estimate } from "./metrics-schema.ts";
import type { Outcomes } from "./outcomes.ts";

/** What one model does better than another on the same windows: differences of shares, from -1 to 1, positive = better. */
export interface PairedDifference {
  readonly accuracy: Estimate;
  readonly macroF1: Estimate;
  /** F1 by class, in the order of `against`'s classes, then those only the other has; null where no window has the class. */
  readonly perClass: readonly { readonly label: string; readonly f1: Estimate | null }[];
  /** Subjects with a labelled window. With fewer than two there are no intervals. */
  readonly subjects: number;
}

/**
 * Why answers cannot be paired: they are not of the same windows of the same people with the same labels, in the same
 * order. Null where they can.
 */
export function unlikeWindows(one: Outcomes, other: Outcomes): string | null {
  const [ours, theirs] = [one.actual.length, other.actual.length];
  if (ours !== theirs) return `one answered ${ours} windows, the other ${theirs}`;
  for (let window = 0; window < ours; window += 1) {
    if (one.subjects[one.subject[window]!] !== other.subjects[other.subject[window]!]) return `window ${window} is of another person`;
    if (one.classes[one.actual[window]!] !== other.classes[other.actual[window]!]) return `window ${window} has another label`;
  }
  return null;
}

/**
 * `of` minus `against` with 95 % intervals, both on the same resampled people (a paired bootstrap): what is hard for one
 * person is hard for both models and cancels out.
 * @param of answers to the same windows as `against`, see `unlikeWindows`
 */
export function pairedDifference(of: Outcomes, against: Outcomes): PairedDifference {
  const classes = [...new Set([...against.classes, ...of.classes])];
  const size = classes.length;
  const ours = of.classes.map((label) => classes.indexOf(label));
  const theirs = against.classes.map((label) => classes.indexOf(label));
  const cell = of.actual.map((actual, window) =>
    actual < 0 ? -1 : (ours[actual]! * size + ours[of.predicted[window]!]!) * size + theirs[against.predicted[window]!]!,
  );
  const counts = countBySubject(cell, of.subject, size ** 3);
  // Only cells that occur are looked at: with 30 classes there are 27,000, and a few hundred are met.
  const met = [...new Set(counts.cell)];
  const [first, second] = [new Float64Array(size * size), new Float64Array(size * size)];
  const differences = (totals: Float64Array): number[] => {
    first.fill(0);
    second.fill(0);
    for (const index of met) {
      const answered = Math.floor(index / size);
      first[answered]! += totals[index]!;
      second[Math.floor(answered / size) * size + (index % size)]! += totals[index]!;
    }
    return [
      accuracyOf(first, size) - accuracyOf(second, size),
      macroF1Of(first, size) - macroF1Of(second, size),
      ...classes.map((_, label) => classF1Of(first, size, label) - classF1Of(second, size, label)),
    ];
  };
  const values = differences(totalsOf(counts));
  const estimates = bootstrapIntervals(counts, differences).map((interval, index): Estimate | null => {
    const value = values[index]!;
    return Number.isFinite(value) ? { value, low: interval?.low ?? null, high: interval?.high ?? null } : null;
  });
  const none: Estimate = { value: 0, low: null, high: null };
  return {
    accuracy: estimates[0] ?? none,
    macroF1: estimates[1] ?? none,
    perClass: classes.map((label, index) => ({ label, f1: estimates[index + 2] ?? null })),
    subjects: counts.subjects,
  };
}
