import { randomFor } from "./random.ts";
import type { Random } from "./random.ts";

/**
 * Counts of windows by cell (actual class x predicted class, say), grouped by subject and stored sparsely; subjects with
 * the same counts are stored once. So 150,000 people with one window each are a handful of patterns.
 */
export interface SubjectCounts {
  readonly subjects: number;
  readonly cells: number;
  /** Pattern p has the cells `cell[start[p]] ... cell[start[p + 1] - 1]`, each with its count. */
  readonly start: Int32Array;
  readonly cell: Int32Array;
  readonly count: Int32Array;
  /** How many subjects have pattern p. */
  readonly multiplicity: Int32Array;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Above this many subjects a resample gives each pattern a Poisson number of places, which by then is the same thing. */
const EXACT_SUBJECTS = 2000;
const STREAM = 0x6b007;

/** @param cell cell of each window, or -1 to leave it out; @param subject index of each window's subject */
export function countBySubject(cell: Int32Array, subject: Int32Array, cells: number): SubjectCounts {
  const order = bySubject(subject);
  const pattern = new Map<string, number>();
  const start = [0];
  const [cellOf, countOf, multiplicity]: number[][] = [[], [], []];
  const seen = new Map<number, number>();
  let subjects = 0;
  for (let at = 0; at < order.length;) {
    const person = subject[order[at]!]!;
    seen.clear();
    for (; at < order.length && subject[order[at]!] === person; at += 1) {
      const met = cell[order[at]!]!;
      if (met >= 0) seen.set(met, (seen.get(met) ?? 0) + 1);
    }
    if (seen.size === 0) continue;
    subjects += 1;
    const entries = [...seen].sort(([one], [other]) => one - other);
    const key = entries.join(";");
    const known = pattern.get(key);
    if (known !== undefined) {
      multiplicity![known]! += 1;
      continue;
    }
    pattern.set(key, multiplicity!.length);
    multiplicity!.push(1);
    for (const [index, count] of entries) {
      cellOf!.push(index);
      countOf!.push(count);
    }
    start.push(cellOf!.length);
  }
  return {
    subjects,
    cells,
    start: Int32Array.from(start),
    cell: Int32Array.from(cellOf!),
    count: Int32Array.from(countOf!),
    multiplicity: Int32Array.from(multiplicity!),
  };
}

/**
 * 95 % percentile intervals (Efron 1979) of statistics of the cell totals when people, not windows, are drawn anew:
 * windows of one person are alike, so drawing windows would make intervals several times too narrow.
 * @param statistics numbers from the totals of a resample; one that is not finite is left out of its interval
 * @returns null for each statistic with fewer than two subjects
 */
export function bootstrapIntervals(
  counts: SubjectCounts,
  statistics: (totals: Float64Array) => readonly number[],
  { seed = 1, resamples = 1000 }: { readonly seed?: number; readonly resamples?: number } = {},
): readonly (Interval | null)[] {
  const random = randomFor(seed, STREAM);
  const totals = new Float64Array(counts.cells);
  const drawn: number[][] = statistics(totalsOf(counts)).map(() => []);
  if (counts.subjects < 2) return drawn.map(() => null);
  const places = new Float64Array(counts.multiplicity.length);
  const draw = counts.subjects <= EXACT_SUBJECTS ? exactDraw(counts, random) : poissonDraw(counts, random);
  for (let resample = 0; resample < resamples; resample += 1) {
    draw(places);
    sum(counts, places, totals);
    for (const [index, value] of statistics(totals).entries()) if (Number.isFinite(value)) drawn[index]!.push(value);
  }
  return drawn.map((values) => {
    const sorted = Float64Array.from(values).sort();
    return sorted.length === 0 ? null : { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
  });
}

/** Totals over all subjects, as observed. */
export function totalsOf(counts: SubjectCounts): Float64Array {
  const totals = new Float64Array(counts.cells);
  sum(counts, Float64Array.from(counts.multiplicity), totals);
  return totals;
}

function sum(counts: SubjectCounts, places: Float64Array, totals: Float64Array): void {
  totals.fill(0);
  for (let pattern = 0; pattern < places.length; pattern += 1) {
    const times = places[pattern]!;
    if (times === 0) continue;
    const end = counts.start[pattern + 1]!;
    for (let at = counts.start[pattern]!; at < end; at += 1) totals[counts.cell[at]!]! += times * counts.count[at]!;
  }
}

function exactDraw(counts: SubjectCounts, random: Random): (places: Float64Array) => void {
  const patternOf = new Int32Array(counts.subjects);
  let at = 0;
  for (const [pattern, times] of counts.multiplicity.entries()) patternOf.fill(pattern, at, (at += times));
  return (places) => {
    places.fill(0);
    for (let place = 0; place < patternOf.length; place += 1) places[patternOf[random.below(patternOf.length)]!]! += 1;
  };
}

function poissonDraw(counts: SubjectCounts, random: Random): (places: Float64Array) => void {
  return (places) => {
    for (let pattern = 0; pattern < places.length; pattern += 1) places[pattern] = random.poisson(counts.multiplicity[pattern]!);
  };
}

/** Linear between order statistics, as NumPy has it. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below]!;
  return low + (place - below) * ((sorted[below + 1] ?? low) - low);
}

/** Windows ordered by subject, by counting. */
function bySubject(subject: Int32Array): Int32Array {
  let highest = -1;
  for (const person of subject) highest = Math.max(highest, person);
  const next = new Int32Array(highest + 2);
  for (const person of subject) next[person + 1]! += 1;
  for (let person = 0; person <= highest; person += 1) next[person + 1]! += next[person]!;
  const order = new Int32Array(subject.length);
  for (let window = 0; window < subject.length; window += 1) order[next[subject[window]!]!++] = window;
  return order;
}
