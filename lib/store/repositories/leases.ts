import { sql, type RawBuilder, type Transaction } from "kysely";
import type { Database } from "../database.ts";
import type { Db } from "./rows.ts";
import type { TaskRow } from "./tasks.ts";

/** Who wants tasks, how many in all, and which of them are in their hands already. */
export interface Claim {
  readonly project: string;
  readonly account: string;
  readonly count: number;
  readonly holding: readonly string[];
  readonly leaseMinutes: number;
}

export type LeasedRow = TaskRow & { readonly until: Date };

/**
 * What an account may be given: open, not answered and not passed on by it, and with room for one more answer beside the
 * leases of others that still run. Looked at once the task's row is held, this cannot change before the lease is written.
 */
const mayHave = (account: string) => sql`
  task.state = 'open'
  and not exists (select from task_pass where task_pass.task = task.id and task_pass.account = ${account})
  and not exists (select from label where label.task = task.id and label.signed_by = ${account} and label.class is not null
                  and not exists (select from label later where later.supersedes = label.id))
  and task.answers + (select count(*) from lease where lease.task = task.id and lease.account <> ${account} and lease.until > now()) < task.wanted`;

/**
 * Leases tasks, `count` in all: those that the account holds and may keep, then the next in the queue, then those it was
 * given before and has forgotten (a page that was closed). Rows that another claim has in hand at this instant are passed
 * over, so that nobody waits and nobody gets what another gets.
 *
 * In two steps, because a statement sees leases as they were when it began: between that and its lock on a row another
 * claim may have leased it. The second statement begins when the rows are held, and leases only what is still free.
 */
export async function lease(tx: Transaction<Database>, claim: Claim): Promise<LeasedRow[]> {
  const { account, count, holding } = claim;
  const leased: LeasedRow[] = [];
  const tried = new Set<string>();
  const inHand = sql`exists (select from lease where lease.task = task.id and lease.account = ${account} and lease.until > now())`;
  const take = async (which: RawBuilder<unknown>) => {
    while (leased.length < count) {
      const untried = sql`${which} and not (task.id = any(${[...tried]}::uuid[]))`;
      const held = await holdRows(tx, claim, untried, count - leased.length, "skip locked");
      if (held.length === 0) return;
      for (const id of held) tried.add(id);
      leased.push(...(await leaseHeld(tx, claim, held)));
    }
  };
  if (holding.length > 0) await take(sql`task.id = any(${[...holding]}::uuid[])`);
  await take(sql`not ${inHand}`);
  await take(inHand);
  return leased;
}

/**
 * For a claim that came out empty: what it passed over may be free in an instant, and "nothing is left" would be wrong. It
 * waits for those rows, in a transaction of its own and in their order, so that two who wait cannot wait for each other.
 */
export async function leaseWaiting(tx: Transaction<Database>, claim: Claim): Promise<LeasedRow[]> {
  return leaseHeld(tx, claim, await holdRows(tx, claim, sql`true`, claim.count, ""));
}

async function holdRows(
  tx: Transaction<Database>,
  { project, account }: Claim,
  which: RawBuilder<unknown>,
  limit: number,
  locked: "skip locked" | "",
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from task where project = ${project} and ${which} and ${mayHave(account)}
    order by rank, id limit ${limit} for update ${sql.raw(locked)}`.execute(tx);
  return rows.map((row) => row.id);
}

async function leaseHeld(tx: Transaction<Database>, { account, leaseMinutes }: Claim, held: readonly string[]): Promise<LeasedRow[]> {
  if (held.length === 0) return [];
  const { rows } = await sql<LeasedRow>`
    with given as (
      insert into lease (task, account, until)
      select task.id, ${account}, now() + ${leaseMinutes} * interval '1 minute' from task where task.id = any(${[...held]}::uuid[]) and ${mayHave(account)}
      on conflict (task, account) do update set until = excluded.until, taken_at = case when lease.until > now() then lease.taken_at else now() end
      returning task, until
    )
    select task.*, given.until from given join task on task.id = given.task order by task.rank, task.id`.execute(tx);
  return rows;
}

/** Puts a task into an account's hands whatever others hold: it was theirs, and they have taken their answer back. */
export async function leaseTo(tx: Transaction<Database>, task: string, account: string, leaseMinutes: number): Promise<void> {
  const until = sql<Date>`now() + ${leaseMinutes} * interval '1 minute'`;
  await tx
    .insertInto("lease")
    .values({ task, account, until })
    .onConflict((conflict) => conflict.columns(["task", "account"]).doUpdateSet({ until }))
    .execute();
}

export async function dropLease(tx: Transaction<Database>, task: string, account: string): Promise<void> {
  await tx.deleteFrom("lease").where("task", "=", task).where("account", "=", account).execute();
}

/** Remembers that an account does not want this task, or may not have it. */
export async function passTask(tx: Transaction<Database>, task: string, account: string, why: string): Promise<void> {
  await tx
    .insertInto("task_pass")
    .values({ task, account, why })
    .onConflict((conflict) => conflict.columns(["task", "account"]).doUpdateSet({ why }))
    .execute();
}

export async function leasesOf(db: Db, task: string): Promise<{ account: string; until: Date }[]> {
  return db
    .selectFrom("lease")
    .select(["account", "until"])
    .where("task", "=", task)
    .where("until", ">", sql<Date>`now()`)
    .orderBy("until")
    .execute();
}

/** Takes away what has run out. @returns how many tasks came back to the queue */
export async function returnLeases(db: Db, project: string): Promise<number> {
  const { rows } = await sql<{ returned: number }>`
    with gone as (
      delete from lease using task where task.id = lease.task and task.project = ${project} and lease.until <= now()
      returning task.id, task.state
    )
    select count(distinct id) filter (where state = 'open')::int as returned from gone`.execute(db);
  return rows[0]?.returned ?? 0;
}
