/** Convergence is quadratic; well before this many sweeps the off-diagonal of any matrix of this size is rounding. */
const SWEEPS = 30;

/** Eigenvalues of a symmetric matrix, largest first, and a unit vector for each, by cyclic Jacobi rotations. */
export function eigenOf(symmetric: readonly (readonly number[])[]): { readonly values: number[]; readonly vectors: number[][] } {
  const size = symmetric.length;
  const matrix = symmetric.map((row) => [...row]);
  const vectors = matrix.map((_, row) => matrix.map((__, column) => (row === column ? 1 : 0)));
  const total = Math.hypot(...matrix.flat());
  for (let sweep = 0; sweep < SWEEPS && offDiagonal(matrix) > 1e-15 * total; sweep++) {
    for (let p = 0; p < size - 1; p++) {
      for (let q = p + 1; q < size; q++) rotate(matrix, vectors, p, q);
    }
  }
  const order = matrix.map((_, index) => index).sort((a, b) => matrix[b]![b]! - matrix[a]![a]! || a - b);
  return { values: order.map((index) => matrix[index]![index]!), vectors: order.map((column) => vectors.map((row) => row[column]!)) };
}

function offDiagonal(matrix: readonly (readonly number[])[]): number {
  return Math.hypot(...matrix.flatMap((row, index) => row.slice(index + 1)));
}

function rotate(matrix: number[][], vectors: number[][], p: number, q: number): void {
  const off = matrix[p]![q]!;
  if (off === 0) return;
  const theta = (matrix[q]![q]! - matrix[p]![p]!) / (2 * off);
  const tangent = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  const sine = tangent * cosine;
  for (const row of [...matrix, ...vectors]) {
    const [left, right] = [row[p]!, row[q]!];
    row[p] = cosine * left - sine * right;
    row[q] = sine * left + cosine * right;
  }
  const [upper, lower] = [matrix[p]!, matrix[q]!];
  for (let column = 0; column < matrix.length; column++) {
    const [left, right] = [upper[column]!, lower[column]!];
    upper[column] = cosine * left - sine * right;
    lower[column] = sine * left + cosine * right;
  }
}

/** Covariance of rows of equal length, over their number. */
export function covarianceOf(rows: readonly ArrayLike<number>[]): number[][] {
  const width = rows[0]?.length ?? 0;
  const mean = Array.from({ length: width }, (_, column) => rows.reduce((sum, row) => sum + row[column]!, 0) / rows.length);
  const sums = mean.map(() => new Array<number>(width).fill(0));
  for (const row of rows) {
    for (let left = 0; left < width; left++) {
      const distance = row[left]! - mean[left]!;
      for (let right = left; right < width; right++) sums[left]![right]! += distance * (row[right]! - mean[right]!);
    }
  }
  return sums.map((_, left) => sums.map((__, right) => sums[Math.min(left, right)]![Math.max(left, right)]! / rows.length));
}
