import { sql } from "kysely";
import { wakeAnnotation } from "../lib/app/wake-annotation.ts";
import { ERRORS, isErrorCode, type ErrorReport } from "../lib/domain/errors.ts";
import type { RunContext, RunResult, StageName, Verdict } from "../lib/domain/stages.ts";
import type { Platform } from "../lib/platform.ts";
import { findRun } from "../lib/store/repositories/runs.ts";
import { trainingData } from "../lib/store/repositories/training-data.ts";
import { failStage, logRun } from "./stage-record.ts";

/** The beginning and the end of a run. */
export function createRunActivities(platform: Platform) {
  const { db } = platform;

  async function openRun(context: RunContext): Promise<void> {
    await db
      .updateTable("run")
      .set({ state: "running", started_at: sql`coalesce(started_at, now())`, started_workflow: true })
      .where("id", "=", context.run)
      .execute();
    await noteData(context);
    await logRun(db, context.run, null, "the run has begun");
  }

  /** What there is to train on, by hash: a night that finds the same again need not. */
  async function noteData({ run, project, specVersion }: RunContext): Promise<void> {
    const params = (await findRun(db, run))?.params;
    if (params?.kind !== "training") return;
    const { uploads, before } = params;
    const data = await trainingData(db, { project, specVersion, uploads, before });
    await db
      .updateTable("run")
      .set({ params: sql`params || ${JSON.stringify({ data })}::jsonb` })
      .where("id", "=", run)
      .execute();
  }

  async function closeRun(context: RunContext & { snapshot: string; candidate: string; verdict: Verdict }): Promise<RunResult> {
    const { run, snapshot, candidate, verdict } = context;
    const { metrics } = await db
      .selectFrom("evaluation")
      .select("metrics")
      .where("model", "=", candidate)
      .where("snapshot", "=", snapshot)
      .where("split", "=", "holdout")
      .executeTakeFirstOrThrow();
    const champion = verdict.promoted ? candidate : verdict.champion;
    await db
      .updateTable("run")
      .set({
        state: "done",
        ended_at: new Date(),
        snapshot,
        candidate,
        champion,
        decision: JSON.stringify(verdict),
        metrics: JSON.stringify(metrics),
        error: null,
      })
      .where("id", "=", run)
      .execute();
    await logRun(db, run, null, `the run is done: ${verdict.reason}`);
    // The whole metrics of 150,000 subjects would not fit a history; the page and the command read the row.
    return { run, snapshot, candidate, champion, decision: verdict, metrics: { ...metrics, subjects: [] } };
  }

  async function closeReplay(context: RunContext): Promise<{ released: number; held: number }> {
    const rows = await sql<{ released: number; held: number }>`
      with cleanings as (
        select file, rows_ok, rows_quarantined, row_number() over (partition by file order by created_at desc) as age
        from cleaning where file in (select file from run_file where run = ${context.run})
      )
      select coalesce(sum(newest.rows_ok - coalesce(earlier.rows_ok, 0)), 0)::int as released, coalesce(sum(newest.rows_quarantined), 0)::int as held
      from cleanings newest left join cleanings earlier on earlier.file = newest.file and earlier.age = 2
      where newest.age = 1 and exists (select from run_file where run = ${context.run} and file = newest.file and chunk is not null)`.execute(
      db,
    );
    const result = rows.rows[0] ?? { released: 0, held: 0 };
    await db
      .updateTable("run")
      .set({ state: "done", ended_at: new Date(), params: sql`params || ${JSON.stringify({ replay: result })}::jsonb` })
      .where("id", "=", context.run)
      .execute();
    await logRun(db, context.run, "clean", `${result.released} rows let back in, ${result.held} still held`);
    return result;
  }

  async function failRun(
    context: RunContext & { stage: StageName; cancelled: boolean; error: { code: string; message: string; facts: unknown } },
  ): Promise<void> {
    const { run, stage, cancelled, error } = context;
    const code = isErrorCode(error.code) ? error.code : "INTERNAL";
    const report: ErrorReport = {
      code,
      message: error.message,
      remedy: ERRORS[code].remedy,
      retryable: ERRORS[code].retryable,
      facts: (error.facts ?? {}) as ErrorReport["facts"],
    };
    const state = cancelled ? "cancelled" : "failed";
    await failStage(db, run, stage, state, report);
    await db
      .updateTable("run")
      .set({ state, ended_at: new Date(), error: JSON.stringify(report) })
      .where("id", "=", run)
      .execute();
    await logRun(db, run, stage, cancelled ? "the run was cancelled" : `the run failed: ${error.message} (${code})`, "error");
    // Labels that waited for what this would come to may ask for a night of their own.
    wakeAnnotation(platform, context.project);
  }

  return { openRun, closeRun, closeReplay, failRun };
}
