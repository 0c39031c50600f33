import type { TensorEntry } from "../artifact.ts";
import { SensorloopError } from "../errors.ts";
import { sizeOf } from "../layers.ts";
import type { TreeGenome } from "../spec.ts";
import type { TreeModel } from "./tree-model.ts";
import { MOST_NODES, type Trees } from "./trees.ts";

/** Tensors of a tree model in the order of its weight buffer. Whole numbers are exact in float32 below `MOST_NODES`. */
const TENSORS = [
  "base",
  "tree/root",
  "node/feature",
  "node/threshold",
  "node/left",
  "node/right",
  "node/missing-left",
  "leaf/value",
] as const;
type TensorName = (typeof TENSORS)[number];

/** A tree model as named arrays of floats: what its weight buffer holds, and what a checkpoint keeps. */
export function floatsOf({ base, trees }: TreeModel): Readonly<Record<TensorName, Float32Array>> {
  return {
    base,
    "tree/root": Float32Array.from(trees.root),
    "node/feature": Float32Array.from(trees.feature),
    "node/threshold": trees.threshold,
    "node/left": Float32Array.from(trees.left),
    "node/right": Float32Array.from(trees.right),
    "node/missing-left": Float32Array.from(trees.missingLeft),
    "leaf/value": trees.value,
  };
}

/** The buffer of a tree model, and where its tensors stand in it. */
export function packTrees(model: TreeModel): { readonly tensors: TensorEntry[]; readonly weights: Float32Array } {
  const floats = floatsOf(model);
  const { outputs } = model.trees;
  const weights = new Float32Array(TENSORS.reduce((sum, name) => sum + floats[name].length, 0));
  let offset = 0;
  const tensors = TENSORS.map((name): TensorEntry => {
    const values = floats[name];
    weights.set(values, offset);
    const entry = { name, shape: name === "leaf/value" ? [values.length / outputs, outputs] : [values.length], offset };
    offset += values.length;
    return entry;
  });
  return { tensors, weights };
}

/** What a tree model must be, by its genome and its artifact. */
export interface TreeShape {
  readonly genome: TreeGenome;
  readonly classes: number;
  /** Values of a row. */
  readonly width: number;
}

/**
 * A tree model from its buffer, every number of it checked: places within bounds, children after their parents, each node
 * and each leaf reached by one way only (so that every answer ends), shares that add up to one.
 * @param tensors with offsets from the beginning of `weights`
 * @throws SensorloopError ARTIFACT_CORRUPT
 */
export function unpackTrees(tensors: readonly TensorEntry[], weights: Float32Array, shape: TreeShape): TreeModel {
  const found: Partial<Record<TensorName, Float32Array>> = {};
  const leafShape = [outputsOf(shape)];
  let offset = 0;
  for (const [index, name] of TENSORS.entries()) {
    const entry = tensors[index];
    if (entry?.name !== name || entry.offset !== offset)
      throw corrupt(`its tensor ${index + 1} is ${entry ? `'${entry.name}' at ${entry.offset}` : "missing"}, not '${name}' at ${offset}`);
    const [, ...inner] = entry.shape;
    if (entry.shape.length === 0 || inner.join() !== (name === "leaf/value" ? leafShape : []).join())
      throw corrupt(`its tensor '${name}' has the shape [${entry.shape.join(", ")}]`);
    const size = sizeOf(entry.shape);
    if (offset + size > weights.length) throw corrupt(`its tensor '${name}' is larger than its weights`);
    found[name] = weights.subarray(offset, offset + size);
    offset += size;
  }
  if (tensors.length !== TENSORS.length || offset !== weights.length) throw corrupt("it has weights that belong to no tensor");
  return modelOf(found as Record<TensorName, Float32Array>, shape);
}

/** A tree model from `floatsOf`, checked as by `unpackTrees`. */
export function modelOf(floats: Readonly<Record<TensorName, Float32Array>>, shape: TreeShape): TreeModel {
  const { classes, width } = shape;
  const { family } = shape.genome;
  const outputs = outputsOf(shape);
  const whole = (name: TensorName) => wholeNumbers(name, floats[name]);
  const trees: Trees = {
    root: whole("tree/root"),
    feature: whole("node/feature"),
    threshold: floats["node/threshold"],
    left: whole("node/left"),
    right: whole("node/right"),
    missingLeft: Uint8Array.from(whole("node/missing-left")),
    value: floats["leaf/value"],
    outputs,
  };
  const nodes = trees.feature.length;
  const arrays = [trees.threshold, trees.left, trees.right, trees.missingLeft];
  if (arrays.some((array) => array.length !== nodes)) throw corrupt("its nodes are not described in full");
  if (floats.base.length !== classes) throw corrupt(`it has ${floats.base.length} first scores for ${classes} classes`);
  if (trees.value.length % outputs !== 0) throw corrupt("its leaves are not described in full");
  if (family === "boosting" && trees.root.length % classes !== 0) throw corrupt("a round has not a tree for each class");
  if (trees.feature.some((feature) => feature < 0 || feature >= width)) throw corrupt(`a node reads none of its ${width} inputs`);
  if (floats["node/missing-left"].some((side) => side !== 0 && side !== 1)) throw corrupt("a node has no side for missing values");
  checkWays(trees);
  if (family === "forest") checkShares(trees);
  return { family, trees, base: floats.base };
}

/** Values of a leaf. */
export function outputsOf({ genome, classes }: Pick<TreeShape, "genome" | "classes">): number {
  return genome.family === "boosting" ? 1 : classes;
}

/** How many trees a finished model has. */
export function treeCount(genome: TreeGenome, classes: number): number {
  return genome.family === "boosting" ? genome.rounds * classes : genome.trees;
}

function wholeNumbers(name: TensorName, floats: Float32Array): Int32Array {
  if (floats.length > MOST_NODES || !floats.every((value) => Number.isInteger(value) && Math.abs(value) <= MOST_NODES))
    throw corrupt(`its tensor '${name}' holds what is no place`);
  return Int32Array.from(floats);
}

function checkWays({ root, left, right, value, outputs }: Trees): void {
  const nodes = left.length;
  const leaves = value.length / outputs;
  const ways = new Uint8Array(nodes + leaves);
  const lead = (place: number, from: number) => {
    const sound = place >= 0 ? place > from && place < nodes : ~place < leaves;
    if (!sound) throw corrupt("a way in its trees leads back or nowhere");
    const end = place >= 0 ? place : nodes + ~place;
    if (ways[end] === 1) throw corrupt("two ways in its trees lead to the same place");
    ways[end] = 1;
  };
  for (const place of root) lead(place, -1);
  for (let node = 0; node < nodes; node += 1) {
    lead(left[node]!, node);
    lead(right[node]!, node);
  }
  if (ways.includes(0)) throw corrupt("no way in its trees leads to one of its places");
}

function checkShares({ value, outputs }: Trees): void {
  for (let at = 0; at < value.length; at += outputs) {
    let sum = 0;
    for (let index = 0; index < outputs; index += 1) sum += value[at + index]! < 0 ? NaN : value[at + index]!;
    if (!(Math.abs(sum - 1) < 1e-3)) throw corrupt("the class shares of one of its leaves do not add up to one");
  }
}

function corrupt(why: string): SensorloopError {
  return new SensorloopError("ARTIFACT_CORRUPT", `the model is refused: ${why}`);
}
