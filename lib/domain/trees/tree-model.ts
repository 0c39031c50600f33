import type { TreeGenome } from "../spec.ts";
import { leafOf, type Trees } from "./trees.ts";

/** Trees that answer with classes, and how what they say is put together. */
export interface TreeModel {
  /**
   * `boosting`: tree t adds to the score of class t modulo classes, which begins at `base`; softmax of the scores.
   * `forest`: the mean of the leaves' class shares.
   */
  readonly family: TreeGenome["family"];
  readonly trees: Trees;
  /** Score of each class before the first tree; zeros in a forest. */
  readonly base: Float32Array;
}

/** Adds what all trees of `model` say of the row at `values[from]` to `sums[at]` and on, tree by tree. */
export function addTrees({ family, trees, base }: TreeModel, values: Float32Array, from: number, sums: Float64Array, at: number): void {
  const classes = base.length;
  const { root, value } = trees;
  for (let tree = 0; tree < root.length; tree += 1) {
    const leaf = leafOf(trees, tree, values, from);
    if (family === "boosting") sums[at + (tree % classes)]! += value[leaf]!;
    else for (let index = 0; index < classes; index += 1) sums[at + index]! += value[leaf * classes + index]!;
  }
}

/** Class probabilities from the sums of `trees` trees. Writes `classes` values to `out[to]` and on. */
export function settle(
  family: TreeGenome["family"],
  sums: Float64Array,
  at: number,
  classes: number,
  trees: number,
  out: Float32Array | Float64Array,
  to: number,
): void {
  if (family === "forest") {
    for (let index = 0; index < classes; index += 1) out[to + index] = sums[at + index]! / trees;
    return;
  }
  let highest = -Infinity;
  for (let index = 0; index < classes; index += 1) highest = Math.max(highest, sums[at + index]!);
  let sum = 0;
  for (let index = 0; index < classes; index += 1) sum += Math.exp(sums[at + index]! - highest);
  for (let index = 0; index < classes; index += 1) out[to + index] = Math.exp(sums[at + index]! - highest) / sum;
}

/** Answers single rows, in Node and in the browser: the counterpart of `forwardPass`. Not re-entrant. */
export function treePass(model: TreeModel): { run(input: Float32Array, from: number, out: Float32Array, to: number): void } {
  const classes = model.base.length;
  const sums = new Float64Array(classes);
  return {
    run: (input, from, out, to) => {
      sums.set(model.base);
      addTrees(model, input, from, sums, 0);
      settle(model.family, sums, 0, classes, model.trees.root.length, out, to);
    },
  };
}
