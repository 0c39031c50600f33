import { assembleRows, assembleSampled, concatenate, reorder, type PlacedLabel, type Track } from "../domain/assemble.ts";
import { SensorloopError } from "../domain/errors.ts";
import { overlay } from "../domain/labels/overlay.ts";
import type { ResolvedSpan } from "../domain/labels/policy.ts";
import type { Recording } from "../domain/recording.ts";
import type { FilesSpec, Spec } from "../domain/spec.ts";
import { readColumns, stringsOf, type Column } from "./columns.ts";
import { ident, literal, type Duckdb } from "./duckdb.ts";
import { labelCode, loadPieces, type SeriesPart } from "./pieces.ts";

export interface ReadOptions {
  readonly database: Duckdb;
  readonly parts: readonly SeriesPart[];
  readonly spec: Spec;
  /** [subject, recording] pairs to read; all without it. */
  readonly where?: readonly (readonly [string, string])[];
  /** What people said of a recording: it takes the place of what the files say. */
  readonly said?: (subject: string, recording: string) => readonly ResolvedSpan[];
  /** Bytes of rows held at once; the recordings of one subject may be larger. */
  readonly bytesAtOnce?: number;
}

/** With as much again in DuckDB, well within a job's 1 GiB; a shard of a few million rows is then read in one pass. */
const BYTES_AT_ONCE = 160_000_000;

/** All parts of one of the spec's `files`. */
interface Source {
  readonly place: number;
  readonly files: FilesSpec;
  readonly parts: readonly NumberedPart[];
  readonly channels: readonly string[];
}

/** What the pieces of a part are, by their numbers. */
interface NumberedPart {
  readonly path: string;
  /** Number of the recording; -1 where it is not wanted. */
  readonly units: Int32Array;
  /** Index of the class; -1 = none. */
  readonly labels: Int32Array;
}

