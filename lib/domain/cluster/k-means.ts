import type { Random } from "../random.ts";

export type Point = Float64Array;

/** Points dealt to centres: each belongs to the nearest. */
export interface Dealt {
  readonly centres: readonly Point[];
  /** Index of its centre, by point. */
  readonly labels: Int32Array;
  /** Sum of squared distances. */
  readonly inertia: number;
}

/** Each finds a local optimum; of ten the best is, for a handful of centres, almost always the global one. */
const STARTS = 10;
/** Lloyd's iteration ends by itself after a few rounds; this is for the hour when rounding makes it go round in a circle. */
const ROUNDS = 100;

/**
 * Best of several k-means++ starts (Arthur and Vassilvitskii 2007). Fewer than `k` centres come back where there are not
 * that many different points.
 */
export function kMeans(points: readonly Point[], k: number, random: Random): Dealt {
  let best: Dealt | undefined;
  for (let start = 0; start < STARTS; start++) {
    const dealt = settle(points, spreadCentres(points, k, random), 1);
    if (!best || dealt.inertia < best.inertia) best = dealt;
  }
  return best!;
}

/**
 * Moves centres to the means of their points until nothing changes (Lloyd 1982). A centre with fewer than `least` points
 * is given up, the one with fewest first, and its points go to the others.
 */
export function settle(points: readonly Point[], from: readonly Point[], least: number): Dealt {
  let centres = from;
  let dealt = deal(points, centres);
  for (let round = 0; round < ROUNDS; round++) {
    const sizes = sizesOf(dealt);
    const small = sizes.indexOf(Math.min(...sizes));
    if (centres.length > 1 && sizes[small]! < least) {
      centres = centres.toSpliced(small, 1);
      dealt = deal(points, centres);
      continue;
    }
    centres = meansOf(points, dealt, sizes);
    const next = deal(points, centres);
    const same = next.labels.every((label, point) => label === dealt.labels[point]);
    dealt = next;
    if (same && Math.min(...sizesOf(next)) >= Math.min(least, points.length)) break;
  }
  return ordered(dealt);
}

export function nearest(centres: readonly ArrayLike<number>[], point: ArrayLike<number>): number {
  let best = 0;
  let least = Infinity;
  for (let index = 0; index < centres.length; index++) {
    const distance = squaredDistance(centres[index]!, point);
    if (distance < least) [best, least] = [index, distance];
  }
  return best;
}

export function squaredDistance(one: ArrayLike<number>, other: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < one.length; at++) sum += (one[at]! - other[at]!) ** 2;
  return sum;
}

function deal(points: readonly Point[], centres: readonly Point[]): Dealt {
  const labels = Int32Array.from(points, (point) => nearest(centres, point));
  const inertia = points.reduce((sum, point, index) => sum + squaredDistance(point, centres[labels[index]!]!), 0);
  return { centres, labels, inertia };
}

/** The first anywhere, each next one with a chance that grows with the square of its distance from those there are. */
function spreadCentres(points: readonly Point[], k: number, random: Random): Point[] {
  const centres = [points[random.below(points.length)]!];
  const distances = Float64Array.from(points, (point) => squaredDistance(point, centres[0]!));
  while (centres.length < k) {
    const total = distances.reduce((sum, distance) => sum + distance, 0);
    if (total === 0) break;
    let left = random.uniform() * total;
    let chosen = distances.findIndex((distance) => (left -= distance) < 0);
    // Rounding can leave a rest; then it is the last point that is not a centre itself.
    if (chosen < 0) chosen = distances.findLastIndex((distance) => distance > 0);
    centres.push(points[chosen]!);
    for (const [index, point] of points.entries()) distances[index] = Math.min(distances[index]!, squaredDistance(point, points[chosen]!));
  }
  return centres;
}

function meansOf(points: readonly Point[], { labels, centres }: Dealt, sizes: readonly number[]): Point[] {
  const sums = centres.map((centre) => new Float64Array(centre.length));
  for (const [index, point] of points.entries()) {
    const sum = sums[labels[index]!]!;
    for (let at = 0; at < sum.length; at++) sum[at]! += point[at]!;
  }
  return sums.map((sum, index) => (sizes[index]! > 0 ? sum.map((part) => part / sizes[index]!) : centres[index]!));
}

function sizesOf({ centres, labels }: Dealt): number[] {
  const sizes = new Array<number>(centres.length).fill(0);
  for (const label of labels) sizes[label]!++;
  return sizes;
}

/** Centres by size, then by place: their numbers tell nothing of the start they came from. */
function ordered(dealt: Dealt): Dealt {
  const { centres, labels } = dealt;
  const sizes = sizesOf(dealt);
  const order = centres.map((_, index) => index).sort((a, b) => sizes[b]! - sizes[a]! || compare(centres[a]!, centres[b]!));
  const places = Int32Array.from(order, (_, place) => order.indexOf(place));
  return { ...dealt, centres: order.map((index) => centres[index]!), labels: labels.map((label) => places[label]!) };
}

function compare(one: Point, other: Point): number {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at < 0 ? 0 : one[at]! - other[at]!;
}
