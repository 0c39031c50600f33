import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SensorloopError } from "../domain/errors.ts";
import type { FilesSpec } from "../domain/spec.ts";
import type { CleanDetail, CleanedFile, CleanInput, FileToClean, PublishedFile } from "./clean-job.ts";
import { CleaningPass } from "./cleaning-pass.ts";
import { Clock } from "./clock.ts";
import { CsvReader } from "./csv-reader.ts";
import type { RepeatedTimes } from "./duplicates.ts";
import { columnsRead, locateColumns } from "./header.ts";
import { IntervalRows } from "./interval-rows.ts";
import { ProfileRows } from "./profile-rows.ts";
import { Quarantine } from "./quarantine.ts";
import { fixedValue, Recordings } from "./recordings.ts";
import { repeatedTail } from "./repeated-tail.ts";
import { SampleRows } from "./sample-rows.ts";
import { sentLine } from "./scan.ts";
import { Vocabulary } from "./vocabulary.ts";
import type { WrittenFile } from "./parquet/writer.ts";

/** Steps from which their median says something about a file's rate. */
const LEAST_STEPS = 10;
/** Most that a measured rate may be off the declared one. */
const RATE_TOLERANCE = 0.1;
/** What a file can be refused for before its rows were counted. */
const REFUSALS: ReadonlySet<string> = new Set(["HEADER_MISMATCH", "UNTERMINATED_QUOTE", "UNKNOWN_CLASS", "FILE_UNMATCHED"]);
const NO_REPEATS: RepeatedTimes = { lines: new Float64Array(), same: new Uint8Array() };
const NO_DETAIL: CleanDetail = {
  fromUs: null,
  toUs: null,
  recordings: 0,
  subjects: 0,
  classes: {},
  measuredRateHz: null,
  signalsSha256: null,
  outOfOrder: 0,
};

export type CleanOptions = Omit<CleanInput, "files"> & {
  readonly folder: string;
  readonly onRows: (rows: number) => void;
};

interface Passed {
  readonly pass: CleaningPass;
  readonly recordings: Recordings;
  readonly rows: SampleRows | IntervalRows | ProfileRows;
  readonly quarantine: Quarantine;
  readonly written: WrittenFile & { readonly signalsSha256?: string };
}

/**
 * Cleans one staged file: every row is taken in, refused with its line and reason, or counted as a repetition, so that
 * rowsIn = rowsOk + rowsQuarantined + rowsDuplicate. One pass in constant memory; a second one only where rows turn out
 * to repeat an earlier time. What is wrong with the file as a whole makes it `refused`; only the machinery's faults throw.
 */
export async function cleanFile(file: FileToClean, options: CleanOptions): Promise<CleanedFile> {
  try {
    const files = options.spec.files[file.fileSpec] as FilesSpec;
    const first = await passOver(file, files, options, NO_REPEATS);
    if (files.rules.duplicates === "keep" || !(first.rows instanceof SampleRows) || !first.rows.mayRepeat)
      return verdict(file, files, first, options);
    // DuckDB is 70 MB of library: loaded by those files only that need it.
    const { findRepeatedTimes } = await import("./duplicates.ts");
    const repeated = await findRepeatedTimes({
      parquet: first.written.path,
      channels: Object.keys(files.channels),
      samples: files.format.unfold?.samples ?? 1,
      ...options,
    });
    if (repeated.lines.length === 0) return verdict(file, files, first, options);
    remove(first.written.path, first.quarantine.path);
    return verdict(file, files, await passOver(file, files, options, repeated), options);
  } catch (error) {
    if (!(error instanceof SensorloopError) || !REFUSALS.has(error.code)) throw error;
    return {
      file: file.id,
      state: "refused",
      rowsIn: 0,
      rowsOk: 0,
      rowsQuarantined: 0,
      rowsDuplicate: 0,
      leftOut: 0,
      ...NOTHING_PUBLISHED,
      error: error.report(),
      detail: NO_DETAIL,
    };
  }
}

