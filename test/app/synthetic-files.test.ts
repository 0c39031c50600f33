import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { nameMatching } from "../../lib/app/matching-name.ts";
import { filesOfRecording } from "../../lib/app/synthetic-files.ts";
import { isSynthetic } from "../../lib/domain/recording-id.ts";
import type { Recording } from "../../lib/domain/recording.ts";
import { readSpec } from "../../lib/domain/spec-file.ts";
import { channelsOf, type Spec } from "../../lib/domain/spec.ts";
import { run as clean } from "../../lib/ingest/clean-job.ts";
import { run as stage } from "../../lib/ingest/stage-job.ts";
import { openDuckdb } from "../../lib/store/duckdb.ts";
import { readRecordings } from "../../lib/store/series.ts";

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "synthetic-files-"));
  folders.push(folder);
  return folder;
}

async function exampleSpec(name: string): Promise<Spec> {
  const path = join(import.meta.dirname, "../../examples", name, "spec.yaml");
  return readSpec(await readFile(path, "utf8"), path);
}

/** Ten seconds, or rows, of values that every channel allows. */
function recordingFor(spec: Spec): Recording {
  const length = Math.max(20, Math.round(10 * spec.rateHz));
  const ranges = new Map(spec.files.flatMap((files) => Object.entries(files.channels)));
  const channels = channelsOf(spec).map((name, index): [string, Float32Array] => {
    const [low, high] = ranges.get(name)!.range ?? [0, 10];
    return [name, Float32Array.from({ length }, (_, at) => low + ((high - low) * ((at + index) % 17)) / 17)];
  });
  return {
    subject: "synthetic-07",
    recording: "synthetic-07-1",
    rateHz: spec.rateHz,
    startUs: Date.parse("2024-05-01T06:00:00Z") * 1000,
    length,
    channels: new Map(channels),
    stretches: [[0, length]],
    labels: [{ label: spec.labels.classes[1]!, from: 0, to: length }],
  };
}

/** What comes back of files through staging, cleaning and reading. */
async function returned(spec: Spec, files: ReturnType<typeof filesOfRecording>): Promise<Recording[]> {
  const folder = await temporary();
  const control = { folder, progress: () => {} };
  const parts = [];
  for (const [index, { name, text }] of files.entries()) {
    const path = join(folder, "in", name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    const own = join(folder, `stage-${index}`);
    await mkdir(own);
    const staged = await stage({ path, name, files: spec.files }, { ...control, folder: own });
    const [entry] = staged.entries;
    if (entry?.state !== "staged") throw new Error(`${name}: ${JSON.stringify(entry)}`);
    const file = { id: `file-${index}`, ...entry, synthetic: true };
    const cleaned = (await clean({ files: [file], spec, pepper: "p", memoryMb: 256, threads: 1 }, control)).files[0]!;
    expect([name, cleaned.error, cleaned.rowsQuarantined]).toEqual([name, undefined, 0]);
    const { fileSpec } = file;
    parts.push({ path: cleaned.parquet!.path, pieces: cleaned.pieces!.path, fileSpec, role: spec.files[fileSpec]!.role as "samples" });
  }
  await using database = await openDuckdb({ folder, memoryMb: 256, threads: 1 });
  const recordings: Recording[] = [];
  for await (const recording of readRecordings({ database, parts, spec })) recordings.push(recording);
  return recordings;
}

describe("files of a made-up recording", () => {
  it.each(["activity-watch", "exercises", "gym", "har", "resting-pulse", "smartwatch-51", "casas"])(
    "as devices of '%s' send them come back as the recording that was made up",
    async (name) => {
      const spec = await exampleSpec(name);
      const recording = recordingFor(spec);
      const files = filesOfRecording(spec, recording, 7, 1);
      const [back, ...more] = await returned(spec, files);
      expect(more).toEqual([]);
      expect([isSynthetic(back!.subject), isSynthetic(back!.recording)]).toEqual([true, true]);
      expect(back!.labels).toEqual(recording.labels);
      expect(back!.length).toBe(recording.length);
      for (const [channel, values] of recording.channels)
        for (const [at, value] of back!.channels.get(channel)!.entries())
          expect(Math.abs(value - values[at]!)).toBeLessThan(1e-3 * (1 + Math.abs(value)));
    },
  );

  it.each([
    ["wisdm", "type arff"],
    ["casas-windows", "several samples a row"],
  ])("of '%s' are refused: %s", async (name, why) => {
    const spec = await exampleSpec(name);
    const refusal = expect.objectContaining({ code: "REQUEST_INVALID", message: expect.stringContaining(why) as string }) as Error;
    expect(() => filesOfRecording(spec, recordingFor(spec), 0, 0)).toThrow(refusal);
  });
});

describe("a name that a pattern matches", () => {
  it.each([
    ["ts_data_\\d+\\.csv$", {}, "ts_data_1.csv"],
    ["(^|/)(?<person>[a-z][a-z0-9-]*)/session-\\d{2,3}\\.csv$", { person: ["Anna", "anna"] }, "anna/session-11.csv"],
    ["acc_exp0*(?<e>\\d+)_user0*(?<u>\\d+)\\.(txt|csv)$", { e: ["x", "12"], u: ["7"] }, "acc_exp12_user7.txt"],
    ["(?<n>sw1\\.p\\d+)[^/]*\\.csv$", { n: ["synthetic-7", "900007"] }, "sw1.p900007.csv"],
    ["^p(?<n>[^0-9])?x+.{2}$", {}, "pxxx"],
  ])("%s", (pattern, wanted, name) => {
    expect(nameMatching(pattern, wanted)).toBe(name);
  });

  it.each([
    ["(?<n>\\d+)x", { n: ["a"] }],
    ["(?=a)b", {}],
    ["(a)\\1", {}],
    ["a)", {}],
  ])("%s with %j has none", (pattern, wanted) => {
    expect(() => nameMatching(pattern, wanted)).toThrow(expect.objectContaining({ code: "REQUEST_INVALID" }) as Error);
  });
});
