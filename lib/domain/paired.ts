import { bootstrapIntervals, countBySubject, totalsOf } from "./bootstrap.ts";
import { accuracyOf, classF1Of, macroF1Of } from "./metrics.ts";
import type { Estimate } from "./metrics-schema.ts";
import type { Outcomes } from "./outcomes.ts";

/** What one model does better than another on the same people: differences of shares, from -1 to 1, positive = better. */
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

/** The same where the two cut their windows otherwise: they are then paired by person, and must have answered the same ones. */
export function unlikePeople(one: Outcomes, other: Outcomes): string | null {
  const [ours, theirs] = [one, other].map(({ subjects, subject }) => new Set([...subject].map((index) => subjects[index]!)));
  const missing = [...ours!].find((person) => !theirs!.has(person)) ?? [...theirs!].find((person) => !ours!.has(person));
  return missing === undefined ? null : `only one of them answered windows of ${missing}`;
}

/**
 * `of` minus `against` with 95 % intervals, both on the same resampled people (a paired bootstrap): what is hard for one
 * person is hard for both models and cancels out. Each model's answers are counted on its own windows, so that these may
 * be cut otherwise.
 * @param of answers to windows of the same people as `against`, see `unlikeWindows` and `unlikePeople`
 */
export function pairedDifference(of: Outcomes, against: Outcomes): PairedDifference {
  const classes = [...new Set([...against.classes, ...of.classes])];
  const size = classes.length;
  const people = new Map(of.subjects.map((name, index) => [name, index]));
  const personOf = (name: string) => people.get(name) ?? people.set(name, people.size).size - 1;
  const cell = new Int32Array(of.actual.length + against.actual.length);
  const subject = new Int32Array(cell.length);
  // One confusion matrix behind the other, both counted person by person.
  const tally = (outcomes: Outcomes, side: 0 | 1, from: number) => {
    const places = outcomes.classes.map((label) => classes.indexOf(label));
    const persons = outcomes.subjects.map(personOf);
    outcomes.actual.forEach((actual, window) => {
      cell[from + window] = actual < 0 ? -1 : (side * size + places[actual]!) * size + places[outcomes.predicted[window]!]!;
      subject[from + window] = persons[outcomes.subject[window]!]!;
    });
  };
  tally(of, 0, 0);
  tally(against, 1, of.actual.length);
  const counts = countBySubject(cell, subject, 2 * size ** 2);
  const differences = (totals: Float64Array): number[] => {
    const [first, second] = [totals.subarray(0, size ** 2), totals.subarray(size ** 2)];
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
