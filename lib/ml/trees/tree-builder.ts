import type { Trees } from "../../domain/trees/trees.ts";
import type { BinnedColumns } from "./bins.ts";

/** A question to a column: rows go left whose bin is at most `bin`, or that were not measured, if `missingLeft`. */
export interface Split {
  readonly column: number;
  readonly bin: number;
  readonly missingLeft: boolean;
  readonly gain: number;
}

/** Largest finite float32: at most this is every value that was measured. */
const HIGHEST = 3.4028234663852886e38;

/** Where the next node or leaf hangs: at a side of a node, or nowhere, as the root. */
export interface Hook {
  readonly node: number;
  readonly side: "left" | "right";
}

/** Builds one tree from its root on. */
export class TreeBuilder {
  readonly #edges: BinnedColumns["edges"];
  readonly #outputs: number;
  readonly #node = {
    feature: [] as number[],
    threshold: [] as number[],
    missingLeft: [] as number[],
    left: [] as number[],
    right: [] as number[],
  };
  readonly #value: number[] = [];
  #root = 0;

  constructor({ edges }: BinnedColumns, outputs: number) {
    this.#edges = edges;
    this.#outputs = outputs;
  }

  /** Adds a node and gives its number. */
  addNode({ column, bin, missingLeft }: Split, hook: Hook | null): number {
    const { feature, threshold, left, right } = this.#node;
    const node = feature.push(column) - 1;
    threshold.push(this.#edges[column]![bin] ?? HIGHEST);
    this.#node.missingLeft.push(missingLeft ? 1 : 0);
    left.push(0);
    right.push(0);
    this.#hang(node, hook);
    return node;
  }

  addLeaf(values: Iterable<number>, hook: Hook | null): void {
    const leaf = this.#value.length / this.#outputs;
    this.#value.push(...values);
    this.#hang(~leaf, hook);
  }

  finish(): Trees {
    const { feature, threshold, missingLeft, left, right } = this.#node;
    return {
      root: Int32Array.of(this.#root),
      feature: Int32Array.from(feature),
      threshold: Float32Array.from(threshold),
      left: Int32Array.from(left),
      right: Int32Array.from(right),
      missingLeft: Uint8Array.from(missingLeft),
      value: Float32Array.from(this.#value),
      outputs: this.#outputs,
    };
  }

  #hang(place: number, hook: Hook | null): void {
    if (hook) this.#node[hook.side][hook.node] = place;
    else this.#root = place;
  }
}

/**
 * Puts the rows of [from, to) that go left before the others, both in their old order, and gives where the others begin.
 * @param bins of the column that is asked
 * @param missing the bin of rows that were not measured
 * @param spare as long as `rows`; what it holds is lost
 */
export function divide(
  rows: Int32Array,
  from: number,
  to: number,
  { bin, missingLeft }: Split,
  bins: Uint8Array,
  missing: number,
  spare: Int32Array,
): number {
  let left = from;
  let right = 0;
  for (let at = from; at < to; at += 1) {
    const row = rows[at]!;
    const own = bins[row]!;
    if (own === missing ? missingLeft : own <= bin) rows[left++] = row;
    else spare[right++] = row;
  }
  rows.set(spare.subarray(0, right), left);
  return left;
}
