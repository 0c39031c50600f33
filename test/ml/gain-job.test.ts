import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { genomeSchema } from "../../lib/domain/spec.ts";
import type { Genome } from "../../lib/domain/spec.ts";
import type { Split } from "../../lib/domain/window-shard.ts";
import { run as gain, type NewLabel } from "../../lib/ml/gain-job.ts";
import { recordingControl, syntheticShard, temporaryFolder, writeShard } from "./synthetic-windows.ts";

const logistic: Genome = genomeSchema.parse({ family: "logistic" });
/** A window's person, too, by its place among four. */
const SIDES: readonly Split[] = ["train", "train", "validation", "holdout"];
const WINDOWS = 400;

/** Windows of which those on the training side are labelled only where they are among `labelled`. */
const shardWith = (labelled: ReadonlySet<number>) =>
  syntheticShard({
    ...{ windows: WINDOWS, distance: 4, split: (window) => SIDES[window % 4]! },
    change: ({ label }) => label.forEach((_, window) => void (window % 4 < 2 && !labelled.has(window) && (label[window] = -1))),
  });

/** What someone says of a window; of overlapping answers each a little differently. */
const labelOf = (window: number, random: boolean, later = 0): NewLabel => ({
  ...{ subject: `person-${(window % 4) + 1}`, recording: `recording-${(window % 4) + 1}`, random },
  ...{ from: 64 * window + later, to: 64 * window + 128 + later },
});

async function measured(known: readonly number[], labels: readonly NewLabel[], said: readonly number[]) {
  const path = join(await temporaryFolder(), "labels.json");
  await writeFile(path, JSON.stringify(labels));
  const shards = [await writeShard(shardWith(new Set([...known, ...said])))];
  const earlier = [await writeShard(shardWith(new Set(known)))];
  return gain({ genome: logistic, shards, earlier, labels: path, metric: "accuracy", seed: 1 }, await recordingControl());
}

it("compares as many labels as gave a window to train on, whoever else was asked, however often, and of what was known", async () => {
  const { label } = syntheticShard({ windows: WINDOWS, distance: 4 });
  const trained = Array.from({ length: WINDOWS }, (_, window) => window).filter((window) => window % 4 < 2);
  const resting = trained.filter((window) => label[window] === 0);
  const walking = trained.filter((window) => label[window] === 1);
  // Only one class is known; chosen labels name the other, those drawn happen to say nothing new.
  const [known, chosen, drawn] = [resting.slice(0, 20), [...walking.slice(0, 15), ...resting.slice(20, 25)], resting.slice(25, 37)];
  const strangers = Array.from({ length: 30 }, (_, index) => 4 * index + 2);
  const labels = [
    ...chosen.flatMap((window) => [labelOf(window, false), labelOf(window, false, 5)]),
    ...drawn.map((window) => labelOf(window, true)),
    ...strangers.map((window) => labelOf(window, true)),
    ...known.map((window) => labelOf(window, false)),
  ];
  const output = (await measured(known, labels, [...chosen, ...drawn]))!;
  expect([output.labels, output.note]).toEqual([12, null]);
  expect(output.random).toBeCloseTo(output.before, 1);
  expect(output.chosen).toBeGreaterThan(output.before + 0.2);

  const before = await measured(
    [...known, ...chosen],
    [...known, ...chosen].map((window) => labelOf(window, false)),
    [],
  );
  expect(before, "corrections and strangers alone buy no window").toBeNull();
});
