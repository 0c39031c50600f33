import { sql, type Kysely, type Selectable, type Transaction } from "kysely";
import { EVENT_CHANNEL } from "../domain/api/events.ts";
import { EVENTS, subjectOf, type EventKind, type JournalEvent, type NewEvent } from "../domain/journal.ts";
import { PROJECTIONS, targetOf, type ProjectionName, type ProjectionRows, type Target } from "../domain/projections.ts";
import type { Database } from "./database.ts";

/** The column that `Target.key` names. */
const PROJECTION_KEYS = {
  project: "id",
  champion: "slot",
  erased_subject: "id",
  label: "id",
  schedule: "project",
  account: "id",
  token: "id",
} as const satisfies Record<ProjectionName, string>;

/**
 * Writes a decision and what follows from it, in the caller's transaction. Decisions about the same row take turns:
 * the turn is taken before the journal gives out its number, so numbers and effects have the same order.
 */
export async function append(tx: Transaction<Database>, event: NewEvent): Promise<JournalEvent> {
  const payload = EVENTS[event.kind].parse(event.payload);
  const target = targetOf(event);
  if (target) await takeTurn(tx, target);
  const { id, at } = await tx
    .insertInto("journal")
    .values({ actor: event.actor, project: event.project, kind: event.kind, subject: subjectOf(event), payload: JSON.stringify(payload) })
    .returning(["id", "at"])
    .executeTakeFirstOrThrow();
  const written = { ...event, payload, id, at } as JournalEvent;
  if (target) await project(tx, target, written);
  await tell(tx, written);
  return written;
}

/** Kinds of which each event makes a row of its own that no other event changes. */
type InsertOnly = Extract<NewEvent, { kind: "label.signed" }>;

/**
 * Writes thousands of decisions at once, in the order given. Nobody is waited for, since no row is there before: where one
 * of the rows turns out to be, the transaction fails on its key (see `isTaken`) and nothing is written.
 */
export async function appendAll(tx: Transaction<Database>, events: readonly InsertOnly[]): Promise<JournalEvent[]> {
  const [first] = events;
  if (!first) return [];
  const rows = events.map((event) => ({
    ...{ actor: event.actor, project: event.project, kind: event.kind, subject: subjectOf(event) },
    payload: EVENTS[event.kind].parse(event.payload),
  }));
  const { rows: written } = await sql<{ id: number; at: Date }>`
    insert into journal (actor, project, kind, subject, payload)
    select actor, project, kind, subject, payload
    from rows from (jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as (actor text, project text, kind text, subject text, payload jsonb))
      with ordinality as given (actor, project, kind, subject, payload, place)
    order by place returning id, at`.execute(tx);
  // Numbers are given out in the order of the select, whichever order the rows come back in.
  written.sort((left, right) => left.id - right.id);
  const entries = events.map((event, index) => ({ ...event, payload: rows[index]!.payload, ...written[index]! }) as JournalEvent);
  await insertRows(
    tx,
    "label",
    "label",
    entries.flatMap((entry) => fold("label", undefined, entry) ?? []),
  );
  await tell(tx, entries[0]!);
  return entries;
}

/** Whether a failure says that a row with this key is there already. */
export function isTaken(error: unknown): boolean {
  return (error as { code?: string } | null)?.code === "23505";
}

async function tell(tx: Transaction<Database>, { project, kind, payload }: JournalEvent): Promise<void> {
  const run = "run" in payload ? payload.run : null;
  await sql`select pg_notify(${EVENT_CHANNEL}, ${JSON.stringify({ project, run, kind })})`.execute(tx);
}

/** Until the transaction ends, no one else decides about this row; also where it does not exist yet. */
export async function takeTurn(tx: Transaction<Database>, { table, key }: Target): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${table}:${key}`}, 0))`.execute(tx);
}

/** The turns of many rows at once, in the order of their keys, in which whoever wants several must take them. */
export async function takeTurns(tx: Transaction<Database>, table: ProjectionName, keys: readonly string[]): Promise<void> {
  const names = [...new Set(keys)].toSorted().map((key) => `${table}:${key}`);
  await sql`select pg_advisory_xact_lock(hashtextextended(name, 0)) from unnest(${names}::text[]) as given (name)`.execute(tx);
}

/** A stored row as an event; undefined for a kind that only a newer version knows. */
export function eventOf(row: Selectable<Database["journal"]>): JournalEvent | undefined {
  const { id, at, actor, project, kind } = row;
  if (!Object.hasOwn(EVENTS, kind)) return undefined;
  return { id, at, actor, project, kind, payload: EVENTS[kind as EventKind].parse(row.payload) } as JournalEvent;
}

/** The events about one thing, oldest first. */
export async function eventsAbout(db: Kysely<Database>, kinds: readonly EventKind[], subject: string): Promise<JournalEvent[]> {
  const rows = await db.selectFrom("journal").selectAll().where("subject", "=", subject).where("kind", "in", kinds).orderBy("id").execute();
  return rows.map(eventOf).filter((event) => event !== undefined);
}

async function project(tx: Transaction<Database>, { table, key }: Target, event: JournalEvent): Promise<void> {
  const column = PROJECTION_KEYS[table];
  const before = await sql<ProjectionRows[typeof table]>`select * from ${sql.table(table)} where ${sql.ref(column)} = ${key}`.execute(tx);
  const after = fold(table, before.rows[0], event);
  if (!after) return;
  await sql`delete from ${sql.table(table)} where ${sql.ref(column)} = ${key}`.execute(tx);
  await insertRows(tx, table, table, [after]);
}

export function fold(
  table: ProjectionName,
  row: ProjectionRows[ProjectionName] | undefined,
  event: JournalEvent,
): ProjectionRows[ProjectionName] | undefined {
  return (PROJECTIONS[table] as (row: unknown, event: JournalEvent) => ProjectionRows[ProjectionName] | undefined)(row, event);
}

/** @param like the projection whose rows they are; `into` has its columns in its order */
export async function insertRows(
  tx: Transaction<Database>,
  into: string,
  like: ProjectionName,
  rows: readonly ProjectionRows[ProjectionName][],
): Promise<void> {
  await sql`insert into ${sql.table(into)} select * from jsonb_populate_recordset(null::${sql.table(like)}, ${JSON.stringify(rows)}::jsonb)`.execute(
    tx,
  );
}
