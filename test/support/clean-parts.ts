import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { open as openZip, type Entry, type ZipFile } from "yauzl";
import type { Spec } from "../../lib/domain/spec.ts";
import { literal, openDuckdb, type Duckdb } from "../../lib/store/duckdb.ts";
import type { SeriesPart } from "../../lib/store/pieces.ts";

export type CleanPart = SeriesPart & { readonly file: string };

/** Rows as cleaning leaves them; `columns` are the channels in order. */
export interface CleanRows {
  readonly subject: string;
  readonly recording: string;
  /** [index, atUs, label, ...channels] */
  readonly rows: readonly (readonly (number | string | null)[])[];
}

/** Writes what cleaning would: Parquet of samples with the columns that docs/architecture.md names. */
export async function writeSamples(
  path: string,
  folder: string,
  channels: readonly string[],
  recordings: readonly CleanRows[],
): Promise<void> {
  await using database = await openDuckdb({ folder, memoryMb: 256, threads: 1 });
  const { connection } = database;
  await database.run(
    `create table rows (subject varchar, recording varchar, line integer, index bigint, at_us bigint, ${channels.map((name) => `${name} float`).join(", ")}, label varchar)`,
  );
  let line = 1;
  for (const { subject, recording, rows } of recordings) {
    for (const [index, atUs, label, ...values] of rows) {
      const cells = [subject, recording, ++line, index, atUs, ...values, label].map((cell) =>
        cell === null || cell === undefined
          ? "null"
          : typeof cell === "string"
            ? literal(cell)
            : Number.isNaN(cell)
              ? "'nan'::float"
              : String(cell),
      );
      await connection.run(`insert into rows values (${cells.join(", ")})`);
    }
  }
  await writePieces(database, "rows", path, "count(*), min(at_us), max(at_us)");
}

/** Where the pieces of a part lie. */
export function piecesAt(path: string): string {
  return path.replace(/\.parquet$/, ".pieces.parquet");
}

/** Writes rows with the numbers of their pieces, and the pieces beside them, as cleaning does. */
async function writePieces(database: Duckdb, rows: string, path: string, measures: string): Promise<void> {
  await database.run(
    `create or replace temp table pieces as select (row_number() over (order by min(line)) - 1)::integer as piece, subject, recording, label, ${measures} from ${rows} group by subject, recording, label`,
  );
  const numbered = `select part.*, piece from (select * from ${rows}) part join pieces on part.subject = pieces.subject and part.recording = pieces.recording and part.label is not distinct from pieces.label order by line`;
  await database.run(`copy (${numbered}) to ${literal(path)} (format parquet)`);
  await database.run(`copy (select * from pieces order by piece) to ${literal(piecesAt(path))} (format parquet)`);
}

/** Writes what cleaning would of a file of labels by interval: [subject, recording, from, to (excluded), label]. */
export async function writeIntervals(
  path: string,
  folder: string,
  rows: readonly (readonly [string, string, number, number, string | null])[],
): Promise<void> {
  await using database = await openDuckdb({ folder, memoryMb: 256, threads: 1 });
  await database.run(`create table rows (subject varchar, recording varchar, line integer, "from" bigint, "to" bigint, label varchar)`);
  for (const [index, [subject, recording, from, to, label]] of rows.entries()) {
    await database.run(
      `insert into rows values (${literal(subject)}, ${literal(recording)}, ${index + 2}, ${from}, ${to}, ${label === null ? "null" : literal(label)})`,
    );
  }
  await writePieces(database, "rows", path, INTERVAL_MEASURES);
}

const INTERVAL_MEASURES = `sum("to" - "from")::bigint, null::bigint, null::bigint`;

/**
 * The raw UCI HAR archive as cleaning with `examples/har/spec.yaml` would leave it, made by DuckDB alone, so that windows
 * can be tested and measured without the stages before them.
 */
export async function writeHarParts(archive: string, folder: string, spec: Spec): Promise<CleanPart[]> {
  const raw = join(folder, "raw");
  await mkdir(raw, { recursive: true });
  const names = await extract(archive, raw);
  const database = await openDuckdb({ folder, memoryMb: 512, threads: 1 });
  await using _ = database;
  const parts: CleanPart[] = [];
  for (const name of names) {
    const fileSpec = spec.files.findIndex((files) => new RegExp(files.match).test(name));
    const files = spec.files[fileSpec];
    if (!files || files.role === "profiles") continue;
    const groups = new RegExp(files.match).exec(name)?.groups ?? {};
    const columns = files.format.columns!;
    const types = columns.map((column) => `${literal(column)}: '${files.role === "samples" ? "float" : "varchar"}'`).join(", ");
    const rows = `read_csv(${literal(join(raw, name))}, delim = ' ', header = false, columns = {${types}})`;
    const path = join(folder, `${basename(name, ".txt")}.parquet`);
    const channels = Object.entries(files.channels).map(([channel, { column }]) => `"${column}" as ${channel}`);
    const select =
      files.role === "samples"
        ? `select ${literal(groups["user"]!)} as subject, ${literal(groups["experiment"]!)} as recording, (row_number() over ())::integer as line, row_number() over () - 1 as index, null::bigint as at_us, ${channels.join(", ")}, null::varchar as label from ${rows}`
        : `select "user" as subject, experiment as recording, (row_number() over ())::integer as line, start::bigint - 1 as "from", "end"::bigint as "to", (${jsonMap(spec)})[activity] as label from ${rows}`;
    const measures = files.role === "samples" ? "count(*), min(at_us), max(at_us)" : INTERVAL_MEASURES;
    await writePieces(database, `(${select})`, path, measures);
    parts.push({ path, pieces: piecesAt(path), file: basename(name, ".txt"), fileSpec, role: files.role });
  }
  return parts;
}

function jsonMap(spec: Spec): string {
  const entries = Object.entries(spec.labels.map);
  return `map([${entries.map(([raw]) => literal(raw)).join(", ")}], [${entries.map(([, label]) => (label === null ? "null" : literal(label))).join(", ")}])`;
}

const openArchive = promisify<string, { lazyEntries: boolean }, ZipFile>(openZip as never);

/** Unpacks the files of an archive into one flat folder and returns their names. */
async function extract(archive: string, folder: string): Promise<string[]> {
  const zip = await openArchive(archive, { lazyEntries: true });
  const openStream = promisify(
    zip.openReadStream.bind(zip) as (entry: Entry, done: (error: Error | null, stream: NodeJS.ReadableStream) => void) => void,
  );
  const names: string[] = [];
  await new Promise<void>((resolve, reject) => {
    zip.on("error", reject);
    zip.on("end", resolve);
    zip.on("entry", (entry: Entry) => {
      if (entry.fileName.endsWith("/")) return zip.readEntry();
      const name = basename(entry.fileName);
      names.push(name);
      openStream(entry)
        .then((stream) => pipeline(stream, createWriteStream(join(folder, name))))
        .then(() => zip.readEntry(), reject);
    });
    zip.readEntry();
  });
  return names;
}
