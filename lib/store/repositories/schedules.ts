import { sql } from "kysely";
import type { ScheduleRow } from "../../domain/projections.ts";
import type { Db, Visible } from "./rows.ts";

/** A schedule with what Temporal was told of it. */
export interface StoredSchedule extends ScheduleRow {
  /** The decision that Temporal knows; null where it knows none. */
  readonly told: number | null;
  readonly told_at: Date | null;
}

export async function findSchedule(db: Db, project: string): Promise<StoredSchedule | undefined> {
  const { rows } = await sql<StoredSchedule>`${SELECT} where schedule.project = ${project}`.execute(db);
  return rows[0];
}

export async function listSchedules(db: Db, visible: Visible): Promise<StoredSchedule[]> {
  const { rows } = await sql<StoredSchedule>`
    ${SELECT} where ${visible ? sql`schedule.project = any(${[...visible]}::text[])` : sql`true`} order by schedule.project`.execute(db);
  return rows;
}

export async function markTold(db: Db, project: string, journalId: number, at: Date): Promise<void> {
  await db
    .insertInto("schedule_told")
    .values({ project, journal_id: journalId, told_at: at })
    .onConflict((conflict) => conflict.column("project").doUpdateSet({ journal_id: journalId, told_at: at }))
    .execute();
}

const SELECT = sql`
  select schedule.*, schedule_told.journal_id as told, schedule_told.told_at from schedule
  left join schedule_told on schedule_told.project = schedule.project`;
