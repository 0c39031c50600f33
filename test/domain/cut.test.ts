import { describe, expect, it } from "vitest";
import { cutSpec, readsSignals, rotationDegrees } from "../../lib/domain/cut.ts";
import { specSchema } from "../../lib/domain/spec.ts";

const TRIPLET = { groups: [{ triplets: { acc: ["x", "y", "z"] }, formulas: ["time"] }] };
const written = (options: object = {}) => ({
  project: "p",
  title: "t",
  files: [{ match: ".", subject: { constant: "s" }, channels: { x: { sensor: "acc" }, y: { sensor: "acc" }, z: { sensor: "acc" } } }],
  labels: { classes: ["a", "b"] },
  windows: { kind: "sliding", seconds: 2, rotateDegrees: 20 },
  features: TRIPLET,
  ...options,
});
const specOf = (options: object = {}) => specSchema.parse(written(options));
const problems = (options: object) =>
  specSchema.safeParse(written(options)).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
const CNN = { family: "cnn", convolutions: [{ filters: 4, kernel: 3 }] };

describe("a cut", () => {
  it("changes what it names and keeps the rest of the windows", () => {
    const spec = specOf();
    expect(cutSpec(spec, { seconds: 4 }).windows).toEqual({ ...spec.windows, seconds: 4 });
    expect(cutSpec(spec, { rotateDegrees: 0 }).windows).toEqual({ ...spec.windows, rotateDegrees: 0 });
    expect(cutSpec(spec, { seconds: 2, rotateDegrees: 20 })).toEqual(spec);
    for (const none of [null, undefined, {}]) expect(cutSpec(spec, none)).toBe(spec);
  });

  it("is refused where windows have no length to choose", () => {
    const spec = specOf({ windows: { kind: "recording" } });
    expect(() => cutSpec(spec, { seconds: 4 })).toThrow("cannot cut windows of kind 'recording' otherwise");
    expect(rotationDegrees(spec)).toBe(0);
  });

  it("keeps the samples where some model may want them, and only of windows of one length", () => {
    expect(readsSignals(specOf())).toBe(false);
    expect(readsSignals(specOf({ models: [CNN] }))).toBe(true);
    expect(readsSignals(specOf({ evolve: {} }))).toBe(true);
    expect(readsSignals(specOf({ windows: { kind: "row" }, evolve: {} }))).toBe(false);
  });
});

describe("the schema", () => {
  it("refuses rotations without a triplet, or with one channel in two", () => {
    const channels = { groups: [{ channels: ["x", "y", "z"], formulas: ["time"] }] };
    expect(problems({ features: channels })).toEqual(["windows.rotateDegrees: there is nothing to turn: `features` name no triplet"]);
    expect(problems({ features: channels, windows: { kind: "sliding", seconds: 2, rotateDegrees: 0 } })).toEqual([]);
    const both = { groups: [{ triplets: { one: ["x", "y", "z"], two: ["x", "y", "x"] }, formulas: ["time"] }] };
    expect(problems({ features: both })[0]).toContain("'x' is in two different triplets");
    const genome = { family: "logistic", cut: { rotateDegrees: 5 } };
    expect(problems({ features: channels, windows: { kind: "sliding", seconds: 2 }, models: [{ family: "logistic" }, genome] })).toEqual([
      "models.1.cut: there is nothing to turn: `features` name no triplet",
    ]);
  });

  it("refuses cuts of windows that are not sliding", () => {
    const evolve = { seconds: [2, 4], rotateDegrees: [0] };
    const models = [{ family: "logistic", cut: { seconds: 3 } }];
    expect(problems({ windows: { kind: "recording" }, models, evolve })).toEqual([
      "models.0.cut: only windows of kind `sliding` can be cut otherwise",
      "evolve.seconds: only windows of kind `sliding` can be cut otherwise",
      "evolve.rotateDegrees: only windows of kind `sliding` can be cut otherwise",
    ]);
    expect(problems({ models, evolve })).toEqual([]);
  });

  it("refuses sensors that no channel has, and every combination of too many", () => {
    expect(problems({ evolve: { sensors: [["acc"], ["gyro", "acc"]] } })).toEqual([
      "evolve.sensors.1: no channel comes from a sensor 'gyro'",
    ]);
    const channels = Object.fromEntries(Array.from({ length: 13 }, (_, index) => [`c${index}`, { sensor: `s${index}` }]));
    const many = { files: [{ match: ".", subject: { constant: "s" }, channels }], windows: { kind: "row" }, features: undefined };
    expect(problems({ ...many, evolve: {} })).toEqual([
      "evolve.sensors: 13 sensors have too many combinations: list those that get models",
    ]);
    expect(problems({ ...many, evolve: { sensors: "all" } })).toEqual([]);
  });
});
