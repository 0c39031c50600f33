import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Job } from "../compute/job.ts";
import type { LabelGain } from "../domain/api/nights.ts";
import { permutation, randomFor } from "../domain/random.ts";
import type { Genome } from "../domain/spec.ts";
import type { WindowShard } from "../domain/window-shard.ts";
import { learnAndMeasure } from "./learner-of.ts";
import { readShard, selectRows, windowsOf, type LabelledRows } from "./window-rows.ts";

/** The stretch that a label of the batch in question holds, and whether its window was chosen or drawn at random. */
const newLabelSchema = z.object({
  subject: z.string(),
  recording: z.string(),
  from: z.number(),
  to: z.number(),
  random: z.boolean(),
});
export type NewLabel = z.infer<typeof newLabelSchema>;

export interface GainInput {
  /** What learns, the same each time: only its rows differ. */
  readonly genome: Genome;
  readonly shards: readonly string[];
  /** Windows of the training before; a window that had a label in it counts as labelled then. */
  readonly earlier: readonly string[];
  readonly columns?: readonly string[];
  /** File with a JSON array of `NewLabel`, in samples of the windows' rate. */
  readonly labels: string;
  readonly metric: LabelGain["metric"];
  readonly seed: number;
}

/** Fewer labels at random say nothing of what labels at random buy. */
const LEAST_RANDOM = 5;
/** Purpose of the stream of random numbers; part of its key. */
const DRAW = 73;

/**
 * What a batch of labels bought: the holdout's figure of one genome without the batch, with the labels that were chosen,
 * and with equally many of those drawn at random. A label counts where it gave a window to train on that had none before:
 * not where it is about people who are never trained on, nor where it corrects what was labelled (such windows are in all
 * three figures as they are labelled now). Stretches that overlap, as of two answers to one task, count once. Where fewer
 * were drawn than chosen, as many chosen ones are left out, by lot, as the comparison needs. The holdout is only reported
 * on: nothing is chosen by it.
 * @returns null where no label counts
 * @throws SensorloopError TOO_LITTLE_DATA, TENSORFLOW_UNAVAILABLE, TRAINING_DIVERGED
 */
export const run: Job<GainInput, LabelGain | null> = async (input, control) => {
  const { genome, shards, earlier, columns, labels: path, metric, seed } = input;
  const labels = z.array(newLabelSchema).parse(JSON.parse(await readFile(path, "utf8")));
  const bought = await windowsBought(shards, earlier, labels);
  const counted = (some: readonly NewLabel[]) => stretches(some).filter((stretch) => bought.touch(stretch));
  const random = counted(labels.filter((label) => label.random));
  const chosen = counted(labels.filter((label) => !label.random));
  if (random.length + chosen.length === 0) return null;
  const comparable = random.length >= LEAST_RANDOM && chosen.length > 0;
  const size = comparable ? Math.min(random.length, chosen.length) : chosen.length || random.length;
  const holdout = await selectRows({ genome, shards, columns, subjects: null, splits: ["holdout"], dense: false });
  let done = 0;
  const figureWith = async (batch: readonly NewLabel[]): Promise<number> => {
    const wanted = overlapping(batch);
    const keep = (shard: WindowShard, window: number) => !bought.has(shard, window) || wanted(shard, window);
    const rows: LabelledRows = await selectRows({ genome, shards, columns, subjects: null, splits: ["train"], dense: true, keep });
    const metrics = await learnAndMeasure(genome, rows, holdout, seed);
    control.progress({ done: ++done, total: comparable ? 3 : 2, unit: "trainings" });
    return metrics[metric].value;
  };
  const before = await figureWith([]);
  const withChosen = await figureWith(drawn(chosen.length > 0 ? chosen : random, size, seed));
  const note =
    chosen.length === 0
      ? "All of these labels were drawn at random."
      : `Drawn at random: ${random.length}; at least ${LEAST_RANDOM} are needed to compare.`;
  return {
    labels: size,
    metric,
    before,
    chosen: withChosen,
    random: comparable ? await figureWith(drawn(random, size, seed)) : null,
    note: comparable ? null : note,
  };
};

/** Windows that may be trained on because of labels, and could not before. */
interface Bought {
  has(shard: WindowShard, window: number): boolean;
  /** Whether a label shares a sample with one of them. */
  touch(label: NewLabel): boolean;
}

async function windowsBought(shards: readonly string[], earlier: readonly string[], labels: readonly NewLabel[]): Promise<Bought> {
  const all = overlapping(labels);
  const labelled = async (paths: readonly string[]) => {
    const found = new Map<string, { from: number; to: number; place: string }>();
    for (const path of paths) {
      const shard = await readShard(path);
      for (const window of windowsOf(shard, { splits: ["train"], dense: true, subjects: null, keep: all })) {
        if (shard.label[window]! < 0) continue;
        found.set(nameOf(shard, window), { from: shard.from[window]!, to: shard.to[window]!, place: placeOf(shard, window) });
      }
    }
    return found;
  };
  const windows = await labelled(shards);
  for (const name of (await labelled(earlier)).keys()) windows.delete(name);
  const byPlace = Map.groupBy(windows.values(), ({ place }) => place);
  return {
    has: (shard, window) => windows.has(nameOf(shard, window)),
    touch: (label) => byPlace.get(keyOf(label))?.some(({ from, to }) => label.from < to && label.to > from) ?? false,
  };
}

/** Labels that overlap as one, in the order of their recordings. */
function stretches(labels: readonly NewLabel[]): NewLabel[] {
  return [...Map.groupBy(labels, keyOf).values()].flatMap((same) => {
    const apart: NewLabel[] = [];
    for (const label of same.toSorted((left, right) => left.from - right.from)) {
      const last = apart.at(-1);
      if (last && label.from < last.to) apart[apart.length - 1] = { ...last, to: Math.max(last.to, label.to) };
      else apart.push(label);
    }
    return apart;
  });
}

/** Whether a window shares a sample with one of the labels. */
function overlapping(labels: readonly NewLabel[]): (shard: WindowShard, window: number) => boolean {
  const known = Map.groupBy(labels, keyOf);
  return (shard, window) =>
    known.get(placeOf(shard, window))?.some(({ from, to }) => from < shard.to[window]! && to > shard.from[window]!) ?? false;
}

function keyOf({ subject, recording }: Pick<NewLabel, "subject" | "recording">): string {
  return `${subject}\n${recording}`;
}

function placeOf(shard: WindowShard, window: number): string {
  return keyOf({ subject: shard.subjects[shard.subject[window]!]!, recording: shard.recordings[shard.recording[window]!]! });
}

function nameOf(shard: WindowShard, window: number): string {
  return `${placeOf(shard, window)}\n${shard.from[window]} ${shard.to[window]}`;
}

function drawn(labels: readonly NewLabel[], size: number, seed: number): NewLabel[] {
  const order = permutation(randomFor(seed, DRAW, labels.length), labels.length);
  return Array.from(order.subarray(0, size), (place) => labels[place]!);
}
