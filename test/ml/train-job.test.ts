import { fork } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { ToChild } from "../../lib/compute/child.ts";
import { artifactSchema } from "../../lib/domain/artifact.ts";
import { genomeSchema } from "../../lib/domain/spec.ts";
import type { Genome } from "../../lib/domain/spec.ts";
import { loadPredictor } from "../../lib/ml/predictor.ts";
import { run } from "../../lib/ml/train-job.ts";
import type { TrainInput, TrainOutput } from "../../lib/ml/train-job.ts";
import { recordingControl, syntheticShard, temporaryFolder, writeShard } from "./synthetic-windows.ts";

const MLP = genomeSchema.parse({
  family: "mlp",
  units: [16],
  dropout: 0.2,
  batch: 32,
  epochs: 6,
  optimizer: { kind: "adam", learningRate: 0.01 },
});
const CNN = genomeSchema.parse({
  family: "cnn",
  convolutions: [{ filters: 8, kernel: 5, pool: 2 }],
  batchNorm: true,
  dropout: 0.2,
  batch: 32,
  epochs: 8,
  optimizer: { learningRate: 0.01 },
});

function input(genome: Genome, shards: readonly string[], changes: Partial<TrainInput> = {}): TrainInput {
  return { genome, shards, fit: ["train"], seed: 1, checkpoint: null, checkpointEverySeconds: 1000, ...changes };
}

it.each([
  ["logistic regression", genomeSchema.parse({ family: "logistic" })],
  ["an mlp", MLP],
])("%s comes within a point of the best accuracy there is", async (_, genome) => {
  // Two unit Gaussians 2 apart can be told apart at Phi(1) = 84.13 %.
  const shard = syntheticShard({ windows: 12_000, split: (window) => (window % 3 === 0 ? "validation" : "train") });
  const control = await recordingControl();
  const output = await run(input(genome, [await writeShard(shard)]), control);
  expect(output.rows).toBe(8000);
  expect(output.validation?.windows).toBe(4000);
  expect(output.validation?.accuracy.value).toBeGreaterThan(0.8313);
  expect(output.validation?.accuracy.value).toBeLessThan(0.86);
  expect(output.curve.at(-1)).toMatchObject({ epoch: output.epochs, validationF1: output.validation?.macroF1.value });
  expect(control.reported.at(-1)).toMatchObject({ done: output.epochs, total: output.epochs });
});

it("a cnn learns frequencies from raw signals, and its artifact answers alone", async () => {
  const shard = syntheticShard({
    windows: 600,
    samples: 32,
    classes: ["a", "b", "c"],
    split: (window) => (window % 2 ? "validation" : "train"),
  });
  const output = await run(input(CNN, [await writeShard(shard)]), await recordingControl());
  expect(output.validation?.accuracy.value).toBeGreaterThan(0.95);
  const predictor = loadPredictor(await readFile(output.artifact.path), await readFile(output.weights.path), output.artifact.sha256);
  const { classes } = predictor.predict(shard.signals, shard.windows);
  const right = classes.filter((answer, window) => answer === shard.label[window] && shard.split[window] === 1).length;
  expect(right / 300).toBeCloseTo(output.validation!.accuracy.value, 5);
});

