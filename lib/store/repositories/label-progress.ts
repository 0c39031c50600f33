import { sql } from "kysely";
import type { LabelGain } from "../../domain/api/nights.ts";
import type { TaskReason } from "../../domain/api/tasks.ts";
import { countLabelsSince, LEARNED, stoodAt } from "./labels.ts";
import type { Db } from "./rows.ts";

/**
 * Up to when a row of `run` hears what people said: the time of which it is where it is one of the past, else when its
 * snapshot began, however often that was tried. In whole milliseconds, as a `Date` holds it: what one run has heard, the
 * next one must not count again.
 */
export const HEARD_UNTIL = sql<Date>`date_trunc('milliseconds', coalesce((run.params ->> 'before')::timestamptz,
  (select stage.started_at from stage where stage.run = run.id and stage.name = 'snapshot'), run.requested_at))`;

/** Up to when a run hears labels; see `HEARD_UNTIL`. */
export async function heardUntil(db: Db, run: string): Promise<Date> {
  const { rows } = await sql<{ at: Date }>`select ${HEARD_UNTIL} as at from run where id = ${run}`.execute(db);
  return rows[0]!.at;
}

/** The training that has heard most, and up to when; null before the first. */
export async function lastTraining(db: Db, project: string): Promise<{ run: string; at: Date } | null> {
  const { rows } = await sql<{ run: string; at: Date }>`
    select run.id as run, ${HEARD_UNTIL} as at from run
    where run.project = ${project} and run.state = 'done' and coalesce(run.params ->> 'kind', 'training') = 'training'
    order by 2 desc limit 1`.execute(db);
  return rows[0] ?? null;
}

/** Labels that stand and that no training has seen yet. */
export async function countNewLabels(db: Db, project: string): Promise<number> {
  return countLabelsSince(db, project, (await lastTraining(db, project))?.at ?? new Date(0));
}

/** A label as far as it decides what it bought; its place in samples at `rateHz`. */
export interface HeardLabel {
  readonly subject: string;
  readonly recording: string;
  readonly from: number;
  readonly to: number;
  readonly rateHz: number;
  /** Why it was asked for; null where nobody asked. */
  readonly reason: TaskReason | null;
}

/** Labels that were signed in (after, until], stood at its end and are learned from. */
export async function labelsBetween(db: Db, project: string, after: Date, until: Date): Promise<HeardLabel[]> {
  const { rows } = await sql<HeardLabel>`
    select subject, recording, from_sample as "from", to_sample as "to", rate_hz as "rateHz",
           (select reason from task where task.id = label.task) as reason
    from label where project = ${project} and at > ${after} and ${stoodAt(until)} and ${LEARNED}
    order by journal_id`.execute(db);
  return rows;
}

/** What the labels of the last night that measured it bought; null before the first. */
export async function lastGain(db: Db, project: string): Promise<LabelGain | null> {
  const night = await db
    .selectFrom("night")
    .select("gain")
    .where("project", "=", project)
    .where("gain", "is not", null)
    .orderBy("due_at", "desc")
    .executeTakeFirst();
  return night?.gain ?? null;
}
