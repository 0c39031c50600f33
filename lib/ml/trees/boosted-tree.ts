import type { Trees } from "../../domain/trees/trees.ts";
import type { TreeGenome } from "../../domain/spec.ts";
import type { BinnedColumns } from "./bins.ts";
import { divide, TreeBuilder, type Hook, type Split } from "./tree-builder.ts";

export type BoostingGenome = Extract<TreeGenome, { family: "boosting" }>;

/** First and second derivatives of the loss by the score of each row. */
export interface Slopes {
  readonly gradient: Float64Array;
  readonly hessian: Float64Array;
}

/** Sums over the rows of a leaf. */
interface Sums {
  readonly gradient: number;
  readonly hessian: number;
  readonly rows: number;
}

interface Leaf {
  /** Where its rows stand. */
  readonly from: number;
  readonly to: number;
  readonly hook: Hook | null;
  readonly sums: Sums;
  /** Its best split with the histogram it was found in; null where there is none, or none is wanted. */
  readonly best: { readonly split: Split; readonly histogram: Float64Array } | null;
}

/** Least gain, which guards against rounding, and least sum of second derivatives of a side, as in LightGBM. */
const [LEAST_GAIN, LEAST_HESSIAN] = [1e-9, 1e-3];
/** Numbers of a bin: sum of gradients, of hessians, number of rows. */
const FIELDS = 3;

/** What one tree is grown from. */
interface Ground {
  /** The sample; first ascending, then sorted into leaves. */
  readonly rows: Int32Array;
  /** Columns that may be asked, ascending. */
  readonly chosen: Int32Array;
  readonly slopes: Slopes;
}

/**
 * Grows trees where they gain most until they have `leaves` leaves (Shi 2007). A leaf's value is the Newton step
 * -G / (H + lambda) times the learning rate; a split gains GL^2/(HL+lambda) + GR^2/(HR+lambda) - G^2/(H+lambda)
 * (Chen & Guestrin 2016, equations 5 and 7). The histogram of the larger side is its parent's less the smaller one's.
 */
export class BoostedTreeGrower {
  readonly #columns: BinnedColumns;
  readonly #genome: BoostingGenome;
  /** Numbers of a column in a histogram; one bin more for missing values. */
  readonly #stride: number;
  readonly #spare: Int32Array;
  readonly #ordered: Slopes;
  readonly #free: Float64Array[] = [];

  /** @param rows the largest sample there will be */
  constructor(columns: BinnedColumns, genome: BoostingGenome, rows: number) {
    this.#columns = columns;
    this.#genome = genome;
    this.#stride = FIELDS * (columns.edges.reduce((most, edges) => Math.max(most, edges.length), 0) + 2);
    this.#spare = new Int32Array(rows);
    this.#ordered = { gradient: new Float64Array(rows), hessian: new Float64Array(rows) };
  }

  /** The rows are sorted anew. */
  grow(ground: Ground): Trees {
    const { leaves, learningRate, lambda } = this.#genome;
    const builder = new TreeBuilder(this.#columns, 1);
    const whole = { from: 0, to: ground.rows.length, hook: null };
    const histogram = this.#worthwhile(ground.rows.length) ? this.#histogramOf(ground, whole) : null;
    const open = [this.#leaf(ground, whole, sumsOf(ground, whole), histogram)];
    while (open.length < leaves) {
      const place = mostGaining(open);
      if (place === null) break;
      open.splice(place, 1, ...this.#divide(ground, open[place]!, builder, open.length + 1 < leaves));
    }
    for (const { sums, hook, best } of open) {
      builder.addLeaf([(-learningRate * sums.gradient) / (sums.hessian + lambda)], hook);
      if (best) this.#free.push(best.histogram);
    }
    return builder.finish();
  }

  /** @param further whether the leaves may be divided in their turn */
  #divide(ground: Ground, { from, to, hook, sums, best }: Leaf, builder: TreeBuilder, further: boolean): readonly [Leaf, Leaf] {
    const { split, histogram } = best!;
    const { bins, edges } = this.#columns;
    const node = builder.addNode(split, hook);
    const border = divide(ground.rows, from, to, split, bins[split.column]!, edges[split.column]!.length + 1, this.#spare);
    const left = { from, to: border, hook: { node, side: "left" } } as const;
    const right = { from: border, to, hook: { node, side: "right" } } as const;
    const [small, large] = border - from <= to - border ? [left, right] : [right, left];
    const smallSums = sumsOf(ground, small);
    const largeSums = {
      gradient: sums.gradient - smallSums.gradient,
      hessian: sums.hessian - smallSums.hessian,
      rows: sums.rows - smallSums.rows,
    };
    const wanted = further && this.#worthwhile(large.to - large.from);
    const smallHistogram = wanted ? this.#histogramOf(ground, small) : null;
    if (smallHistogram) subtract(histogram, smallHistogram);
    else this.#free.push(histogram);
    const smallLeaf = this.#leaf(ground, small, smallSums, smallHistogram);
    const largeLeaf = this.#leaf(ground, large, largeSums, smallHistogram && histogram);
    return small === left ? [smallLeaf, largeLeaf] : [largeLeaf, smallLeaf];
  }

  #leaf({ chosen }: Ground, place: Pick<Leaf, "from" | "to" | "hook">, sums: Sums, histogram: Float64Array | null): Leaf {
    const split = histogram && this.#bestSplit(histogram, sums, chosen);
    if (histogram && !split) this.#free.push(histogram);
    return { ...place, sums, best: split && { split, histogram: histogram! } };
  }

  /** Whether a leaf of so many rows can be divided at all. */
  #worthwhile(rows: number): boolean {
    return rows >= 2 * this.#genome.minLeafRows && rows > 1;
  }

  #histogramOf({ rows, chosen, slopes }: Ground, { from, to }: Pick<Leaf, "from" | "to">): Float64Array {
    const histogram = this.#free.pop()?.fill(0) ?? new Float64Array(chosen.length * this.#stride);
    const { gradient, hessian } = this.#ordered;
    for (let at = from; at < to; at += 1) {
      gradient[at] = slopes.gradient[rows[at]!]!;
      hessian[at] = slopes.hessian[rows[at]!]!;
    }
    for (let place = 0; place < chosen.length; place += 1) {
      const bins = this.#columns.bins[chosen[place]!]!;
      const start = place * this.#stride;
      for (let at = from; at < to; at += 1) {
        const bin = start + FIELDS * bins[rows[at]!]!;
        histogram[bin]! += gradient[at]!;
        histogram[bin + 1]! += hessian[at]!;
        histogram[bin + 2]! += 1;
      }
    }
    return histogram;
  }

