import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Job } from "../compute/job.ts";
import { EVERYBODY, type Description } from "../domain/statistics/document.ts";
import type { Plan } from "../domain/statistics/plan.ts";
import { describeRecordings } from "../domain/statistics/recordings.ts";
import { isSynthetic } from "../domain/recording-id.ts";
import type { Recording } from "../domain/recording.ts";
import { channelsOf, type Spec } from "../domain/spec.ts";
import { SensorloopError } from "../domain/errors.ts";
import { describeRows } from "./describe-rows.ts";
import { openDuckdb, type Duckdb } from "./duckdb.ts";
import { saidIn } from "./frozen-labels.ts";
import { loadPieces, type SeriesPart } from "./pieces.ts";
import { readRecordings } from "./series.ts";

export interface DescribeJobInput {
  readonly parts: readonly SeriesPart[];
  readonly spec: Spec;
  /** Path of a JSON object: subject or recording (by `spec.split.by`) to its side. */
  readonly split: string;
  /** Path of a JSON object: subject to cohort; null = one cohort. */
  readonly cohorts: string | null;
  /** Path of what people said of recordings; without it the files alone say. */
  readonly labels?: string;
  /** Name of the document to write in the job's folder. */
  readonly outName: string;
}

export interface DescribeJobOutput {
  readonly rows: number;
  readonly people: number;
  readonly cells: number;
  readonly bytes: number;
  /** Recordings left out because they lack one of the channels. */
  readonly missing: number;
  /** How rows were read: by DuckDB alone, or as recordings at one rate. */
  readonly through: "rows" | "recordings";
}

/**
 * Describes the rows of those subjects (or recordings) that are on the training side and were not made up. Rows that are
 * examples or days on their own are counted by DuckDB; what has to be resampled, or is labelled from another file or by
 * people, is read as recordings. Raw channels are described, before the spec's filters: made-up recordings pass through them as others do.
 * @throws SensorloopError TOO_LITTLE_DATA without a labelled training row; UNKNOWN_CLASS
 */
export const run: Job<DescribeJobInput, DescribeJobOutput> = async (input, control) => {
  const { parts, spec } = input;
  const sides = JSON.parse(await readFile(input.split, "utf8")) as Record<string, string>;
  const cohorts = input.cohorts === null ? null : (JSON.parse(await readFile(input.cohorts, "utf8")) as Record<string, string>);
  const cohortOf = (subject: string) => (cohorts && Object.hasOwn(cohorts, subject) ? cohorts[subject]! : EVERYBODY);
  const isTraining = (subject: string, recording: string) => {
    const unit = spec.split.by === "subject" ? subject : recording;
    return Object.hasOwn(sides, unit) && sides[unit] === "train" && !isSynthetic(subject);
  };
  const { bins, lags } = spec.describe ?? { bins: 64, lags: 64 };
  const signals = spec.windows.kind === "sliding";
  const base: Omit<Plan, "binnings"> = {
    kind: signals ? "signals" : "rows",
    rateHz: spec.rateHz,
    channels: channelsOf(spec),
    classes: spec.labels.classes,
    bins,
    lags: signals ? lags : 0,
  };
  await using database = await openDuckdb({
    folder: control.folder,
    memoryMb: Math.floor(spec.limits.jobMegabytes / 2),
    threads: 1,
    readable: parts.flatMap((part) => [part.path, part.pieces]),
  });
  let missing = 0;
  const alone = input.labels === undefined && readsRowsAlone(spec, parts);
  const description = alone
    ? await describeRows({ database, parts, spec, base, isTraining, cohortOf, progress: control.progress })
    : await describeSeries();
  const rows = description.cells.reduce((sum, cell) => sum + (cell.cohort === EVERYBODY ? cell.rows : 0), 0);
  if (rows === 0) throw new SensorloopError("TOO_LITTLE_DATA", "no training row has a label: there is nothing to describe");
  const text = JSON.stringify(description);
  await writeFile(join(control.folder, input.outName), text, { flag: "wx" });
  return {
    rows,
    people: description.cohorts[0]?.people ?? 0,
    cells: description.cells.length,
    bytes: Buffer.byteLength(text),
    missing,
    through: alone ? "rows" : "recordings",
  };

  async function describeSeries(): Promise<Description> {
    const where = await trainingRecordings(database, parts, isTraining);
    const total = 2 * where.length;
    let done = 0;
    const said = await saidIn(input.labels);
    async function* read(): AsyncGenerator<Recording> {
      missing = 0;
      for await (const recording of readRecordings({ database, parts, spec, where, said })) {
        control.progress({ done: ++done, total, unit: "recordings" });
        if (base.channels.every((name) => recording.channels.has(name))) yield recording;
        else missing++;
      }
    }
    return describeRecordings(read, base, cohortOf);
  }
};

/** Whether rows can be counted as they lie in the files: nothing is resampled, merged, or labelled from elsewhere. */
function readsRowsAlone(spec: Spec, parts: readonly SeriesPart[]): boolean {
  if (spec.windows.kind === "sliding" || spec.labels.backfillSeconds !== undefined) return false;
  const channels = channelsOf(spec);
  const whole = parts.every(({ fileSpec }) => channels.every((name) => Object.hasOwn(spec.files[fileSpec]?.channels ?? {}, name)));
  return whole && parts.every((part) => part.role === "samples");
}

async function trainingRecordings(
  database: Duckdb,
  parts: readonly SeriesPart[],
  isTraining: (subject: string, recording: string) => boolean,
): Promise<[string, string][]> {
  await loadPieces(database, parts);
  const all = await database.connection.runAndReadAll("select distinct subject, recording from piece where samples order by 1, 2");
  return (all.getRows() as [string, string][]).filter(([subject, recording]) => isTraining(subject, recording));
}
