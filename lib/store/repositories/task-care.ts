import { sql, type Transaction } from "kysely";
import type { Database } from "../database.ts";
import type { Db } from "./rows.ts";

/** How long a queue may stand still, in hours. */
export interface Patience {
  readonly remindHours: number;
  readonly escalateHours: number;
}

const hours = (count: number) => sql`${count} * interval '1 hour'`;
const WAITS = sql`state in ('open', 'adjudicate')`;

/** The time by Postgres' clock, to the microsecond. */
export async function clock(db: Db): Promise<string> {
  const { rows } = await sql<{ now: string }>`select clock_timestamp()::text as now`.execute(db);
  return rows[0]!.now;
}

/** Brings tasks that have waited too long to the front of the queue. @returns their ids */
export async function escalateTasks(tx: Transaction<Database>, project: string, { escalateHours }: Patience): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    with due as (
      select id from task where project = ${project} and ${WAITS} and escalated_at is null and created_at <= now() - ${hours(escalateHours)}
      order by created_at limit 500 for update skip locked
    )
    update task set escalated_at = now(), rank = (select min(rank) from task where project = ${project} and ${WAITS}) - 1
    from due where task.id = due.id returning task.id`.execute(tx);
  return rows.map((row) => row.id);
}

/** Tasks that were brought to the front, and have some answers, but not what ends them. */
export async function listLeftOver(db: Db, project: string, { remindHours }: Patience): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from task where project = ${project} and ${WAITS} and answers > 0 and escalated_at <= now() - ${hours(remindHours)}
    order by escalated_at limit 500`.execute(db);
  return rows.map((row) => row.id);
}

/** Tasks that nobody was reminded of for too long. */
export async function countForgotten(db: Db, project: string, { remindHours }: Patience): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from task
    where project = ${project} and ${WAITS} and coalesce(reminded_at, created_at) <= now() - ${hours(remindHours)}`.execute(db);
  return rows[0]?.count ?? 0;
}

/** One message tells of all that waits; none of it is told of again until it has waited as long once more. */
export async function markReminded(db: Db, project: string): Promise<void> {
  await sql`update task set reminded_at = now() where project = ${project} and ${WAITS}`.execute(db);
}

export interface QueueState {
  readonly open: number;
  readonly adjudicate: number;
  /** Tasks that someone has in hand. */
  readonly leased: number;
  /** Milliseconds until something is due by the clock; null where nothing will be. */
  readonly nextMs: number | null;
}

/**
 * What waits, and when the clock has something to do next: a lease that ends, a reminder, an escalation, a leftover.
 * @param since what was due before was looked after already, and is not due again
 */
export async function queueState(db: Db, project: string, { remindHours, escalateHours }: Patience, since: string): Promise<QueueState> {
  const { rows } = await sql<QueueState>`
    with waiting as (select * from task where project = ${project} and ${WAITS}),
    held as (select lease.* from lease join waiting on waiting.id = lease.task),
    due as (
      select until as at from held
      union all select coalesce(reminded_at, created_at) + ${hours(remindHours)} from waiting
      union all select case when escalated_at is null then created_at + ${hours(escalateHours)} else escalated_at + ${hours(remindHours)} end from waiting
    )
    select (select count(*) from waiting where state = 'open')::int as open, (select count(*) from waiting where state = 'adjudicate')::int as adjudicate,
           (select count(distinct task) from held where until > now())::int as leased,
           (select greatest(0, extract(epoch from min(at) - now()) * 1000) from due where at > ${since}::timestamptz)::float8 as "nextMs"`.execute(
    db,
  );
  return rows[0]!;
}