  /** Of equal gains the first column's lowest edge. */
  #bestSplit(histogram: Float64Array, { gradient, hessian, rows }: Sums, chosen: Int32Array): Split | null {
    const { lambda, minLeafRows } = this.#genome;
    const before = (gradient * gradient) / (hessian + lambda);
    let best: Split | null = null;
    let highest = LEAST_GAIN;
    for (let place = 0; place < chosen.length; place += 1) {
      const column = chosen[place]!;
      const edges = this.#columns.edges[column]!.length;
      const start = place * this.#stride;
      const missing = start + FIELDS * (edges + 1);
      const missingRows = histogram[missing + 2]!;
      // Left of the edge: with the rows that were not measured on the right, and with them on the left.
      let [leftGradient, leftHessian, leftRows] = [0, 0, 0];
      const lastBin = missingRows > 0 ? edges : edges - 1;
      for (let bin = 0; bin <= lastBin; bin += 1) {
        const at = start + FIELDS * bin;
        if (histogram[at + 2] === 0) continue;
        leftGradient += histogram[at]!;
        leftHessian += histogram[at + 1]!;
        leftRows += histogram[at + 2]!;
        for (let side = 0; side < (missingRows > 0 ? 2 : 1); side += 1) {
          const [G, H, R] =
            side === 0
              ? [leftGradient, leftHessian, leftRows]
              : [leftGradient + histogram[missing]!, leftHessian + histogram[missing + 1]!, leftRows + missingRows];
          const otherHessian = hessian - H;
          if (R < minLeafRows || rows - R < minLeafRows || H < LEAST_HESSIAN || otherHessian < LEAST_HESSIAN) continue;
          const gain = (G * G) / (H + lambda) + ((gradient - G) * (gradient - G)) / (otherHessian + lambda) - before;
          if (!(gain > highest)) continue;
          highest = gain;
          // Where none was missing, one that is goes with the many.
          best = { column, bin, missingLeft: missingRows > 0 ? side === 1 : 2 * R >= rows, gain };
        }
      }
    }
    return best;
  }
}

function sumsOf({ rows, slopes }: Ground, { from, to }: Pick<Leaf, "from" | "to">): Sums {
  let [gradient, hessian] = [0, 0];
  for (let at = from; at < to; at += 1) {
    gradient += slopes.gradient[rows[at]!]!;
    hessian += slopes.hessian[rows[at]!]!;
  }
  return { gradient, hessian, rows: to - from };
}

function subtract(from: Float64Array, what: Float64Array): void {
  for (let at = 0; at < from.length; at += 1) from[at]! -= what[at]!;
}

function mostGaining(leaves: readonly Leaf[]): number | null {
  let best: number | null = null;
  for (const [place, leaf] of leaves.entries()) {
    if (leaf.best && (best === null || leaf.best.split.gain > leaves[best]!.best!.split.gain)) best = place;
  }
  return best;
}
