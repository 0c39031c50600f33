import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { specSchema } from "../../lib/domain/spec.ts";
import { SPLITS, decodeWindowShard, type WindowShard } from "../../lib/domain/window-shard.ts";
import { run as listRecordings } from "../../lib/store/recordings-job.ts";
import { run as makeWindows } from "../../lib/store/window-job.ts";
import { piecesAt, writeSamples, type CleanPart, type CleanRows } from "../support/clean-parts.ts";

const SAMPLES = 10;
const specOf = (rotateDegrees: number, split: object = {}) =>
  specSchema.parse({
    project: "p",
    title: "t",
    rateHz: 10,
    files: [
      {
        match: ".",
        subject: { column: "id" },
        label: { column: "label" },
        rateHz: 10,
        channels: { x: { sensor: "acc" }, y: { sensor: "acc" }, z: { sensor: "acc" }, heart: { sensor: "heart" } },
      },
    ],
    labels: { classes: ["walk", "sit"] },
    windows: { kind: "sliding", seconds: 1, overlap: 0.5, trainOverlap: 0.8, rotateDegrees },
    features: {
      groups: [{ triplets: { acc: ["x", "y", "z"] }, channels: ["heart"], signals: ["axes", "magnitude"], formulas: ["level"] }],
    },
    split,
  });
const rows = (count: number, label: string | null): CleanRows["rows"] =>
  Array.from({ length: count }, (_, at) => [at, null, label, Math.sin(at), Math.cos(3 * at), 1 + at / 40, 60 + at]);

describe("copies of training windows that are turned", () => {
  let folder: string;
  let parts: CleanPart[];
  const sides = { anna: "train", ben: "validation", dora: "holdout" };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "turned-"));
    const write = async (file: string, recordings: readonly CleanRows[]): Promise<CleanPart> => {
      const path = join(folder, `${file}.parquet`);
      await writeSamples(path, folder, ["x", "y", "z", "heart"], recordings);
      return { path, pieces: piecesAt(path), file, fileSpec: 0, role: "samples" };
    };
    parts = [
      await write("one", [
        { subject: "anna", recording: "a1", rows: rows(40, "walk") },
        { subject: "ben", recording: "b1", rows: rows(30, "sit") },
      ]),
      await write("two", [
        { subject: "carl", recording: "c1", rows: rows(35, null) },
        { subject: "dora", recording: "d1", rows: rows(30, "walk") },
      ]),
    ];
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function windowsOf(spec: ReturnType<typeof specOf>, { shards = 1, seed = 1 } = {}) {
    const control = { folder: await mkdtemp(join(folder, "run-")), progress: () => {} };
    const listing = await listRecordings({ parts, spec, shards, twins: [] }, control);
    const split = join(control.folder, "split.json");
    await writeFile(split, JSON.stringify(sides));
    return Promise.all(
      listing.shards.map(async (shard, index) => {
        const used = parts.filter(({ file }) => shard.parts.includes(file));
        const outName = `${index}.bin`;
        const output = await makeWindows({ parts: used, spec, recordings: shard.recordings, split, seed, signals: true, outName }, control);
        return { output, shard: decodeWindowShard(new Uint8Array(await readFile(join(control.folder, outName)))) };
      }),
    );
  }
  const describeRow = (shard: WindowShard, row: number) =>
    [
      shard.recordings[shard.recording[row]!],
      shard.from[row],
      SPLITS[shard.split[row]!],
      shard.dense[row],
      ...shard.signals.subarray(row * SAMPLES * 4, (row + 1) * SAMPLES * 4),
    ].join(" ");

  it("stand once behind each labelled window that may be learned from, dense ones included, and are never scored", async () => {
    const [{ output, shard }] = (await windowsOf(specOf(30))) as [Awaited<ReturnType<typeof windowsOf>>[number]];
    // Steps of 5 and of 2 in 40 rows: 7 and 12 more; in 30 rows: 5 and 8 more.
    expect(output.perSplit).toEqual({ train: 7, validation: 5, holdout: 5, unlabelled: 6, dense: 20, rotated: 32 });
    expect(output.windows).toBe(7 + 5 + 5 + 6 + 20 + 32);
    expect(output.perClass).toEqual({ walk: 12, sit: 5 });
    const dense = { train: 0, validation: 0, holdout: 0, unlabelled: 0 };
    for (let row = 0; row < shard.windows; row++) dense[SPLITS[shard.split[row]!]!] += shard.dense[row]!;
    expect(dense).toEqual({ train: 12 + 19, validation: 8 + 13, holdout: 0, unlabelled: 0 });
  });

  it("hold the turned samples of their window, and features computed of these", async () => {
    const [{ shard }] = (await windowsOf(specOf(30))) as [Awaited<ReturnType<typeof windowsOf>>[number]];
    const at = (row: number, sample: number) =>
      Array.from({ length: 4 }, (_, place) => shard.signals[(row * SAMPLES + sample) * 4 + place]!);
    const feature = (row: number, name: string) => shard.featureValues[row * shard.features.length + shard.features.indexOf(name)]!;
    let copies = 0;
    for (let row = 1; row < shard.windows; row++) {
      const before = row - 1;
      if (shard.from[row] !== shard.from[before] || shard.recording[row] !== shard.recording[before]) continue;
      copies++;
      let mean = 0;
      for (let sample = 0; sample < SAMPLES; sample++) {
        const [plain, turned] = [at(before, sample), at(row, sample)];
        expect(Math.hypot(turned[0]!, turned[1]!, turned[2]!)).toBeCloseTo(Math.hypot(plain[0]!, plain[1]!, plain[2]!), 5);
        expect(turned[3]).toBe(plain[3]);
        mean += turned[0]! / SAMPLES;
      }
      expect(feature(row, "acc.x.mean")).toBeCloseTo(mean, 5);
      expect(Math.abs(feature(row, "acc.x.mean") - feature(before, "acc.x.mean"))).toBeGreaterThan(1e-4);
      expect(feature(row, "acc.magnitude.mean")).toBeCloseTo(feature(before, "acc.magnitude.mean"), 5);
      expect(feature(row, "heart.mean")).toBe(feature(before, "heart.mean"));
    }
    expect(copies).toBe(32);
  });

  it("are the same in one shard as in several, and others for another seed", async () => {
    const all = async (options: { shards?: number; seed?: number }) =>
      (await windowsOf(specOf(30), options)).flatMap(({ shard }) =>
        Array.from({ length: shard.windows }, (_, row) => describeRow(shard, row)),
      );
    const one = (await all({})).sort();
    expect((await all({ shards: 3 })).sort()).toEqual(one);
    const other = (await all({ seed: 2 })).sort();
    expect(other.filter((row) => !one.includes(row))).toHaveLength(32);
  });

  it("are not there without degrees; of windows split at random only what is not in the holdout has one", async () => {
    const [plain] = await windowsOf(specOf(0));
    expect(plain!.output.perSplit.rotated).toBe(0);
    const [random] = await windowsOf(specOf(30, { by: "random", holdout: 0.4 }));
    const { train, validation, holdout, rotated, dense } = random!.output.perSplit;
    expect([rotated, dense]).toEqual([train + validation, 0]);
    expect(holdout).toBeGreaterThan(0);
  });
});
