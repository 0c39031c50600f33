import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FrozenLabels } from "../../lib/domain/labels/frozen.ts";
import { specSchema } from "../../lib/domain/spec.ts";
import { SPLITS, decodeWindowShard } from "../../lib/domain/window-shard.ts";
import { run as listRecordings } from "../../lib/store/recordings-job.ts";
import { balanceShards } from "../../lib/store/shards.ts";
import { run as makeWindows } from "../../lib/store/window-job.ts";
import { piecesAt, writeSamples, type CleanPart, type CleanRows } from "../support/clean-parts.ts";

const control = (folder: string) => ({ folder, progress: () => {} });
const specOf = (options: object = {}) =>
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
        channels: { x: { sensor: "acc" }, y: { sensor: "acc" } },
      },
    ],
    labels: { classes: ["walk", "sit"] },
    windows: { kind: "sliding", seconds: 1, overlap: 0.5, trainOverlap: 0.8 },
    features: { groups: [{ channels: ["x", "y"], formulas: ["level"] }] },
    ...options,
  });
const rows = (count: number, labelAt: (at: number) => string | null): CleanRows["rows"] =>
  Array.from({ length: count }, (_, at) => [at, null, labelAt(at), Math.sin(at), at]);

describe("listing recordings and making windows", () => {
  let folder: string;
  let parts: CleanPart[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "jobs-"));
    const write = async (file: string, recordings: readonly CleanRows[]): Promise<CleanPart> => {
      const path = join(folder, `${file}.parquet`);
      await writeSamples(path, folder, ["x", "y"], recordings);
      return { path, pieces: piecesAt(path), file, fileSpec: 0, role: "samples" };
    };
    parts = [
      await write("one", [
        { subject: "anna", recording: "a1", rows: rows(40, () => "walk") },
        { subject: "ben", recording: "b1", rows: rows(30, (at) => (at < 15 ? "sit" : null)) },
      ]),
      await write("two", [{ subject: "carl", recording: "c1", rows: rows(35, () => null) }]),
      await write("three", [{ subject: "ben", recording: "b2", rows: rows(20, () => "walk") }]),
    ];
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const list = async (spec: ReturnType<typeof specOf>, twins: string[][] = []) =>
    listRecordings({ parts, spec, shards: 1, twins }, control(await mkdtemp(join(folder, "list-"))));

  /** Lists, splits as told, and makes the windows of every shard. */
  async function windowsOf(spec: ReturnType<typeof specOf>, sides: Record<string, string>, shards = 1, seed = 1, said?: FrozenLabels) {
    const own = await mkdtemp(join(folder, "run-"));
    const labels = said && join(own, "labels.json");
    if (labels) await writeFile(labels, JSON.stringify(said));
    const listing = await listRecordings({ parts, spec, shards, twins: [], labels }, control(own));
    const split = join(own, "split.json");
    await writeFile(split, JSON.stringify(sides));
    const made = [];
    for (const [index, shard] of listing.shards.entries()) {
      const output = await makeWindows(
        {
          parts: parts.filter(({ file }) => shard.parts.includes(file)),
          spec,
          recordings: shard.recordings,
          split,
          labels,
          seed,
          signals: true,
          outName: `${index}.bin`,
        },
        control(own),
      );
      made.push({ output, shard: decodeWindowShard(new Uint8Array(await readFile(join(own, `${index}.bin`)))) });
    }
    return { listing, made };
  }
  const rowsOf = ({ shard }: Awaited<ReturnType<typeof windowsOf>>["made"][number]) =>
    Array.from({ length: shard.windows }, (_, row) =>
      [
        shard.subjects[shard.subject[row]!],
        shard.recordings[shard.recording[row]!],
        shard.from[row],
        shard.classes[shard.label[row]!] ?? null,
        SPLITS[shard.split[row]!],
        shard.dense[row],
      ].join(" "),
    );

  it("counts recordings and rows, and names those that the split deals with: subjects or recordings with labels", async () => {
    const { listing } = await windowsOf(specOf(), { anna: "train", ben: "holdout" });
    expect(listing.totals).toEqual({ recordings: 4, subjects: 3, rows: 125 });
    expect(JSON.parse(await readFile(listing.units, "utf8"))).toEqual(["anna", "ben"]);
    const byRecording = await list(specOf({ split: { by: "recording" } }));
    expect(JSON.parse(await readFile(byRecording.units, "utf8"))).toEqual(["a1", "b1", "b2"]);
  });

  it("names those whose samples are in several files", async () => {
    const listing = await list(specOf(), [["three", "elsewhere"], ["two"]]);
    expect(JSON.parse(await readFile(listing.bonds, "utf8"))).toEqual({ ben: 0, carl: 1 });
  });

  it("puts each window on its subject's side, denser ones on the training side alone, unlabelled recordings apart", async () => {
    const { made } = await windowsOf(specOf(), { anna: "train", ben: "holdout" });
    const { output, shard } = made[0]!;
    expect(rowsOf(made[0]!).filter((row) => row.endsWith("0"))).toEqual([
      ...[0, 5, 10, 15, 20, 25, 30].map((from) => `anna a1 ${from} walk train 0`),
      "ben b1 0 sit holdout 0",
      "ben b1 5 sit holdout 0",
      "ben b1 10 sit holdout 0",
      "ben b2 0 walk holdout 0",
      "ben b2 5 walk holdout 0",
      "ben b2 10 walk holdout 0",
      ...[0, 5, 10, 15, 20, 25].map((from) => `carl c1 ${from}  unlabelled 0`),
    ]);
    expect(
      rowsOf(made[0]!)
        .filter((row) => row.endsWith("1"))
        .map((row) => row.split(" ")[0]),
    ).toEqual(Array.from({ length: 12 }, () => "anna"));
    expect(output).toEqual({
      windows: 31,
      perSplit: { train: 7, validation: 0, holdout: 6, unlabelled: 6, dense: 12, rotated: 0 },
      perClass: { walk: 10, sit: 3 },
      skipped: { gap: 0, unlabelled: 2, short: 0, missing: 0 },
    });
    expect([shard.samples, shard.channels, shard.rateHz]).toEqual([10, ["x", "y"], 10]);
  });

  it("keeps each window's samples, and features that are computed of them", async () => {
    const { made } = await windowsOf(specOf(), { anna: "train", ben: "holdout" });
    const { shard } = made[0]!;
    for (let row = 0; row < shard.windows; row++) {
      const y = Array.from({ length: 10 }, (_, at) => shard.signals[(row * 10 + at) * 2 + 1]!);
      expect(y).toEqual(Array.from({ length: 10 }, (_, at) => shard.from[row]! + at));
      expect(shard.featureValues[row * shard.features.length + shard.features.indexOf("y.mean")]).toBe(shard.from[row]! + 4.5);
    }
  });

  it("makes the same windows in one shard as in several, each once", async () => {
    const one = await windowsOf(specOf(), { anna: "train", ben: "holdout" });
    const all = rowsOf(one.made[0]!);
    for (const shards of [2, 3, 8]) {
      const several = await windowsOf(specOf(), { anna: "train", ben: "holdout" }, shards);
      expect(several.made.length).toBeGreaterThan(1);
      expect(several.made.flatMap(rowsOf).sort()).toEqual(all.toSorted());
    }
  });

  it("keeps all parts of a subject in one shard where the subject is the window", async () => {
    const { listing, made } = await windowsOf(
      specOf({ windows: { kind: "subject" }, features: undefined }),
      { anna: "train", ben: "holdout" },
      8,
    );
    expect(listing.shards.length).toBeGreaterThan(1);
    expect(made.flatMap(rowsOf).sort()).toEqual(["anna a1 0 walk train 0", "ben b1 0 walk holdout 0", "carl c1 0  unlabelled 0"]);
    expect(made[0]!.shard.features.slice(0, 2)).toEqual(["x.mean", "x.sd"]);
  });

  it("splits at random by window, the same for the same seed", async () => {
    const spec = specOf({ split: { by: "random", holdout: 0.4, validation: 0.5 } });
    const first = (await windowsOf(spec, {})).made.flatMap(rowsOf);
    expect((await windowsOf(spec, {}, 3)).made.flatMap(rowsOf).sort()).toEqual(first.toSorted());
    expect((await windowsOf(spec, {}, 1, 2)).made.flatMap(rowsOf)).not.toEqual(first);
    expect(new Set(first.filter((row) => row.startsWith("anna")).map((row) => row.split(" ")[4])).size).toBeGreaterThan(1);
    expect(first.some((row) => row.endsWith("1"))).toBe(false);
  });

  /** Someone of no file's labels, a recording of somebody who has some elsewhere, and one that is gone. */
  const said: FrozenLabels = {
    format: 1,
    rateHz: 10,
    classes: ["sit"],
    recordings: [
      { subject: "ben", recording: "b2", spans: [[0, 20, 0]] },
      { subject: "ben", recording: "gone", spans: [[0, 10, 0]] },
      { subject: "carl", recording: "c1", spans: [[5, 15, 0]] },
    ],
  };

  it("tells who is labelled by people alone, and what they labelled that is gone", async () => {
    const tell = async (by: string, windows: object = {}) => {
      const { listing } = await windowsOf(
        specOf({ split: { by }, ...windows }),
        { anna: "train", ben: "holdout", carl: "train", a1: "train", b1: "holdout", b2: "train", c1: "train" },
        1,
        1,
        said,
      );
      const read = async (path: string) => JSON.parse(await readFile(path, "utf8")) as unknown;
      return [await read(listing.units), await read(listing.byPeople), listing.gone];
    };
    expect(await tell("subject")).toEqual([["anna", "ben", "carl"], ["carl"], 1]);
    expect(await tell("recording")).toEqual([["a1", "b1", "b2", "c1"], ["c1"], 1]);
    // All of a subject is one window under the name of the first recording: no other can be spoken of.
    expect((await tell("subject", { windows: { kind: "subject" }, features: undefined }))[2]).toBe(2);
  });

  it("labels windows as people do, and has those learned from that they alone labelled, also where windows are split at random", async () => {
    const sides = { anna: "train", ben: "holdout", carl: "train" };
    const { made } = await windowsOf(specOf(), sides, 3, 1, said);
    const rows = made.flatMap(rowsOf);
    expect(rows.filter((row) => row.startsWith("ben b2"))).toEqual([0, 5, 10].map((from) => `ben b2 ${from} sit holdout 0`));
    expect(rows.filter((row) => row.startsWith("carl") && row.endsWith("0"))).toEqual([
      "carl c1 0 sit train 0",
      "carl c1 5 sit train 0",
      "carl c1 10 sit train 0",
      ...[15, 20, 25].map((from) => `carl c1 ${from}  unlabelled 0`),
    ]);
    const random = specOf({ split: { by: "random", holdout: 0.9, validation: 0.5 } });
    const carls = (await windowsOf(random, {}, 1, 1, said)).made
      .flatMap(rowsOf)
      .filter((row) => row.startsWith("carl c1") && row.includes("sit"));
    expect(carls.map((row) => row.split(" ")[4])).toEqual(["train", "train", "train"]);
  });

  it("counts a recording that lacks a channel instead of failing", async () => {
    const spec = specOf();
    const two = {
      ...spec,
      files: [spec.files[0]!, { ...spec.files[0]!, channels: { g: { ...spec.files[0]!.channels["x"]!, sensor: "gyro" } } }],
    };
    const { made } = await windowsOf(two, { anna: "train", ben: "holdout" });
    expect(made[0]!.output).toMatchObject({ windows: 0, skipped: { missing: 4 } });
  });

  it("says so when the split does not know a subject with labels", async () => {
    await expect(windowsOf(specOf(), { anna: "train" })).rejects.toThrow("says nothing of subject 'ben'");
  });
});

