import { sql } from "kysely";
import { z } from "zod";
import type { Upload } from "../../domain/api/data.ts";
import type { Page, PageQuery } from "../../domain/api/page.ts";
import { decodeCursor, instantText, toPage } from "../keyset.ts";
import { iso, type Db } from "./rows.ts";

const cursor = z.tuple([instantText, z.uuid()]);

export async function listUploads(db: Db, project: string, { limit, after }: PageQuery): Promise<Page<Upload>> {
  let query = uploads(db).where("upload.project", "=", project);
  const from = decodeCursor(after, cursor);
  if (from) query = query.where(sql<boolean>`(upload.created_at, upload.id) < (${from[0]}::timestamptz, ${from[1]}::uuid)`);
  const rows = await query
    .orderBy("upload.created_at", "desc")
    .orderBy("upload.id", "desc")
    .limit(limit + 1)
    .execute();
  return toPage(rows, limit, uploadOf, (row) => [row.at_text, row.id]);
}

/** The upload of these bytes under this name, where there is one. */
export async function findUpload(db: Db, project: string, name: string, sha256: string): Promise<Upload | undefined> {
  const row = await uploads(db)
    .where("upload.project", "=", project)
    .where("upload.name", "=", name)
    .where("object.sha256", "=", sha256)
    .orderBy("upload.created_at")
    .executeTakeFirst();
  return row && uploadOf(row);
}

/** Whether the project has these bytes, under whatever name. */
export async function hasContent(db: Db, project: string, sha256: string): Promise<boolean> {
  const row = await uploads(db).where("upload.project", "=", project).where("object.sha256", "=", sha256).limit(1).executeTakeFirst();
  return row !== undefined;
}

/** Whether a file of this size was fetched from there after it was last written. */
export async function hasFetched(db: Db, project: string, source: string, bytes: number, writtenAt: Date): Promise<boolean> {
  const row = await uploads(db)
    .where("upload.project", "=", project)
    .where("upload.source", "=", source)
    .where("object.bytes", "=", bytes)
    .where("upload.created_at", ">", writtenAt)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export async function insertUpload(
  db: Db,
  upload: { id: string; project: string; name: string; object: string; source: string | null; createdBy: string },
): Promise<Date> {
  const { id, project, name, object, source, createdBy } = upload;
  const row = await db
    .insertInto("upload")
    .values({ id, project, name, object, source, created_by: createdBy })
    .returning("created_at")
    .executeTakeFirstOrThrow();
  return row.created_at;
}

/** Which of these are no uploads of the project. */
export async function unknownUploads(db: Db, project: string, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const found = await sql<{ id: string }>`select id from upload where project = ${project} and id = any(${ids}::uuid[])`.execute(db);
  const known = new Set(found.rows.map((row) => row.id));
  return ids.filter((id) => !known.has(id));
}

export async function countUploads(db: Db, project: string): Promise<number> {
  const row = await db
    .selectFrom("upload")
    .select(sql<number>`count(*)`.as("count"))
    .where("project", "=", project)
    .executeTakeFirstOrThrow();
  return row.count;
}

function uploads(db: Db) {
  return db
    .selectFrom("upload")
    .innerJoin("object", "object.key", "upload.object")
    .select([
      "upload.id",
      "upload.project",
      "upload.name",
      "object.sha256",
      "object.bytes",
      "upload.source",
      "upload.created_by",
      "upload.created_at",
    ])
    .select(sql<string>`upload.created_at::text`.as("at_text"));
}

type Row = Awaited<ReturnType<ReturnType<typeof uploads>["execute"]>>[number];

function uploadOf(row: Row): Upload {
  const { id, project, name, sha256, bytes, source } = row;
  return { id, project, name, sha256, bytes, source, createdBy: row.created_by, createdAt: iso(row.created_at) };
}
