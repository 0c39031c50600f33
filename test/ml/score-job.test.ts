import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { decodeOutcomes } from "../../lib/domain/outcomes.ts";
import { genomeSchema } from "../../lib/domain/spec.ts";
import type { Genome } from "../../lib/domain/spec.ts";
import type { Split } from "../../lib/domain/window-shard.ts";
import { run as score } from "../../lib/ml/score-job.ts";
import type { PredictionRow } from "../../lib/ml/score-job.ts";
import { run as train } from "../../lib/ml/train-job.ts";
import { recordingControl, syntheticShard, writeShard } from "./synthetic-windows.ts";
import type { SyntheticOptions } from "./synthetic-windows.ts";

const SIDES: readonly Split[] = ["train", "validation", "holdout", "unlabelled"];
const sides = (window: number) => SIDES[window % 4]!;

async function trained(genome: Genome, options: SyntheticOptions) {
  const output = await train(
    { genome, shards: [await writeShard(syntheticShard(options))], fit: ["train"], seed: 1, checkpoint: null, checkpointEverySeconds: 60 },
    await recordingControl(),
  );
  return { artifact: output.artifact.path, weights: output.weights.path, artifactSha256: output.artifact.sha256, leaking: false };
}

const logistic = genomeSchema.parse({ family: "logistic" });

