import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cutSpec } from "../../lib/domain/cut.ts";
import { readSpec } from "../../lib/domain/spec-file.ts";
import { SPLITS, decodeWindowShard, type WindowShard } from "../../lib/domain/window-shard.ts";
import { run as listRecordings } from "../../lib/store/recordings-job.ts";
import { run as makeWindows, type WindowJobOutput } from "../../lib/store/window-job.ts";
import { writeHarParts } from "../support/clean-parts.ts";
import { recordingsAt } from "../support/recordings.ts";

const archive = recordingsAt("uci_har_raw", "hapt_raw.zip");
const official = recordingsAt("uci_har_test", "y_test.txt");
const SAMPLES = 128;
const GAITS = ["walking", "upstairs", "downstairs"] as const;
const OFFICIAL_NAMES = [
  "total_acc_x",
  "total_acc_y",
  "total_acc_z",
  "body_gyro_x",
  "body_gyro_y",
  "body_gyro_z",
  "body_acc_x",
  "body_acc_y",
  "body_acc_z",
];

describe.skipIf(!archive || !official)("UCI HAR's official windows, rebuilt from the raw signals (skipped without the recordings)", () => {
  let folder: string;
  let shard: WindowShard;
  let output: WindowJobOutput;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "har-"));
    const text = await readFile(new URL("../../examples/har/spec.yaml", import.meta.url), "utf8");
    // Its rotated copies are another test's; here they would only take time.
    const spec = cutSpec(readSpec(text, "spec.yaml"), { rotateDegrees: 0 });
    const parts = await writeHarParts(archive!, folder, spec);
    const control = { folder, progress: () => {} };
    const listing = await listRecordings({ parts, spec, shards: 1, twins: [] }, control);
    const subjects = JSON.parse(await readFile(listing.units, "utf8")) as string[];
    const split = join(folder, "split.json");
    const holdout = new Set(spec.split.holdout as string[]);
    await writeFile(
      split,
      JSON.stringify(Object.fromEntries(subjects.map((subject) => [subject, holdout.has(subject) ? "holdout" : "train"]))),
    );
    output = await makeWindows(
      { parts, spec, recordings: listing.shards[0]!.recordings, split, seed: 1, signals: true, outName: "windows.bin" },
      control,
    );
    shard = decodeWindowShard(new Uint8Array(await readFile(join(folder, "windows.bin"))));
  }, 240_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("has as many windows as the recipe gives, and each gait as often as the official lists", () => {
    const count = (label: string, side: string) => {
      let windows = 0;
      for (let row = 0; row < shard.windows; row++) {
        if (shard.dense[row] === 0 && shard.label[row] === shard.classes.indexOf(label) && SPLITS[shard.split[row]!] === side) windows++;
      }
      return windows;
    };
    expect(GAITS.map((label) => count(label, "train"))).toEqual([1226, 1073, 987]);
    expect(GAITS.map((label) => count(label, "holdout"))).toEqual([496, 471, 420]);
    expect(output.perSplit).toEqual({ train: 7415, validation: 0, holdout: 2996, unlabelled: 0, dense: 14_535 - 7415, rotated: 0 });
  });

  it("has the signals of each official gait window, one to one, within 5e-3 a channel on average", async () => {
    const channels = await Promise.all(OFFICIAL_NAMES.map((name) => officialSignals(name)));
    const [labels, subjects] = await Promise.all([officialNumbers("y_test.txt"), officialNumbers("subject_test.txt")]);
    const width = shard.channels.length;
    const errors = new Float64Array(OFFICIAL_NAMES.length);
    const taken = new Set<number>();
    let compared = 0;
    for (const [window, label] of labels.entries()) {
      if (label > 3) continue;
      const near = nearest(channels[0]!, window, label - 1, String(subjects[window]));
      expect(taken.has(near)).toBe(false);
      taken.add(near);
      compared++;
      for (const [channel, values] of channels.entries()) {
        for (let at = 0; at < SAMPLES; at++)
          errors[channel]! += Math.abs(values[window * SAMPLES + at]! - shard.signals[(near * SAMPLES + at) * width + channel]!) / SAMPLES;
      }
    }
    expect(compared).toBe(496 + 471 + 420);
    for (const error of errors) expect(error / compared).toBeLessThan(5e-3);
  }, 60_000);

  it("gives 1,339 features a window, none of them missing", () => {
    expect(shard.features).toHaveLength(1339);
    expect(shard.featureValues.findIndex((value) => !Number.isFinite(value))).toBe(-1);
  });

  /** The rebuilt window of the same person and class whose first channel is nearest. */
  function nearest(values: Float32Array, window: number, label: number, subject: string): number {
    const width = shard.channels.length;
    let best = -1;
    let least = Infinity;
    for (let row = 0; row < shard.windows; row++) {
      if (shard.dense[row] === 1 || shard.label[row] !== label || shard.subjects[shard.subject[row]!] !== subject) continue;
      let distance = 0;
      for (let at = 0; at < SAMPLES && distance < least; at++)
        distance += Math.abs(values[window * SAMPLES + at]! - shard.signals[(row * SAMPLES + at) * width]!);
      if (distance < least) {
        least = distance;
        best = row;
      }
    }
    return best;
  }
});

async function officialSignals(name: string): Promise<Float32Array> {
  const bytes = await readFile(recordingsAt("uci_har_test", `${name}_test.csv.gz`)!);
  return Float32Array.from(gunzipSync(bytes).toString("utf8").trim().split(/[,\n]/), Number);
}

async function officialNumbers(name: string): Promise<number[]> {
  return (await readFile(recordingsAt("uci_har_test", name)!, "utf8")).trim().split("\n").map(Number);
}
