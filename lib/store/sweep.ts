import { sql, type Kysely } from "kysely";
import type { Database } from "./database.ts";
import type { ObjectStore } from "./objects.ts";

/** Longer than any activity may hold bytes that it has put and not yet named by a row. */
const GRACE_MS = 3 * 3_600_000;
/** One sweeper at a time, whichever process it runs in. */
const LOCK = 7_316_201_144;

export interface Swept {
  readonly objects: number;
  readonly uploads: number;
}

/** Removes what no row names: objects of attempts that never committed, and uploads in parts that were never finished. */
export async function sweep(db: Kysely<Database>, objects: ObjectStore, graceMs = GRACE_MS): Promise<Swept> {
  const before = new Date(Date.now() - graceMs);
  return db.connection().execute(async (connection) => {
    const lock = await sql<{ held: boolean }>`select pg_try_advisory_lock(${LOCK}) as held`.execute(connection);
    if (!lock.rows[0]?.held) return { objects: 0, uploads: 0 };
    try {
      let removed = 0;
      const batch: string[] = [];
      const removeUnnamed = async () => {
        const keys = batch.splice(0);
        if (keys.length === 0) return;
        const named = await connection.selectFrom("object").select("key").where("key", "in", keys).execute();
        const known = new Set(named.map((row) => row.key));
        for (const key of keys) {
          if (known.has(key)) continue;
          await objects.delete(key);
          removed++;
        }
      };
      for await (const item of objects.list("")) {
        if (item.modified < before) batch.push(item.key);
        if (batch.length >= 1_000) await removeUnnamed();
      }
      await removeUnnamed();
      await objects.scratch.trim();
      return { objects: removed, uploads: await objects.abortParts(before) };
    } finally {
      await sql`select pg_advisory_unlock(${LOCK})`.execute(connection);
    }
  });
}
