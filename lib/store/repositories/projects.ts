import { sql, type Selectable } from "kysely";
import type { Project } from "../../domain/api/projects.ts";
import type { Spec } from "../../domain/spec.ts";
import type { Database } from "../database.ts";
import { iso, type Db, type Visible } from "./rows.ts";

export async function listProjects(db: Db, visible: Visible): Promise<Project[]> {
  let query = db.selectFrom("project").selectAll().orderBy("id");
  if (visible) query = query.where("id", "in", [...visible, ""]);
  return (await query.limit(1_000).execute()).map(projectOf);
}

export async function findProject(db: Db, id: string): Promise<Project | undefined> {
  const row = await db.selectFrom("project").selectAll().where("id", "=", id).executeTakeFirst();
  return row && projectOf(row);
}

export interface StoredSpec {
  readonly version: number;
  readonly sha256: string;
  readonly text: string;
  readonly body: Spec;
}

export async function findSpec(db: Db, project: string, version: number): Promise<StoredSpec | undefined> {
  return db
    .selectFrom("spec")
    .select(["version", "sha256", "text", "body"])
    .where("project", "=", project)
    .where("version", "=", version)
    .executeTakeFirst();
}

/**
 * Keeps a spec and answers its version; the same spec keeps the version it has. The caller holds the project's turn,
 * so that two specs never get the same number.
 */
export async function keepSpec(db: Db, spec: { project: string; sha256: string; text: string; body: Spec }): Promise<number> {
  const known = await db
    .selectFrom("spec")
    .select("version")
    .where("project", "=", spec.project)
    .where("sha256", "=", spec.sha256)
    .orderBy("version", "desc")
    .executeTakeFirst();
  if (known) return known.version;
  const newest = await db
    .selectFrom("spec")
    .select(sql<number>`coalesce(max(version), 0)`.as("version"))
    .where("project", "=", spec.project)
    .executeTakeFirstOrThrow();
  const version = newest.version + 1;
  await db
    .insertInto("spec")
    .values({ project: spec.project, version, sha256: spec.sha256, text: spec.text, body: JSON.stringify(spec.body) })
    .execute();
  return version;
}

export async function countOfProject(db: Db, project: string): Promise<{ files: number; runs: number; models: number }> {
  const counted = await sql<{ files: number; runs: number; models: number }>`
    select (select count(*) from file where project = ${project} and state = 'staged') as files,
           (select count(*) from run where project = ${project}) as runs,
           (select count(*) from model where project = ${project} and state = 'trained') as models`.execute(db);
  return counted.rows[0] ?? { files: 0, runs: 0, models: 0 };
}

function projectOf(row: Selectable<Database["project"]>): Project {
  return {
    id: row.id,
    title: row.title,
    specVersion: row.spec_version,
    specSha256: row.spec_sha256,
    appliedBy: row.applied_by,
    appliedAt: iso(row.applied_at),
  };
}
