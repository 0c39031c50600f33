import { expect, it } from "vitest";
import { windowValues } from "../../../lib/app/model-input.ts";
import { layersOf } from "../../../lib/domain/architecture.ts";
import { ARTIFACT_FORMAT, type Artifact, type ModelInput } from "../../../lib/domain/artifact.ts";
import { shapeOf } from "../../../lib/domain/artifact-input.ts";
import { tensorsOf, weightCount } from "../../../lib/domain/layers.ts";
import { randomFor } from "../../../lib/domain/random.ts";
import { modelOf } from "../../../lib/domain/score/model.ts";
import { predictorOf } from "../../../lib/domain/score/predictor.ts";
import { trackOf } from "../../../lib/domain/score/track.ts";
import { genomeSchema, specSchema, type NetworkGenome } from "../../../lib/domain/spec.ts";

const SPEC = specSchema.parse({
  project: "p",
  title: "t",
  rateHz: 10,
  files: [
    {
      match: "csv$",
      subject: { constant: "someone" },
      rateHz: 10,
      channels: { x: { sensor: "acc" }, y: { sensor: "acc" }, unread: { sensor: "gyro" } },
      label: { column: "label" },
    },
  ],
  labels: { classes: ["rest", "walk", "run"] },
  windows: { kind: "sliding", seconds: 1 },
  features: { groups: [{ channels: ["x", "y"], formulas: ["level"] }] },
});
const random = randomFor(3, 1);
const LENGTH = 200;
const samples = () => Float32Array.from({ length: LENGTH }, () => random.normal());
const CHANNELS = new Map([
  ["x", samples()],
  ["y", samples()],
]);

/** A branch that reads the signal and one that reads features, with weights drawn at random. */
function model() {
  const input: ModelInput = { kind: "both", channels: ["y"], samples: 10, names: ["x.mean", "y.max"] };
  const genome = genomeSchema.parse({ family: "cnn", convolutions: [{ filters: 3, kernel: 3 }], features: { units: 4 } }) as NetworkGenome;
  const classes = SPEC.labels.classes;
  const tensors = tensorsOf(layersOf(genome, shapeOf(input), classes.length));
  const weights = Float32Array.from({ length: weightCount(tensors).all }, () => 2 * random.normal());
  const artifact: Artifact = {
    ...{ format: ARTIFACT_FORMAT, genome, classes, input },
    scaling: { mean: [0, 0, 0], sd: [1, 1, 1], clip: 5 },
    training: { backend: null, threads: 1, seed: 1, epochs: 1, rows: 1, seconds: 1 },
    tensors: tensors.map(({ name, shape, offset }) => ({ name, shape: [...shape], offset })),
    weights: { sha256: "", floats: weights.length },
  };
  return predictorOf(modelOf(artifact, new Uint8Array(weights.buffer)));
}

it("a track says of each moment what the window around it is answered, and no window spans a gap", () => {
  const predictor = model();
  // Two stretches of a recording of which samples 1000 to 1200 are here; nothing was measured from 1090 to 1104.
  const stretches = [
    [400, 1_090],
    [1_104, 5_000],
  ] as const;
  const spans = trackOf(predictor, SPEC, { from: 1_000, length: LENGTH, channels: CHANNELS, stretches }, 4);
  expect(spans[0]?.from).toBe(1_000);
  expect(spans.find(({ to }) => to === 1_090)).toBeDefined();
  expect(spans.find(({ from }) => from === 1_104)).toBeDefined();
  expect(spans.at(-1)?.to).toBe(1_200);
  for (const [index, span] of spans.entries()) if (index > 0 && span.from !== 1_104) expect(span.from).toBe(spans[index - 1]!.to);

  const windowAt = (from: number) =>
    Object.fromEntries([...CHANNELS].map(([name, values]) => [name, [...values.subarray(from, from + 10)]]));
  const starts = [0, 4, 8, 40, 80, 104, 108, 188, 190];
  const { classes, confidence } = predictor.predict(windowValues({ spec: SPEC, predictor }, starts.map(windowAt)), starts.length);
  for (const [row, start] of starts.entries()) {
    const middle = 1_000 + start + 5;
    const said = spans.find(({ from, to }) => from <= middle && middle < to);
    expect({ start, ...said }).toMatchObject({ start, label: SPEC.labels.classes[classes[row]!] });
    expect(said!.confidence).toBeCloseTo(confidence[row]!, 6);
  }
});

it("a part that is shorter than a window has no track, and a model of whole recordings has none at all", () => {
  const predictor = model();
  const part = { from: 0, length: LENGTH, channels: CHANNELS, stretches: [[0, 9]] as const };
  expect(trackOf(predictor, SPEC, part, 1)).toEqual([]);
  const whole = specSchema.parse({ ...SPEC, windows: { kind: "recording" } });
  expect(() => trackOf(predictor, whole, part, 1)).toThrow("it has no word on a moment");
  expect(() => trackOf(predictor, SPEC, { ...part, channels: new Map() }, 1)).toThrow("no x, y");
});
