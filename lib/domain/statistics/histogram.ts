import { SensorloopError } from "../errors.ts";
import type { Moments } from "./moments.ts";

/**
 * Where bins lie: `bins` of equal `width` from `low` on, with an open one on each side. Two histograms can be added only
 * where they agree on this, so it is fixed before anything is counted.
 */
export interface Binning {
  readonly low: number;
  readonly width: number;
  readonly bins: number;
}

/** `counts` has one entry more on each side: what lies below `low`, and what lies from `low + bins * width` on. */
export interface Histogram {
  readonly low: number;
  readonly width: number;
  readonly counts: readonly number[];
}

/** Wide enough for all but the tails, which have their own bins up to the extremes. */
const REACH = 4;

/**
 * Bins of four standard deviations around the mean, no further than the extremes. Values that are whole numbers only get
 * bins that are centred on whole numbers.
 */
export function planBinning({ mean, sd, min, max }: Moments, bins: number, whole: boolean): Binning {
  if (!(max > min)) return { low: mean - 0.5, width: 1, bins: 1 };
  const from = Math.max(min, mean - REACH * sd);
  const to = Math.min(max, mean + REACH * sd);
  if (!whole) return { low: from, width: (to - from) / bins, bins };
  const low = Math.floor(from) - 0.5;
  const width = Math.max(1, Math.ceil((Math.ceil(to) + 0.5 - low) / bins));
  return { low, width, bins: Math.ceil((Math.ceil(to) + 0.5 - low) / width) };
}

/** Index into `counts`. The same arithmetic as `binSql` in lib/store, to the bit. */
export function binOf({ low, width, bins }: Binning, value: number): number {
  return value < low ? 0 : Math.min(bins + 1, 1 + Math.floor((value - low) / width));
}

export function emptyCounts({ bins }: Binning): Float64Array {
  return new Float64Array(bins + 2);
}

export function histogramOf({ low, width }: Binning, counts: Float64Array): Histogram {
  return { low, width, counts: [...counts] };
}

export function binningOf({ low, width, counts }: Histogram): Binning {
  return { low, width, bins: counts.length - 2 };
}

/** @throws SensorloopError CONFLICT where the bins differ */
export function mergeHistograms(left: Histogram, right: Histogram): Histogram {
  if (left.low !== right.low || left.width !== right.width || left.counts.length !== right.counts.length) {
    throw new SensorloopError("CONFLICT", "two histograms with different bins cannot be added: describe both parts under one plan", {
      facts: { left: binningOf(left), right: binningOf(right) },
    });
  }
  return { ...left, counts: left.counts.map((count, bin) => count + right.counts[bin]!) };
}

/** Edges of all bins, the open ones closed by the extremes; ascending, not always strictly. */
export function edgesOf({ low, width, counts }: Histogram, { min, max }: Pick<Moments, "min" | "max">): number[] {
  const inner = Array.from({ length: counts.length - 1 }, (_, edge) => Math.min(max, Math.max(min, low + edge * width)));
  return [min, ...inner, max];
}

/** Ascending probabilities to values, by straight lines through the shares at the edges. NaN where nothing was counted. */
export function quantilesOf(histogram: Histogram, extremes: Pick<Moments, "min" | "max">, probabilities: ArrayLike<number>): Float64Array {
  const { counts } = histogram;
  const edges = edgesOf(histogram, extremes);
  const total = counts.reduce((sum, count) => sum + count, 0);
  let bin = 0;
  let below = 0;
  return Float64Array.from(probabilities, (probability) => {
    if (total === 0) return NaN;
    const wanted = Math.min(1, Math.max(0, probability)) * total;
    while (bin < counts.length - 1 && below + counts[bin]! < wanted) below += counts[bin++]!;
    // From the first value on: an empty bin has no place for a probability of 0.
    while (bin < counts.length - 1 && counts[bin] === 0) bin++;
    const share = Math.min(1, (wanted - below) / (counts[bin]! || 1));
    return edges[bin]! + share * (edges[bin + 1]! - edges[bin]!);
  });
}

/** Greatest difference between the shares of two histograms with the same bins up to any edge (Kolmogorov, Smirnov); 0 to 1. */
export function histogramDistance(left: Histogram, right: Histogram): number {
  const totals = [left, right].map(({ counts }) => counts.reduce((sum, count) => sum + count, 0) || 1);
  let difference = 0;
  let greatest = 0;
  for (let bin = 0; bin < left.counts.length; bin++) {
    difference += left.counts[bin]! / totals[0]! - right.counts[bin]! / totals[1]!;
    greatest = Math.max(greatest, Math.abs(difference));
  }
  return greatest;
}
