import { canonicalJson } from "../canonical.ts";
import { SensorloopError } from "../errors.ts";
import { shownQuantiles } from "./cell-sums.ts";
import type { Cell, ChannelStatistics, Description } from "./document.ts";
import { mergeHistograms } from "./histogram.ts";
import { mergeMoments, mergePairs } from "./moments.ts";

/**
 * Two parts of one snapshot as if they had been described at once: counts and histograms exactly, moments but for
 * rounding. Both must have been computed under one plan, and no person may be in both.
 * @throws SensorloopError CONFLICT where they were not computed under one plan
 */
export function mergeDescriptions(left: Description, right: Description): Description {
  const shape = ({ kind, rateHz, channels, classes }: Description) => canonicalJson({ kind, rateHz, channels, classes });
  if (shape(left) !== shape(right))
    throw new SensorloopError("CONFLICT", "statistics of different channels, classes or rates cannot be merged");
  const key = (cell: Cell) => canonicalJson([cell.class, cell.cohort]);
  const others = new Map(right.cells.map((cell) => [key(cell), cell]));
  const cells = left.cells.map((cell) => {
    const other = others.get(key(cell));
    others.delete(key(cell));
    return other ? mergeCells(cell, other) : cell;
  });
  const cohorts = new Map(left.cohorts.map((cohort) => [cohort.name, cohort]));
  for (const cohort of right.cohorts) {
    const here = cohorts.get(cohort.name);
    const { name, people } = cohort;
    cohorts.set(name, here ? { name, people: here.people + people, classes: add(here.classes, cohort.classes) } : cohort);
  }
  return { ...left, cohorts: [...cohorts.values()], cells: [...cells, ...others.values()] };
}

/** Two cells of the same class; the result is called as the first. @throws SensorloopError CONFLICT where bins differ */
export function mergeCells(left: Cell, right: Cell): Cell {
  const names = Object.keys(left.channels);
  return {
    class: left.class,
    cohort: left.cohort,
    rows: left.rows + right.rows,
    people: left.people + right.people,
    recordings: left.recordings + right.recordings,
    spans: left.spans + right.spans,
    channels: Object.fromEntries(names.map((name) => [name, mergeChannels(left.channels[name]!, right.channels[name]!)])),
    pairs: left.pairs.map((pair, at) => mergePairs(pair, right.pairs[at]!)),
    within: { counts: add(left.within.counts, right.within.counts), sums: add(left.within.sums, right.within.sums) },
    between: left.between.map((pair, at) => mergePairs(pair, right.between[at]!)),
  };
}

function mergeChannels(left: ChannelStatistics, right: ChannelStatistics): ChannelStatistics {
  const moments = mergeMoments(left, right);
  const histogram = mergeHistograms(left.histogram, right.histogram);
  const people = (of: "mean" | "sd") => ({
    ...mergeMoments(left.people[of], right.people[of]),
    histogram: mergeHistograms(left.people[of].histogram, right.people[of].histogram),
  });
  return {
    count: moments.count,
    mean: moments.mean,
    sd: moments.sd,
    min: moments.min,
    max: moments.max,
    nulls: left.nulls + right.nulls,
    whole: left.whole && right.whole,
    quantiles: shownQuantiles(histogram, moments),
    histogram,
    residual: mergeHistograms(left.residual, right.residual),
    lags: { counts: add(left.lags.counts, right.lags.counts), sums: add(left.lags.sums, right.lags.sums) },
    people: { mean: people("mean"), sd: people("sd") },
  };
}

function add(left: readonly number[], right: readonly number[]): number[] {
  const longer = left.length >= right.length ? left : right;
  return longer.map((_, at) => (left[at] ?? 0) + (right[at] ?? 0));
}
