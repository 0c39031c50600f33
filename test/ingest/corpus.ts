import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { expect, onTestFinished } from "vitest";
import type { Spec } from "../../lib/domain/spec.ts";
import { run as cleanJob, type CleanedFile } from "../../lib/ingest/clean-job.ts";
import { run as stageJob, type StagedEntry, type StageInput, type StageOutput } from "../../lib/ingest/stage-job.ts";
import { literal, openDuckdb } from "../../lib/store/duckdb.ts";
import { smallSpec } from "./spec.ts";

export { FIRST_MS, goodRows, HEADER, smallSpec, table, tolerant } from "./spec.ts";

/** An empty folder of the test's own. */
export async function testFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sensorloop-ingest-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

interface StageOptions extends Partial<Pick<StageInput, "limits">> {
  readonly name?: string;
  readonly spec?: Spec;
}

export async function stage(
  content: string | Uint8Array,
  { name = "data.csv", spec = smallSpec(), limits }: StageOptions = {},
): Promise<StageOutput & { path: string }> {
  const folder = await testFolder();
  const path = join(folder, "upload");
  await writeFile(path, content);
  await mkdir(join(folder, "job"));
  const output = await stageJob({ path, name, files: spec.files, limits }, { folder: join(folder, "job"), progress() {} });
  return { ...output, path };
}

/** The only entry of an upload. */
export async function stageOne(content: string | Uint8Array, options: StageOptions = {}): Promise<StagedEntry> {
  const { entries } = await stage(content, options);
  if (entries.length !== 1) throw new Error(`${entries.length} entries where one was expected`);
  return entries[0] as StagedEntry;
}

export function stagedText(entry: StagedEntry): string {
  if (entry.state !== "staged") throw new Error(`refused: ${entry.error.message}`);
  return readFileSync(entry.path, "utf8");
}

export interface QuarantinedLine {
  readonly line: number;
  readonly rule: string;
  readonly column: string | null;
  readonly reason: string;
  readonly raw: string;
}

export interface Cleaning {
  readonly file: CleanedFile;
  readonly rows: Record<string, unknown>[];
  readonly quarantine: QuarantinedLine[];
  readonly subjects: { external: string; biometric: string }[];
  readonly folder: string;
}

/** What became of the rows. */
export const counts = ({ file }: Cleaning) => ({ in: file.rowsIn, ok: file.rowsOk, bad: file.rowsQuarantined, twice: file.rowsDuplicate });

export const PEPPER = "a pepper of the tests";

/** Stages and cleans one file and reads everything back that came of it. */
export async function clean(
  content: string | Uint8Array,
  { spec = smallSpec(), name = "data.csv" }: Omit<StageOptions, "limits"> = {},
): Promise<Cleaning> {
  const entry = await stageOne(content, { spec, name });
  return cleanStaged(entry, spec);
}

/** @param read whether the rows are read back; wide files are better asked in SQL */
export async function cleanStaged(entry: StagedEntry, spec: Spec, read = true): Promise<Cleaning> {
  if (entry.state !== "staged") throw new Error(`refused while staging: ${entry.error.code} ${entry.error.message}`);
  const folder = await testFolder();
  const { files } = await cleanJob(
    { files: [{ id: "f1", ...entry }], spec, pepper: PEPPER, memoryMb: 300, threads: 1 },
    { folder, progress() {} },
  );
  const file = files[0] as CleanedFile;
  await expectPiecesOf(file, spec.files[entry.fileSpec]?.role ?? "samples", folder);
  return {
    file,
    rows: file.parquet && read ? await readParquet(file.parquet.path, folder) : [],
    quarantine: file.quarantine ? ndjson<QuarantinedLine>(file.quarantine.path) : [],
    subjects: file.subjects ? ndjson<{ external: string; biometric: string }>(file.subjects.path) : [],
    folder,
  };
}

/** Whatever was cleaned, the list of pieces says what grouping the rows would. */
async function expectPiecesOf({ parquet, pieces }: CleanedFile, role: string, folder: string): Promise<void> {
  expect(pieces === null).toBe(parquet === null);
  if (!parquet || !pieces) return;
  await using duckdb = await openDuckdb({ folder, memoryMb: 200, threads: 1 });
  const measures = role === "samples" ? "count(*), min(at_us), max(at_us)" : `sum("to" - "from")::bigint, null, null`;
  const grouped = `select piece, subject, recording, label, ${measures} from read_parquet(${literal(parquet.path)}) group by all`;
  const listed = `select * from read_parquet(${literal(pieces.path)})`;
  expect(await duckdb.rows(`(${grouped} except all ${listed}) union all (${listed} except all ${grouped})`)).toEqual([]);
}

/** Rows in the file's order, whole numbers as numbers. */
async function readParquet(path: string, folder: string): Promise<Record<string, unknown>[]> {
  await using duckdb = await openDuckdb({ folder, memoryMb: 200, threads: 1 });
  const rows = await duckdb.rows(`SELECT * FROM read_parquet(${literal(path)})`);
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, typeof value === "bigint" ? Number(value) : value])),
  );
}

function ndjson<Row>(path: string): Row[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);
}

export interface ZipContent {
  readonly name: string | Buffer;
  readonly content: Uint8Array;
  /** What the archive's directory says of it, where that is to be wrong. */
  readonly crc?: number;
}

/** A zip archive; names are written as they are, however hostile. */
export function zip(files: readonly ZipContent[]): Buffer {
  const pieces: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, crc = crc32(content) } of files) {
    const path = Buffer.from(name);
    const packed = deflateRawSync(content);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(0x800, 2);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(crc, 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(content.length, 18);
    fields.writeUInt16LE(path.length, 22);
    pieces.push(Buffer.from("PK\x03\x04", "latin1"), fields, path, packed);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02", "latin1"), Buffer.from([20, 0]), fields, rest, path);
    offset += 4 + fields.length + path.length + packed.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...pieces, central, end]);
}
