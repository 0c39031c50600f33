import { sql } from "kysely";
import type { LabelGain } from "../../domain/api/nights.ts";
import { countLabelsSince } from "./labels.ts";
import type { Db } from "./rows.ts";

/** The last training that has what was labelled before it; null before the first. */
export async function lastTraining(db: Db, project: string): Promise<{ run: string; at: Date } | null> {
  const { rows } = await sql<{ run: string; at: Date }>`
    select run.id as run, coalesce(stage.started_at, run.started_at, run.requested_at) as at
    from run left join stage on stage.run = run.id and stage.name = 'snapshot'
    where run.project = ${project} and run.state = 'done' and coalesce(run.params ->> 'kind', 'training') = 'training'
    order by 2 desc limit 1`.execute(db);
  return rows[0] ?? null;
}

/** Labels that stand and that no training has seen yet. */
export async function countNewLabels(db: Db, project: string): Promise<number> {
  return countLabelsSince(db, project, (await lastTraining(db, project))?.at ?? 0);
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
