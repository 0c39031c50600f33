import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { layersOf } from "../../lib/domain/architecture.ts";
import type { Artifact } from "../../lib/domain/artifact.ts";
import { tensorsOf, weightCount } from "../../lib/domain/layers.ts";
import { genomeSchema } from "../../lib/domain/spec.ts";
import type { NetworkGenome } from "../../lib/domain/spec.ts";
import { sha256, writeModel } from "../../lib/ml/model-files.ts";
import type { ArtifactFacts } from "../../lib/ml/model-files.ts";
import { loadPredictor } from "../../lib/ml/predictor.ts";
import { run } from "../../lib/ml/train-job.ts";
import { recordingControl, syntheticShard, temporaryFolder, writeShard } from "./synthetic-windows.ts";

let json: string;
let weights: Buffer;
const shard = syntheticShard({ windows: 300 });

beforeAll(async () => {
  const genome = genomeSchema.parse({ family: "mlp", units: [8], epochs: 3, dropout: 0 });
  const output = await run(
    { genome, shards: [await writeShard(shard)], fit: ["train"], seed: 1, checkpoint: null, checkpointEverySeconds: 60 },
    await recordingControl(),
  );
  json = await readFile(output.artifact.path, "utf8");
  weights = await readFile(output.weights.path);
});

const bytes = (text: string) => Buffer.from(text);
/** The artifact with a change, its weights' hash made to fit: damage that only the checks behind the hash can see. */
function forged(change: (artifact: Artifact, values: Float32Array) => void): [Buffer, Buffer] {
  const artifact = JSON.parse(json) as Artifact;
  const values = new Float32Array(new Uint8Array(weights).buffer);
  change(artifact, values);
  const changed = Buffer.from(values.buffer);
  artifact.weights.sha256 = sha256(changed);
  return [bytes(JSON.stringify(artifact)), changed];
}

describe("a model at rest", () => {
  it("answers with probabilities that add up to one, missing and infinite values included", () => {
    const predictor = loadPredictor(bytes(json), weights);
    const rows = shard.featureValues.slice(0, 20);
    rows.set([NaN, Infinity, -Infinity, 1e38, 0], 0);
    const { classes, confidence, probabilities } = predictor.predict(rows, 4);
    for (let row = 0; row < 4; row += 1) {
      expect(probabilities[2 * row]! + probabilities[2 * row + 1]!).toBeCloseTo(1, 6);
      expect(confidence[row]).toBe(probabilities[2 * row + classes[row]!]);
      expect(confidence[row]).toBeGreaterThanOrEqual(0.5);
    }
    expect(() => predictor.predict(rows, 3)).toThrow(/3 rows of 5 values are 15, and 20 were given/);
  });

  it("F28: any flipped bit of the weights is refused", () => {
    for (let at = 0; at < weights.length; at += 13) {
      const damaged = Buffer.from(weights);
      damaged[at]! ^= 1 << (at % 8);
      expect(() => loadPredictor(bytes(json), damaged)).toThrow(expect.objectContaining({ code: "ARTIFACT_CORRUPT" }));
    }
  });

  it("F28: truncated, prolonged and empty weights are refused", () => {
    for (const damaged of [weights.subarray(0, -4), weights.subarray(0, 7), Buffer.concat([weights, Buffer.alloc(4)]), Buffer.alloc(0)]) {
      expect(() => loadPredictor(bytes(json), damaged)).toThrow(expect.objectContaining({ code: "ARTIFACT_CORRUPT" }));
    }
  });

  it("F28: a description that is cut, is no JSON or does not match the hash on record is refused", () => {
    for (const damaged of [json.slice(0, -40), "", "[]", "null", json.replace('"family":"mlp"', '"family":"python"')]) {
      expect(() => loadPredictor(bytes(damaged), weights)).toThrow(expect.objectContaining({ code: "ARTIFACT_CORRUPT" }));
    }
    const changedDigit = json.replace(/"mean":\[(\d)/, (_, digit) => `"mean":[${(Number(digit) + 1) % 10}`);
    expect(changedDigit).not.toBe(json);
    expect(() => loadPredictor(bytes(changedDigit), weights, sha256(bytes(json)))).toThrow(
      expect.objectContaining({ code: "ARTIFACT_CORRUPT" }),
    );
    expect(loadPredictor(bytes(json), weights, sha256(bytes(json))).width).toBe(5);
  });

  it.each<[string, (artifact: Artifact, values: Float32Array) => void]>([
    ["shapes that are not the genome's", (artifact) => void (artifact.tensors[0]!.shape = [8, 5])],
    ["a tensor out of its place", (artifact) => void (artifact.tensors[1]!.offset += 1)],
    ["a missing tensor", (artifact) => void artifact.tensors.pop()],
    ["another genome", (artifact) => void (artifact.genome = genomeSchema.parse({ family: "mlp", units: [9] }))],
    [
      "a genome that can't read the input",
      (artifact) => void (artifact.genome = genomeSchema.parse({ family: "cnn", convolutions: [{ filters: 2, kernel: 3 }] })),
    ],
    ["one class more", (artifact) => void artifact.classes.push("third")],
    ["one feature less", (artifact) => void (artifact.input.kind === "features" && artifact.input.names.pop())],
    ["a scaling of another width", (artifact) => void artifact.scaling!.mean.pop()],
    ["a deviation of zero", (artifact) => void (artifact.scaling!.sd[2] = 0)],
    ["a weight that is not a number", (_, values) => void (values[3] = NaN)],
    ["an infinite weight", (_, values) => void (values[3] = Infinity)],
  ])("F28: %s is refused although the hash fits", (_, change) => {
    expect(() => loadPredictor(...forged(change))).toThrow(expect.objectContaining({ code: "ARTIFACT_CORRUPT" }));
  });

  it("F28: weights so large that they overflow are refused when they answer, never answered with NaN", async () => {
    const genome = genomeSchema.parse({ family: "mlp", units: [4, 4, 4, 4, 4, 4, 4, 4], activation: "relu" }) as NetworkGenome;
    const tensors = tensorsOf(layersOf(genome, { kind: "features", width: 2 }, 2));
    const facts: ArtifactFacts = {
      genome,
      classes: ["rest", "walk"],
      input: { kind: "features", names: ["one", "two"] },
      scaling: { mean: [0, 0], sd: [1, 1], clip: 5 },
      training: { backend: "cpu", threads: 1, seed: 1, epochs: 1, rows: 1, seconds: 1 },
    };
    const files = await writeModel(await temporaryFolder(), facts, tensors, new Float32Array(weightCount(tensors).all).fill(3e38));
    const predictor = loadPredictor(await readFile(files.artifact.path), await readFile(files.weights.path));
    expect(() => predictor.predict(Float32Array.of(1, 1), 1)).toThrow(expect.objectContaining({ code: "ARTIFACT_CORRUPT" }));
  });

  it("a format of a newer version is named as such", () => {
    const [newer] = forged((artifact) => void (artifact.format = 2));
    expect(() => loadPredictor(newer, weights)).toThrow(expect.objectContaining({ code: "FORMAT_TOO_NEW" }));
  });
});
