import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileFeatures } from "../../lib/domain/features/compile.ts";
import type { Recording } from "../../lib/domain/recording.ts";
import { specSchema } from "../../lib/domain/spec.ts";
import { planWindows } from "../../lib/domain/windows.ts";
import { openDuckdb, type Duckdb } from "../../lib/store/duckdb.ts";
import { readRecordings, type ReadOptions } from "../../lib/store/series.ts";
import { piecesAt, writeIntervals, writeSamples, type CleanRows } from "../support/clean-parts.ts";

const START = 1_700_000_000_000_000;
const files = (options: object) => ({ match: ".", subject: { column: "id" }, rateHz: 10, channels: { x: { sensor: "acc" } }, ...options });
const timed = { time: { kind: "column", column: "t", format: "us" } };
const specOf = (options: object) =>
  specSchema.parse({
    project: "p",
    title: "t",
    files: [files({})],
    rateHz: 10,
    labels: { classes: ["walk", "sit"] },
    windows: { kind: "sliding", seconds: 1 },
    features: { groups: [{ channels: ["x"], formulas: ["time"] }] },
    ...options,
  });

describe("readRecordings", () => {
  let folder: string;
  let database: Duckdb;
  let parts = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "series-"));
    database = await openDuckdb({ folder, memoryMb: 256, threads: 1 });
  });
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const samples = async (recordings: readonly CleanRows[], fileSpec = 0, channels: readonly string[] = ["x"]) => {
    const path = join(folder, `${parts++}.parquet`);
    await writeSamples(path, folder, channels, recordings);
    return { path, pieces: piecesAt(path), fileSpec, role: "samples" as const };
  };
  const read = async (options: Omit<ReadOptions, "database">): Promise<Recording[]> => {
    const found: Recording[] = [];
    for await (const recording of readRecordings({ database, ...options })) found.push(recording);
    return found;
  };
  const indexed = (subject: string, recording: string, values: readonly number[], label: string | null = null): CleanRows => ({
    subject,
    recording,
    rows: values.map((value, at) => [at, null, label, value]),
  });

  it("gives recordings by subject and name, merged over parts, each in order", async () => {
    const spec = specOf({});
    const first = await samples([indexed("s2", "b", [1, 2, 3]), indexed("s1", "z", [4, 5])]);
    const second = await samples([
      indexed("s1", "a", [6]),
      {
        subject: "s2",
        recording: "b",
        rows: [
          [4, null, null, 5],
          [3, null, null, 4],
        ],
      },
    ]);
    const found = await read({ parts: [first, second], spec });
    expect(found.map(({ subject, recording, channels }) => [subject, recording, [...channels.get("x")!]])).toEqual([
      ["s1", "a", [6]],
      ["s1", "z", [4, 5]],
      ["s2", "b", [1, 2, 3, 4, 5]],
    ]);
  });

  it("reads only the recordings asked for", async () => {
    const part = await samples([indexed("s1", "a", [1]), indexed("s1", "b", [2]), indexed("s2", "a", [3])]);
    const found = await read({
      parts: [part],
      spec: specOf({}),
      where: [
        ["s2", "a"],
        ["s1", "b"],
        ["s9", "a"],
      ],
    });
    expect(found.map(({ subject, recording }) => [subject, recording])).toEqual([
      ["s1", "b"],
      ["s2", "a"],
    ]);
  });

  it("gives the same in many small passes as in one", async () => {
    const part = await samples(
      Array.from({ length: 30 }, (_, number) =>
        indexed(
          `s${number % 7}`,
          `r${number}`,
          Array.from({ length: 5 + number }, (_, at) => at * number),
          number % 2 ? "walk" : null,
        ),
      ),
    );
    const spec = specOf({ files: [files({ label: { column: "label" } })] });
    expect(await read({ parts: [part], spec, bytesAtOnce: 600 })).toEqual(await read({ parts: [part], spec }));
  });

  it("F14: rows that come late, doubled and in any order give the windows of the sorted ones", async () => {
    const spec = specOf({ files: [files({ ...timed, label: { column: "label" } })] });
    const rows = Array.from({ length: 300 }, (_, at) => [at, START + at * 100_000, at < 140 ? "walk" : "sit", Math.sin(at / 4)] as const);
    const late = rows.toSorted((left, right) => ((left[0] * 7919) % 300) - ((right[0] * 7919) % 300));
    const sorted = await read({ parts: [await samples([{ subject: "s", recording: "r", rows }])], spec });
    const shuffled = await read({
      parts: [
        await samples([{ subject: "s", recording: "r", rows: late.slice(0, 200) }]),
        await samples([{ subject: "s", recording: "r", rows: late.slice(150) }]),
      ],
      spec,
    });
    const features = compileFeatures(spec.features!, ["x"], 10, 10);
    const windowsOf = ([recording]: Recording[]) =>
      planWindows(recording!, spec.windows, false).windows.map((window) => {
        const out = new Float32Array(features.names.length);
        features.compute([recording!.channels.get("x")!], window.from, window.to, out, 0);
        return [window, [...out]];
      });
    expect(windowsOf(sorted)).toHaveLength(59);
    expect(windowsOf(shuffled)).toEqual(windowsOf(sorted));
  });

  it("merges the channels of two kinds of files, and labels by interval", async () => {
    const spec = specOf({
      files: [
        files({}),
        files({ channels: { g: { sensor: "gyro" } }, rateHz: 5 }),
        files({ role: "intervals", channels: {}, label: { column: "l" }, interval: { from: "a", to: "b" } }),
      ],
    });
    const acc = await samples([indexed("s", "r", [0, 1, 2, 3, 4, 5, 6]), indexed("s", "alone", [1, 2])]);
    const gyro = await samples([indexed("s", "r", [0, 20, 40])], 1, ["g"]);
    const path = join(folder, "intervals.parquet");
    await writeIntervals(path, folder, [
      ["s", "r", 1, 4, "sit"],
      ["s", "r", 4, 5, null],
    ]);
    const [alone, both] = await read({ parts: [acc, gyro, { path, pieces: piecesAt(path), fileSpec: 2, role: "intervals" }], spec });
    expect([...both!.channels.get("g")!]).toEqual([0, 10, 20, 30, 40]);
    expect([...both!.channels.get("x")!]).toEqual([0, 1, 2, 3, 4]);
    expect(both!.labels).toEqual([{ label: "sit", from: 1, to: 4 }]);
    expect([...alone!.channels.keys()]).toEqual(["x"]);
  });

  it("fills labels back over the seconds the spec names", async () => {
    const spec = specOf({
      files: [files({ ...timed, label: { column: "label" } })],
      labels: { classes: ["walk", "sit"], backfillSeconds: 0.3 },
    });
    const rows = Array.from({ length: 10 }, (_, at) => [at, START + at * 100_000, at === 6 ? "sit" : null, at] as const);
    const [recording] = await read({ parts: [await samples([{ subject: "s", recording: "r", rows }])], spec });
    expect(recording!.labels).toEqual([{ label: "sit", from: 3, to: 7 }]);
  });

  it("joins a subject's recordings where the subject is the window, and resamples nothing", async () => {
    const spec = specOf({ files: [files({ ...timed, label: { column: "label" } })], windows: { kind: "subject" }, features: undefined });
    const day = 86_400_000_000;
    const rows = (from: number) => [0, 1].map((at) => [at, START + (from + at) * day, "walk", from + at] as const);
    const part = await samples([
      { subject: "s1", recording: "b", rows: rows(0) },
      { subject: "s1", recording: "a", rows: rows(2) },
      { subject: "s2", recording: "c", rows: rows(7) },
    ]);
    const found = await read({ parts: [part], spec });
    expect(found.map(({ subject, recording, channels }) => [subject, recording, [...channels.get("x")!]])).toEqual([
      ["s1", "a", [0, 1, 2, 3]],
      ["s2", "c", [7, 8]],
    ]);
  });

  it("F24: refuses a label that is not a class of the spec", async () => {
    const part = await samples([indexed("s", "r", [1, 2], "Walk")]);
    await expect(read({ parts: [part], spec: specOf({ files: [files({ label: { column: "label" } })] }) })).rejects.toMatchObject({
      code: "UNKNOWN_CLASS",
    });
  });

  it("carries names that are SQL through as names", async () => {
    const part = await samples([indexed("s'; drop table unit; --", 'r"', [1])]);
    const [found] = await read({ parts: [part], spec: specOf({}), where: [["s'; drop table unit; --", 'r"']] });
    expect(found).toMatchObject({ subject: "s'; drop table unit; --", recording: 'r"' });
  });
});
