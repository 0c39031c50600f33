import { assembleRows, assembleSampled, concatenate, reorder, type PlacedLabel, type Track } from "../domain/assemble.ts";
import { SensorloopError } from "../domain/errors.ts";
import type { Recording } from "../domain/recording.ts";
import type { FilesSpec, Spec } from "../domain/spec.ts";
import { readColumns, stringsOf, type Column } from "./columns.ts";
import { ident, literal, type Duckdb } from "./duckdb.ts";

/** A clean Parquet file on the local disk, and which of the spec's `files` it came from. */
export interface SeriesPart {
  readonly path: string;
  readonly fileSpec: number;
  readonly role: "samples" | "intervals";
}

export interface ReadOptions {
  readonly database: Duckdb;
  readonly parts: readonly SeriesPart[];
  readonly spec: Spec;
  /** [subject, recording] pairs to read; all without it. */
  readonly where?: readonly (readonly [string, string])[];
  /** Bytes of rows held at once; the recordings of one subject may be larger. */
  readonly bytesAtOnce?: number;
}

/** With as much again in DuckDB, well within a job's 1 GiB; a shard of a few million rows is then read in one pass. */
const BYTES_AT_ONCE = 160_000_000;

interface Source {
  readonly place: number;
  readonly files: FilesSpec;
  readonly from: string;
  readonly channels: readonly string[];
}

/** All rows of one source for the recordings of a pass, recording after recording. */
interface Block {
  readonly source: Source;
  /** Where each recording begins; one more entry than recordings. */
  readonly begins: Int32Array;
  readonly at: Float64Array;
  readonly index: Float64Array | undefined;
  readonly channels: readonly Float32Array[];
  readonly labels: Int32Array | undefined;
}

/**
 * Recordings of clean Parquet files, by subject and name: each in order of time, rows of the same time once, the channels
 * of all its files merged, at one rate, split at gaps, with its labels as spans. With `windows: subject` all recordings of
 * a subject come as one, under the name of the first. Rows of windows that are not `sliding` are not resampled.
 *
 * Rows come from DuckDB as typed columns and are dealt out by the number of their recording (a counting sort), which for
 * millions of short recordings is several times faster than to have them sorted or grouped into lists.
 * @throws SensorloopError UNKNOWN_CLASS where a label is not a class of the spec
 */
export async function* readRecordings(options: ReadOptions): AsyncGenerator<Recording> {
  const { database, parts, spec } = options;
  const { connection } = database;
  const sources = sourcesOf(parts, spec);
  if (sources.length === 0) return;
  await numberRecordings(database, sources, options.where);
  const { subjects, recordings, counts } = await readNumbers(connection, sources);
  // A row has its time and perhaps a label beside the channels.
  const widths = sources.map((source) => 4 * source.channels.length + (source.files.label ? 12 : 8));
  const intervalParts = parts.filter((part) => part.role === "intervals");
  for (const [from, to] of passesOf(subjects, counts, widths, options.bytesAtOnce ?? BYTES_AT_ONCE)) {
    const whole = from === 0 && to === subjects.length;
    const intervals = await readIntervals(connection, intervalParts, spec, from, to);
    const blocks: Block[] = [];
    for (const [place, source] of sources.entries()) {
      blocks.push(await readBlock(connection, source, spec, counts[place]!, { from, to, whole, indexed: intervals.size > 0 }));
    }
    yield* assemble(blocks, intervals, spec, { subjects, recordings, from, to });
  }
}

function sourcesOf(parts: readonly SeriesPart[], spec: Spec): Source[] {
  const places = [...new Set(parts.filter((part) => part.role === "samples").map((part) => part.fileSpec))].sort((a, b) => a - b);
  return places.map((place) => {
    const files = spec.files[place];
    if (!files) throw new SensorloopError("INTERNAL", `the spec has no files[${place}]`);
    const paths = parts.filter((part) => part.role === "samples" && part.fileSpec === place).map((part) => literal(part.path));
    return { place, files, from: `read_parquet([${paths.join(", ")}])`, channels: Object.keys(files.channels) };
  });
}

