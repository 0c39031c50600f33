import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { sql, type Transaction } from "kysely";
import type { JobInput, JobOutput } from "../lib/compute/job.ts";
import { SYNTHETIC_SOURCE } from "../lib/domain/recording-id.ts";
import type { Spec } from "../lib/domain/spec.ts";
import type { RunContext } from "../lib/domain/stages.ts";
import type { StatedProfile } from "../lib/ingest/profile-rows.ts";
import type { Platform } from "../lib/platform.ts";
import type { Database } from "../lib/store/database.ts";
import { hold, raise } from "../lib/store/fence.ts";
import { codeVersion, sha256Of } from "../lib/store/hashes.ts";
import { record, type PutObject } from "../lib/store/objects.ts";
import { holdErasures } from "../lib/store/repositories/erasures.ts";
import { stateProfiles } from "../lib/store/repositories/profiles.ts";
import { currentFence, currentSignal } from "./attempt.ts";
import { specOf } from "./spec-of.ts";
import { beginStage, endStage, logRun, progressReporter } from "./stage-record.ts";

type Cleaned = JobOutput<"clean-files">["files"][number];
type FileToClean = JobInput<"clean-files">["files"][number];

/** The clean rows of a file and the list of what is in them. */
interface Published {
  readonly object: PutObject;
  readonly list: PutObject;
}

/** A chunk is one job's work: so many bytes or files that its start is small beside it, so few that a retry is cheap. */
const CHUNK_BYTES = 64 * 2 ** 20;
const CHUNK_FILES = 150;
/** Rows of one insert; Postgres allows 65,535 parameters, and arrays count as one each. */
const INSERT_ROWS = 10_000;

export function createCleanActivities(platform: Platform) {
  const { db, objects, compute, config } = platform;

  /** Deals the run's files that were not yet cleaned this way into chunks. */
  async function planCleaning(context: RunContext): Promise<{ chunks: number }> {
    await beginStage(db, context.run, "clean");
    const spec = await specOf(db, context);
    const files = await filesOf(db, context.run);
    const done = await cleanedBy(db, hashesOf(cleaningRules(spec), files));
    const chunks: { files: string[]; bytes: number }[] = [];
    for (const file of files) {
      if (done.has(file.id)) continue;
      let chunk = chunks.at(-1);
      if (!chunk || chunk.bytes + file.bytes > CHUNK_BYTES || chunk.files.length >= CHUNK_FILES)
        chunks.push((chunk = { files: [], bytes: 0 }));
      chunk.files.push(file.id);
      chunk.bytes += file.bytes;
    }
    await db.updateTable("run_file").set({ chunk: null }).where("run", "=", context.run).execute();
    for (const [index, chunk] of chunks.entries()) {
      await db.updateTable("run_file").set({ chunk: index }).where("run", "=", context.run).where("file", "in", chunk.files).execute();
    }
    return { chunks: chunks.length };
  }

  /** Cleans one chunk; its files' results, quarantined rows and subjects are committed together. */
  async function cleanChunk(context: RunContext & { chunk: number }): Promise<void> {
    const fence = currentFence();
    await raise(db, fence);
    const spec = await specOf(db, context);
    const files = await filesOf(db, context.run, context.chunk);
    const rules = cleaningRules(spec);
    const hashes = hashesOf(rules, files);
    const done = await cleanedBy(db, hashes);
    const pending = files.filter((file) => !done.has(file.id));
    if (pending.length === 0) return;
    const input: FileToClean[] = [];
    for (const file of pending) {
      const path = await objects.fetch({ key: file.key, sha256: file.sha256, bytes: file.bytes });
      input.push({
        id: file.id,
        name: file.name,
        path,
        sha256: file.sha256,
        fileSpec: rules.fileSpecOf(file.name),
        scan: file.scan as FileToClean["scan"],
        synthetic: file.synthetic,
      });
    }
    await using job = await compute.run(
      "clean-files",
      { files: input, spec, pepper: config.pepper, memoryMb: Math.floor(config.jobs.memoryMb * 0.6), threads: 1 },
      { signal: currentSignal(), onProgress: progressReporter(db, context.run, "clean") },
    );
    const puts = new Map<string, Published>();
    for (const { file, parquet, pieces } of job.output.files) {
      if (!parquet || !pieces) continue;
      const [object, list] = await Promise.all([
        objects.putFile(context.project, "clean", parquet.path, parquet),
        objects.putFile(context.project, "clean", pieces.path, pieces),
      ]);
      puts.set(file, { object, list });
    }
    await db.transaction().execute(async (tx) => {
      await hold(tx, fence);
      await holdErasures(tx, context.project);
      await record(
        tx,
        [...puts.values()].flatMap(({ object, list }) => [object, list]),
      );
      for (const cleaned of job.output.files)
        await commitFile(tx, context, cleaned, hashes.get(cleaned.file) as string, puts.get(cleaned.file));
    });
  }

  async function closeCleaning(context: RunContext): Promise<void> {
    const spec = await specOf(db, context);
    const files = await filesOf(db, context.run);
    const cleanings = await cleanedBy(db, hashesOf(cleaningRules(spec), files));
    const rows = [...cleanings.values()];
    const total = (field: "rows_in" | "rows_ok" | "rows_quarantined" | "rows_duplicate") => rows.reduce((sum, row) => sum + row[field], 0);
    const fresh = await db
      .selectFrom("run_file")
      .select("file")
      .where("run", "=", context.run)
      .where("chunk", "is not", null)
      .executeTakeFirst();
    const refused = rows.filter((row) => row.state === "refused").length;
    const earlier = fresh ? null : await runThatCleaned(context);
    await endStage(db, context.run, "clean", {
      state: fresh ? "done" : "reused",
      counts: {
        rowsIn: total("rows_in"),
        rowsOut: total("rows_ok"),
        rowsQuarantined: total("rows_quarantined"),
        rowsDuplicate: total("rows_duplicate"),
      },
      reusedFrom: earlier,
      reason: fresh ? undefined : "the same files, cleaning rules and code",
      detail: { files: rows.length, refused },
    });
  }

  /** The newest earlier run that worked on one of these files. */
  async function runThatCleaned(context: RunContext): Promise<string | null> {
    const row = await db
      .selectFrom("run_file as mine")
      .innerJoin("run_file as theirs", "theirs.file", "mine.file")
      .innerJoin("run", "run.id", "theirs.run")
      .select("run.id")
      .where("mine.run", "=", context.run)
      .where("theirs.run", "!=", context.run)
      .where("theirs.chunk", "is not", null)
      .orderBy("run.requested_at", "desc")
      .executeTakeFirst();
    return row?.id ?? null;
  }

  /** For a replay: the project's files whose newest cleaning refused rows, or refused the file. */
  async function selectQuarantined(context: RunContext): Promise<void> {
    await sql`
      insert into run_file (run, file, chunk)
      select ${context.run}, file, null from (
        select distinct on (file) file, rows_quarantined from cleaning where project = ${context.project} order by file, created_at desc
      ) newest where rows_quarantined > 0
      on conflict do nothing`.execute(db);
  }

  return { planCleaning, cleanChunk, closeCleaning, selectQuarantined };
}

