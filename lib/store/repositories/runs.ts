import { sql } from "kysely";
import { z } from "zod";
import type { Page, PageQuery } from "../../domain/api/page.ts";
import type { LogLine, RunDetail, RunSlot, RunSummary, Stage } from "../../domain/api/runs.ts";
import type { ErrorReport } from "../../domain/errors.ts";
import type { Estimate, Metrics } from "../../domain/metrics-schema.ts";
import { STAGES, type RunState, type StageName, type Verdict } from "../../domain/stages.ts";
import { decodeCursor, instantText, toPage } from "../keyset.ts";
import { iso, isoOrNull, reportOf, type Db, type Visible } from "./rows.ts";
import type { TrainingData } from "./training-data.ts";

export interface NewRun {
  readonly id: string;
  readonly project: string;
  readonly specVersion: number;
  readonly seed: number;
  readonly requestedBy: string;
  readonly params: RunParams;
}

/** What a run was asked for, as its row keeps it. `uploads` left out: all of the project's. */
export interface RunParams {
  readonly kind: RunSummary["kind"];
  readonly uploads?: readonly string[];
  readonly set?: Readonly<Record<string, unknown>>;
  /** ISO 8601: with what had been sent and signed by then, for a night of the past. */
  readonly before?: string;
  /** What a training found when it began. Written then. */
  readonly data?: TrainingData;
  /** Written when a replay ends. */
  readonly replay?: { readonly released: number; readonly held: number };
}

interface RunRow {
  id: string;
  project: string;
  spec_version: number;
  seed: number;
  state: RunState;
  params: RunParams;
  requested_by: string;
  requested_at: Date;
  at_text: string;
  started_at: Date | null;
  ended_at: Date | null;
  snapshot: string | null;
  candidate: string | null;
  champion: string | null;
  decision: Verdict | null;
  error: ErrorReport | null;
  started_workflow: boolean;
  stage: StageName | null;
  accuracy: Estimate | null;
  macro_f1: Estimate | null;
}

/** Everything of a run but its whole metrics, which may be megabytes and are read for one run only. */
const SUMMARY = sql`
  run.id, run.project, run.spec_version, run.seed, run.state, run.params, run.requested_by, run.requested_at, run.requested_at::text as at_text,
  run.started_at, run.ended_at, run.snapshot, run.candidate, run.champion, run.decision, run.error, run.started_workflow,
  run.metrics -> 'accuracy' as accuracy, run.metrics -> 'macroF1' as macro_f1,
  (select stage.name from stage where stage.run = run.id and stage.started_at is not null order by stage.started_at desc limit 1) as stage`;

export interface RunFilter {
  readonly project?: string;
  readonly state?: RunState;
  readonly visible: Visible;
}

/** Runs, newest first. */
export async function listRuns(db: Db, { project, state, visible, limit, after }: RunFilter & PageQuery): Promise<Page<RunSummary>> {
  const from = decodeCursor(after, z.tuple([instantText, z.string().max(80)]));
  const { rows } = await sql<RunRow>`
    select ${SUMMARY} from run
    where ${project === undefined ? sql`true` : sql`run.project = ${project}`}
      and ${state === undefined ? sql`true` : sql`run.state = ${state}`}
      and ${visible ? sql`run.project = any(${[...visible]}::text[])` : sql`true`}
      and ${from ? sql`(run.requested_at, run.id) < (${from[0]}::timestamptz, ${from[1]})` : sql`true`}
    order by run.requested_at desc, run.id desc
    limit ${limit + 1}`.execute(db);
  return toPage(rows, limit, summaryOf, (row) => [row.at_text, row.id]);
}

export interface RunRecord extends RunSummary {
  readonly snapshot: string | null;
  readonly champion: string | null;
  readonly params: RunParams;
  readonly workflowStarted: boolean;
}

export async function findRun(db: Db, id: string): Promise<RunRecord | undefined> {
  const { rows } = await sql<RunRow>`select ${SUMMARY} from run where run.id = ${id}`.execute(db);
  return rows[0] && recordOf(rows[0]);
}

