/**
 * Columns as small whole numbers: what a tree can ask of a column is then one of a few questions, and the sums that
 * decide between them fit into a histogram (Ke et al. 2017, LightGBM).
 */
export interface BinnedColumns {
  /** Of each column a number for each row: how many of its edges lie below the value; one more than its edges = not measured. */
  readonly bins: readonly Uint8Array[];
  /** Ascending; a value belongs left of an edge if it is at most the edge. */
  readonly edges: readonly Float32Array[];
  /** Columns in which rows differ. */
  readonly telling: Int32Array;
}

/**
 * @param values row-major [rows, width]; what is no finite number was not measured
 * @param most bins of a column, 3 to 255, the one for missing values not counted
 */
export function binColumns(values: Float32Array, width: number, most: number): BinnedColumns {
  const rows = width === 0 ? 0 : values.length / width;
  const column = new Float32Array(rows);
  const bins: Uint8Array[] = [];
  const edges: Float32Array[] = [];
  const telling: number[] = [];
  for (let index = 0; index < width; index += 1) {
    for (let row = 0, at = index; row < rows; row += 1, at += width) column[row] = values[at]!;
    const cuts = edgesOf(column, most);
    const binned = binsOf(column, cuts);
    bins.push(binned);
    edges.push(cuts);
    if (binned.some((bin) => bin !== binned[0])) telling.push(index);
  }
  return { bins, edges, telling: Int32Array.from(telling) };
}

/**
 * Between neighbouring values if there are few, else so that bins hold about equally many rows. Each edge is a float32
 * that is at least the value below and less than the one above it, so that bins and thresholds never disagree.
 */
function edgesOf(column: Float32Array, most: number): Float32Array {
  const sorted = column.filter((value) => value - value === 0).sort();
  const values: number[] = [];
  const counts: number[] = [];
  for (const value of sorted) {
    if (value === values.at(-1)) counts[counts.length - 1]! += 1;
    else {
      values.push(value);
      counts.push(1);
    }
  }
  const few = values.length <= most;
  const edges: number[] = [];
  let [open, rowsLeft, binsLeft] = [0, sorted.length, most];
  for (let index = 0; index + 1 < values.length; index += 1) {
    open += counts[index]!;
    if (!few && (binsLeft === 1 || open < rowsLeft / binsLeft)) continue;
    edges.push(between(values[index]!, values[index + 1]!));
    rowsLeft -= open;
    binsLeft -= 1;
    open = 0;
  }
  return Float32Array.from(edges);
}

function between(low: number, high: number): number {
  const middle = Math.fround(low + (high - low) / 2);
  return middle < high ? middle : low;
}

function binsOf(column: Float32Array, edges: Float32Array): Uint8Array {
  const missing = edges.length + 1;
  return Uint8Array.from(column, (value) => {
    if (value - value !== 0) return missing;
    let [low, high] = [0, edges.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (edges[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  });
}