async function commitFile(
  tx: Transaction<Database>,
  context: RunContext,
  cleaned: Cleaned,
  inputSha256: string,
  put: Published | undefined,
): Promise<void> {
  const id = randomUUID();
  const inserted = await tx
    .insertInto("cleaning")
    .values({
      id,
      project: context.project,
      file: cleaned.file,
      input_sha256: inputSha256,
      state: cleaned.state,
      rows_in: cleaned.rowsIn,
      rows_ok: cleaned.rowsOk,
      rows_quarantined: cleaned.rowsQuarantined,
      rows_duplicate: cleaned.rowsDuplicate,
      object: put?.object.key ?? null,
      pieces: put?.list.key ?? null,
      error: cleaned.error ? JSON.stringify(cleaned.error) : null,
      detail: JSON.stringify({ ...cleaned.detail, leftOut: cleaned.leftOut, rules: cleaned.quarantine?.counts ?? {} }),
    })
    .onConflict((conflict) => conflict.columns(["file", "input_sha256"]).doNothing())
    .executeTakeFirst();
  if (Number(inserted.numInsertedOrUpdatedRows) === 0) return;
  if (cleaned.error) await logRun(tx, context.run, "clean", `${cleaned.error.message} (${cleaned.error.code})`, "warn");
  if (cleaned.subjects) await insertSubjects(tx, context.project, cleaned.subjects.path);
  if (cleaned.profiles) await insertProfiles(tx, context.project, cleaned.file, cleaned.profiles.path);
  if (cleaned.quarantine) await insertQuarantine(tx, id, cleaned.quarantine.path);
}

/** A file says what it says as of when it was sent, not of when it was cleaned: cleaning again takes nothing newer back. */
async function insertProfiles(tx: Transaction<Database>, project: string, file: string, path: string): Promise<void> {
  const { created_at: at } = await tx
    .selectFrom("file")
    .innerJoin("upload", "upload.id", "file.upload")
    .select("upload.created_at")
    .where("file.id", "=", file)
    .executeTakeFirstOrThrow();
  await inBatches<StatedProfile>(path, (stated) => stateProfiles(tx, project, at, stated));
}

