/**
 * Count, mean, standard deviation (divided by n) and extremes of values that are numbers. All of them are 0 where there
 * is no value: JSON has neither NaN nor infinity.
 */
export interface Moments {
  readonly count: number;
  readonly mean: number;
  readonly sd: number;
  readonly min: number;
  readonly max: number;
}

export const NO_MOMENTS: Moments = { count: 0, mean: 0, sd: 0, min: 0, max: 0 };

/** Of `values[from]` to `values[to - 1]`; what is not a number is left out. In two passes, so that no digits are lost. */
export function momentsOf(values: ArrayLike<number>, from = 0, to = values.length): Moments {
  let count = 0;
  let sum = 0;
  let min = Infinity;
  let max = -Infinity;
  for (let at = from; at < to; at++) {
    const value = values[at]!;
    if (value !== value) continue;
    count++;
    sum += value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (count === 0) return NO_MOMENTS;
  const mean = sum / count;
  let squares = 0;
  for (let at = from; at < to; at++) {
    const distance = values[at]! - mean;
    if (distance === distance) squares += distance * distance;
  }
  // The mean of equal values may be off by a rounding, which is no spread.
  return { count, mean: min === max ? min : mean, sd: min === max ? 0 : Math.sqrt(squares / count), min, max };
}

/** As if both had been computed at once (Chan, Golub, LeVeque 1979). */
export function mergeMoments(left: Moments, right: Moments): Moments {
  if (left.count === 0) return right;
  if (right.count === 0) return left;
  const count = left.count + right.count;
  const distance = right.mean - left.mean;
  const share = right.count / count;
  const squares = left.count * left.sd ** 2 + right.count * right.sd ** 2 + distance ** 2 * left.count * share;
  return {
    count,
    mean: left.mean + distance * share,
    sd: Math.sqrt(squares / count),
    min: Math.min(left.min, right.min),
    max: Math.max(left.max, right.max),
  };
}

/**
 * Count, means and mean product of deviations (divided by n) of pairs of which both are numbers. A tuple: of wide files
 * there are thousands, and names would be most of a document.
 */
export type PairMoments = readonly [count: number, left: number, right: number, covariance: number];

export const NO_PAIRS: PairMoments = [0, 0, 0, 0];

/** Of two columns in step with each other. */
export function pairMomentsOf(left: ArrayLike<number>, right: ArrayLike<number>, from = 0, to = left.length): PairMoments {
  let count = 0;
  let sumLeft = 0;
  let sumRight = 0;
  for (let at = from; at < to; at++) {
    const x = left[at]!;
    const y = right[at]!;
    if (x !== x || y !== y) continue;
    count++;
    sumLeft += x;
    sumRight += y;
  }
  if (count === 0) return NO_PAIRS;
  const meanLeft = sumLeft / count;
  const meanRight = sumRight / count;
  let products = 0;
  for (let at = from; at < to; at++) {
    const product = (left[at]! - meanLeft) * (right[at]! - meanRight);
    if (product === product) products += product;
  }
  return [count, meanLeft, meanRight, products / count];
}

export function mergePairs(one: PairMoments, other: PairMoments): PairMoments {
  if (one[0] === 0) return other;
  if (other[0] === 0) return one;
  const count = one[0] + other[0];
  const share = other[0] / count;
  const left = other[1] - one[1];
  const right = other[2] - one[2];
  const products = one[0] * one[3] + other[0] * other[3] + left * right * one[0] * share;
  return [count, one[1] + left * share, one[2] + right * share, products / count];
}