/** The run of the same kind and project that was requested before this one. */
export async function findRunBefore(db: Db, run: RunRecord): Promise<RunRecord | undefined> {
  const { rows } = await sql<RunRow>`
    select ${SUMMARY} from run
    where run.project = ${run.project} and run.params ->> 'kind' = ${run.kind}
      and (run.requested_at, run.id) < (select requested_at, id from run where id = ${run.run})
    order by run.requested_at desc, run.id desc limit 1`.execute(db);
  return rows[0] && recordOf(rows[0]);
}

export async function findNewestReplay(db: Db, project: string): Promise<RunRecord | undefined> {
  const { rows } = await sql<RunRow>`
    select ${SUMMARY} from run where run.project = ${project} and run.params ->> 'kind' = 'replay'
    order by run.requested_at desc, run.id desc limit 1`.execute(db);
  return rows[0] && recordOf(rows[0]);
}

export async function metricsOfRun(db: Db, id: string): Promise<Metrics | null> {
  const row = await db.selectFrom("run").select("metrics").where("id", "=", id).executeTakeFirst();
  return row?.metrics ?? null;
}

/** False where a run of this id exists. */
export async function insertRun(db: Db, run: NewRun): Promise<boolean> {
  const { id, project, seed } = run;
  const row = await db
    .insertInto("run")
    .values({
      id,
      project,
      spec_version: run.specVersion,
      seed,
      state: "queued",
      params: JSON.stringify(run.params),
      requested_by: run.requestedBy,
    })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .returning("id")
    .executeTakeFirst();
  return row !== undefined;
}

