import { sql, type Transaction } from "kysely";
import { EVERYONE } from "../../domain/evolution/slots.ts";
import { readClusteringModel, type ClusteringModel } from "../../domain/cluster/model.ts";
import type { Earlier } from "../../domain/cluster/names.ts";
import { clusteringReportSchema, type ClusteringReport } from "../../domain/cluster/report.ts";
import type { Database } from "../database.ts";
import type { Db } from "./rows.ts";

/** Who a cohort's models learn from and serve; of `all` everybody, whichever cohort they are in. */
export async function subjectsOfCohort(db: Db, clustering: string, cohort: string): Promise<string[]> {
  let query = db.selectFrom("cohort_member").select("subject").where("clustering", "=", clustering);
  if (cohort !== EVERYONE) query = query.where("cohort", "=", cohort);
  return (await query.orderBy("subject").execute()).map(({ subject }) => subject);
}

export interface StoredClustering {
  readonly id: string;
  readonly snapshot: string;
  readonly model: ClusteringModel;
  readonly report: ClusteringReport;
  readonly createdAt: Date;
}

/** The clustering named, or the project's newest. @throws SensorloopError FORMAT_TOO_NEW */
export async function findClustering(db: Db, project: string, id?: string): Promise<StoredClustering | undefined> {
  let query = db.selectFrom("clustering").selectAll().where("project", "=", project);
  if (id !== undefined) query = query.where("id", "=", id);
  const row = await query.orderBy("created_at", "desc").orderBy("id").limit(1).executeTakeFirst();
  if (!row) return undefined;
  const model = readClusteringModel(row.model);
  return { id: row.id, snapshot: row.snapshot, model, report: clusteringReportSchema.parse(row.detail), createdAt: row.created_at };
}

/** People of a clustering with their cohorts, by biometric id. */
export async function cohortMembers(db: Db, clustering: string, most: number): Promise<{ subject: string; cohort: string }[]> {
  return db
    .selectFrom("cohort_member")
    .select(["subject", "cohort"])
    .where("clustering", "=", clustering)
    .orderBy("subject")
    .limit(most)
    .execute();
}

/** What the newest run that came to it said of a project's cohorts; `clustering` is null where everybody is one, for that reason. */
export async function newestClusterStage(
  db: Db,
  project: string,
): Promise<{ clustering: string | null; reason: string | null; at: Date } | undefined> {
  const { rows } = await sql<{ clustering: string | null; reason: string | null; at: Date }>`
    select stage.detail ->> 'clustering' as clustering, stage.reason, stage.ended_at as at from stage join run on run.id = stage.run
    where run.project = ${project} and stage.name = 'cluster' and stage.state in ('done', 'reused', 'skipped') and stage.ended_at is not null
    order by stage.ended_at desc limit 1`.execute(db);
  return rows[0];
}

/** Until the transaction ends nobody else names cohorts in this project, so that no name is given twice. */
export async function takeNamingTurn(tx: Transaction<Database>, project: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`cohorts:${project}`}, 0))`.execute(tx);
}

/** What the next clustering takes its names from. */
export async function earlierCohorts(db: Db, project: string): Promise<Earlier | null> {
  const newest = await findClustering(db, project);
  if (!newest) return null;
  const rows = await db.selectFrom("cohort_member").select(["subject", "cohort"]).where("clustering", "=", newest.id).execute();
  return { model: newest.model, members: new Map(rows.map(({ subject, cohort }) => [subject, cohort])) };
}

export interface NewClustering {
  readonly id: string;
  readonly project: string;
  readonly snapshot: string;
  readonly inputSha256: string;
  readonly model: ClusteringModel;
  readonly report: ClusteringReport;
  readonly members: readonly { readonly subject: string; readonly cohort: string }[];
}

export async function insertClustering(db: Db, { inputSha256, members, model, report, ...row }: NewClustering): Promise<void> {
  await db
    .insertInto("clustering")
    .values({ ...row, input_sha256: inputSha256, model: JSON.stringify(model), detail: JSON.stringify(report) })
    .execute();
  await sql`
    insert into cohort_member (clustering, subject, cohort)
    select ${row.id}, subject, cohort
    from unnest(${members.map(({ subject }) => subject)}::text[], ${members.map(({ cohort }) => cohort)}::text[]) as t (subject, cohort)`.execute(
    db,
  );
}