it("answers the windows of the sides asked for, and measures the labelled ones", async () => {
  const options: SyntheticOptions = {
    windows: 400,
    split: sides,
    change: ({ label, dense, split }) => {
      for (const [window, side] of split.entries()) if (side === 3) label[window] = -1;
      dense[2] = 1;
    },
  };
  const shards = [await writeShard(syntheticShard(options))];
  const output = await score(
    { ...(await trained(logistic, options)), shards, splits: ["holdout", "unlabelled"] },
    await recordingControl(),
  );
  expect(output.rows).toBe(199);
  const [holdout, unlabelled] = output.splits;
  expect(holdout).toMatchObject({ split: "holdout", rows: 99, labelled: 99, metrics: { windows: 99, leaking: false } });
  expect(unlabelled).toMatchObject({ split: "unlabelled", rows: 100, labelled: 0, metrics: null, outcomes: null });
  const rows = (await readFile(output.predictions.path, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as PredictionRow);
  expect(rows).toHaveLength(199);
  expect(rows.filter(({ actual }) => actual === null).map(({ split }) => split)).toEqual(Array(100).fill("unlabelled"));
  expect(rows[0]).toMatchObject({
    subject: "person-4",
    recording: "recording-4",
    from: 192,
    to: 320,
    startUs: 1.6e15 + 3 * 1.28e6,
    split: "unlabelled",
  });
  const outcomes = decodeOutcomes(await readFile(holdout!.outcomes!.path));
  const right = outcomes.actual.filter((actual, window) => actual === outcomes.predicted[window]).length;
  expect(right / 99).toBeCloseTo(holdout!.metrics!.accuracy.value, 9);
  expect(rows.filter(({ split, actual, predicted }) => split === "holdout" && actual === predicted)).toHaveLength(right);
  expect(output.latencyUs).toBeGreaterThan(0);
});

it("a holdout's hash is the same for another model, and another for other labels", async () => {
  const options: SyntheticOptions = { windows: 100, split: sides };
  const shards = [await writeShard(syntheticShard(options))];
  const [one, other] = [await trained(logistic, options), await trained(genomeSchema.parse({ family: "logistic", l2: 1 }), options)];
  const hash = async (input: Parameters<typeof score>[0]) => (await score(input, await recordingControl())).splits[0]!.windowsSha256;
  const first = await hash({ ...one, shards, splits: ["holdout"] });
  expect(await hash({ ...other, shards, splits: ["holdout"] })).toBe(first);
  const relabelled = await writeShard(syntheticShard({ ...options, change: ({ label }) => void (label[2] = 1 - label[2]!) }));
  expect(await hash({ ...one, shards: [relabelled], splits: ["holdout"] })).not.toBe(first);
});

it("F25: features are found by name wherever they stand, and a missing one is named", async () => {
  const options: SyntheticOptions = { windows: 200, split: sides };
  const model = await trained(logistic, options);
  const turned = syntheticShard({
    ...options,
    change: (shard) => {
      shard.features = [...shard.features].reverse();
      for (let window = 0; window < 200; window += 1) shard.featureValues.subarray(window * 5, window * 5 + 5).reverse();
    },
  });
  const [straight, reversed] = [
    await score({ ...model, shards: [await writeShard(syntheticShard(options))], splits: ["holdout"] }, await recordingControl()),
    await score({ ...model, shards: [await writeShard(turned)], splits: ["holdout"] }, await recordingControl()),
  ];
  expect(reversed.predictions.sha256).toBe(straight.predictions.sha256);
  const renamed = await writeShard(
    syntheticShard({ ...options, change: (shard) => void (shard.features = ["other", ...shard.features.slice(1)]) }),
  );
  await expect(score({ ...model, shards: [renamed], splits: ["holdout"] }, await recordingControl())).rejects.toMatchObject({
    code: "REQUEST_INVALID",
    message: expect.stringContaining("feature-1"),
  });
});

it("a class that the model never met counts as wrong, not as absent", async () => {
  const options: SyntheticOptions = { windows: 100, split: sides };
  const model = await trained(logistic, options);
  const shard = syntheticShard({ ...options, change: (made) => void (made.classes = ["rest", "run"]) });
  const { splits } = await score({ ...model, shards: [await writeShard(shard)], splits: ["holdout"] }, await recordingControl());
  expect(splits[0]!.metrics!.perClass.map(({ label }) => label)).toEqual(["rest", "walk", "run"]);
  expect(splits[0]!.metrics!.perClass[2]).toMatchObject({ recall: 0, f1: 0 });
  expect(splits[0]!.metrics!.accuracy.value).toBeLessThan(0.7);
});

it("TensorFlow, used for much work, answers as plain TypeScript does", async () => {
  const genome = genomeSchema.parse({ family: "mlp", units: [300, 300], epochs: 1, dropout: 0 });
  const small: SyntheticOptions = { windows: 400, split: sides };
  const model = await trained(genome, small);
  const shards = [await writeShard(syntheticShard({ ...small, windows: 48_000, features: 5, seed: 3 }))];
  const much = await score({ ...model, shards, splits: ["holdout"] }, await recordingControl());
  const little = await writeShard(syntheticShard({ ...small, windows: 48_000, seed: 3, change: ({ split }) => split.fill(0, 400) }));
  const few = await score({ ...model, shards: [little], splits: ["holdout"] }, await recordingControl());
  const lines = async (path: string) => (await readFile(path, "utf8")).split("\n", 100).map((line) => JSON.parse(line) as PredictionRow);
  const [ours, theirs] = [await lines(few.predictions.path), await lines(much.predictions.path)];
  expect(ours).toHaveLength(100);
  for (const [index, row] of ours.entries()) {
    expect(Math.abs(row.confidence - theirs[index]!.confidence)).toBeLessThan(1e-5);
    expect(row.from).toBe(theirs[index]!.from);
  }
});

it("150,000 windows are answered in seconds", async () => {
  const options: SyntheticOptions = { windows: 150_000, features: 7, classes: ["a", "b", "c"], subjects: 150_000, split: () => "holdout" };
  const model = await trained(logistic, { ...options, windows: 300, subjects: 10, split: () => "train" });
  const output = await score(
    { ...model, shards: [await writeShard(syntheticShard(options))], splits: ["holdout"] },
    await recordingControl(),
  );
  expect(output.rows).toBe(150_000);
  expect(output.splits[0]!.metrics!.subjectCount).toBe(150_000);
  expect(JSON.stringify(output.splits).length).toBeLessThan(40_000);
  expect(output.seconds).toBeLessThan(10);
}, 60_000);
