import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { JobControl } from "../compute/job.ts";
import { SensorloopError } from "../domain/errors.ts";
import { productsOf, widthOf } from "../domain/layers.ts";
import { measure } from "../domain/metrics.ts";
import type { Metrics } from "../domain/metrics-schema.ts";
import { encodeOutcomes } from "../domain/outcomes.ts";
import { applyScaling } from "../domain/scaling.ts";
import { SPLITS } from "../domain/window-shard.ts";
import type { Split, WindowShard } from "../domain/window-shard.ts";
import { loadBackend } from "./backend.ts";
import { readModel, sha256 } from "./model-files.ts";
import type { Model } from "./model-files.ts";
import { checked, predictorOf } from "./predictor.ts";
import type { Predictor } from "./predictor.ts";
import { bestOf, tensorflowScorer } from "./scorer.ts";
import { gatherRows, indexer, readShard, sourceOf, valuesOf, windowsOf } from "./window-rows.ts";

export interface ScoreInput {
  /** Files of the model. */
  readonly artifact: string;
  readonly weights: string;
  readonly artifactSha256?: string;
  /** Files of the window set, always in the same order: the hash of a split depends on it. */
  readonly shards: readonly string[];
  readonly splits: readonly Split[];
  /** Whether the split lets one person stand on both sides. */
  readonly leaking: boolean;
  readonly uncertainBelow?: number;
  readonly seed?: number;
}

export interface ScoreOutput {
  readonly rows: number;
  readonly splits: readonly SplitScore[];
  /** NDJSON, one `PredictionRow` a line. */
  readonly predictions: ScoredFile;
  /** Median time to answer one window alone, in plain TypeScript; null without a window. */
  readonly latencyUs: number | null;
  readonly seconds: number;
}

export interface SplitScore {
  readonly split: Split;
  readonly rows: number;
  readonly labelled: number;
  /** Null without a labelled window. */
  readonly metrics: Metrics | null;
  /** In the format of `outcomes.ts`, labelled windows only. */
  readonly outcomes: ScoredFile | null;
  /** SHA-256 of the labelled windows and their labels, in order: equal hashes are the same holdout. */
  readonly windowsSha256: string;
}

