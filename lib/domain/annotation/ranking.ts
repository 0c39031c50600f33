import { randomFor, type Random } from "../random.ts";
import type { AnnotationSpec } from "../spec-annotation.ts";
import { createHeap } from "./heap.ts";

/** A window that someone may be asked about. */
export interface RankedWindow {
  /** How unsure the answer is, 0 to 1. */
  readonly doubt: number;
  /** Which recording it lies in: any number, the same for windows of the same one. */
  readonly at: number;
  /** [from, to) in samples of the recording. */
  readonly from: number;
  readonly to: number;
  /** Any scale; all of the same length, NaN for what is missing. Without values there is no telling windows apart. */
  readonly features: Float32Array;
}

export type OrderWeights = AnnotationSpec["order"];

/** Purposes of the seed: what comes first among equals, and the directions that features are seen in. */
const [CHANCE, SKETCH] = [1, 2];

/**
 * The order in which windows are worth asking about, greedily: each next one has the highest
 * `uncertainty * doubt + diversity * distance + random * chance`, where distance is that to the nearest window before it,
 * in standard deviations of the features, 1 from where two windows are as far apart as any two are (k-centre greedy, Sener
 * and Savarese 2018, with doubt beside it). A window that overlaps one before it is left out, since that one is asked for
 * both; windows that follow each other in a recording are both asked about, but never one right after the other.
 *
 * Scores only fall while others are chosen, so each is computed again only when it would be the next (lazy greedy, Minoux
 * 1978): the same order at a fraction of the work.
 * @param count how many at most
 * @returns indices into `candidates`, the first to ask about first; the same for the same seed
 */
export function rankTasks(candidates: readonly RankedWindow[], weights: OrderWeights, count: number, seed: number): number[] {
  const chance = randomFor(seed, CHANCE);
  const base = Float64Array.from(candidates, ({ doubt }) => {
    return weights.uncertainty * Math.min(1, Math.max(0, doubt)) + weights.random * chance.uniform();
  });
  const space = weights.diversity > 0 ? spaceOf(candidates, randomFor(seed, SKETCH)) : null;
  const scoreAt = (index: number, distance: number) => base[index]! + weights.diversity * distance;
  const heap = createHeap(base.map((value) => value + weights.diversity));
  const chosen: number[] = [];
  const nearest = new Float64Array(candidates.length).fill(1);
  const compared = new Int32Array(candidates.length);
  const taken = new Map<number, RankedWindow[]>();
  let waiting: number[] = [];

  while (chosen.length < count) {
    const index = heap.pop();
    if (index === undefined) break;
    const window = candidates[index]!;
    const beside = taken.get(window.at) ?? [];
    if (beside.some((other) => overlaps(window, other))) continue;
    if (space && compared[index]! < chosen.length) {
      for (; compared[index]! < chosen.length; compared[index]! += 1) {
        nearest[index] = Math.min(nearest[index]!, space.distance(index, chosen[compared[index]!]!));
      }
      heap.push(index, scoreAt(index, nearest[index]!));
      continue;
    }
    const last = chosen.at(-1);
    if (last !== undefined && follows(window, candidates[last]!)) {
      waiting.push(index);
      continue;
    }
    chosen.push(index);
    taken.set(window.at, [...beside, window]);
    for (const each of waiting) heap.push(each, scoreAt(each, nearest[each]!));
    waiting = [];
  }
  return withRest(chosen, waiting, candidates, count);
}

/** Windows that only followed the last one find a place further up, where they follow nothing; else they are left out. */
function withRest(chosen: readonly number[], rest: readonly number[], candidates: readonly RankedWindow[], count: number): number[] {
  const order = [...chosen];
  for (const index of rest) {
    if (order.length >= count) break;
    const window = candidates[index]!;
    if (order.some((other) => overlaps(window, candidates[other]!))) continue;
    const free = (other: number | undefined) => other === undefined || !follows(window, candidates[other]!);
    const place = Array.from({ length: order.length }, (_, at) => order.length - 1 - at).find(
      (at) => free(order[at]) && free(order[at - 1]),
    );
    if (place !== undefined) order.splice(place, 0, index);
  }
  return order;
}