it.each([
  ["logistic regression", genomeSchema.parse({ family: "logistic" })],
  ["an mlp", MLP],
])("%s learns beside a class with one window and a channel that is constant, and answers with numbers", async (_, genome) => {
  const shard = syntheticShard({
    windows: 300,
    classes: ["rest", "walk", "rare"],
    split: (window) => (window % 3 === 0 ? "validation" : "train"),
    change: ({ label, features, featureValues }) => {
      for (const window of label.keys()) {
        label[window] = window === 1 ? 2 : window % 2;
        featureValues[window * features.length] = 3;
      }
    },
  });
  const output = await run(input(genome, [await writeShard(shard)]), await recordingControl());
  expect(output.validation!.perClass[2]).toMatchObject({ label: "rare", support: 0 });
  const predictor = loadPredictor(await readFile(output.artifact.path), await readFile(output.weights.path));
  const { probabilities } = predictor.predict(shard.featureValues, shard.windows);
  for (let window = 0; window < shard.windows; window++)
    expect(probabilities.subarray(3 * window, 3 * window + 3).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
});

it("scaling is fitted on the rows trained on, missing values become the mean, constant columns nothing", async () => {
  const shard = syntheticShard({
    windows: 900,
    split: (window) => (window < 600 ? "train" : "holdout"),
    change: (made) => {
      for (let window = 0; window < made.windows; window += 1) {
        made.featureValues[window * 5 + 1] = NaN;
        made.featureValues[window * 5 + 2] = 4.2;
        // Would move the mean, were the holdout looked at.
        if (window >= 600) made.featureValues[window * 5 + 3] = 1e6;
      }
    },
  });
  const output = await run(input(MLP, [await writeShard(shard)]), await recordingControl());
  const { scaling, training, input: reads } = artifactSchema.parse(JSON.parse(await readFile(output.artifact.path, "utf8")));
  expect(scaling!.mean[1]).toBe(0);
  expect(scaling!.sd[1]).toBe(1);
  expect(scaling!.mean[2]).toBeCloseTo(4.2);
  expect(scaling!.sd[2]).toBe(1);
  expect(scaling!.mean[3]).toBeGreaterThan(9);
  expect(scaling!.mean[3]).toBeLessThan(11);
  expect(training).toMatchObject({ rows: 600, epochs: 6, seed: 1, threads: 1 });
  expect(reads).toEqual({ kind: "features", names: shard.features });
});

it("dense windows are trained on and never scored; unlabelled ones are left out", async () => {
  const shard = syntheticShard({
    windows: 400,
    split: (window) => (window < 300 ? "train" : "validation"),
    change: (made) => {
      made.dense.fill(1, 100, 200);
      made.dense.fill(1, 300, 350);
      made.label.fill(-1, 0, 50);
    },
  });
  const output = await run(input(MLP, [await writeShard(shard)]), await recordingControl());
  expect(output.rows).toBe(250);
  expect(output.validation?.windows).toBe(50);
  const both = await run(input(MLP, [await writeShard(shard)], { fit: ["train", "validation"] }), await recordingControl());
  expect(both).toMatchObject({ rows: 350, validation: null });
});

it("the same seed gives the same bits, another seed others, and shards read one by one count as one", async () => {
  const whole = syntheticShard({ windows: 500 });
  const path = await writeShard(whole);
  const [one, again, other] = [
    await run(input(MLP, [path]), await recordingControl()),
    await run(input(MLP, [path]), await recordingControl()),
    await run(input(MLP, [path], { seed: 2 }), await recordingControl()),
  ];
  expect(again.weights.sha256).toBe(one.weights.sha256);
  expect(other.weights.sha256).not.toBe(one.weights.sha256);
  const twice = await run(input(MLP, [path, await writeShard(syntheticShard({ windows: 100, seed: 5 }))]), await recordingControl());
  expect(twice.rows).toBe(600);
  const stranger = await writeShard(syntheticShard({ windows: 10, features: 4 }));
  await expect(run(input(MLP, [path, stranger]), await recordingControl())).rejects.toMatchObject({ code: "OBJECT_CORRUPT" });
});

it("a loss that grows without bound ends the training with a code", async () => {
  const genome = genomeSchema.parse({
    family: "mlp",
    units: [8],
    activation: "relu",
    dropout: 0,
    optimizer: { kind: "sgd", learningRate: 10, momentum: 0.999, schedule: "constant" },
    epochs: 200,
  });
  await expect(
    run(input(genome, [await writeShard(syntheticShard({ windows: 300, features: 40 }))]), await recordingControl()),
  ).rejects.toMatchObject({
    code: "TRAINING_DIVERGED",
  });
});

it("rows of one class, or none, are too little to learn from", async () => {
  const oneClass = await writeShard(syntheticShard({ windows: 20, change: ({ label }) => label.fill(1) }));
  await expect(run(input(MLP, [oneClass]), await recordingControl())).rejects.toMatchObject({
    code: "TOO_LITTLE_DATA",
    message: expect.stringContaining("'walk'"),
  });
  const none = await writeShard(syntheticShard({ windows: 20, split: () => "holdout" }));
  await expect(run(input(MLP, [none]), await recordingControl())).rejects.toMatchObject({ code: "TOO_LITTLE_DATA" });
});

it("a checkpoint that is damaged, or another training's, is left aside with the reason", async () => {
  const path = await writeShard(syntheticShard({ windows: 300 }));
  const control = await recordingControl();
  const whole = await run(input(MLP, [path], { checkpointEverySeconds: 0 }), control);
  const checkpoint = control.reported.at(-2)!.detail!["checkpoint"] as string;
  const resumed = await run(input(MLP, [path], { checkpoint }), await recordingControl());
  expect(resumed.resumed).toEqual({ epochs: 5 });
  expect(resumed.weights.sha256).toBe(whole.weights.sha256);
  expect(resumed.curve).toEqual(whole.curve);
  const stranger = await run(input(MLP, [path], { checkpoint, seed: 2 }), await recordingControl());
  expect(stranger.resumed).toEqual({ refused: expect.stringContaining("another") });
  const bytes = await readFile(checkpoint);
  bytes[bytes.length - 9]! ^= 1;
  await writeFile(checkpoint, bytes);
  const damaged = await run(input(MLP, [path], { checkpoint }), await recordingControl());
  expect(damaged.resumed).toEqual({ refused: expect.stringContaining("hash") });
  expect(damaged.weights.sha256).toBe(whole.weights.sha256);
});

it.each([
  ["an mlp", genomeSchema.parse({ family: "mlp", units: [64, 64], epochs: 14, batch: 32 })],
  ["logistic regression", genomeSchema.parse({ family: "logistic", l2: 0, maxIterations: 60 })],
])(
  "F01: %s killed with -9 in the middle of training ends in the bits of an unbroken one",
  async (_, genome) => {
    // Classes that a plane can tell apart keep logistic regression without a penalty busy to its last iteration.
    const shard = syntheticShard({
      windows: genome.family === "mlp" ? 1500 : 6000,
      features: 300,
      classes: ["a", "b", "c", "d"],
      distance: 12,
      subjects: 20,
    });
    const path = await writeShard(shard);
    const whole = await run(input(genome, [path]), await recordingControl());
    const killAt = 2 + Math.floor(Math.random() * 5);
    const checkpoint = await killedTraining(input(genome, [path], { checkpointEverySeconds: 0 }), killAt);
    const resumed = await run(input(genome, [path], { checkpoint }), await recordingControl());
    const { epochs } = resumed.resumed as { epochs: number };
    expect(epochs).toBeGreaterThanOrEqual(killAt);
    expect(epochs).toBeLessThan(whole.epochs);
    expect(resumed.weights.sha256).toBe(whole.weights.sha256);
  },
  60_000,
);

/** Trains in a real child, kills it as soon as `epochs` are saved, and gives its last checkpoint. */
async function killedTraining(job: TrainInput, epochs: number): Promise<string> {
  const child = fork(new URL("../../lib/compute/child.ts", import.meta.url), { execArgv: [] });
  const folder = await temporaryFolder();
  const ended = once(child, "exit");
  child.send({ job: "train-model", input: job, folder } satisfies ToChild);
  const saved = async () => (await readdir(folder)).map((name) => Number(/^checkpoint-(\d+)\.bin$/.exec(name)?.[1] ?? 0));
  while (child.exitCode === null && !(await saved()).some((epoch) => epoch >= epochs)) await sleep(2);
  child.kill("SIGKILL");
  expect(await ended).toEqual([null, "SIGKILL"]);
  return join(folder, `checkpoint-${Math.max(...(await saved()))}.bin`);
}

it("the output is small enough for a workflow's payload however long the training", async () => {
  const genome = genomeSchema.parse({ family: "mlp", units: [4], epochs: 1000, batch: 64 });
  const shard = syntheticShard({ windows: 200, subjects: 60, split: (window) => (window % 2 ? "validation" : "train") });
  const output: TrainOutput = await run(input(genome, [await writeShard(shard)]), await recordingControl());
  expect(output.curve.length).toBeLessThanOrEqual(101);
  expect(JSON.stringify(output).length).toBeLessThan(40_000);
}, 60_000);
