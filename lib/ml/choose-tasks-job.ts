import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Job } from "../compute/job.ts";
import { planQueue, type PlannedTask, type QueueCandidate } from "../domain/annotation/plan.ts";
import { permutation, randomFor } from "../domain/random.ts";
import { annotationSchema, type AnnotationSpec } from "../domain/spec-annotation.ts";
import type { WindowShard } from "../domain/window-shard.ts";
import { readModel } from "./model-files.ts";
import { predictorOf } from "../domain/score/predictor.ts";
import { gather, readShard, windowsOf } from "./window-rows.ts";

const place = { subject: z.string(), recording: z.string(), from: z.number(), to: z.number() };
const predictionSchema = z.object({
  ...place,
  startUs: z.number(),
  predicted: z.string(),
  confidence: z.number(),
  claimed: z.string().nullable(),
  before: z.string().nullable(),
  /** Drawn at random, in this order, from all windows without a label. */
  drawn: z.boolean(),
});
export type SeenPrediction = z.infer<typeof predictionSchema>;
const fileSchema = z.object({ predictions: z.array(predictionSchema), asked: z.array(z.object(place)) });

export interface ChooseInput {
  readonly annotation: AnnotationSpec;
  readonly seed: number;
  /** Files of the model that predicted, for what it would say of gold samples. */
  readonly artifact: string;
  readonly artifactSha256: string;
  readonly weights: string;
  /** Files of the window set that it predicted. */
  readonly shards: readonly string[];
  /** File with the predictions to choose from, and the windows that are no gold samples any more. */
  readonly candidates: string;
}

/** A task of the queue, in its order. */
export type ChosenTask = Omit<SeenPrediction, "before" | "drawn"> & Omit<PlannedTask, "candidate"> & { readonly gold: string | null };

/** Gold samples are chosen among this many times as many windows, so that most classes are among them. */
const GOLD_POOL = 20;
/** Features that windows are told apart by; of more, as many at even distances: neighbours say nearly the same. */
const MOST_FEATURES = 128;
/** Purpose of the seed. */
const GOLD = 21;

/**
 * Chooses what annotators are asked, from a model's predictions and from training windows whose label is known, and puts
 * it in order.
 * @throws SensorloopError ARTIFACT_CORRUPT, OBJECT_CORRUPT
 */
export const run: Job<ChooseInput, readonly ChosenTask[]> = async (input, control) => {
  const annotation = annotationSchema.parse(input.annotation);
  const { predictions, asked } = fileSchema.parse(JSON.parse(await readFile(input.candidates, "utf8")));
  const model = readModel(await readFile(input.artifact), await readFile(input.weights), input.artifactSha256);
  const predictor = predictorOf(model);
  const wanted = new Map(predictions.map((prediction, index) => [keyOf(prediction), index]));
  const features = new Map<number, Float32Array>();
  const gold: { prediction: SeenPrediction; gold: string; features: Float32Array }[] = [];
  const known = new Set(asked.map(keyOf));
  const chance = randomFor(input.seed, GOLD);
  const pool = Math.ceil((GOLD_POOL * annotation.tasks.gold) / Math.max(1, input.shards.length));
  for (const [done, path] of input.shards.entries()) {
    const shard = await readShard(path);
    for (const window of windowsOf(shard, { splits: ["holdout", "unlabelled"], dense: false, subjects: null })) {
      const index = wanted.get(keyOf(placeOf(shard, window)));
      if (index !== undefined) features.set(index, featuresOf(shard, window));
    }
    const labelled = windowsOf(shard, { splits: ["train"], dense: false, subjects: null }).filter(
      (window) => shard.label[window]! >= 0 && !known.has(keyOf(placeOf(shard, window))),
    );
    const drawn = [...permutation(chance, labelled.length).subarray(0, pool)].map((at) => labelled[at]!);
    const values = gather(shard, drawn, model.artifact.input);
    const answers = predictor.predict(values, drawn.length);
    for (const [row, window] of drawn.entries()) {
      const prediction = {
        ...placeOf(shard, window),
        startUs: shard.startUs[window]!,
        predicted: model.artifact.classes[answers.classes[row]!]!,
        confidence: answers.confidence[row]!,
        ...{ claimed: null, before: null, drawn: false },
      };
      gold.push({ prediction, gold: shard.classes[shard.label[window]!]!, features: featuresOf(shard, window) });
    }
    control.progress({ done: done + 1, total: input.shards.length, unit: "shard" });
  }

  const recordings = new Map<string, number>();
  const numberOf = ({ subject, recording }: SeenPrediction) => {
    const name = JSON.stringify([subject, recording]);
    return recordings.get(name) ?? recordings.set(name, recordings.size).size - 1;
  };
  const width = features.values().next().value?.length ?? gold[0]?.features.length ?? 0;
  const none = new Float32Array(width).fill(NaN);
  const candidateOf = (prediction: SeenPrediction, values: Float32Array, isGold: boolean): QueueCandidate => ({
    doubt: doubtOf(prediction),
    at: numberOf(prediction),
    ...{ from: prediction.from, to: prediction.to, features: values, confidence: prediction.confidence },
    ...{ drawn: prediction.drawn, gold: isGold, contradicted: prediction.claimed !== null },
    disputed: prediction.before !== null && prediction.before !== prediction.predicted,
  });
  const all = [...predictions.map((prediction) => ({ prediction, gold: null })), ...gold];
  const candidates = all.map(({ prediction, gold: truth, ...each }, index) =>
    candidateOf(prediction, "features" in each ? each.features : (features.get(index) ?? none), truth !== null),
  );
  return planQueue(candidates, annotation, input.seed).map(({ candidate, reason, wanted: answers }) => {
    const { prediction, gold: truth } = all[candidate]!;
    const { drawn: _, before: __, ...rest } = prediction;
    return { ...rest, reason, wanted: answers, gold: reason === "gold" ? truth : null };
  });
};

/** How much there is to learn: from a mistake the more, the surer it was made. */
function doubtOf({ confidence, claimed }: SeenPrediction): number {
  return claimed === null ? 1 - confidence : Math.max(confidence, 1 - confidence);
}

function placeOf(shard: WindowShard, window: number) {
  const subject = shard.subjects[shard.subject[window]!]!;
  return { subject, recording: shard.recordings[shard.recording[window]!]!, from: shard.from[window]!, to: shard.to[window]! };
}

function keyOf({ subject, recording, from, to }: { subject: string; recording: string; from: number; to: number }): string {
  return JSON.stringify([subject, recording, from, to]);
}

/** What windows are told apart by: their features, or mean and deviation of each channel where they have none. */
function featuresOf(shard: WindowShard, window: number): Float32Array {
  const width = shard.features.length;
  if (width > 0) {
    const step = Math.max(1, width / MOST_FEATURES);
    const from = window * width;
    return Float32Array.from(
      { length: Math.min(width, MOST_FEATURES) },
      (_, column) => shard.featureValues[from + Math.floor(column * step)]!,
    );
  }
  const channels = shard.samples > 0 ? shard.channels.length : 0;
  const from = window * shard.samples * channels;
  return Float32Array.from({ length: 2 * channels }, (_, at) => {
    const channel = at >> 1;
    const values = Array.from({ length: shard.samples }, (_unused, sample) => shard.signals[from + sample * channels + channel]!);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return at % 2 === 0 ? mean : Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  });
}