/** Runs that Temporal has not accepted yet, oldest first. */
export async function listRunsToStart(db: Db, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom("run")
    .select("id")
    .where("started_workflow", "=", false)
    .where("state", "=", "queued")
    .orderBy("requested_at")
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

/** Holds a run that is still to be started until the transaction ends; undefined where another process holds or started it. */
export async function holdRunToStart(
  db: Db,
  id: string,
): Promise<{ id: string; project: string; specVersion: number; seed: number; params: RunParams } | undefined> {
  const { rows } = await sql<{ id: string; project: string; specVersion: number; seed: number; params: RunParams }>`
    select id, project, spec_version as "specVersion", seed, params from run
    where id = ${id} and not started_workflow and state = 'queued' for update skip locked`.execute(db);
  return rows[0];
}

export async function markStarted(db: Db, id: string): Promise<void> {
  await db.updateTable("run").set({ started_workflow: true }).where("id", "=", id).execute();
}

/** Waits for whoever is starting or cancelling it, then holds the run until the transaction ends. */
export async function holdRun(db: Db, id: string): Promise<{ project: string; state: RunState; workflowStarted: boolean } | undefined> {
  const { rows } = await sql<{ project: string; state: RunState; workflowStarted: boolean }>`
    select project, state, started_workflow as "workflowStarted" from run where id = ${id} for update`.execute(db);
  return rows[0];
}

/** For a run that has no workflow to do it: its end, and that of the stage it was in. */
export async function markCancelled(db: Db, id: string, error: ErrorReport): Promise<void> {
  const end = { state: "cancelled", ended_at: new Date(), error: JSON.stringify(error) } as const;
  await db.updateTable("run").set(end).where("id", "=", id).execute();
  await db.updateTable("stage").set(end).where("run", "=", id).where("state", "=", "running").execute();
}

/** Runs that have not ended though the nights that started them have. */
export async function listOrphanRuns(db: Db, project: string): Promise<{ run: string; night: string }[]> {
  return db
    .selectFrom("run")
    .innerJoin("night", "night.run", "run.id")
    .select(["run.id as run", "night.id as night"])
    .where("run.project", "=", project)
    .where("run.state", "in", ["queued", "running", "waiting"])
    .where("night.state", "!=", "running")
    .execute();
}

/** Stages in the order of the pipeline. Seconds of a running one count to now. */
export async function listStages(db: Db, run: string): Promise<Stage[]> {
  const rows = await db
    .selectFrom("stage")
    .selectAll()
    .select(sql<number | null>`extract(epoch from coalesce(ended_at, clock_timestamp()) - started_at)::float8`.as("seconds"))
    .where("run", "=", run)
    .execute();
  const place = (name: string) => STAGES.indexOf(name as StageName);
  return rows
    .filter((row) => place(row.name) >= 0)
    .sort((a, b) => place(a.name) - place(b.name))
    .map((row) => ({
      name: row.name as StageName,
      state: row.state,
      attempt: row.attempt,
      startedAt: isoOrNull(row.started_at),
      endedAt: isoOrNull(row.ended_at),
      seconds: row.seconds,
      rowsIn: row.rows_in,
      rowsOut: row.rows_out,
      rowsQuarantined: row.rows_quarantined,
      rowsDuplicate: row.rows_duplicate,
      reused: row.state === "reused",
      reusedFrom: row.reused_from,
      reason: row.reason,
      progress: progressOf(row.progress),
      detail: row.detail,
      error: reportOf(row.error),
    }));
}

/** Log lines of a run, oldest first. */
export async function listRunLogs(db: Db, run: string, { limit, after }: PageQuery): Promise<Page<LogLine>> {
  const from = decodeCursor(after, z.tuple([z.int()]));
  let query = db.selectFrom("run_log").select(["id", "at", "level", "stage", "message"]).where("run", "=", run);
  if (from) query = query.where("id", ">", from[0]);
  const rows = await query
    .orderBy("id")
    .limit(limit + 1)
    .execute();
  return toPage(
    rows,
    limit,
    (row): LogLine => ({ ...row, at: iso(row.at) }),
    (row) => [row.id],
  );
}

export async function modelsOfRun(db: Db, run: string): Promise<RunDetail["models"]> {
  return db.selectFrom("model").select(["id", "slot", "family", "state"]).where("run", "=", run).orderBy("created_at").limit(200).execute();
}

/** Slots of a run, those with most sensors first, as they are worked on. */
export async function slotsOfRun(db: Db, run: string): Promise<RunSlot[]> {
  const rows = await db
    .selectFrom("run_slot")
    .select(["slot", "cohort", "sensors", "state", "generation", "candidate", "champion", "decision", "reason"])
    .where("run", "=", run)
    .orderBy(sql`cardinality(sensors)`, "desc")
    .orderBy("slot")
    .execute();
  return rows;
}

type Trend = { run: string; model: string; accuracy: Estimate | null; macroF1: Estimate | null; promoted: boolean };

/** Finished runs with what became of their candidates, oldest first. */
export async function listTrend(db: Db, project: string): Promise<(Trend & { at: string })[]> {
  const { rows } = await sql<Trend & { at: Date }>`
    select id as run, ended_at as at, candidate as model, metrics -> 'accuracy' as accuracy, metrics -> 'macroF1' as "macroF1",
           coalesce((decision ->> 'promoted')::boolean, false) as promoted
    from run where project = ${project} and state = 'done' and candidate is not null and ended_at is not null
    order by ended_at desc limit 30`.execute(db);
  return rows.map((row) => ({ ...row, at: iso(row.at) })).reverse();
}

function progressOf(progress: Record<string, unknown> | null): Stage["progress"] {
  if (!progress) return null;
  const { done, total, unit } = progress;
  return { ...progress, done: Number(done ?? 0), total: Number(total ?? 0), unit: typeof unit === "string" ? unit : "" };
}

function summaryOf(row: RunRow): RunSummary {
  return {
    run: row.id,
    kind: row.params.kind ?? "training",
    project: row.project,
    state: row.state,
    specVersion: row.spec_version,
    seed: row.seed,
    requestedBy: row.requested_by,
    requestedAt: iso(row.requested_at),
    startedAt: isoOrNull(row.started_at),
    endedAt: isoOrNull(row.ended_at),
    stage: row.stage,
    candidate: row.candidate,
    accuracy: row.accuracy,
    macroF1: row.macro_f1,
    decision: row.decision,
    error: reportOf(row.error),
  };
}

function recordOf(row: RunRow): RunRecord {
  return { ...summaryOf(row), snapshot: row.snapshot, champion: row.champion, params: row.params, workflowStarted: row.started_workflow };
}
