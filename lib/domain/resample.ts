/** [from, to) in samples of a grid, ascending and apart from each other. */
export type Stretch = readonly [number, number];

/**
 * A stamp this near to a grid point counts as on it: clocks rounded to milli- or microseconds would otherwise lose the
 * last sample of each stretch.
 */
const TOLERANCE = 0.01;

/** Rows [from, to) that follow each other without a gap, and the grid samples they cover. */
export interface Coverage {
  readonly rows: Stretch;
  readonly grid: Stretch;
}

/**
 * Where rows follow each other closely enough to be interpolated between.
 * @param positions of the rows on the grid, in samples, strictly ascending
 * @param maxGap most samples between neighbours of one stretch
 */
export function coverageOf(positions: Float64Array, maxGap: number): Coverage[] {
  const found: Coverage[] = [];
  let from = 0;
  for (let row = 1; row <= positions.length; row++) {
    if (row < positions.length && positions[row]! - positions[row - 1]! <= maxGap) continue;
    // + 0 turns the -0 that Math.ceil gives just below zero into 0.
    const begin = Math.ceil(positions[from]! - TOLERANCE) + 0;
    const end = Math.floor(positions[row - 1]! + TOLERANCE) + 1;
    if (row > from && end > begin) found.push({ rows: [from, row], grid: [begin, end] });
    from = row;
  }
  return found;
}

/** What two lists of stretches have in common. */
export function intersect(left: readonly Stretch[], right: readonly Stretch[]): Stretch[] {
  const common: Stretch[] = [];
  let other = 0;
  for (const [from, to] of left) {
    while (other < right.length && right[other]![1] <= from) other++;
    for (let index = other; index < right.length && right[index]![0] < to; index++) {
      common.push([Math.max(from, right[index]![0]), Math.min(to, right[index]![1])]);
    }
  }
  return common;
}

/** For each grid sample the row at or before it, and how far on the way to the next row it lies, 0 to 1. */
export interface Neighbours {
  readonly row: Int32Array;
  readonly share: Float64Array;
}

export function neighboursOf(positions: Float64Array, rows: Stretch, grid: Stretch): Neighbours {
  const length = grid[1] - grid[0];
  const row = new Int32Array(length);
  const share = new Float64Array(length);
  const last = rows[1] - 1;
  let at = rows[0];
  for (let sample = 0; sample < length; sample++) {
    const position = grid[0] + sample;
    while (at < last && positions[at + 1]! <= position) at++;
    row[sample] = at;
    share[sample] = at === last ? 0 : Math.max(0, (position - positions[at]!) / (positions[at + 1]! - positions[at]!));
  }
  return { row, share };
}

/** Values on the straight line between neighbouring rows; exactly a row's value on the row. NaN beside a missing one. */
export function interpolate(values: Float32Array, { row, share }: Neighbours, out: Float32Array, at: number): void {
  for (let sample = 0; sample < row.length; sample++) {
    const index = row[sample]!;
    const weight = share[sample]!;
    const value = values[index]!;
    out[at + sample] = weight === 0 ? value : value + weight * (values[index + 1]! - value);
  }
}

/** The value of the row at or before each sample: for what is said once and holds until it is said again. */
export function carry(values: Float32Array, { row, share }: Neighbours, out: Float32Array, at: number): void {
  for (let sample = 0; sample < row.length; sample++) out[at + sample] = values[share[sample] === 1 ? row[sample]! + 1 : row[sample]!]!;
}
