import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { windowValues } from "../../lib/app/model-input.ts";
import type { ModelInput } from "../../lib/domain/artifact.ts";
import { columnCount, shapeOf } from "../../lib/domain/artifact-input.ts";
import { layersOf } from "../../lib/domain/architecture.ts";
import { tensorsOf, weightCount } from "../../lib/domain/layers.ts";
import { genomeSchema, specSchema } from "../../lib/domain/spec.ts";
import type { NetworkGenome } from "../../lib/domain/spec.ts";
import { writeModel } from "../../lib/ml/model-files.ts";
import { loadPredictor } from "../../lib/ml/predictor.ts";
import { recordingControl } from "../ml/synthetic-windows.ts";

const SPEC = specSchema.parse({
  project: "gym",
  title: "Two sensors",
  rateHz: 4,
  files: [
    {
      match: "csv$",
      subject: { constant: "someone" },
      format: {},
      rateHz: 4,
      channels: { x: { sensor: "acc" }, y: { sensor: "acc" }, turn: { sensor: "gyro" } },
      label: { column: "label" },
    },
  ],
  labels: { classes: ["rest", "walk"] },
  filters: [{ kind: "lowpass", channels: ["y"], order: 1, cutoffHz: 1, into: ["smooth"] }],
  windows: { kind: "sliding", seconds: 2 },
  features: { groups: [{ channels: ["x", "smooth", "turn"], formulas: ["level"] }] },
});

async function asked(input: ModelInput, genome: object) {
  const parsed = genomeSchema.parse(genome) as NetworkGenome;
  const tensors = tensorsOf(layersOf(parsed, shapeOf(input), 2));
  const columns = columnCount(input);
  const facts = {
    genome: parsed,
    classes: ["rest", "walk"],
    input,
    scaling: { mean: Array<number>(columns).fill(0), sd: Array<number>(columns).fill(1), clip: 5 },
    training: { backend: null, threads: 1, seed: 1, epochs: 1, rows: 1, seconds: 1 },
  };
  const { folder } = await recordingControl();
  const { artifact, weights } = await writeModel(folder, facts, tensors, new Float32Array(weightCount(tensors).all));
  return { spec: SPEC, predictor: loadPredictor(await readFile(artifact.path), await readFile(weights.path)) };
}

const x = [1, 2, 3, 4];
const y = [5, 5, 5, 5];

it("a model of some sensors is asked with their channels alone, and reads windows of its own cut", async () => {
  const input: ModelInput = { kind: "both", channels: ["x"], samples: 4, names: ["smooth.mean", "x.max"] };
  const model = await asked(input, {
    family: "cnn",
    cut: { seconds: 1 },
    convolutions: [{ filters: 2, kernel: 2 }],
    features: { units: 2 },
  });
  expect([...windowValues(model, [{ x, y }])]).toEqual([...x, 5, 4]);
  expect(() => windowValues(model, [{ x }])).toThrow("needs 4 samples of each of x, y");
  expect(() => windowValues(model, [{ x: [...x, ...x], y: [...y, ...y] }])).toThrow("needs 4 samples");
});

it("a feature that this version does not compute is asked for by name instead", async () => {
  const model = await asked({ kind: "features", names: ["x.max", "x.mood"] }, { family: "logistic" });
  expect(() => windowValues(model, [{ x, y, turn: x }])).toThrow("send `rows`");
});
