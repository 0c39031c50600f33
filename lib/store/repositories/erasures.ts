import { sql, type Transaction } from "kysely";
import type { Database } from "../database.ts";
import type { Db } from "./rows.ts";

/**
 * Nobody is erased in the project until the transaction ends: who is erased, and who is not, stays so. Whatever writes
 * something of a person calls this before it locks or reads anything else.
 */
export async function holdErasures(tx: Db, project: string): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${keyOf(project)})`.execute(tx);
}

/** Waits until nothing is being written of people, and keeps others from it until the transaction ends. */
export async function beginErasure(tx: Transaction<Database>, project: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(${keyOf(project)})`.execute(tx);
}

function keyOf(project: string) {
  return sql`hashtextextended(${`erasure:${project}`}, 0)`;
}

export async function isErased(db: Db, project: string, subject: string): Promise<boolean> {
  const { rows } = await sql<{ erased: boolean }>`
    select exists (select from erased_subject where project = ${project} and biometric_id = ${subject}) as erased`.execute(db);
  return rows[0]!.erased;
}

/** Biometric ids, ascending. */
export async function listErased(db: Db, project: string): Promise<string[]> {
  const rows = await db
    .selectFrom("erased_subject")
    .select("biometric_id")
    .where("project", "=", project)
    .orderBy("biometric_id")
    .execute();
  return rows.map((row) => row.biometric_id);
}

/** Rows and files that were removed of a person, and tasks that were taken back. */
export interface Removed {
  /** Ids of the tasks. */
  readonly tasks: readonly string[];
  readonly features: number;
  readonly predictions: number;
  readonly signals: number;
  readonly profile: boolean;
}

/** Removes what is known of a person; the bytes of signals go when the object store is swept. */
export async function removeSubject(tx: Transaction<Database>, project: string, subject: string): Promise<Removed> {
  const count = async (statement: ReturnType<typeof sql>) => Number((await statement.execute(tx)).numAffectedRows ?? 0);
  const tasks = await sql<{ id: string }>`
    update task set state = 'withdrawn', version = version + 1, closed_at = now()
    where project = ${project} and subject = ${subject} and state in ('open', 'adjudicate') returning id`.execute(tx);
  const ids = tasks.rows.map(({ id }) => id);
  await sql`delete from lease where task = any(${ids}::uuid[])`.execute(tx);
  // By set and version, as the key begins: a store has many more rows than one person.
  const features = await count(sql`
    delete from feature_row using feature_set
    where feature_set.project = ${project} and feature_row.project = ${project} and feature_row.feature_set = feature_set.name
      and feature_row.version = feature_set.version and feature_row.subject = ${subject}`);
  const predictions = await count(sql`delete from prediction where project = ${project} and subject = ${subject}`);
  const signals = await sql<{ object: string }>`
    delete from signal where project = ${project} and subject = ${subject} returning object`.execute(tx);
  await sql`delete from object where key = any(${signals.rows.map(({ object }) => object)}::text[])`.execute(tx);
  const profiles = await count(sql`delete from profile where project = ${project} and biometric_id = ${subject}`);
  await sql`
    delete from cohort_member using clustering
    where clustering.project = ${project} and cohort_member.clustering = clustering.id and cohort_member.subject = ${subject}`.execute(tx);
  await sql`delete from subject where project = ${project} and biometric_id = ${subject}`.execute(tx);
  return { tasks: ids, features, predictions, signals: signals.rows.length, profile: profiles > 0 };
}
