import type { ObjectRef } from "../../domain/object-ref.ts";
import type { Db } from "./rows.ts";

/** The newest statistics of a project's training rows: where the document is. */
export async function findDescription(
  db: Db,
  project: string,
): Promise<{ snapshot: string; createdAt: Date; object: ObjectRef } | undefined> {
  const row = await db
    .selectFrom("description")
    .innerJoin("object", "object.key", "description.object")
    .select(["description.snapshot", "description.created_at", "object.key", "object.sha256", "object.bytes"])
    .where("description.project", "=", project)
    .orderBy("description.created_at", "desc")
    .limit(1)
    .executeTakeFirst();
  return row && { snapshot: row.snapshot, createdAt: row.created_at, object: { key: row.key, sha256: row.sha256, bytes: row.bytes } };
}