interface ScoredFile {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** One window's answer; `actual` is null without a label. */
export interface PredictionRow {
  readonly subject: string;
  readonly recording: string;
  readonly from: number;
  readonly to: number;
  readonly startUs: number;
  readonly split: Split;
  readonly actual: string | null;
  readonly predicted: string;
  readonly confidence: number;
}

/** From this many products on, loading TensorFlow (about half a second) pays. */
const TENSORFLOW_FROM = 1e9;
const LATENCY_SAMPLES = 100;

/**
 * Answers the windows of some sides of the split, the denser extra ones left out, and measures the labelled ones.
 * @throws SensorloopError ARTIFACT_CORRUPT; REQUEST_INVALID where the windows lack what the model reads
 */
export async function run(input: ScoreInput, control: JobControl): Promise<ScoreOutput> {
  const started = performance.now();
  const model = readModel(await readFile(input.artifact), await readFile(input.weights), input.artifactSha256);
  const predictor = predictorOf(model);
  await mkdir(control.folder, { recursive: true });
  const sides = new Map(input.splits.map((split) => [split, newSide(model)]));
  const predictions = { path: join(control.folder, "predictions.ndjson"), hash: createHash("sha256"), bytes: 0 };
  let rows = 0;
  let latencyUs: number | null = null;

  async function* lines(): AsyncGenerator<Buffer> {
    for (const [index, path] of input.shards.entries()) {
      const shard = await readShard(path);
      const windows = windowsOf(shard, { splits: input.splits, dense: false });
      const values = readByModel(shard, windows, model);
      const answers = await answer(model, predictor, values, windows.length);
      latencyUs ??= latencyOf(predictor, values, windows.length);
      rows += windows.length;
      const text: string[] = [];
      for (const [place, window] of windows.entries()) {
        const row = rowOf(shard, window, model.artifact.classes[answers.classes[place]!]!, answers.confidence[place]!);
        collect(sides.get(row.split)!, row, answers.classes[place]!);
        text.push(JSON.stringify(row));
      }
      if (text.length > 0) {
        const chunk = Buffer.from(`${text.join("\n")}\n`);
        predictions.hash.update(chunk);
        predictions.bytes += chunk.length;
        yield chunk;
      }
      control.progress({ done: index + 1, total: input.shards.length, unit: "shard", detail: { rows } });
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(predictions.path));

  const splits: SplitScore[] = [];
  for (const [split, side] of sides) splits.push(await finish(split, side, input, control.folder));
  const { path, hash, bytes } = predictions;
  const seconds = (performance.now() - started) / 1000;
  return { rows, splits, predictions: { path, sha256: hash.digest("hex"), bytes }, latencyUs, seconds };
}

/** The answers of one side of the split while they come in. */
interface Side {
  rows: number;
  readonly classes: ReturnType<typeof indexer>;
  readonly subjects: ReturnType<typeof indexer>;
  readonly subject: number[];
  readonly actual: number[];
  readonly predicted: number[];
  readonly confidence: number[];
  readonly hash: ReturnType<typeof createHash>;
}

function newSide({ artifact }: Model): Side {
  const classes = indexer();
  for (const label of artifact.classes) classes.indexOf(label);
  return { rows: 0, classes, subjects: indexer(), subject: [], actual: [], predicted: [], confidence: [], hash: createHash("sha256") };
}

function collect(side: Side, row: PredictionRow, predicted: number): void {
  side.rows += 1;
  if (row.actual === null) return;
  side.subject.push(side.subjects.indexOf(row.subject));
  side.actual.push(side.classes.indexOf(row.actual));
  side.predicted.push(predicted);
  side.confidence.push(row.confidence);
  side.hash.update(JSON.stringify([row.subject, row.recording, row.from, row.to, row.actual]));
}

async function finish(split: Split, side: Side, { leaking, uncertainBelow, seed }: ScoreInput, folder: string): Promise<SplitScore> {
  const labelled = side.actual.length;
  const facts = { split, rows: side.rows, labelled, windowsSha256: side.hash.digest("hex") };
  if (labelled === 0) return { ...facts, metrics: null, outcomes: null };
  const outcomes = {
    classes: side.classes.names,
    subjects: side.subjects.names,
    subject: Int32Array.from(side.subject),
    actual: Int32Array.from(side.actual),
    predicted: Int32Array.from(side.predicted),
    confidence: Float32Array.from(side.confidence),
  };
  const bytes = encodeOutcomes(outcomes);
  const path = join(folder, `outcomes-${split}.bin`);
  await writeFile(path, bytes);
  return {
    ...facts,
    metrics: measure(outcomes, { leaking, uncertainBelow, seed }),
    outcomes: { path, sha256: sha256(bytes), bytes: bytes.length },
  };
}

/**
 * Values of the windows as the model reads them: by the names of its features or channels, wherever these stand now.
 * @throws SensorloopError REQUEST_INVALID
 */
function readByModel(shard: WindowShard, windows: readonly number[], { artifact, input }: Model): Float32Array {
  const { genome, input: reads } = artifact;
  const source = sourceOf(shard, genome.family);
  const wanted = reads.kind === "features" ? reads.names : reads.channels;
  const missing = wanted.filter((name) => !source.names.includes(name));
  if (missing.length > 0) {
    throw new SensorloopError(
      "REQUEST_INVALID",
      `the windows lack ${missing.length} inputs of the model: ${missing.slice(0, 5).join(", ")}`,
      { facts: { missing } },
    );
  }
  if (input.kind === "signal" && input.samples !== shard.samples) {
    throw new SensorloopError("REQUEST_INVALID", `the model reads windows of ${input.samples} samples, and these have ${shard.samples}`);
  }
  const rows = gatherRows(valuesOf(shard, genome.family), widthOf(source.input), windows);
  if (wanted.length === source.names.length && wanted.every((name, index) => name === source.names[index])) return rows;
  const places = wanted.map((name) => source.names.indexOf(name));
  const stride = source.names.length;
  const picked = new Float32Array((rows.length / stride) * places.length);
  for (let from = 0, to = 0; from < rows.length; from += stride) for (const place of places) picked[to++] = rows[from + place]!;
  return picked;
}

async function answer(model: Model, predictor: Predictor, values: Float32Array, count: number) {
  if (productsOf(model.layers) * count < TENSORFLOW_FROM) return predictor.predict(values, count);
  const { layers, tensors, input, artifact, weights } = model;
  const { tf } = await loadBackend();
  const scaled = applyScaling(artifact.scaling, values, new Float32Array(values.length));
  const probabilities = checked(tensorflowScorer(tf, layers, tensors, input)(weights, scaled));
  return bestOf(probabilities, artifact.classes.length);
}

function latencyOf(predictor: Predictor, values: Float32Array, count: number): number | null {
  const samples = Math.min(count, LATENCY_SAMPLES);
  const times = Float64Array.from({ length: samples }, (_, row) => {
    const one = values.subarray(row * predictor.width, (row + 1) * predictor.width);
    const started = performance.now();
    predictor.predict(one, 1);
    return 1000 * (performance.now() - started);
  }).sort();
  return times[samples >> 1] ?? null;
}

function rowOf(shard: WindowShard, window: number, predicted: string, confidence: number): PredictionRow {
  const label = shard.label[window]!;
  return {
    subject: shard.subjects[shard.subject[window]!]!,
    recording: shard.recordings[shard.recording[window]!]!,
    from: shard.from[window]!,
    to: shard.to[window]!,
    startUs: shard.startUs[window]!,
    split: SPLITS[shard.split[window]!]!,
    actual: label < 0 ? null : shard.classes[label]!,
    predicted,
    // Float32 tells no more digits apart near 1, and they would double the file.
    confidence: Math.round(confidence * 1e7) / 1e7,
  };
}
