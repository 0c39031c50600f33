import type { Random } from "../../domain/random.ts";
import type { TreeGenome } from "../../domain/spec.ts";
import type { Trees } from "../../domain/trees/trees.ts";
import type { BinnedColumns } from "./bins.ts";
import { divide, TreeBuilder, type Hook, type Split } from "./tree-builder.ts";

export type ForestGenome = Extract<TreeGenome, { family: "forest" }>;

/** Rows of a bootstrap sample. */
export interface Bag {
  /** Those drawn at least once, ascending. They are sorted anew while a tree grows. */
  readonly rows: Int32Array;
  /** Of each row of the training set how often it was drawn. */
  readonly times: Int32Array;
}

interface Place {
  readonly from: number;
  readonly to: number;
  readonly hook: Hook | null;
  readonly depth: number;
}

/**
 * Grows the trees of a random forest (Breiman 2001): at each split a fresh choice of columns, of whose splits the one
 * that lowers Gini's impurity most is taken, even if by nothing: what two columns tell together, neither may tell alone.
 */
export class ForestTreeGrower {
  readonly #columns: BinnedColumns;
  readonly #genome: ForestGenome;
  readonly #labels: Int32Array;
  readonly #classes: number;
  /** Columns looked at for a split. */
  readonly #looks: number;
  /** [bins, classes] of one column, and the sum of each bin; zeros between two uses. */
  readonly #counts: Int32Array;
  readonly #totals: Int32Array;
  readonly #left: Int32Array;
  readonly #right: Int32Array;
  readonly #spare: Int32Array;

  constructor(columns: BinnedColumns, genome: ForestGenome, labels: Int32Array, classes: number) {
    this.#columns = columns;
    this.#genome = genome;
    this.#labels = labels;
    this.#classes = classes;
    const width = columns.edges.length;
    this.#looks = Math.max(1, Math.round(genome.columnShare === undefined ? Math.sqrt(width) : genome.columnShare * width));
    const bins = columns.edges.reduce((most, edges) => Math.max(most, edges.length), 0) + 2;
    this.#counts = new Int32Array(bins * classes);
    this.#totals = new Int32Array(bins);
    this.#left = new Int32Array(classes);
    this.#right = new Int32Array(classes);
    this.#spare = new Int32Array(labels.length);
  }

  /** @param random draws the columns, node after node */
  grow({ rows, times }: Bag, random: Random): Trees {
    const { bins, edges, telling } = this.#columns;
    const builder = new TreeBuilder(this.#columns, this.#classes);
    const order = telling.slice();
    const places: Place[] = [{ from: 0, to: rows.length, hook: null, depth: 0 }];
    for (let place = places.pop(); place; place = places.pop()) {
      const { from, to, hook, depth } = place;
      const counts = this.#countClasses(rows, times, from, to);
      const split = this.#mayDivide(counts, depth) ? this.#bestSplit(rows, times, from, to, counts, order, random) : null;
      if (!split) {
        const total = counts.reduce((sum, count) => sum + count, 0);
        builder.addLeaf(
          Array.from(counts, (count) => count / total),
          hook,
        );
        continue;
      }
      const node = builder.addNode(split, hook);
      const border = divide(rows, from, to, split, bins[split.column]!, edges[split.column]!.length + 1, this.#spare);
      places.push({ from: border, to, hook: { node, side: "right" }, depth: depth + 1 });
      places.push({ from, to: border, hook: { node, side: "left" }, depth: depth + 1 });
    }
    return builder.finish();
  }

  #countClasses(rows: Int32Array, times: Int32Array, from: number, to: number): Int32Array {
    const counts = new Int32Array(this.#classes);
    for (let at = from; at < to; at += 1) counts[this.#labels[rows[at]!]!]! += times[rows[at]!]!;
    return counts;
  }

  #mayDivide(counts: Int32Array, depth: number): boolean {
    const total = counts.reduce((sum, count) => sum + count, 0);
    return depth < this.#genome.maxDepth && total >= 2 * this.#genome.minLeafRows && !counts.includes(total);
  }

  /** Columns are drawn until enough were looked at, and on until one of them divides the rows. */
  #bestSplit(
    rows: Int32Array,
    times: Int32Array,
    from: number,
    to: number,
    counts: Int32Array,
    order: Int32Array,
    random: Random,
  ): Split | null {
    let best: Split | null = null;
    for (let looked = 0; looked < order.length && (looked < this.#looks || best === null); looked += 1) {
      const drawn = looked + random.below(order.length - looked);
      const column = order[drawn]!;
      order[drawn] = order[looked]!;
      order[looked] = column;
      const bins = this.#columns.bins[column]!;
      const classes = this.#classes;
      for (let at = from; at < to; at += 1) {
        const row = rows[at]!;
        const bin = bins[row]!;
        this.#counts[bin * classes + this.#labels[row]!]! += times[row]!;
        this.#totals[bin]! += times[row]!;
      }
      best = this.#splitOf(column, counts, best);
      const used = this.#columns.edges[column]!.length + 2;
      this.#totals.fill(0, 0, used);
      if (to - from > used * classes) this.#counts.fill(0, 0, used * classes);
      else for (let at = from; at < to; at += 1) this.#counts[bins[rows[at]!]! * classes + this.#labels[rows[at]!]!] = 0;
    }
    return best;
  }

  /**
   * The best split of the column whose rows have been counted, if it is better than `best`. Least impurity is the highest
   * sum over both sides of (sum of squared class counts) / (rows); `gain` is that sum.
   */
  #splitOf(column: number, counts: Int32Array, best: Split | null): Split | null {
    const edges = this.#columns.edges[column]!.length;
    const [classes, least] = [this.#classes, this.#genome.minLeafRows];
    const missing = this.#totals[edges + 1]!;
    const all = counts.reduce((sum, count) => sum + count, 0);
    for (let side = 0; side < (missing > 0 ? 2 : 1); side += 1) {
      this.#left.fill(0);
      this.#right.set(counts);
      let [leftRows, leftSquares] = [0, 0];
      let rightSquares = counts.reduce((sum, count) => sum + count * count, 0);
      const move = (bin: number) => {
        leftRows += this.#totals[bin]!;
        for (let index = 0, at = bin * classes; index < classes; index += 1, at += 1) {
          const count = this.#counts[at]!;
          if (count === 0) continue;
          leftSquares += count * (2 * this.#left[index]! + count);
          rightSquares -= count * (2 * this.#right[index]! - count);
          this.#left[index]! += count;
          this.#right[index]! -= count;
        }
      };
      if (side === 1) move(edges + 1);
      for (let bin = 0; bin <= edges; bin += 1) {
        if (this.#totals[bin] === 0) continue;
        move(bin);
        if (leftRows < least) continue;
        if (all - leftRows < least) break;
        const gain = leftSquares / leftRows + rightSquares / (all - leftRows);
        if (!(gain > (best?.gain ?? -Infinity))) continue;
        // Where none was missing, one that is goes with the many.
        best = { column, bin, missingLeft: missing > 0 ? side === 1 : 2 * leftRows >= all, gain };
      }
    }
    return best;
  }
}