/** Makes the temporary table `unit`: a number for each recording, by subject and name, and its rows in each source. */
async function numberRecordings(database: Duckdb, sources: readonly Source[], where: ReadOptions["where"]): Promise<void> {
  let wanted = "";
  if (where) {
    await database.run("create or replace temp table wanted (subject varchar, recording varchar)");
    const appender = await database.connection.createAppender("wanted");
    for (const [subject, recording] of where) {
      appender.appendVarchar(subject);
      appender.appendVarchar(recording);
      appender.endRow();
    }
    appender.closeSync();
    wanted = "semi join wanted using (subject, recording)";
  }
  const counted = sources.map(
    (source, place) =>
      `select subject, recording, ${sources.map((_, other) => `${other === place ? "count(*)" : "0"} as c${other}`).join(", ")} from ${source.from} ${wanted} group by all`,
  );
  const sums = sources.map((_, place) => `sum(c${place})::integer as c${place}`).join(", ");
  await database.run(`create or replace temp table unit as
    select (row_number() over (order by subject, recording) - 1)::integer as id, * from
    (select subject, recording, ${sums} from (${counted.join(" union all ")}) group by all)`);
}

async function readNumbers(connection: Duckdb["connection"], sources: readonly Source[]) {
  const subjects = await stringsOf(connection, "select subject from unit order by id");
  const recordings = await stringsOf(connection, "select recording from unit order by id");
  const counts = sources.map(() => new Int32Array(subjects.length));
  let row = 0;
  await readColumns(connection, `select ${sources.map((_, place) => `c${place}`).join(", ")} from unit order by id`, (columns, length) => {
    columns.forEach((column, place) => counts[place]!.set(column, row));
    row += length;
  });
  return { subjects, recordings, counts };
}

/** Ranges of recordings that are read together; those of one subject always are. */
function* passesOf(
  subjects: readonly string[],
  counts: readonly Int32Array[],
  widths: readonly number[],
  limit: number,
): Generator<readonly [number, number]> {
  let from = 0;
  let held = 0;
  for (let at = 0; at < subjects.length;) {
    let end = at;
    let size = 0;
    while (end < subjects.length && subjects[end] === subjects[at]) {
      for (let source = 0; source < counts.length; source++) size += counts[source]![end]! * widths[source]!;
      end++;
    }
    if (held > 0 && held + size > limit) {
      yield [from, at];
      from = at;
      held = 0;
    }
    held += size;
    at = end;
  }
  if (from < subjects.length) yield [from, subjects.length];
}

interface Pass {
  readonly from: number;
  readonly to: number;
  readonly whole: boolean;
  readonly indexed: boolean;
}

async function readBlock(connection: Duckdb["connection"], source: Source, spec: Spec, counts: Int32Array, pass: Pass): Promise<Block> {
  const { from, to } = pass;
  const begins = new Int32Array(to - from + 1);
  for (let unit = from; unit < to; unit++) begins[unit - from + 1] = begins[unit - from]! + counts[unit]!;
  const rows = begins[to - from]!;
  const timed = source.files.time.kind === "column";
  const labelled = source.files.label !== undefined;
  const at = new Float64Array(rows);
  const index = pass.indexed && timed ? new Float64Array(rows) : undefined;
  const labels = labelled ? new Int32Array(rows) : undefined;
  const channels = source.channels.map(() => new Float32Array(rows));
  const targets: Column[] = [at, ...(index ? [index] : []), ...(labels ? [labels] : []), ...channels];
  const selected = [
    "unit.id",
    `${timed ? "at_us" : "index"}::double`,
    ...(index ? ["index::double"] : []),
    ...(labels ? [labelCode(spec)] : []),
    ...source.channels.map((name) => `coalesce(${ident(name)}, 'nan'::float)`),
  ];
  const cursors = begins.slice(0, -1);
  const places = new Int32Array(2048);
  const limits = pass.whole ? "" : `where unit.id >= ${from} and unit.id < ${to}`;
  await readColumns(
    connection,
    `select ${selected.join(", ")} from ${source.from} part join unit using (subject, recording) ${limits}`,
    (columns, length) => {
      const ids = columns[0]!;
      for (let row = 0; row < length; row++) places[row] = cursors[ids[row]! - from]!++;
      for (let column = 0; column < targets.length; column++) deal(columns[column + 1]!, places, length, targets[column]!);
    },
  );
  if (labels) refuseUnknown(labels, source);
  return { source, begins, at, index, channels, labels };
}