describe("balanceShards", () => {
  const bundle = (samples: number[], size: number, units = 1, labels: number[] = []) => ({ samples, labels, rows: size, units });

  it("deals whole files out by rows, largest first", () => {
    const shards = balanceShards([bundle([0], 50), bundle([1], 30), bundle([2], 30), bundle([3], 10)], 2);
    expect(shards.map(({ samples, rows: size, slice }) => [samples, size, slice])).toEqual([
      [[0, 3], 60, undefined],
      [[1, 2], 60, undefined],
    ]);
  });

  it("keeps parts that share a recording together, with the files that label them", () => {
    const shards = balanceShards([bundle([0, 1], 10, 1, [9]), bundle([1, 2], 10, 1, [9]), bundle([3], 20, 1, [9])], 2);
    expect(shards.map(({ samples, labels }) => [samples, labels])).toEqual([
      [[0, 1, 2], [9]],
      [[3], [9]],
    ]);
  });

  it("slices one large file by its recordings", () => {
    const shards = balanceShards([bundle([0], 100, 50), bundle([1], 10)], 4);
    expect(shards.map(({ samples, slice }) => [samples, slice?.of])).toEqual([
      [[1], undefined],
      [[0], 4],
      [[0], 4],
      [[0], 4],
      [[0], 4],
    ]);
  });
});
