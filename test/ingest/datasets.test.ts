import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readSpec } from "../../lib/domain/spec-file.ts";
import { run as cleanJob, type CleanedFile } from "../../lib/ingest/clean-job.ts";
import { run as stageJob, type StagedEntry } from "../../lib/ingest/stage-job.ts";
import { literal, openDuckdb } from "../../lib/store/duckdb.ts";
import { recordingsAt } from "../support/recordings.ts";
import { PEPPER, testFolder } from "./corpus.ts";

interface Expected {
  readonly example: string;
  readonly uploads: readonly string[];
  readonly files: number;
  readonly rowsIn: number;
  readonly rowsOk: number;
  readonly duplicates?: number;
  readonly leftOut?: number;
  /** Files that hold the signals of another one, whatever label they give them. */
  readonly sameSignals?: number;
  readonly subjects: number;
}

/** Counts as their sources name them (SOURCE.md beside each set). */
const SETS: readonly Expected[] = [
  {
    example: "har",
    uploads: ["uci_har_raw/hapt_raw.zip"],
    files: 123,
    rowsIn: 2 * 1_122_772 + 1_214,
    rowsOk: 2 * 1_122_772 + 1_214,
    subjects: 30,
  },
  {
    example: "wisdm",
    uploads: ["wisdm_v1_transformed/WISDM_ar_v1.1_transformed.arff.gz"],
    files: 1,
    rowsIn: 5_418,
    rowsOk: 5_418,
    subjects: 36,
  },
  {
    example: "smartwatch-51",
    uploads: ["wisdm51_watch/wisdm51_watch_accel_6act_s1600-1633.zip"],
    files: 34,
    rowsIn: 501_600,
    rowsOk: 487_200,
    duplicates: 14_400,
    subjects: 34,
  },
  {
    example: "exercises",
    uploads: ["muvr_exercises/labelled.zip"],
    files: 390,
    rowsIn: 518_372,
    rowsOk: 518_372,
    sameSignals: 1,
    subjects: -1,
  },
  {
    example: "casas-windows",
    uploads: ["cnndata_p1_train", "cnndata_p1_test", "cnndata_p3_train", "cnndata_p3_test"].map(
      (name) => `casas_arwise_sample/${name}.csv.gz`,
    ),
    files: 4,
    rowsIn: 291,
    rowsOk: 291,
    subjects: 2,
  },
  { example: "activity-watch", uploads: ["aw_fb/aw_fb_data.csv.gz"], files: 1, rowsIn: 3_656, rowsOk: 3_656, leftOut: 2_608, subjects: 49 },
  {
    example: "resting-pulse",
    uploads: ["resting_pulse_seed/ts_data_1.csv.gz", "resting_pulse_seed/ts_data_2.csv.gz"],
    files: 2,
    rowsIn: 90_000,
    rowsOk: 90_000,
    subjects: 1_000,
  },
];

describe("the data sets that the examples describe", () => {
  for (const set of SETS) {
    const paths = set.uploads.map((upload) => recordingsAt(upload));
    it.skipIf(paths.some((path) => path === undefined))(
      `${set.example}: every row of ${set.uploads[0]} is accounted for (needs the recordings, SENSORLOOP_TEST_RECORDINGS)`,
      { timeout: 240_000 },
      async () => {
        const spec = readSpec(readFileSync(join(import.meta.dirname, "../../examples", set.example, "spec.yaml"), "utf8"), "spec.yaml");
        const folder = await testFolder();
        const entries: StagedEntry[] = [];
        for (const [index, path] of paths.entries()) {
          const control = { folder: join(folder, String(index)), progress() {} };
          await mkdir(control.folder);
          entries.push(
            ...(await stageJob({ path: path as string, name: set.uploads[index] as string, files: spec.files }, control)).entries,
          );
        }
        expect(entries.filter((entry) => entry.state === "refused")).toEqual([]);
        expect(entries).toHaveLength(set.files);
        const files = entries.flatMap((entry, index) => (entry.state === "staged" ? [{ id: `f${index}`, ...entry }] : []));
        const output = await cleanJob({ files, spec, pepper: PEPPER, memoryMb: 400, threads: 1 }, { folder, progress() {} });
        const sum = (field: "rowsIn" | "rowsOk" | "rowsDuplicate" | "leftOut" | "rowsQuarantined") =>
          output.files.reduce((total, file) => total + file[field], 0);
        expect(output.files.filter((file) => file.state === "refused").map((file) => file.error?.message)).toEqual([]);
        expect({
          in: sum("rowsIn"),
          ok: sum("rowsOk"),
          bad: sum("rowsQuarantined"),
          twice: sum("rowsDuplicate"),
          left: sum("leftOut"),
        }).toEqual({
          in: set.rowsIn,
          ok: set.rowsOk,
          bad: set.rowsIn - set.rowsOk - (set.duplicates ?? 0),
          twice: set.duplicates ?? 0,
          left: set.leftOut ?? 0,
        });
        const signals = output.files.flatMap((file) => file.detail.signalsSha256 ?? []);
        expect(signals.length - new Set(signals).size).toBe(set.sameSignals ?? 0);
        if (set.subjects > 0) expect(await subjectsIn(output.files, folder)).toBe(set.subjects);
        if (set.example === "har") await expectIntervalsToMeetSamples(output.files, folder);
      },
    );
  }
});

async function subjectsIn(files: readonly CleanedFile[], folder: string): Promise<number> {
  await using duckdb = await openDuckdb({ folder, memoryMb: 300, threads: 1 });
  const paths = files.flatMap((file) => (file.parquet ? [literal(file.parquet.path)] : []));
  const [row] = await duckdb.rows<{ n: bigint }>(
    `SELECT count(DISTINCT subject) AS n FROM read_parquet([${paths.join(", ")}], union_by_name = true)`,
  );
  return Number(row?.n);
}

/** All 815,614 labelled samples are there, in both sensors' files, under the recording that the label names. */
async function expectIntervalsToMeetSamples(files: readonly CleanedFile[], folder: string): Promise<void> {
  await using duckdb = await openDuckdb({ folder, memoryMb: 300, threads: 1 });
  const paths = files.flatMap((file) => (file.parquet ? [literal(file.parquet.path)] : []));
  await duckdb.run(`CREATE VIEW everything AS SELECT * FROM read_parquet([${paths.join(", ")}], union_by_name = true)`);
  const [row] = await duckdb.rows<{ covered: bigint; recordings: bigint }>(`
    SELECT sum(least(label."to", length) - label."from") AS covered, count(DISTINCT label.recording) AS recordings
    FROM (SELECT * FROM everything WHERE "to" IS NOT NULL) label
    JOIN (SELECT subject, recording, max(index) + 1 AS length FROM everything WHERE index IS NOT NULL GROUP BY ALL) USING (subject, recording)`);
  expect({ covered: Number(row?.covered), recordings: Number(row?.recordings) }).toEqual({ covered: 815_614, recordings: 61 });
}