const NOTHING_PUBLISHED = { parquet: null, pieces: null, profiles: null, subjects: null, quarantine: null } as const;

async function passOver(file: FileToClean, files: FilesSpec, options: CleanOptions, repeatedTimes: RepeatedTimes): Promise<Passed> {
  const { spec, pepper, folder, onRows } = options;
  const { scan } = file;
  const header = scan.header ?? files.format.columns ?? [];
  const positions = locateColumns(file.name, header, columnsRead(files));
  const vocabulary = new Vocabulary(spec.labels);
  const fixedLabel = labelOfFile(file, files, vocabulary);
  const clock = files.time.kind === "column" ? new Clock(files.time, files.rules.timeRange) : null;
  const recordings = new Recordings(files, file.name, positions, {
    project: spec.project,
    pepper,
    fallback: `file-${file.sha256.slice(0, 16)}`,
    synthetic: file.synthetic ?? false,
  });
  const mayRepeatItself = !clock && files.role === "samples" && files.rules.duplicates === "drop";
  const repeatsFrom = (mayRepeatItself ? repeatedTail(file.path, scan.headerLines) : null) ?? Infinity;
  const quarantine = new Quarantine(join(folder, `${file.id}.quarantine.ndjson`));
  const parquet = join(folder, `${file.id}.parquet`);
  const rows = openRows();
  const reader = new CsvReader(file.path, files.format, header.length, scan.quotes);
  const pass = new CleaningPass({
    files,
    scan,
    columns: header.length,
    positions,
    reader,
    recordings,
    vocabulary,
    fixedLabel,
    rows,
    quarantine,
    repeatsFrom,
    repeatedTimes,
    onRows,
  });
  try {
    await pass.run();
    quarantine.close();
    return { pass, recordings, rows, quarantine, written: rows.close() };
  } catch (error) {
    rows.abandon();
    quarantine.abandon();
    remove(parquet, quarantine.path);
    throw error instanceof SensorloopError && error.code === "UNTERMINATED_QUOTE" ? unterminated(file, reader.line) : error;
  } finally {
    reader.close();
  }

  function openRows(): Passed["rows"] {
    if (files.role === "profiles") return new ProfileRows(join(folder, `${file.id}.profiles.ndjson`), files, positions);
    if (files.role === "intervals" && files.interval) return new IntervalRows(parquet, files.interval, positions, scan.lines);
    return new SampleRows({ path: parquet, files, positions, clock, rateHz: files.rateHz ?? spec.rateHz, lines: scan.lines });
  }
}

function verdict(
  file: FileToClean,
  files: FilesSpec,
  { pass, recordings, rows, quarantine, written }: Passed,
  { folder }: CleanOptions,
): CleanedFile {
  const { rowsIn, rowsOk, rowsDuplicate, leftOut } = pass;
  const taken = [...recordings].filter((recording) => recording.rows > 0);
  const subjects = new Map(taken.map(({ external, subject }) => [external, subject]));
  const samples = rows instanceof SampleRows ? rows : null;
  const people = rows instanceof ProfileRows;
  const timed = samples !== null && samples.fromUs <= samples.toUs;
  const step = samples ? samples.steps.median() : NaN;
  const detail: CleanDetail = {
    fromUs: timed ? samples.fromUs : null,
    toUs: timed ? samples.toUs : null,
    recordings: people ? 0 : taken.length,
    subjects: subjects.size,
    classes: people ? {} : pass.classes,
    measuredRateHz: step === step ? 1e6 / step : null,
    signalsSha256: written.signalsSha256 ?? null,
    outOfOrder: samples?.outOfOrder ?? 0,
  };
  const counts = { rowsIn, rowsOk, rowsQuarantined: quarantine.rows, rowsDuplicate, leftOut };
  if (rowsIn !== rowsOk + quarantine.rows + rowsDuplicate)
    throw new SensorloopError("INTERNAL", `the rows of ${file.name} do not add up`, { facts: counts });
  const refused = quarantine.rows > 0 ? { path: quarantine.path, counts: quarantine.counts } : null;
  const error = tooManyBadRows(file, files, quarantine, rowsIn) ?? (samples ? rateMismatch(file, files, samples) : undefined);
  if (error || rowsOk === 0) remove(written.path);
  if (error)
    return {
      file: file.id,
      state: "refused",
      ...counts,
      ...NOTHING_PUBLISHED,
      quarantine: refused,
      error: error.report(),
      detail,
    };
  if (rowsOk === 0) return { file: file.id, state: "clean", ...counts, ...NOTHING_PUBLISHED, quarantine: refused, detail };
  const path = join(folder, `${file.id}.subjects.ndjson`);
  writeFileSync(path, [...subjects].map(([external, biometric]) => `${JSON.stringify({ external, biometric })}\n`).join(""));
  return {
    file: file.id,
    state: "clean",
    ...counts,
    parquet: people ? null : publishable(written),
    pieces: people ? null : publishable(rows.pieces.write(join(folder, `${file.id}.pieces.parquet`))),
    profiles: people ? { path: written.path, count: rows.people } : null,
    subjects: { path, count: subjects.size },
    quarantine: refused,
    detail,
  };
}

