import { quantile } from "./statistics.ts";

export const SUMMARY_NAMES = ["mean", "sd", "min", "q25", "median", "q75", "max"] as const;

/**
 * The seven figures that pandas' and Spark's `summary` give: sd is divided by n - 1, percentiles are exact with linear
 * interpolation. Missing samples are left out; all seven are NaN where none is left; sd of a single sample is 0.
 */
export function createSummary(capacity: number) {
  let buffer = new Float64Array(capacity);

  return (values: Float64Array, length: number, out: Float32Array, at: number): number => {
    if (length > buffer.length) buffer = new Float64Array(2 * length);
    let count = 0;
    let sum = 0;
    for (let index = 0; index < length; index++) {
      const value = values[index]!;
      if (!Number.isFinite(value)) continue;
      buffer[count++] = value;
      sum += value;
    }
    if (count === 0) {
      out.fill(Number.NaN, at, at + SUMMARY_NAMES.length);
      return at + SUMMARY_NAMES.length;
    }
    const mean = sum / count;
    let squares = 0;
    for (let index = 0; index < count; index++) squares += (buffer[index]! - mean) ** 2;
    const sorted = buffer.subarray(0, count).sort();
    out[at] = mean;
    out[at + 1] = count > 1 ? Math.sqrt(squares / (count - 1)) : 0;
    out[at + 2] = sorted[0]!;
    out[at + 3] = quantile(sorted, count, 0.25);
    out[at + 4] = quantile(sorted, count, 0.5);
    out[at + 5] = quantile(sorted, count, 0.75);
    out[at + 6] = sorted[count - 1]!;
    return at + SUMMARY_NAMES.length;
  };
}
