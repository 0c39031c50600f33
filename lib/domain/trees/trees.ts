/**
 * Decision trees side by side. A node asks one question, "is this feature at most this threshold?", and leads to two
 * others; a number below zero leads to leaf `~number`. Nodes stand after the node that leads to them.
 */
export interface Trees {
  /** Where each tree begins: a node, or a leaf where it has none. */
  readonly root: Int32Array;
  /** Of each node: the feature it reads, and where it leads. */
  readonly feature: Int32Array;
  readonly threshold: Float32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** 1 = a row whose feature was not measured goes left. */
  readonly missingLeft: Uint8Array;
  /** Row-major [leaves, outputs]. */
  readonly value: Float32Array;
  /** Values of a leaf: 1, or one a class. */
  readonly outputs: number;
}

/** Nodes and leaves are numbered in float32, which is exact up to here. */
export const MOST_NODES = 2 ** 24;

/** The leaf in which a tree puts the row that begins at `values[from]`. What is no finite number was not measured. */
export function leafOf({ root, feature, threshold, left, right, missingLeft }: Trees, tree: number, values: Float32Array, from: number) {
  let place = root[tree]!;
  while (place >= 0) {
    const value = values[from + feature[place]!]!;
    const goesLeft = value - value === 0 ? value <= threshold[place]! : missingLeft[place] === 1;
    place = goesLeft ? left[place]! : right[place]!;
  }
  return ~place;
}

/** Several sets of trees as one, in order. */
export function joinTrees(parts: readonly Trees[], outputs: number): Trees {
  const total = (count: (part: Trees) => number) => parts.reduce((sum, part) => sum + count(part), 0);
  const nodes = total((part) => part.feature.length);
  const joined = {
    root: new Int32Array(total((part) => part.root.length)),
    feature: new Int32Array(nodes),
    threshold: new Float32Array(nodes),
    left: new Int32Array(nodes),
    right: new Int32Array(nodes),
    missingLeft: new Uint8Array(nodes),
    value: new Float32Array(total((part) => part.value.length)),
    outputs,
  };
  let [tree, node, leaf] = [0, 0, 0];
  for (const part of parts) {
    const moved = (place: number) => (place >= 0 ? place + node : place - leaf);
    joined.root.set(part.root.map(moved), tree);
    joined.feature.set(part.feature, node);
    joined.threshold.set(part.threshold, node);
    joined.left.set(part.left.map(moved), node);
    joined.right.set(part.right.map(moved), node);
    joined.missingLeft.set(part.missingLeft, node);
    joined.value.set(part.value, leaf * outputs);
    tree += part.root.length;
    node += part.feature.length;
    leaf += part.value.length / outputs;
  }
  return joined;
}