export function overlaps(a: Pick<RankedWindow, "at" | "from" | "to">, b: Pick<RankedWindow, "at" | "from" | "to">): boolean {
  return a.at === b.at && a.from < b.to && b.from < a.to;
}

/** Whether one lies less than a window's length from the other in the same recording: who has just seen one knows both. */
export function follows(a: Pick<RankedWindow, "at" | "from" | "to">, b: Pick<RankedWindow, "at" | "from" | "to">): boolean {
  const length = Math.max(a.to - a.from, b.to - b.from);
  return a.at === b.at && a.from < b.to + length && b.from < a.to + length;
}

interface Space {
  /** Between two windows, 0 to 1. */
  distance(a: number, b: number): number;
}

/** So many numbers tell windows apart about as well as all of their features do, at a tenth of the work and memory. */
const DIRECTIONS = 32;
/** As in the models: single wild values must not decide. */
const CLIP = 5;

/**
 * Features in standard deviations; of many, their sums in random directions, which keep distances (Johnson and
 * Lindenstrauss), each over few features (Li, Hastie and Church 2006: one in the root of their number).
 */
function spaceOf(candidates: readonly RankedWindow[], random: Random): Space | null {
  const width = candidates[0]?.features.length ?? 0;
  const { mean, inverse, spread } = scaleOf(candidates, width);
  if (spread === 0) return null;
  const directions = width > 2 * DIRECTIONS ? sparseDirections(width, random) : null;
  const size = directions ? directions.length : width;
  const values = new Float32Array(candidates.length * size);
  const scaled = (features: Float32Array, column: number) => {
    const value = (features[column]! - mean[column]!) * inverse[column]!;
    return value > CLIP ? CLIP : value < -CLIP ? -CLIP : value === value ? value : 0;
  };
  for (const [index, { features }] of candidates.entries()) {
    for (let place = 0; place < size; place += 1) {
      values[index * size + place] = directions
        ? directions[place]!.reduce((sum, { column, weight }) => sum + weight * scaled(features, column), 0)
        : scaled(features, place);
    }
  }
  // Two windows drawn at random differ by two variances in each feature.
  const usual = Math.sqrt(2 * spread);
  return {
    distance(a, b) {
      let sum = 0;
      for (let place = 0, left = a * size, right = b * size; place < size; place += 1, left += 1, right += 1) {
        const difference = values[left]! - values[right]!;
        sum += difference * difference;
      }
      return Math.min(1, Math.sqrt(sum) / usual);
    },
  };
}

/** Mean and inverse deviation of each feature, and how many of them vary at all. */
function scaleOf(candidates: readonly RankedWindow[], width: number): { mean: Float64Array; inverse: Float64Array; spread: number } {
  const [count, sum, square] = [new Float64Array(width), new Float64Array(width), new Float64Array(width)];
  const first = candidates[0]?.features;
  for (const { features } of candidates) {
    for (let column = 0; column < width; column += 1) {
      // From the first row's value: squares of large numbers leave nothing of small differences.
      const value = features[column]! - (Number.isFinite(first![column]!) ? first![column]! : 0);
      if (value - value !== 0) continue;
      count[column]! += 1;
      sum[column]! += value;
      square[column]! += value * value;
    }
  }
  let spread = 0;
  const mean = new Float64Array(width);
  const inverse = Float64Array.from(square, (total, column) => {
    const average = count[column]! > 0 ? sum[column]! / count[column]! : 0;
    const variance = count[column]! > 0 ? total / count[column]! - average * average : 0;
    mean[column] = average + (Number.isFinite(first![column]!) ? first![column]! : 0);
    if (!(variance > 1e-12 * (mean[column]! ** 2 + 1e-30))) return 0;
    spread += 1;
    return 1 / Math.sqrt(variance);
  });
  return { mean, inverse, spread };
}

function sparseDirections(width: number, random: Random): { column: number; weight: number }[][] {
  const share = 1 / Math.sqrt(width);
  const weight = Math.sqrt(1 / (share * DIRECTIONS));
  return Array.from({ length: DIRECTIONS }, () =>
    Array.from({ length: width }, (_, column) => column)
      .filter(() => random.uniform() < share)
      .map((column) => ({ column, weight: random.uniform() < 0.5 ? weight : -weight })),
  );
}
