import { describe, expect, it } from "vitest";
import type { TensorEntry } from "../../lib/domain/artifact.ts";
import { genomeSchema } from "../../lib/domain/spec.ts";
import type { TreeGenome } from "../../lib/domain/spec.ts";
import { treePass, type TreeModel } from "../../lib/domain/trees/tree-model.ts";
import { packTrees, unpackTrees } from "../../lib/domain/trees/tree-tensors.ts";
import { joinTrees, leafOf, type Trees } from "../../lib/domain/trees/trees.ts";

const BOOSTING = genomeSchema.parse({ family: "boosting", rounds: 1 }) as TreeGenome;
const FOREST = genomeSchema.parse({ family: "forest", trees: 2 }) as TreeGenome;

/** Feature 1 at most 2 -> leaf 0, else feature 0 at most -1 -> leaf 1, else leaf 2; missing values go right, then left. */
const two: Omit<Trees, "value" | "outputs"> = {
  root: Int32Array.of(0),
  feature: Int32Array.of(1, 0),
  threshold: Float32Array.of(2, -1),
  left: Int32Array.of(~0, ~1),
  right: Int32Array.of(1, ~2),
  missingLeft: Uint8Array.of(0, 1),
};
const stump = (value: readonly number[], outputs: number): Trees => ({
  root: Int32Array.of(0),
  feature: Int32Array.of(0),
  threshold: Float32Array.of(0),
  left: Int32Array.of(~0),
  right: Int32Array.of(~1),
  missingLeft: Uint8Array.of(1),
  value: Float32Array.from(value),
  outputs,
});

const boosted: TreeModel = {
  family: "boosting",
  trees: joinTrees([{ ...two, value: Float32Array.of(1, 2, 4), outputs: 1 }, stump([-1, 3], 1)], 1),
  base: Float32Array.of(0.5, 0.25),
};
const wood: TreeModel = {
  family: "forest",
  trees: joinTrees([{ ...two, value: Float32Array.of(1, 0, 0.5, 0.5, 0, 1), outputs: 2 }, stump([0.25, 0.75, 1, 0], 2)], 2),
  base: new Float32Array(2),
};

const answer = (model: TreeModel, row: readonly number[]) => {
  const out = new Float32Array(3);
  treePass(model).run(Float32Array.from([9, ...row]), 1, out, 1);
  return [out[1]!, out[2]!];
};

describe("trees", () => {
  it.each([
    ["at the threshold to the left", [5, 2], 0],
    ["above it to the right", [-1, 2.5], 1],
    ["twice to the right", [0, 3], 2],
    ["missing, to the side its node says", [5, NaN], 2],
    ["missing twice", [NaN, NaN], 1],
    ["infinite, as missing", [5, -Infinity], 2],
  ])("lead a row %s", (_, row, leaf) => {
    expect(leafOf(boosted.trees, 0, Float32Array.from(row), 0)).toBe(leaf);
  });

  it("boosting answers with the softmax of what is known of the classes and what their trees add", () => {
    const [first, second] = answer(boosted, [0, 3]);
    const odds = Math.exp(0.5 + 4 - (0.25 - 1));
    expect(first).toBeCloseTo(odds / (1 + odds), 6);
    expect(second).toBeCloseTo(1 / (1 + odds), 6);
  });

  it("a forest answers with the mean of its trees' shares", () => {
    expect(answer(wood, [0, 3])).toEqual([0.125, 0.875]);
    expect(answer(wood, [NaN, NaN])).toEqual([0.375, 0.625]);
  });
});

describe("trees at rest", () => {
  const shapes = { boosted: { genome: BOOSTING, classes: 2, width: 2 }, wood: { genome: FOREST, classes: 2, width: 2 } };

  it.each([
    ["boosting", boosted, shapes.boosted],
    ["a forest", wood, shapes.wood],
  ])("%s comes back as it was", (_, model, shape) => {
    const { tensors, weights } = packTrees(model);
    expect(unpackTrees(tensors, weights, shape)).toEqual(model);
  });

  const set = (name: string, index: number, value: number) => (tensors: TensorEntry[], weights: Float32Array) => {
    weights[tensors.find((tensor) => tensor.name === name)!.offset + index] = value;
  };
  it.each<[string, (tensors: TensorEntry[], weights: Float32Array) => void]>([
    ["a feature that there is not", set("node/feature", 1, 2)],
    ["a feature below zero", set("node/feature", 1, -1)],
    ["a feature between two", set("node/feature", 1, 0.5)],
    ["a way back to its parent", set("node/left", 1, 0)],
    ["a way to itself", set("node/left", 0, 0)],
    ["a way behind the last node", set("node/right", 0, 3)],
    ["a way behind the last leaf", set("node/right", 1, -6)],
    ["two ways to one leaf", set("node/right", 1, ~0)],
    ["two trees with one root", set("tree/root", 1, 0)],
    ["a place too large to be exact", set("tree/root", 1, 2 ** 25)],
    ["a side that is neither", set("node/missing-left", 0, 2)],
    ["shares that do not add up", set("leaf/value", 0, 0.9)],
    ["a share below zero", (tensors, weights) => [-0.5, 1.5].forEach((share, index) => set("leaf/value", index, share)(tensors, weights))],
    ["a tensor out of its place", (tensors) => void (tensors[2]!.offset += 1)],
    ["a tensor of another name", (tensors) => void (tensors[2]!.name = "node/features")],
    ["a missing tensor", (tensors) => void tensors.pop()],
    ["a tensor more", (tensors) => void tensors.push({ name: "more", shape: [0], offset: 0 })],
    ["one node fewer in one tensor", (tensors) => void (tensors[2]!.shape = [2])],
    ["leaves of another width", (tensors) => void (tensors[7]!.shape = [10, 1])],
    ["a size beyond all bounds", (tensors) => void (tensors[7]!.shape = [Number.MAX_SAFE_INTEGER, 2])],
  ])("F28: %s is refused", (_, damage) => {
    const { tensors, weights } = packTrees(wood);
    damage(tensors, weights);
    expect(() => unpackTrees(tensors, weights, shapes.wood)).toThrow(expect.objectContaining({ code: "ARTIFACT_CORRUPT" }));
  });

  it("F28: nodes that no tree leads to are refused too", () => {
    const trees: Trees = {
      ...joinTrees([boosted.trees, { ...stump([0, 0], 1) }], 1),
      root: Int32Array.of(0, 2),
    };
    const { tensors, weights } = packTrees({ ...boosted, trees });
    expect(() => unpackTrees(tensors, weights, shapes.boosted)).toThrow(/no way/);
  });
});
