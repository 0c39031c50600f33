import { eigenOf } from "../cluster/eigen.ts";

/** Lower triangle L with L L' = the correlation matrix, and what had to be changed for there to be one. */
export interface Factor {
  readonly size: number;
  /** Row-major [size, size]. */
  readonly lower: Float64Array;
  readonly mended: Mending | null;
}

/** A matrix that was singular, or no correlation matrix at all, as its parts came from different rows. */
export interface Mending {
  /** Eigenvalues that were below LEAST and were raised to it. */
  readonly clipped: number;
  readonly leastEigenvalue: number;
  /** Greatest change of a correlation. */
  readonly change: number;
}

/** Least eigenvalue of a mended matrix. */
const LEAST = 1e-6;

/**
 * Cholesky's factor of a correlation matrix. One that is singular or has negative eigenvalues is mended: eigenvalues are
 * raised to LEAST and the diagonal is brought back to 1.
 * @param correlation of i < j; may be outside what is possible together
 */
export function factorOf(size: number, correlation: (i: number, j: number) => number): Factor {
  const matrix = Array.from({ length: size }, (_, i) =>
    Array.from({ length: size }, (__, j) => (i === j ? 1 : correlation(Math.min(i, j), Math.max(i, j)))),
  );
  const lower = cholesky(matrix);
  if (lower) return { size, lower, mended: null };
  const { values, vectors } = eigenOf(matrix);
  const raised = values.map((value) => Math.max(LEAST, value));
  const rebuilt = matrix.map((_, i) =>
    matrix.map((__, j) => raised.reduce((sum, value, k) => sum + value * vectors[k]![i]! * vectors[k]![j]!, 0)),
  );
  const scale = rebuilt.map((row, i) => 1 / Math.sqrt(row[i]!));
  const mended = rebuilt.map((row, i) => row.map((value, j) => (i === j ? 1 : value * scale[i]! * scale[j]!)));
  const change = Math.max(...mended.flatMap((row, i) => row.map((value, j) => Math.abs(value - matrix[i]![j]!))));
  return {
    size,
    lower: cholesky(mended) ?? identity(size),
    mended: { clipped: values.filter((value) => value < LEAST).length, leastEigenvalue: Math.min(...values), change },
  };
}

/** `out[i] = sum over k <= i of lower[i, k] normals[k]`; may be done in place. */
export function correlate({ size, lower }: Factor, normals: Float64Array, out: Float64Array): void {
  for (let i = size - 1; i >= 0; i--) {
    let sum = 0;
    for (let k = 0, at = i * size; k <= i; k++, at++) sum += lower[at]! * normals[k]!;
    out[i] = sum;
  }
}

/** Null where the matrix is not positive definite by a margin. */
function cholesky(matrix: readonly (readonly number[])[]): Float64Array | null {
  const size = matrix.length;
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i]![j]!;
      for (let k = 0; k < j; k++) sum -= lower[i * size + k]! * lower[j * size + k]!;
      if (i !== j) lower[i * size + j] = sum / lower[j * size + j]!;
      else if (sum > LEAST / 10) lower[i * size + i] = Math.sqrt(sum);
      else return null;
    }
  }
  return lower;
}

function identity(size: number): Float64Array {
  return Float64Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? 1 : 0));
}
