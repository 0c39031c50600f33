import { sql, type Kysely, type Transaction } from "kysely";
import type { ProjectionName, ProjectionRows } from "../domain/projections.ts";
import { targetOf } from "../domain/projections.ts";
import type { Database } from "./database.ts";
import { eventOf, fold, insertRows } from "./journal.ts";

const TABLES: readonly ProjectionName[] = ["project", "champion", "erased_subject", "label", "schedule", "account", "token"];
const BATCH = 5_000;

/** A row that only one side has: the journal says it should be, or the table has it and should not. */
export interface Difference {
  readonly table: ProjectionName;
  readonly side: "journal" | "table";
  readonly row: Record<string, unknown>;
}
export interface Rebuilt {
  readonly events: number;
  readonly rows: Readonly<Record<ProjectionName, number>>;
  readonly differences: readonly Difference[];
  readonly applied: boolean;
}

/**
 * Folds the whole journal again into temporary tables and compares them with those in use, column by column.
 * With `apply`, the tables become what the journal says; writers wait meanwhile.
 */
export async function rebuild(db: Kysely<Database>, options: { apply?: boolean } = {}): Promise<Rebuilt> {
  const apply = options.apply ?? false;
  return db
    .transaction()
    .setIsolationLevel(apply ? "read committed" : "repeatable read")
    .execute(async (tx) => {
      if (apply)
        await sql`lock table journal, project, champion, erased_subject, label, schedule, account, token in exclusive mode`.execute(tx);
      const { events, states } = await replay(tx);
      const differences: Difference[] = [];
      for (const table of TABLES) {
        const rebuilt = `rebuilt_${table}`;
        await sql`create temporary table ${sql.table(rebuilt)} (like ${sql.table(table)}) on commit drop`.execute(tx);
        const all = [...states[table].values()];
        for (let at = 0; at < all.length; at += BATCH) await insertRows(tx, rebuilt, table, all.slice(at, at + BATCH));
        differences.push(...(await only(tx, table, "journal", rebuilt, table)), ...(await only(tx, table, "table", table, rebuilt)));
        if (!apply) continue;
        await sql`delete from ${sql.table(table)}`.execute(tx);
        await sql`insert into ${sql.table(table)} select * from ${sql.table(rebuilt)}`.execute(tx);
      }
      const rows = Object.fromEntries(TABLES.map((table) => [table, states[table].size])) as Record<ProjectionName, number>;
      return { events, rows, differences, applied: apply };
    });
}

type States = Record<ProjectionName, Map<string, ProjectionRows[ProjectionName]>>;

async function replay(tx: Transaction<Database>): Promise<{ events: number; states: States }> {
  const states: States = Object.fromEntries(TABLES.map((table) => [table, new Map()])) as States;
  let events = 0;
  for (let after = 0; ;) {
    const rows = await tx.selectFrom("journal").selectAll().where("id", ">", after).orderBy("id").limit(BATCH).execute();
    for (const row of rows) {
      const event = eventOf(row);
      const target = event && targetOf(event);
      if (!event || !target) continue;
      const next = fold(target.table, states[target.table].get(target.key), event);
      if (next) states[target.table].set(target.key, next);
    }
    events += rows.length;
    if (rows.length < BATCH) return { events, states };
    after = rows.at(-1)?.id ?? after;
  }
}

async function only(
  tx: Transaction<Database>,
  table: ProjectionName,
  side: Difference["side"],
  here: string,
  there: string,
): Promise<Difference[]> {
  const found = await sql<{ row: Record<string, unknown> }>`
    select to_jsonb(r) as row from (select * from ${sql.table(here)} except all select * from ${sql.table(there)}) r limit 100`.execute(tx);
  return found.rows.map(({ row }) => ({ table, side, row }));
}
