import { fork } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { ToChild } from "../../lib/compute/child.ts";
import { artifactSchema } from "../../lib/domain/artifact.ts";
import { randomFor } from "../../lib/domain/random.ts";
import { genomeSchema } from "../../lib/domain/spec.ts";
import type { Genome } from "../../lib/domain/spec.ts";
import { leafOf, type Trees } from "../../lib/domain/trees/trees.ts";
import type { WindowShard } from "../../lib/domain/window-shard.ts";
import { loadPredictor } from "../../lib/ml/predictor.ts";
import { run } from "../../lib/ml/train-job.ts";
import type { TrainInput } from "../../lib/ml/train-job.ts";
import { binColumns } from "../../lib/ml/trees/bins.ts";
import { BoostedTreeGrower, type BoostingGenome } from "../../lib/ml/trees/boosted-tree.ts";
import { ForestTreeGrower, type ForestGenome } from "../../lib/ml/trees/forest-tree.ts";
import { recordingControl, syntheticShard, temporaryFolder, writeShard } from "./synthetic-windows.ts";

const boosting = (changes: Partial<BoostingGenome> = {}) => genomeSchema.parse({ family: "boosting", ...changes }) as BoostingGenome;
const forest = (changes: Partial<ForestGenome> = {}) => genomeSchema.parse({ family: "forest", ...changes }) as ForestGenome;

function grown(values: readonly number[], width: number, gradient: readonly number[], genome: BoostingGenome): Trees {
  const rows = gradient.length;
  const columns = binColumns(Float32Array.from(values), width, genome.bins);
  return new BoostedTreeGrower(columns, genome, rows).grow({
    rows: Int32Array.from(gradient, (_, row) => row),
    chosen: columns.telling,
    slopes: { gradient: Float64Array.from(gradient), hessian: new Float64Array(rows).fill(1) },
  });
}

describe("binning", () => {
  it("agrees with its edges on every value, the extreme ones included", () => {
    const random = randomFor(3);
    const odd = [NaN, Infinity, -Infinity, 3.4e38, -3.4e38, 0, -0, 1, 1 + 2 ** -23, 1e-45];
    const values = Float32Array.from({ length: 1000 }, (_, row) => odd[row] ?? Math.round(random.normal() * 40) / 8);
    const { bins, edges } = binColumns(values, 1, 20);
    expect(edges[0]!.length).toBeLessThan(20);
    expect(edges[0]!.every((edge, index) => Number.isFinite(edge) && (index === 0 || edge > edges[0]![index - 1]!))).toBe(true);
    for (const [row, value] of values.entries()) {
      const below = edges[0]!.filter((edge) => edge < value).length;
      expect(bins[0]![row]).toBe(Number.isFinite(value) ? below : edges[0]!.length + 1);
    }
    const counts = new Int32Array(edges[0]!.length + 1);
    for (const bin of bins[0]!) if (bin < counts.length) counts[bin]! += 1;
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });

  it("keeps every difference where there are few, and leaves columns out that tell nothing", () => {
    const { edges, telling } = binColumns(Float32Array.of(1, 7, NaN, 2, 7, 5, 4, 7, NaN), 3, 3);
    expect([...edges[0]!]).toEqual([1.5, 3]);
    expect(edges[1]).toHaveLength(0);
    expect([...telling]).toEqual([0, 2]);
  });
});

