import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Job } from "../compute/job.ts";
import type { LabelGain } from "../domain/api/nights.ts";
import { permutation, randomFor } from "../domain/random.ts";
import type { Genome } from "../domain/spec.ts";
import type { WindowShard } from "../domain/window-shard.ts";
import { learnAndMeasure } from "./learner-of.ts";
import { selectRows, type LabelledRows } from "./window-rows.ts";

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
 * and with equally many of those drawn at random. Where fewer were drawn than chosen, as many chosen ones are left out,
 * by lot, as the comparison needs. The holdout is only reported on: nothing is chosen by it.
 * @throws SensorloopError TOO_LITTLE_DATA, TENSORFLOW_UNAVAILABLE, TRAINING_DIVERGED
 */
export const run: Job<GainInput, LabelGain> = async ({ genome, shards, columns, labels: path, metric, seed }, control) => {
  const labels = z.array(newLabelSchema).parse(JSON.parse(await readFile(path, "utf8")));
  const random = labels.filter((label) => label.random);
  const chosen = labels.filter((label) => !label.random);
  const comparable = random.length >= LEAST_RANDOM && chosen.length > 0;
  const size = comparable ? Math.min(random.length, chosen.length) : chosen.length || random.length;
  const all = overlapping(labels);
  const holdout = await selectRows({ genome, shards, columns, subjects: null, splits: ["holdout"], dense: false });
  let done = 0;
  const figureWith = async (batch: readonly NewLabel[]): Promise<number> => {
    const wanted = overlapping(batch);
    const keep = (shard: WindowShard, window: number) => wanted(shard, window) || !all(shard, window);
    const rows: LabelledRows = await selectRows({ genome, shards, columns, subjects: null, splits: ["train"], dense: true, keep });
    const metrics = await learnAndMeasure(genome, rows, holdout, seed);
    control.progress({ done: ++done, total: comparable ? 3 : 2, unit: "trainings" });
    return metrics[metric].value;
  };
  const before = await figureWith([]);
  const withChosen = await figureWith(drawn(chosen.length > 0 ? chosen : random, size, seed));
  const note =
    chosen.length === 0
      ? "all of these labels were drawn at random"
      : `${random.length} labels were drawn at random; at least ${LEAST_RANDOM} are needed to compare`;
  return {
    labels: size,
    metric,
    before,
    chosen: withChosen,
    random: comparable ? await figureWith(drawn(random, size, seed)) : null,
    note: comparable ? null : note,
  };
};

/** Whether a window shares a sample with one of the labels. */
function overlapping(labels: readonly NewLabel[]): (shard: WindowShard, window: number) => boolean {
  const known = Map.groupBy(labels, ({ subject, recording }) => `${subject}\n${recording}`);
  return (shard, window) => {
    const place = `${shard.subjects[shard.subject[window]!]}\n${shard.recordings[shard.recording[window]!]}`;
    return known.get(place)?.some(({ from, to }) => from < shard.to[window]! && to > shard.from[window]!) ?? false;
  };
}

function drawn(labels: readonly NewLabel[], size: number, seed: number): NewLabel[] {
  const order = permutation(randomFor(seed, DRAW, labels.length), labels.length);
  return Array.from(order.subarray(0, size), (place) => labels[place]!);
}
