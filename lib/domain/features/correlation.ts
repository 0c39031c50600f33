import type { Triplet } from "./triplet.ts";

/** Axes less their means and scaled to length 1, so that a correlation is one product sum. */
export function standardiseTriplet(source: Triplet, target: Triplet): void {
  target.length = source.length;
  standardise(source.x, source.length, target.x);
  standardise(source.y, source.length, target.y);
  standardise(source.z, source.length, target.z);
}

/** A constant axis becomes all 0, which correlates with nothing. */
function standardise(values: Float64Array, length: number, out: Float64Array): void {
  let sum = 0;
  let raw = 0;
  for (let at = 0; at < length; at++) {
    const value = values[at]!;
    sum += value;
    raw += value * value;
  }
  const mean = sum / length;
  let squares = 0;
  for (let at = 0; at < length; at++) squares += (values[at]! - mean) * (values[at]! - mean);
  const scale = squares > 1e-20 * raw ? 1 / Math.sqrt(squares) : squares === squares ? 0 : Number.NaN;
  for (let at = 0; at < length; at++) out[at] = (values[at]! - mean) * scale;
}

/** Pearson's correlation of two standardised signals of the same length. */
export function correlation(left: Float64Array, right: Float64Array, length: number): number {
  let sum = 0;
  for (let at = 0; at < length; at++) sum += left[at]! * right[at]!;
  return sum;
}