function deal(values: Column, places: Int32Array, length: number, target: Column): void {
  for (let row = 0; row < length; row++) target[places[row]!] = values[row]!;
}

/** SQL for the index of a label among the spec's classes; -1 = none, -2 = not one of them. */
function labelCode(spec: Spec): string {
  const type = `enum(${spec.labels.classes.map(literal).join(", ")})`;
  return `coalesce(enum_code(try_cast(label as ${type}))::integer, case when label is null then -1 else -2 end)`;
}

function refuseUnknown(labels: Int32Array, source: Source): void {
  if (labels.includes(-2))
    throw new SensorloopError("UNKNOWN_CLASS", `files[${source.place}] hold a label that is not a class of the spec`, {
      facts: { fileSpec: source.place },
    });
}

/** Labels by interval, by number of the recording, in order of their beginnings. */
async function readIntervals(
  connection: Duckdb["connection"],
  parts: readonly SeriesPart[],
  spec: Spec,
  from: number,
  to: number,
): Promise<Map<number, PlacedLabel[]>> {
  const found = new Map<number, PlacedLabel[]>();
  for (const part of parts) {
    const unit = spec.files[part.fileSpec]?.interval?.unit === "sample" ? "rows" : "us";
    const sql = `select unit.id, "from"::double, "to"::double, ${labelCode(spec)} from read_parquet(${literal(part.path)}) part
      join unit using (subject, recording) where unit.id >= ${from} and unit.id < ${to} order by unit.id, "from", line`;
    await readColumns(connection, sql, ([ids, begins, ends, codes], length) => {
      for (let row = 0; row < length; row++) {
        const code = codes![row]!;
        if (code === -2)
          throw new SensorloopError("UNKNOWN_CLASS", "an interval's label is not a class of the spec", {
            facts: { fileSpec: part.fileSpec },
          });
        if (code < 0) continue;
        const id = ids![row]!;
        if (!found.has(id)) found.set(id, []);
        found.get(id)!.push({ code, unit, from: begins![row]!, to: ends![row]! });
      }
    });
  }
  return found;
}

interface Named {
  readonly subjects: readonly string[];
  readonly recordings: readonly string[];
  readonly from: number;
  readonly to: number;
}

function* assemble(
  blocks: readonly Block[],
  intervals: ReadonlyMap<number, PlacedLabel[]>,
  spec: Spec,
  { subjects, recordings, from, to }: Named,
): Generator<Recording> {
  const options = {
    rateHz: spec.rateHz,
    maxGapSeconds: spec.windows.kind === "sliding" ? spec.windows.maxGapSeconds : 1,
    backfillSeconds: spec.labels.backfillSeconds,
    classes: spec.labels.classes,
  };
  const assembled = spec.windows.kind === "sliding" ? assembleSampled : assembleRows;
  for (let unit = from; unit < to;) {
    let end = unit + 1;
    while (spec.windows.kind === "subject" && end < to && subjects[end] === subjects[unit]) end++;
    const tracks: Track[] = [];
    for (const block of blocks) {
      const pieces: Track[] = [];
      for (let each = unit; each < end; each++)
        if (block.begins[each - from + 1]! > block.begins[each - from]!) pieces.push(trackOf(block, each - from, spec));
      if (pieces.length > 0) tracks.push(concatenate(pieces));
    }
    yield assembled({ subject: subjects[unit]!, recording: recordings[unit]!, tracks, intervals: intervals.get(unit) ?? [] }, options);
    unit = end;
  }
}

function trackOf(block: Block, place: number, spec: Spec): Track {
  const { source, begins, at, index, labels, channels } = block;
  const from = begins[place]!;
  const to = begins[place + 1]!;
  return reorder(
    {
      clock: source.files.time.kind === "column" ? "us" : "index",
      rateHz: source.files.rateHz ?? spec.rateHz,
      at: at.subarray(from, to),
      index: index?.subarray(from, to),
      labels: labels?.subarray(from, to),
      channels: source.channels.map((name, channel) => ({
        name,
        values: channels[channel]!.subarray(from, to),
        carry: source.files.channels[name]!.nulls === "carry",
      })),
    },
    true,
  );
}
