import type { Triplet } from "./triplet.ts";

/**
 * Principal components of a triplet in a window: where the movement goes, whichever way the sensor was put on. Components
 * are ordered by their variance; the sign of each is the one that makes its skewness positive.
 */
export function createPrincipal() {
  const matrix = new Float64Array(9);
  const vectors = new Float64Array(9);
  const order = [0, 1, 2];

  /** Writes the three components, the strongest as x, into `out` and their shares of the variance into `shares` (0 for a constant triplet). */
  return (source: Triplet, out: Triplet, shares: Float64Array): void => {
    const { x, y, z, length } = source;
    let mx = 0;
    let my = 0;
    let mz = 0;
    for (let at = 0; at < length; at++) {
      mx += x[at]!;
      my += y[at]!;
      mz += z[at]!;
    }
    mx /= length;
    my /= length;
    mz /= length;
    matrix.fill(0);
    for (let at = 0; at < length; at++) {
      const dx = x[at]! - mx;
      const dy = y[at]! - my;
      const dz = z[at]! - mz;
      matrix[0]! += dx * dx;
      matrix[1]! += dx * dy;
      matrix[2]! += dx * dz;
      matrix[4]! += dy * dy;
      matrix[5]! += dy * dz;
      matrix[8]! += dz * dz;
    }
    matrix[3] = matrix[1]!;
    matrix[6] = matrix[2]!;
    matrix[7] = matrix[5]!;
    diagonalise(matrix, vectors);
    order.sort((left, right) => matrix[4 * right]! - matrix[4 * left]!);
    const total = matrix[0]! + matrix[4]! + matrix[8]!;
    out.length = length;
    for (let rank = 0; rank < 3; rank++) {
      const column = order[rank]!;
      const component = rank === 0 ? out.x : rank === 1 ? out.y : out.z;
      shares[rank] = total > 0 ? matrix[4 * column]! / total : total === total ? 0 : Number.NaN;
      const vx = vectors[column]!;
      const vy = vectors[3 + column]!;
      const vz = vectors[6 + column]!;
      let cubes = 0;
      for (let at = 0; at < length; at++) {
        const value = (x[at]! - mx) * vx + (y[at]! - my) * vy + (z[at]! - mz) * vz;
        component[at] = value;
        cubes += value * value * value;
      }
      if (cubes < 0) for (let at = 0; at < length; at++) component[at] = -component[at]!;
    }
  };
}

/** Eigenvalues onto the diagonal of a symmetric 3 x 3 matrix and eigenvectors into columns, by Jacobi rotations. */
function diagonalise(matrix: Float64Array, vectors: Float64Array): void {
  vectors.fill(0);
  vectors[0] = vectors[4] = vectors[8] = 1;
  // Convergence is quadratic; six sweeps reach the last bit of a double for every 3 x 3 matrix.
  for (let sweep = 0; sweep < 6; sweep++) {
    for (let row = 0; row < 2; row++) {
      for (let column = row + 1; column < 3; column++) {
        const off = matrix[3 * row + column]!;
        if (off === 0) continue;
        const theta = (matrix[4 * column]! - matrix[4 * row]!) / (2 * off);
        const tangent = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const cosine = 1 / Math.sqrt(tangent * tangent + 1);
        const sine = tangent * cosine;
        for (let index = 0; index < 3; index++) {
          const left = matrix[3 * index + row]!;
          const right = matrix[3 * index + column]!;
          matrix[3 * index + row] = cosine * left - sine * right;
          matrix[3 * index + column] = sine * left + cosine * right;
        }
        for (let index = 0; index < 3; index++) {
          const left = matrix[3 * row + index]!;
          const right = matrix[3 * column + index]!;
          matrix[3 * row + index] = cosine * left - sine * right;
          matrix[3 * column + index] = sine * left + cosine * right;
          const first = vectors[3 * index + row]!;
          const second = vectors[3 * index + column]!;
          vectors[3 * index + row] = cosine * first - sine * second;
          vectors[3 * index + column] = sine * first + cosine * second;
        }
      }
    }
  }
}
