import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { JobControl } from "../compute/job.ts";
import { columnsOf } from "../domain/artifact-input.ts";
import { SensorloopError } from "../domain/errors.ts";
import { productsOf } from "../domain/layers.ts";
import { measure } from "../domain/metrics.ts";
import type { Metrics } from "../domain/metrics-schema.ts";
import { encodeOutcomes } from "../domain/outcomes.ts";
import type { Model, ModelPart } from "../domain/score/model.ts";
import { plainScorer, predictorOf } from "../domain/score/predictor.ts";
import type { Answers, PartScorer, Predictor } from "../domain/score/predictor.ts";
import { SPLITS } from "../domain/window-shard.ts";
import type { Split, WindowShard } from "../domain/window-shard.ts";
import { loadBackend } from "./backend.ts";
import { readModel, sha256 } from "./model-files.ts";
import { openScorer } from "./scorer.ts";
import type { Scorer } from "./scorer.ts";
import { gather, indexer, readShard, readSubjects, windowsOf } from "./window-rows.ts";

export interface ScoreInput {
  /** Files of the model. */
  readonly artifact: string;
  readonly weights: string;
  readonly artifactSha256?: string;
  /** Files of the window set, always in the same order: the hash of a split depends on it. */
  readonly shards: readonly string[];
  readonly splits: readonly Split[];
  /** Features and channels at hand; all that the windows have without it. */
  readonly columns?: readonly string[];
  /** File with a JSON array of subjects, whose windows alone are answered; all without it. */
  readonly subjects?: string;
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
  checkColumns(model, input.columns);
  const selection = {
    splits: input.splits,
    dense: false,
    subjects: input.subjects === undefined ? null : await readSubjects(input.subjects),
  };
  const sides = new Map(input.splits.map((split) => [split, newSide(model)]));
  const predictions = { path: join(control.folder, "predictions.ndjson"), hash: createHash("sha256"), bytes: 0 };
  let rows = 0;
  let latencyUs: number | null = null;

  async function* lines(): AsyncGenerator<Buffer> {
    for (const [index, path] of input.shards.entries()) {
      const shard = await readShard(path);
      const windows = windowsOf(shard, selection);
      const values = gather(shard, windows, model.artifact.input);
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

/** @throws SensorloopError REQUEST_INVALID where the model reads what is not at hand */
function checkColumns({ artifact }: Model, columns: readonly string[] | undefined): void {
  if (columns === undefined) return;
  const { channels, features } = columnsOf(artifact.input);
  const allowed = new Set(columns);
  const missing = [...channels, ...features].filter((name) => !allowed.has(name));
  if (missing.length === 0) return;
  throw new SensorloopError(
    "REQUEST_INVALID",
    `the model reads ${missing.length} inputs that are not at hand: ${missing.slice(0, 5).join(", ")}`,
    { facts: { missing } },
  );
}

/** Much work goes to TensorFlow, part by part; trees and little work are answered in place. */
async function answer(model: Model, predictor: Predictor, values: Float32Array, count: number): Promise<Answers> {
  const isMuch = (part: ModelPart) => part.kind === "network" && productsOf(part.layers) * count >= TENSORFLOW_FROM;
  if (!model.parts.some(isMuch)) return predictor.predict(values, count);
  const backend = await loadBackend();
  const opened: Scorer[] = [];
  try {
    const scorers: PartScorer[] = [];
    for (const part of model.parts) {
      if (part.kind === "trees" || !isMuch(part)) {
        scorers.push(plainScorer(part, model));
        continue;
      }
      const scorer = await openScorer(backend, part.layers, part.input);
      opened.push(scorer);
      scorers.push((rows) => scorer.score(part.weights, rows));
    }
    return predictorOf(model, scorers).predict(values, count);
  } finally {
    for (const scorer of opened) scorer.dispose();
  }
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