describe("a boosted tree", () => {
  const genome = boosting({ leaves: 2, minLeafRows: 1, lambda: 1, learningRate: 0.5 });

  it("takes the split of the highest gain, and its leaves the step, as computed by hand", () => {
    // Gradients -3 -1 1 1, hessians 1. Before: 4/5. After row 1: 9/2 + 1/4 - 4/5 = 3.95; after row 2: 16/3 + 4/3 - 4/5 = 5.87;
    // after row 3: 9/4 + 1/2 - 4/5 = 1.95. The first column can only cut after row 1, the second after any.
    const tree = grown([1, 1, 2, 2, 2, 3, 2, 4], 2, [-3, -1, 1, 1], genome);
    expect(tree).toMatchObject({ feature: Int32Array.of(1), threshold: Float32Array.of(2.5) });
    // -rate * G / (H + lambda): 0.5 * 4/3 and -0.5 * 2/3.
    expect([...tree.value]).toEqual([Math.fround(2 / 3), Math.fround(-1 / 3)]);
  });

  it("cuts elsewhere without a penalty, as computed by hand", () => {
    // Gradients -9 -1 1 1. Penalty 0, after row 1: 81 + 1/3 - 16; after row 2: 50 + 2 - 16. Penalty 9: 8.1 + 1/12; 9.09 + 4/11.
    const cut = (lambda: number) => grown([1, 2, 3, 4], 1, [-9, -1, 1, 1], { ...genome, lambda }).threshold[0];
    expect([cut(0), cut(9)]).toEqual([1.5, 2.5]);
  });

  it.each([1, 2, 3, 4])("as a stump finds the best of all splits, missing values on either side (%i)", (seed) => {
    const random = randomFor(seed, 5);
    const [rows, width] = [120, 3];
    const values = Array.from({ length: rows * width }, () => (random.below(7) === 0 ? NaN : random.below(40)));
    const gradient = Array.from({ length: rows }, (_, row) => random.normal() + (values[row * width + 1]! > 20 ? 1 : 0));
    const stump = grown(values, width, gradient, { ...genome, minLeafRows: 5 });
    const gainOf = (goesLeft: (row: number) => boolean) => {
      const left = gradient.filter((_, row) => goesLeft(row));
      const right = gradient.filter((_, row) => !goesLeft(row));
      if (left.length < 5 || right.length < 5) return 0;
      const part = (side: readonly number[]) => side.reduce((sum, slope) => sum + slope, 0) ** 2 / (side.length + 1);
      return part(left) + part(right);
    };
    let best = 0;
    for (let column = 0; column < width; column += 1) {
      for (let edge = 0; edge <= 40; edge += 1) {
        for (const missingLeft of [true, false]) {
          const goesLeft = (row: number) => {
            const value = values[row * width + column]!;
            return Number.isNaN(value) ? missingLeft : value <= edge;
          };
          best = Math.max(best, gainOf(goesLeft));
        }
      }
    }
    const found = gainOf((row) => leafOf(stump, 0, Float32Array.from(values), row * width) === 0);
    expect(found).toBeCloseTo(best, 9);
  });

  it("keeps to its number of leaves and to their least size", () => {
    const random = randomFor(8);
    const values = Array.from({ length: 2000 }, () => random.normal());
    const gradient = values.filter((_, at) => at % 4 === 0).map((value) => Math.sin(9 * value) + 0.1 * random.normal());
    const tree = grown(values, 4, gradient, boosting({ leaves: 12, minLeafRows: 30 }));
    const sizes = new Int32Array(tree.value.length);
    for (let row = 0; row < 500; row += 1) sizes[leafOf(tree, 0, Float32Array.from(values), row * 4)]! += 1;
    expect(sizes).toHaveLength(12);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(30);
  });
});

it.each([1, 2, 3, 4])("a forest's stump finds the least impure of all splits, missing values on either side (%i)", (seed) => {
  const random = randomFor(seed, 6);
  const [rows, width, classes] = [150, 3, 3];
  const values = Float32Array.from({ length: rows * width }, () => (random.below(6) === 0 ? NaN : random.below(30)));
  const labels = Int32Array.from({ length: rows }, (_, row) => (values[row * width]! > 12 ? 0 : random.below(classes)));
  const genome = forest({ maxDepth: 1, columnShare: 1, minLeafRows: 4 });
  const bag = { rows: Int32Array.from(labels, (_, row) => row), times: new Int32Array(rows).fill(1) };
  const stump = new ForestTreeGrower(binColumns(values, width, genome.bins), genome, labels, classes).grow(bag, random);
  /** Sum over both sides of rows times (1 - sum of squared shares). */
  const impurity = (goesLeft: (row: number) => boolean) => {
    const counts = [new Float64Array(classes), new Float64Array(classes)];
    for (const [row, label] of labels.entries()) counts[goesLeft(row) ? 0 : 1]![label]! += 1;
    const totals = counts.map((side) => side.reduce((sum, count) => sum + count, 0));
    if (Math.min(...totals) < 4) return Infinity;
    return counts.reduce(
      (sum, side, index) => sum + totals[index]! - side.reduce((squares, count) => squares + count ** 2, 0) / totals[index]!,
      0,
    );
  };
  let least = Infinity;
  for (let column = 0; column < width; column += 1) {
    for (let edge = 0; edge <= 30; edge += 1) {
      for (const missingLeft of [true, false]) {
        const goesLeft = (row: number) => {
          const value = values[row * width + column]!;
          return Number.isNaN(value) ? missingLeft : value <= edge;
        };
        least = Math.min(least, impurity(goesLeft));
      }
    }
  }
  expect(impurity((row) => leafOf(stump, 0, values, row * width) === 0)).toBeCloseTo(least, 9);
});

