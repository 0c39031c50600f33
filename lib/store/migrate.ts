import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { SensorloopError } from "../domain/errors.ts";

const FOLDER = join(import.meta.dirname, "migrations");
/** Any constant of our own: two processes that start together take turns on it. */
const LOCK = 7_316_201_143;

/**
 * Brings the database to the newest schema: plain SQL files in order, forward only, each in a transaction of its own
 * together with the row that says it ran. Safe when several processes start at once.
 * @throws SensorloopError SCHEMA_TOO_NEW when a newer version migrated it; DATABASE_UNAVAILABLE
 */
export async function migrate(databaseUrl: string, folder = FOLDER): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: "sensorloop-migrate" });
  try {
    await client.connect();
  } catch (cause) {
    throw new SensorloopError("DATABASE_UNAVAILABLE", "Postgres cannot be reached for the migration", { cause });
  }
  try {
    await client.query("select pg_advisory_lock($1)", [LOCK]);
    await client.query("create table if not exists migration (name text primary key, applied_at timestamptz not null default now())");
    const applied = new Set((await client.query<{ name: string }>("select name from migration")).rows.map((row) => row.name));
    const known = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
    const unknown = [...applied].filter((name) => !known.includes(name));
    if (unknown.length > 0) {
      throw new SensorloopError("SCHEMA_TOO_NEW", `the database has migrations this version does not know: ${unknown.join(", ")}`, {
        facts: { unknown },
      });
    }
    const pending = known.filter((name) => !applied.has(name));
    for (const name of pending) await apply(client, name, await readFile(join(folder, name), "utf8"));
    return pending;
  } finally {
    await client.end();
  }
}

async function apply(client: pg.Client, name: string, text: string): Promise<void> {
  await client.query("begin");
  try {
    await client.query(text);
    await client.query("insert into migration (name) values ($1)", [name]);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}
