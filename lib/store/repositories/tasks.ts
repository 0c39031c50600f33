import { sql, type RawBuilder, type Selectable, type Transaction } from "kysely";
import { z } from "zod";
import type { Page, PageQuery } from "../../domain/api/page.ts";
import type { Task, TaskReason, TaskState } from "../../domain/api/tasks.ts";
import type { Answer } from "../../domain/annotation/settle.ts";
import type { Database } from "../database.ts";
import { decodeCursor, instantText, toPage } from "../keyset.ts";
import { holdErasures } from "./erasures.ts";
import { iso, type Db } from "./rows.ts";

export type TaskRow = Selectable<Database["task"]>;

export interface TaskFilter {
  readonly state?: TaskState;
  readonly reason?: TaskReason;
  readonly predicted?: string;
  readonly escalated?: boolean;
}

/** A task that is to be made; its rank is its place in the queue, ascending. */
export type NewTask = Omit<
  TaskRow,
  "state" | "answers" | "version" | "outcome" | "created_at" | "reminded_at" | "escalated_at" | "closed_at"
>;

/** Until it is done, a gold sample goes for one of the random slice: whoever sees it may be asked. */
const SHOWN_REASON = sql<TaskReason>`case when reason = 'gold' and state in ('open', 'adjudicate') then 'random' else reason end`;

/** Tasks, newest first. */
export async function listTasks(db: Db, project: string, { limit, after, ...filter }: TaskFilter & PageQuery): Promise<Page<Task>> {
  const from = decodeCursor(after, z.tuple([instantText, z.uuid()]));
  const conditions: RawBuilder<unknown>[] = [sql`project = ${project}`];
  if (filter.state !== undefined) conditions.push(sql`state = ${filter.state}`);
  if (filter.reason !== undefined) conditions.push(sql`${SHOWN_REASON} = ${filter.reason}`);
  if (filter.predicted !== undefined) conditions.push(sql`predicted = ${filter.predicted}`);
  if (filter.escalated !== undefined) conditions.push(filter.escalated ? sql`escalated_at is not null` : sql`escalated_at is null`);
  if (from)
    conditions.push(sql`(created_at < ${from[0]}::timestamptz or (created_at = ${from[0]}::timestamptz and id > ${from[1]}::uuid))`);
  const { rows } = await sql<TaskRow & { at_text: string }>`
    select *, created_at::text as at_text from task where ${sql.join(conditions, sql` and `)}
    order by created_at desc, id limit ${limit + 1}`.execute(db);
  return toPage(rows, limit, taskOf, (row) => [row.at_text, row.id]);
}

export async function findTask(db: Db, project: string, id: string): Promise<TaskRow | undefined> {
  return db.selectFrom("task").selectAll().where("id", "=", id).where("project", "=", project).executeTakeFirst();
}

/** The task, held until the transaction ends: its answers are counted one after the other. */
export async function holdTask(tx: Transaction<Database>, project: string, id: string): Promise<TaskRow | undefined> {
  return tx.selectFrom("task").selectAll().where("id", "=", id).where("project", "=", project).forUpdate().executeTakeFirst();
}

/** The answers of a task as they stand, oldest first. A user's word on a prediction is none. */
export async function answersOf(db: Db, task: string): Promise<Answer[]> {
  const { rows } = await sql<Answer>`
    select id, signed_by as by, class, authority from label
    where task = ${task} and class is not null and authority <> 'user' and not exists (select from label later where later.supersedes = label.id)
    order by journal_id`.execute(db);
  return rows;
}