interface Numbering {
  readonly subjects: readonly string[];
  readonly recordings: readonly string[];
  readonly sources: readonly Source[];
  /** Rows by source and recording. */
  readonly counts: readonly Int32Array[];
  readonly intervals: readonly (NumberedPart & { readonly files: FilesSpec })[];
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
 * Rows come from DuckDB as typed columns, each with the number of its piece, and are dealt out by the recording that this
 * is a piece of (a counting sort): for millions of short recordings several times faster than to join rows by the names of
 * their recordings, to have them sorted, or grouped into lists.
 * @throws SensorloopError UNKNOWN_CLASS where a label is not a class of the spec
 */
export async function* readRecordings(options: ReadOptions): AsyncGenerator<Recording> {
  const { database, spec } = options;
  const { subjects, recordings, sources, counts, intervals: intervalParts } = await numberPieces(options);
  // A row has its time and perhaps a label beside the channels.
  const widths = sources.map((source) => 4 * source.channels.length + (source.files.label ? 12 : 8));
  for (const [from, to] of passesOf(subjects, counts, widths, options.bytesAtOnce ?? BYTES_AT_ONCE)) {
    const intervals = await readIntervals(database.connection, intervalParts, from, to);
    const blocks: Block[] = [];
    for (const [place, source] of sources.entries())
      blocks.push(await readBlock(database.connection, source, counts[place]!, { from, to, indexed: intervals.size > 0 }));
    for (const recording of assemble(blocks, intervals, spec, { subjects, recordings, from, to }))
      yield overlay(recording, options.said?.(recording.subject, recording.recording) ?? []);
  }
}

/** Numbers the recordings that are wanted and have samples, by subject and name. */
async function numberPieces({ database, parts, spec, where }: ReadOptions): Promise<Numbering> {
  const { connection } = database;
  await loadPieces(database, parts);
  if (where) await wantedOnly(database, where);
  await database.run(`create or replace temp table unit as
    select (row_number() over (order by subject, recording) - 1)::integer as id, subject, recording
    from (select distinct subject, recording from piece ${where ? "semi join wanted using (subject, recording)" : ""} where samples)`);
  const subjects = await stringsOf(connection, "select subject from unit order by id");
  const recordings = await stringsOf(connection, "select recording from unit order by id");
  const places = [...new Set(parts.filter((part) => part.role === "samples").map((part) => part.fileSpec))].sort((a, b) => a - b);
  const counts = places.map(() => new Int32Array(subjects.length));
  const numbered: NumberedPart[] = [];
  for (const [index, part] of parts.entries()) {
    const units: number[] = [];
    const labels: number[] = [];
    const rows = part.role === "samples" ? counts[places.indexOf(part.fileSpec)] : undefined;
    const sql = `select piece, coalesce(id, -1)::integer, ${labelCode(spec)}, extent::double from piece left join unit using (subject, recording) where part = ${index}`;
    await readColumns(connection, sql, ([pieces, ids, codes, extents], length) => {
      for (let row = 0; row < length; row++) {
        const id = ids![row]!;
        if (id >= 0 && codes![row] === -2)
          throw new SensorloopError("UNKNOWN_CLASS", `files[${part.fileSpec}] hold a label that is not a class of the spec`, {
            facts: { fileSpec: part.fileSpec },
          });
        units[pieces![row]!] = id;
        labels[pieces![row]!] = codes![row]!;
        if (rows && id >= 0) rows[id]! += extents![row]!;
      }
    });
    numbered.push({ path: part.path, units: Int32Array.from(units), labels: Int32Array.from(labels) });
  }
  const filesOf = (place: number): FilesSpec => {
    const files = spec.files[place];
    if (!files) throw new SensorloopError("INTERNAL", `the spec has no files[${place}]`);
    return files;
  };
  const sources = places.map((place): Source => {
    const files = filesOf(place);
    const own = numbered.filter((_, index) => parts[index]!.role === "samples" && parts[index]!.fileSpec === place);
    return { place, files, parts: own, channels: Object.keys(files.channels) };
  });
  const intervals = numbered.flatMap((part, index) =>
    parts[index]!.role === "intervals" ? [{ ...part, files: filesOf(parts[index]!.fileSpec) }] : [],
  );
  return { subjects, recordings, sources, counts, intervals };
}

async function wantedOnly(database: Duckdb, where: NonNullable<ReadOptions["where"]>): Promise<void> {
  await database.run("create or replace temp table wanted (subject varchar, recording varchar)");
  const appender = await database.connection.createAppender("wanted");
  for (const [subject, recording] of where) {
    appender.appendVarchar(subject);
    appender.appendVarchar(recording);
    appender.endRow();
  }
  appender.closeSync();
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
  readonly indexed: boolean;
}

async function readBlock(connection: Duckdb["connection"], source: Source, counts: Int32Array, pass: Pass): Promise<Block> {
  const { from, to } = pass;
  const begins = new Int32Array(to - from + 1);
  for (let unit = from; unit < to; unit++) begins[unit - from + 1] = begins[unit - from]! + counts[unit]!;
  const rows = begins[to - from]!;
  const timed = source.files.time.kind === "column";
  const at = new Float64Array(rows);
  const index = pass.indexed && timed ? new Float64Array(rows) : undefined;
  const labels = source.files.label === undefined ? undefined : new Int32Array(rows);
  const channels = source.channels.map(() => new Float32Array(rows));
  const targets: Column[] = [at, ...(index ? [index] : []), ...channels];
  const selected = [
    "piece",
    `${timed ? "at_us" : "index"}::double`,
    ...(index ? ["index::double"] : []),
    ...source.channels.map((name) => `coalesce(${ident(name)}, 'nan'::float)`),
  ];
  const cursors = begins.slice(0, -1);
  const places = new Int32Array(2048);
  for (const part of source.parts) {
    const bounds = boundsOf(part.units, from, to);
    if (!bounds) continue;
    await readColumns(
      connection,
      `select ${selected.join(", ")} from read_parquet(${literal(part.path)}) where piece >= ${bounds.first} and piece <= ${bounds.last}`,
      (columns, length) => {
        const pieces = columns[0]!;
        for (let row = 0; row < length; row++) {
          const piece = pieces[row]!;
          const unit = part.units[piece]!;
          const place = unit >= from && unit < to ? cursors[unit - from]!++ : -1;
          places[row] = place;
          if (labels && place >= 0) labels[place] = part.labels[piece]!;
        }
        for (let column = 0; column < targets.length; column++) deal(columns[column + 1]!, places, length, targets[column]!);
      },
      rows,
    );
  }
  return { source, begins, at, index, channels, labels };
}

/** First and last piece of recordings `from` to `to` (excluded): DuckDB skips the row groups outside. */
function boundsOf(units: Int32Array, from: number, to: number): { first: number; last: number } | null {
  const within = (unit: number) => unit >= from && unit < to;
  const first = units.findIndex(within);
  return first < 0 ? null : { first, last: units.findLastIndex(within) };
}

function deal(values: Column, places: Int32Array, length: number, target: Column): void {
  for (let row = 0; row < length; row++) {
    const place = places[row]!;
    if (place >= 0) target[place] = values[row]!;
  }
}

/** Labels by interval, by number of the recording, in order of their beginnings. */
async function readIntervals(
  connection: Duckdb["connection"],
  parts: Numbering["intervals"],
  from: number,
  to: number,
): Promise<Map<number, PlacedLabel[]>> {
  const found = new Map<number, PlacedLabel[]>();
  for (const part of parts) {
    const unit = part.files.interval?.unit === "sample" ? "rows" : "us";
    const sql = `select piece, "from"::double, "to"::double from read_parquet(${literal(part.path)}) order by "from", line`;
    await readColumns(connection, sql, ([pieces, begins, ends], length) => {
      for (let row = 0; row < length; row++) {
        const id = part.units[pieces![row]!]!;
        const code = part.labels[pieces![row]!]!;
        if (code < 0 || id < from || id >= to) continue;
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