/** Each class is three clusters in ten dimensions, repeated with noise in ten more: no plane tells them apart. */
function clusters(windows: number, change?: (shard: WindowShard) => void): WindowShard {
  const [width, classes] = [20, 4];
  return syntheticShard({
    windows,
    features: width,
    classes: ["a", "b", "c", "d"],
    subjects: 10,
    split: (window) => (window % 3 === 0 ? "validation" : "train"),
    change: (shard) => {
      const random = randomFor(1, 901);
      const centres = Array.from({ length: 3 * classes }, () => Array.from({ length: 10 }, () => 1.6 * random.normal()));
      for (let window = 0; window < windows; window += 1) {
        const row = shard.featureValues.subarray(window * width, (window + 1) * width);
        const cluster = random.below(3 * classes);
        shard.label[window] = cluster % classes;
        for (let index = 0; index < 10; index += 1) row[index] = centres[cluster]![index]! + 1.5 * random.normal();
        for (let index = 10; index < width; index += 1) row[index] = 0.6 * row[index - 10]! + 1.5 * random.normal();
      }
      change?.(shard);
    },
  });
}

function input(genome: Genome, shards: readonly string[], changes: Partial<TrainInput> = {}): TrainInput {
  return { genome, shards, fit: ["train"], seed: 1, checkpoint: null, checkpointEverySeconds: 1000, ...changes };
}

// On the same rows LightGBM 4.7 with the same parameters answers 83.7 to 85.3 % by seed, scikit-learn 1.9's forest of 100
// trees 86.8 to 88.6 %; the commonest class would be 27 %.
it.each([
  ["boosting", boosting(), 0.84, "round"],
  ["a forest", forest({ trees: 100 }), 0.86, "tree"],
])("%s answers as well as the libraries known for it, and its artifact answers the same alone", async (_, genome, bar, unit) => {
  const shard = clusters(3000);
  const control = await recordingControl();
  const output = await run(input(genome, [await writeShard(shard)]), control);
  expect(output.validation!.accuracy.value).toBeGreaterThan(bar);
  expect(output).toMatchObject({ rows: 2000, backend: null, threads: 1, epochs: genome.family === "boosting" ? 150 : 100 });
  expect(output.curve.at(-1)!.loss).toBeLessThan(output.curve[0]!.loss);
  expect(control.reported.at(-1)).toMatchObject({ done: output.epochs, total: output.epochs, unit });
  const predictor = loadPredictor(await readFile(output.artifact.path), await readFile(output.weights.path), output.artifact.sha256);
  const { classes } = predictor.predict(shard.featureValues, shard.windows);
  const right = classes.filter((answer, window) => answer === shard.label[window] && window % 3 === 0).length;
  expect(right / 1000).toBeCloseTo(output.validation!.accuracy.value, 9);
});

const SMALL = [
  ["boosting", boosting({ rounds: 30 })],
  ["a forest", forest({ trees: 30 })],
] as const;