/** What a task has come to. Each change counts up its version. */
export async function updateTask(
  tx: Transaction<Database>,
  id: string,
  change: { readonly state: TaskState; readonly outcome: string | null; readonly answers: number },
): Promise<TaskRow> {
  const over = change.state === "done" || change.state === "withdrawn";
  return tx
    .updateTable("task")
    .set({ ...change, version: sql`version + 1`, closed_at: over ? sql<Date>`now()` : null })
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/**
 * Puts tasks into the queue. A window that is in the queue already is not asked about twice, and of an erased person
 * nothing is: whoever locks tasks in the same transaction calls `holdErasures` before.
 * @returns ids of those that were put in
 */
export async function insertTasks(tx: Transaction<Database>, tasks: readonly NewTask[]): Promise<string[]> {
  for (const project of new Set(tasks.map((task) => task.project))) await holdErasures(tx, project);
  if (tasks.length === 0) return [];
  const inserted = await tx
    .insertInto("task")
    .columns(COLUMNS)
    .expression(
      sql`select * from json_to_recordset(${JSON.stringify(tasks)}::json) as t(${sql.raw(DECLARED)})
      where not exists (select from erased_subject where erased_subject.project = t.project and biometric_id = t.subject)`,
    )
    .onConflict((conflict) => conflict.doNothing())
    .returning("id")
    .execute();
  return inserted.map((row) => row.id);
}

const TYPES = {
  id: "uuid",
  project: "text",
  reason: "text",
  subject: "text",
  recording: "text",
  from_sample: "bigint",
  to_sample: "bigint",
  rate_hz: "float8",
  start_us: "bigint",
  model: "text",
  snapshot: "text",
  predicted: "text",
  confidence: "real",
  claimed: "text",
  gold: "text",
  rank: "float8",
  wanted: "int",
} as const satisfies Record<keyof NewTask, string>;
const COLUMNS = Object.keys(TYPES) as (keyof NewTask)[];
const DECLARED = Object.entries(TYPES)
  .map(([name, type]) => `${name} ${type}`)
  .join(", ");

/** Tasks that a new champion leaves as they are: made by hand, answered or in someone's hands. */
export const STAYS = sql`(
  task.reason = 'confusion' or task.answers > 0 or task.state = 'adjudicate'
  or exists (select from lease where lease.task = task.id and lease.until > now()))`;

/**
 * Takes back what a champion before was unsure of and nobody has begun: the new one says itself what it doubts.
 * @returns their ids
 */
export async function withdrawTasks(tx: Transaction<Database>, project: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    update task set state = 'withdrawn', version = version + 1, closed_at = now()
    where project = ${project} and state = 'open' and not ${STAYS} returning id`.execute(tx);
  return rows.map((row) => row.id);
}

/** Windows that were gold samples once; whoever has seen one may remember it. */
export async function listGold(db: Db, project: string): Promise<{ subject: string; recording: string; from: number; to: number }[]> {
  return db
    .selectFrom("task")
    .select(["subject", "recording", "from_sample as from", "to_sample as to"])
    .where("project", "=", project)
    .where("reason", "=", "gold")
    .where("state", "!=", "withdrawn")
    .execute();
}

/** Projects in which a task waits for an answer or for a decision. */
export async function listProjectsWithTasks(db: Db): Promise<string[]> {
  const rows = await db.selectFrom("task").select("project").distinct().where("state", "in", ["open", "adjudicate"]).execute();
  return rows.map((row) => row.project);
}

export interface QueueCounts {
  readonly open: number;
  readonly adjudicate: number;
  /** In this account's hands. */
  readonly mine: number;
  readonly doneToday: number;
  readonly doneByMeToday: number;
  readonly oldestAt: string | null;
}

/** How much waits, and what was done since midnight by the project's clocks (those of its schedule, else UTC). */
export async function countQueue(db: Db, project: string, account: string): Promise<QueueCounts> {
  const { rows } = await sql<Omit<QueueCounts, "oldestAt"> & { oldest: Date | null }>`
    with day as (
      select date_trunc('day', now() at time zone zone) at time zone zone as start
      from (select coalesce((select timezone from schedule where project = ${project}), 'UTC') as zone) z
    )
    select count(*) filter (where state = 'open')::int as open, count(*) filter (where state = 'adjudicate')::int as adjudicate,
           count(*) filter (where state = 'done' and closed_at >= day.start)::int as "doneToday",
           min(created_at) filter (where state in ('open', 'adjudicate')) as oldest,
           (select count(*) from lease join task held on held.id = lease.task
            where lease.account = ${account} and lease.until > now() and held.project = ${project} and held.state = 'open')::int as mine,
           (select count(distinct task) from label
            where project = ${project} and signed_by = ${account} and task is not null and class is not null and at >= min(day.start)
              and not exists (select from label later where later.supersedes = label.id))::int as "doneByMeToday"
    from day left join task on task.project = ${project} and (task.state in ('open', 'adjudicate') or task.closed_at >= day.start)`.execute(
    db,
  );
  const { oldest, ...counts } = rows[0]!;
  return { ...counts, oldestAt: oldest && iso(oldest) };
}

/** Tasks of a model's random slice that were answered, and how often the answer was the model's; gold samples are none. */
export async function countRandomAnswers(db: Db, project: string, model: string): Promise<{ answered: number; right: number }> {
  const { rows } = await sql<{ answered: number; right: number }>`
    select count(*)::int as answered, count(*) filter (where outcome = predicted)::int as "right" from task
    where project = ${project} and model = ${model} and reason = 'random' and state = 'done' and outcome is not null`.execute(db);
  return rows[0]!;
}

export async function countOpenByReason(db: Db, project: string): Promise<{ reason: TaskReason; open: number }[]> {
  const { rows } = await sql<{ reason: TaskReason; open: number }>`
    select ${SHOWN_REASON} as reason, count(*)::int as open from task where project = ${project} and state = 'open'
    group by 1 order by 2 desc, 1`.execute(db);
  return rows;
}

/** A task as people are shown it: a gold sample's answer to nobody, and that it is one to nobody who may be asked. */
export function taskOf(row: TaskRow): Task {
  const waiting = row.state === "open" || row.state === "adjudicate";
  return {
    id: row.id,
    project: row.project,
    reason: row.reason === "gold" && waiting ? "random" : row.reason,
    subject: row.subject,
    recording: row.recording,
    from: row.from_sample,
    to: row.to_sample,
    rateHz: row.rate_hz,
    startUs: row.start_us,
    model: row.model,
    predicted: row.predicted,
    confidence: row.confidence,
    claimed: row.claimed,
    state: row.state,
    wanted: row.wanted,
    answers: row.answers,
    version: row.version,
    outcome: row.outcome,
    escalated: row.escalated_at !== null,
    createdAt: iso(row.created_at),
  };
}
