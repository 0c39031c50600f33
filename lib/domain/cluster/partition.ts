import { randomFor, type Random } from "../random.ts";
import { covarianceOf, eigenOf } from "./eigen.ts";
import { kMeans, settle, squaredDistance, type Dealt, type Point } from "./k-means.ts";

export interface Bounds {
  readonly least: number;
  readonly most: number;
}

export interface BestPartition extends Dealt {
  readonly silhouette: number;
  /** Silhouette of the best division there is; this one may have fewer groups and a hardly lower one. */
  readonly highest: number;
  /** Every number of groups that was tried, with its mean silhouette, ascending. */
  readonly tried: readonly { readonly groups: number; readonly silhouette: number }[];
}

/** What the streams of random numbers are for; part of their keys. */
const PEOPLE = 1;
const REFERENCE = 2;

/** A group of one teaches nothing about a group, and whoever stands alone would be one. */
const LEAST_MEMBERS = 2;
/** People a group has on average, at least: with fewer, pairs of neighbours look like the best division of anything. */
const MEAN_MEMBERS = 3;
/** Sets without groups that the people are compared with: enough for a mean and a spread. */
const REFERENCES = 20;
/** One-sided 95 % of a normal distribution: people without groups are taken for some one time in twenty. */
const QUANTILE = 1.645;

/**
 * The division into groups, as many as `bounds` allow, with the highest mean silhouette; of those within a standard error
 * of it the one with fewest groups (the rule of Breiman et al. 1984), so that another person or two seldom change the number.
 * @returns null where there is none with two points in each group
 */
export function bestPartition(points: readonly Point[], bounds: Bounds, seed: number): BestPartition | null {
  return best(points, bounds, (k) => randomFor(seed, PEOPLE, k));
}

/**
 * The silhouette that the same search reaches on points without groups, and only seldom surpasses: as many, drawn evenly from a box along
 * the principal axes of the given ones (as for the gap statistic, Tibshirani, Walther and Hastie 2001). Few dimensions
 * and many cuts make groups of anything; this says how good such groups look.
 */
export function silhouetteWithoutGroups(points: readonly Point[], bounds: Bounds, seed: number): number {
  const { vectors } = eigenOf(covarianceOf(points));
  const box = vectors.map((axis) => {
    const along = points.map((point) => axis.reduce((sum, weight, at) => sum + weight * point[at]!, 0));
    return [Math.min(...along), Math.max(...along)] as const;
  });
  const reached = Array.from({ length: REFERENCES }, (_, set) => {
    const random = randomFor(seed, REFERENCE, set);
    // Distances are the same along any axes, so the box needs no turning back.
    const even = points.map(() => Float64Array.from(box, ([from, to]) => from + (to - from) * random.uniform()));
    return best(even, bounds, (k) => randomFor(seed, REFERENCE, set, k))?.highest ?? 0;
  });
  const mean = reached.reduce((sum, silhouette) => sum + silhouette, 0) / REFERENCES;
  return mean + QUANTILE * Math.sqrt(reached.reduce((sum, silhouette) => sum + (silhouette - mean) ** 2, 0) / (REFERENCES - 1));
}

/**
 * (b - a) / max(a, b) of each point: a is the mean distance to the others of its group, b to those of the nearest other
 * group; 0 for a point that is alone in its group (Rousseeuw 1987).
 */
export function silhouettesOf(points: readonly Point[], labels: Int32Array, groups: number): Float64Array {
  const sizes = new Float64Array(groups);
  for (const label of labels) sizes[label]!++;
  const sums = new Float64Array(groups);
  return Float64Array.from(points, (point, index) => {
    sums.fill(0);
    for (let other = 0; other < points.length; other++) sums[labels[other]!]! += Math.sqrt(squaredDistance(point, points[other]!));
    const own = labels[index]!;
    if (sizes[own] === 1) return 0;
    const within = sums[own]! / (sizes[own]! - 1);
    let outside = Infinity;
    for (let group = 0; group < groups; group++) if (group !== own) outside = Math.min(outside, sums[group]! / sizes[group]!);
    return (outside - within) / (Math.max(outside, within) || 1);
  });
}

function best(points: readonly Point[], { least, most }: Bounds, randomOf: (k: number) => Random): BestPartition | null {
  const tried = new Map<number, Dealt & { readonly silhouette: number; readonly error: number }>();
  for (let k = least; k <= Math.min(most, Math.floor(points.length / MEAN_MEMBERS)); k++) {
    const dealt = settle(points, kMeans(points, k, randomOf(k)).centres, LEAST_MEMBERS);
    const groups = dealt.centres.length;
    if (groups < least) continue;
    const silhouettes = silhouettesOf(points, dealt.labels, groups);
    const silhouette = silhouettes.reduce((sum, value) => sum + value, 0) / points.length;
    const error = Math.sqrt(silhouettes.reduce((sum, value) => sum + (value - silhouette) ** 2, 0)) / points.length;
    if (silhouette > (tried.get(groups)?.silhouette ?? -Infinity)) tried.set(groups, { ...dealt, silhouette, error });
  }
  const ascending = [...tried.values()].sort((a, b) => a.centres.length - b.centres.length);
  if (!ascending[0]) return null;
  const top = ascending.reduce((most, each) => (each.silhouette > most.silhouette ? each : most));
  const chosen = ascending.find(({ silhouette }) => silhouette >= top.silhouette - top.error) ?? top;
  const list = ascending.map(({ centres, silhouette }) => ({ groups: centres.length, silhouette }));
  const { error: _, ...partition } = chosen;
  return { ...partition, highest: top.silhouette, tried: list };
}
