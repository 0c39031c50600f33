import { sql, type Kysely, type Transaction } from "kysely";
import type { ErrorReport } from "../lib/domain/errors.ts";
import type { Counts, StageName, StageState } from "../lib/domain/stages.ts";
import type { Database } from "../lib/store/database.ts";

type Db = Kysely<Database> | Transaction<Database>;

/** Tells whoever watches a run that it changed; they read the rows themselves. */
async function notify(db: Db, run: string): Promise<void> {
  await sql`select pg_notify('sensorloop', json_build_object('run', id, 'project', project, 'kind', 'run')::text) from run where id = ${run}`.execute(
    db,
  );
}

export async function beginStage(db: Db, run: string, name: StageName): Promise<void> {
  await db
    .insertInto("stage")
    .values({ run, name, state: "running", started_at: new Date() })
    .onConflict((conflict) =>
      conflict.columns(["run", "name"]).doUpdateSet((row) => ({
        state: "running",
        attempt: sql`stage.attempt + 1`,
        started_at: sql`coalesce(stage.started_at, ${row.ref("excluded.started_at")})`,
        error: null,
      })),
    )
    .execute();
  await notify(db, run);
}

export interface StageEnd {
  readonly state: Extract<StageState, "done" | "reused" | "skipped">;
  readonly counts?: Counts;
  readonly reusedFrom?: string | null;
  readonly reason?: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

export async function endStage(db: Db, run: string, name: StageName, end: StageEnd): Promise<void> {
  const now = new Date();
  await db
    .insertInto("stage")
    .values({ run, name, state: end.state, started_at: now })
    .onConflict((conflict) => conflict.columns(["run", "name"]).doUpdateSet({ state: end.state }))
    .execute();
  await db
    .updateTable("stage")
    .set({
      ended_at: now,
      rows_in: end.counts?.rowsIn ?? null,
      rows_out: end.counts?.rowsOut ?? null,
      rows_quarantined: end.counts?.rowsQuarantined ?? null,
      rows_duplicate: end.counts?.rowsDuplicate ?? null,
      reused_from: end.reusedFrom ?? null,
      reason: end.reason ?? null,
      progress: null,
      detail: JSON.stringify(end.detail ?? {}),
    })
    .where("run", "=", run)
    .where("name", "=", name)
    .execute();
  await logRun(db, run, name, `${name}: ${end.state}${end.reason ? `, ${end.reason}` : ""}`);
}

/** Adds to what a stage that has ended says of itself. */
export async function addDetail(db: Db, run: string, name: StageName, detail: Readonly<Record<string, unknown>>): Promise<void> {
  await db
    .updateTable("stage")
    .set({ detail: sql`detail || ${JSON.stringify(detail)}::jsonb` })
    .where("run", "=", run)
    .where("name", "=", name)
    .execute();
}

export async function failStage(db: Db, run: string, name: StageName, state: "failed" | "cancelled", error: ErrorReport): Promise<void> {
  await db
    .insertInto("stage")
    .values({ run, name, state, started_at: new Date(), ended_at: new Date(), error: JSON.stringify(error) })
    .onConflict((conflict) => conflict.columns(["run", "name"]).doUpdateSet({ state, ended_at: new Date(), error: JSON.stringify(error) }))
    .execute();
}

/** A row a second is as much as anyone can read. */
const PROGRESS_MS = 1_000;

/** Takes any number of reports and writes the newest of them now and then; losing one costs nothing, so none is waited for. */
export function progressReporter(db: Db, run: string, name: StageName): (progress: object) => void {
  let due = 0;
  return (progress) => {
    if (Date.now() < due) return;
    due = Date.now() + PROGRESS_MS;
    reportProgress(db, run, name, progress).catch(() => {});
  };
}

async function reportProgress(db: Db, run: string, name: StageName, progress: object): Promise<void> {
  await db
    .updateTable("stage")
    .set({ progress: JSON.stringify(progress) })
    .where("run", "=", run)
    .where("name", "=", name)
    .where("state", "=", "running")
    .execute();
  await notify(db, run);
}

export async function logRun(
  db: Db,
  run: string,
  stage: StageName | null,
  message: string,
  level: "info" | "warn" | "error" = "info",
): Promise<void> {
  await db.insertInto("run_log").values({ run, stage, message, level }).execute();
  await notify(db, run);
}
