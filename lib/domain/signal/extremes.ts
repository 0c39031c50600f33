import type { ChannelView, SampleRange } from "./view.ts";

/** Buckets [from, to) of one size that hold samples; the values of the first are at entry `start`. */
export interface Run {
  readonly from: number;
  readonly to: number;
  readonly start: number;
}

/** Values of consecutive buckets: samples themselves (width 1), or first, last, least and greatest of each (width 4). */
export interface Buckets {
  readonly values: Float32Array;
  readonly width: 1 | 4;
  readonly runs: readonly Run[];
}

/** Samples in a bucket of the finest level; below it samples are read: eight cost as much as two buckets. */
const FINEST = 8;
const COARSER = 4;
/** A level of so few buckets is coarse enough for any view. */
const FEW = 1_024;

/**
 * The buckets of one size that stretches touch. Gaps take no room, however long they are; a bucket that two stretches
 * share is there once.
 * @param stretches in samples of the clock, ascending and apart
 */
export function runsOf(stretches: readonly (readonly [number, number])[], size: number): Run[] {
  const runs: { from: number; to: number; start: number }[] = [];
  for (const [begin, end] of stretches) {
    const from = Math.floor(begin / size);
    const to = Math.ceil(end / size);
    const before = runs.at(-1);
    if (before && from <= before.to) before.to = to;
    else runs.push({ from, to, start: before ? before.start + before.to - before.from : 0 });
  }
  return runs;
}

export function entriesOf(runs: readonly Run[]): number {
  const last = runs.at(-1);
  return last ? last.start + last.to - last.from : 0;
}

/** Sizes of the buckets that are kept of a recording, ascending, each a power of two and a multiple of the one before. */
export function levelsOf(stretches: readonly (readonly [number, number])[]): number[] {
  const sizes: number[] = [];
  // Of many short stretches every level keeps at least a bucket each: coarser ones would save nothing.
  for (let size = FINEST, before = Infinity; ; size *= COARSER) {
    const entries = entriesOf(runsOf(stretches, size));
    if (sizes.length > 0 && (entries <= FEW / COARSER || entries > before * 0.75)) return sizes;
    sizes.push(size);
    before = entries;
  }
}

/** The coarsest level that columns of `step` samples can be made of; 1 = the samples. */
export function levelFor(step: number, levels: readonly number[]): number {
  return levels.findLast((size) => size <= step) ?? 1;
}

/** The part of a level that lies in buckets [from, to): which entries to read, and the runs among these. */
export function clip(
  runs: readonly Run[],
  { from, to }: SampleRange,
): { readonly start: number; readonly count: number; readonly runs: Run[] } {
  const inside = runs.filter((run) => run.to > from && run.from < to);
  const first = inside[0];
  if (!first) return { start: 0, count: 0, runs: [] };
  const start = first.start + Math.max(0, from - first.from);
  const clipped = inside.map((run) => {
    const begin = Math.max(from, run.from);
    return { from: begin, to: Math.min(to, run.to), start: run.start + begin - run.from - start };
  });
  return { start, count: entriesOf(clipped), runs: clipped };
}

/** Extremes of wider buckets, each of `ratio` of the source's; NaN where nothing was measured. */
export function widen({ values, width, runs }: Buckets, ratio: number, target: readonly Run[]): Buckets & { readonly width: 4 } {
  const wide = new Float32Array(4 * entriesOf(target)).fill(Number.NaN);
  let place = 0;
  for (const run of runs) {
    for (let bucket = run.from; bucket < run.to;) {
      const parent = Math.floor(bucket / ratio);
      while (parent >= target[place]!.to) place++;
      const end = Math.min(run.to, (parent + 1) * ratio);
      const entry = 4 * (target[place]!.start + parent - target[place]!.from);
      for (; bucket < end; bucket++) {
        const at = width * (run.start + bucket - run.from);
        const first = values[at]!;
        if (first !== first) continue;
        const least = width === 1 ? first : values[at + 2]!;
        const greatest = width === 1 ? first : values[at + 3]!;
        if (!(wide[entry]! === wide[entry]!)) wide[entry] = first;
        wide[entry + 1] = width === 1 ? first : values[at + 1]!;
        if (!(wide[entry + 2]! <= least)) wide[entry + 2] = least;
        if (!(wide[entry + 3]! >= greatest)) wide[entry + 3] = greatest;
      }
    }
  }
  return { values: wide, width: 4, runs: target };
}

/** The columns of a view that begins at a multiple of `step`, of a level's buckets within it. */
export function columnsOf(
  buckets: Buckets,
  size: number,
  grid: { readonly from: number; readonly step: number; readonly columns: number },
): ChannelView {
  const { from, step, columns } = grid;
  if (step === 1) {
    const samples = new Float32Array(columns).fill(Number.NaN);
    for (const run of buckets.runs) samples.set(buckets.values.subarray(run.start, run.start + run.to - run.from), run.from - from);
    return { first: samples, last: samples, min: samples, max: samples };
  }
  const begin = from / step;
  const { values } = widen(buckets, step / size, [{ from: begin, to: begin + columns, start: 0 }]);
  const series = (place: number) => Float32Array.from({ length: columns }, (_, column) => values[4 * column + place]!);
  return { first: series(0), last: series(1), min: series(2), max: series(3) };
}