async function insertSubjects(tx: Transaction<Database>, project: string, path: string): Promise<void> {
  await inBatches<{ external: string; biometric: string }>(path, async (rows) => {
    await sql`
      insert into subject (project, external_id, biometric_id)
      select ${project}, external, biometric from unnest(${rows.map((row) => row.external)}::text[], ${rows.map((row) => row.biometric)}::text[]) as t (external, biometric)
      where not exists (select from erased_subject where erased_subject.project = ${project} and biometric_id = biometric)
      on conflict do nothing`.execute(tx);
  });
}

async function insertQuarantine(tx: Transaction<Database>, cleaning: string, path: string): Promise<void> {
  await inBatches<{ line: number; rule: string; column: string | null; reason: string; raw: string }>(path, async (rows) => {
    await sql`
      insert into quarantine (cleaning, line, rule, "column", reason, raw)
      select ${cleaning}::uuid, t.* from unnest(
        ${rows.map((row) => row.line)}::bigint[], ${rows.map((row) => row.rule)}::text[], ${rows.map((row) => row.column)}::text[],
        ${rows.map((row) => row.reason)}::text[], ${rows.map((row) => row.raw.replaceAll("\0", "\uFFFD"))}::text[]) as t`.execute(tx);
  });
}

/** Reads newline-delimited JSON without holding it whole. */
async function inBatches<Row>(path: string, insert: (rows: Row[]) => Promise<void>): Promise<void> {
  const rows: Row[] = [];
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    if (line) rows.push(JSON.parse(line) as Row);
    if (rows.length >= INSERT_ROWS) await insert(rows.splice(0));
  }
  if (rows.length > 0) await insert(rows);
}

export interface RunFile {
  readonly id: string;
  readonly name: string;
  readonly key: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly scan: Record<string, unknown>;
  /** Made up from statistics and sent in: known by the source of its upload. */
  readonly synthetic: boolean;
}

/** The files of a run, or of one chunk of it, in an order that does not change. */
export async function filesOf(db: Platform["db"], run: string, chunk?: number): Promise<RunFile[]> {
  let query = db
    .selectFrom("run_file")
    .innerJoin("file", "file.id", "run_file.file")
    .innerJoin("object", "object.key", "file.object")
    .innerJoin("upload", "upload.id", "file.upload")
    .select(["file.id", "file.name", "object.key", "object.sha256", "object.bytes", "file.scan"])
    .select(sql<boolean>`coalesce(starts_with(upload.source, ${SYNTHETIC_SOURCE}), false)`.as("synthetic"))
    .where("run_file.run", "=", run);
  if (chunk !== undefined) query = query.where("run_file.chunk", "=", chunk);
  return query.orderBy("file.name").orderBy("file.id").execute();
}

export interface CleaningRules {
  /** Which entry of the spec's `files` describes a file: the first whose pattern matches its name; -1 where none does. */
  fileSpecOf(name: string): number;
  /** Of everything the cleaning of a file depends on. */
  hashOf(file: RunFile): string;
}

/** What a spec says of cleaning, compiled and hashed once for any number of files. */
export function cleaningRules({ files, labels: { classes, map } }: Spec): CleaningRules {
  const patterns = files.map(({ match }) => new RegExp(match));
  const rules = files.map((entry) => sha256Of({ files: entry, labels: { classes, map }, code: codeVersion() }));
  const fileSpecOf = (name: string) => patterns.findIndex((pattern) => pattern.test(name));
  return {
    fileSpecOf,
    hashOf: ({ sha256, name, scan, synthetic }) =>
      sha256Of({ content: sha256, name, scan, synthetic: synthetic || undefined, rules: rules[fileSpecOf(name)] }),
  };
}

/** By file. */
export function hashesOf(rules: CleaningRules, files: readonly RunFile[]): ReadonlyMap<string, string> {
  return new Map(files.map((file) => [file.id, rules.hashOf(file)]));
}

/** The cleanings that have these hashes, by file. */
export async function cleanedBy(db: Platform["db"], hashes: ReadonlyMap<string, string>) {
  if (hashes.size === 0) return new Map<string, never>();
  const rows = await db
    .selectFrom("cleaning")
    .selectAll()
    .where("file", "in", [...hashes.keys()])
    .where("input_sha256", "in", [...hashes.values()])
    .execute();
  return new Map(rows.map((row) => [row.file, row]));
}