describe.each(SMALL)("%s", (_, genome) => {
  it("gives the same bits for the same seed and others for another, and goes on from any checkpoint to the same bits", async () => {
    const path = await writeShard(clusters(600));
    const control = await recordingControl();
    const whole = await run(input(genome, [path], { checkpointEverySeconds: 0 }), control);
    const [again, other] = [
      await run(input(genome, [path]), await recordingControl()),
      await run(input(genome, [path], { seed: 2 }), await recordingControl()),
    ];
    expect(again.weights.sha256).toBe(whole.weights.sha256);
    expect(other.weights.sha256).not.toBe(whole.weights.sha256);
    const checkpoint = control.reported.at(-2)!.detail!["checkpoint"] as string;
    const resumed = await run(input(genome, [path], { checkpoint }), await recordingControl());
    expect(resumed.resumed).toEqual({ epochs: 29 });
    expect(resumed.weights.sha256).toBe(whole.weights.sha256);
    expect(resumed.curve).toEqual(whole.curve);
    expect(resumed.validation).toEqual(whole.validation);
  });

  it("learns from where values are missing, and leaves constant and empty columns alone", async () => {
    // Feature 0 is missing in one class and nowhere else; 1 is constant, 2 never measured, 3 and 4 are noise.
    const shard = syntheticShard({
      windows: 900,
      split: (window) => (window % 3 === 0 ? "validation" : "train"),
      change: ({ featureValues, label }) => {
        for (const [window, one] of label.entries()) {
          if (one === 1) featureValues[window * 5] = NaN;
          featureValues[window * 5 + 1] = 4;
          featureValues[window * 5 + 2] = NaN;
        }
      },
    });
    const output = await run(input(genome, [await writeShard(shard)]), await recordingControl());
    expect(output.validation!.accuracy.value).toBeGreaterThan(0.99);
    const predictor = loadPredictor(await readFile(output.artifact.path), await readFile(output.weights.path));
    expect([...predictor.predict(Float32Array.of(NaN, 4, NaN, 10, 10, 10, 4, NaN, 10, 10), 2).classes]).toEqual([1, 0]);
  });

  it("learns beside a class of one row and one of none, and from columns that are all constant", async () => {
    const options = { windows: 400, classes: ["rest", "walk", "rare", "never"] };
    const rare = syntheticShard({
      ...options,
      change: ({ label }) => label.forEach((_, window) => (label[window] = window === 7 ? 2 : window % 2)),
    });
    const output = await run(input(genome, [await writeShard(rare)]), await recordingControl());
    const predictor = loadPredictor(await readFile(output.artifact.path), await readFile(output.weights.path));
    const { probabilities } = predictor.predict(rare.featureValues, 400);
    for (let row = 0; row < 400; row += 1) {
      expect(probabilities.subarray(4 * row, 4 * row + 4).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
      expect(probabilities[4 * row + 3]).toBeLessThan(0.01);
    }
    const flat = syntheticShard({
      windows: 90,
      change: ({ featureValues, label }) => (featureValues.fill(3), label.forEach((_, row) => (label[row] = row % 3 === 0 ? 1 : 0))),
    });
    const constant = await run(input(genome, [await writeShard(flat)]), await recordingControl());
    const shares = loadPredictor(await readFile(constant.artifact.path), await readFile(constant.weights.path)).predict(
      flat.featureValues,
      90,
    );
    expect(shares.probabilities[0]).toBeCloseTo(2 / 3, 1);
    expect(new Set(shares.classes)).toEqual(new Set([0]));
  });

  it("F28: is refused with fewer trees than its genome names, and with scaling that it does not have", async () => {
    const output = await run(input(genome, [await writeShard(syntheticShard({ windows: 200 }))]), await recordingControl());
    const [json, weights] = [await readFile(output.artifact.path, "utf8"), await readFile(output.weights.path)];
    const refused = (change: (artifact: ReturnType<typeof artifactSchema.parse>) => void) => {
      const artifact = artifactSchema.parse(JSON.parse(json));
      change(artifact);
      expect(() => loadPredictor(Buffer.from(JSON.stringify(artifact)), weights)).toThrow(
        expect.objectContaining({ code: "ARTIFACT_CORRUPT" }),
      );
    };
    refused((artifact) => void (artifact.genome = genome.family === "forest" ? { ...genome, trees: 31 } : { ...genome, rounds: 31 }));
    refused((artifact) => void (artifact.genome = genome.family === "forest" ? boosting() : forest()));
    refused((artifact) => void (artifact.scaling = { mean: [0, 0, 0, 0, 0], sd: [1, 1, 1, 1, 1], clip: 5 }));
    refused((artifact) => void artifact.classes.push("third"));
    refused((artifact) => void (artifact.input.kind === "features" && artifact.input.names.splice(1)));
  });
});

it("F01: boosting killed with -9 in the middle of training ends in the bits of an unbroken one", async () => {
  const path = await writeShard(clusters(3000));
  const genome = boosting({ rounds: 60, leaves: 31 });
  const whole = await run(input(genome, [path]), await recordingControl());
  const folder = await temporaryFolder();
  const child = fork(new URL("../../lib/compute/child.ts", import.meta.url), { execArgv: [] });
  const ended = once(child, "exit");
  child.send({ job: "train-model", input: input(genome, [path], { checkpointEverySeconds: 0 }), folder } satisfies ToChild);
  const saved = async () => (await readdir(folder)).map((name) => Number(/^checkpoint-(\d+)\.bin$/.exec(name)?.[1] ?? 0));
  while (child.exitCode === null && !(await saved()).some((round) => round >= 5)) await sleep(2);
  child.kill("SIGKILL");
  expect(await ended).toEqual([null, "SIGKILL"]);
  const checkpoint = join(folder, `checkpoint-${Math.max(...(await saved()))}.bin`);
  const resumed = await run(input(genome, [path], { checkpoint }), await recordingControl());
  expect((resumed.resumed as { epochs: number }).epochs).toBeLessThan(60);
  expect(resumed.weights.sha256).toBe(whole.weights.sha256);
});