function publishable({ path, sha256, bytes }: WrittenFile): PublishedFile {
  return { path, sha256, bytes };
}

function labelOfFile(file: FileToClean, files: FilesSpec, vocabulary: Vocabulary): string | null {
  if (files.label && "columns" in files.label)
    throw new SensorloopError("SPEC_INVALID", "a label is in one column; several cannot name it together");
  const raw = files.label && fixedValue(files.label, files, file.name);
  if (raw === undefined) return null;
  const reading = vocabulary.read(raw);
  if ("label" in reading) return reading.label;
  throw new SensorloopError("UNKNOWN_CLASS", `the label of ${file.name} is not in the vocabulary: ${reading.unknown}`, {
    facts: { label: raw.slice(0, 80) },
  });
}

function tooManyBadRows(file: FileToClean, { rules }: FilesSpec, quarantine: Quarantine, rowsIn: number): SensorloopError | undefined {
  if (quarantine.rows <= rowsIn * rules.maxBadShare) return undefined;
  const worst = Object.entries(quarantine.counts).sort(([, a], [, b]) => b - a);
  const first = quarantine.examples[0];
  const share = Math.round((1000 * quarantine.rows) / rowsIn) / 10;
  return new SensorloopError(
    "TOO_MANY_BAD_ROWS",
    `${quarantine.rows} of ${rowsIn} rows of ${file.name} (${share} %, allowed are ${rules.maxBadShare * 100} %) break a rule: ${worst.map(([rule, count]) => `${rule} ${count}`).join(", ")}; the first is line ${first?.line}: ${first?.reason}`,
    { facts: { rowsIn, rowsQuarantined: quarantine.rows, rules: quarantine.counts, examples: quarantine.examples } },
  );
}

/** The rows of an unfolded file are blocks of samples and may lie apart; only single samples tell a rate. */
function rateMismatch(file: FileToClean, files: FilesSpec, { steps }: SampleRows): SensorloopError | undefined {
  if (files.time.kind !== "column" || !files.rateHz || files.format.unfold || steps.size < LEAST_STEPS) return undefined;
  const measured = 1e6 / steps.median();
  if (Math.abs(measured / files.rateHz - 1) <= RATE_TOLERANCE) return undefined;
  return new SensorloopError(
    "RATE_MISMATCH",
    `${file.name} was recorded at ${Number(measured.toPrecision(4))} Hz (median step), and the spec says ${files.rateHz} Hz`,
    {
      facts: { measuredHz: measured, declaredHz: files.rateHz },
    },
  );
}

function unterminated(file: FileToClean, stagedLine: number): SensorloopError {
  const line = sentLine(file.scan, stagedLine);
  return new SensorloopError("UNTERMINATED_QUOTE", `a quote that opens in line ${line} of ${file.name} is not closed in that line`, {
    facts: { line },
  });
}

function remove(...paths: string[]): void {
  for (const path of paths) rmSync(path, { force: true });
}
