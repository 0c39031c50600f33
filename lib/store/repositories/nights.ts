import { sql, type Selectable } from "kysely";
import { z } from "zod";
import { EVENT_CHANNEL } from "../../domain/api/events.ts";
import type { Night, NightCause, NightState } from "../../domain/api/nights.ts";
import type { Page, PageQuery } from "../../domain/api/page.ts";
import type { Database } from "../database.ts";
import { decodeCursor, instantText, toPage } from "../keyset.ts";
import { iso, isoOrNull, type Db, type Visible } from "./rows.ts";

/** What a night's row keeps beside its columns. */
export interface NightDetail {
  /** The workflow that has opened it. */
  readonly workflow?: string;
  /** Whether Temporal has accepted a night that was asked for. */
  readonly accepted?: boolean;
  readonly why?: string;
  /** The run or the night that it was skipped beside. */
  readonly beside?: string;
  /** Who wants it to end, and why. */
  readonly cancelled?: string;
  /** New since the training before it. */
  readonly labels?: number;
  readonly files?: number;
  readonly promoted?: boolean;
  /** What went wrong beside it: a source that could not be read, a message that could not be delivered. */
  readonly notes?: readonly string[];
}

export type NightRow = Omit<Selectable<Database["night"]>, "detail"> & { readonly detail: NightDetail };

export async function findNight(db: Db, id: string): Promise<NightRow | undefined> {
  return (await db.selectFrom("night").selectAll().where("id", "=", id).executeTakeFirst()) as NightRow | undefined;
}

/** The night of a project that is under way. */
export async function findRunningNight(db: Db, project: string): Promise<NightRow | undefined> {
  return (await db.selectFrom("night").selectAll().where("project", "=", project).where("state", "=", "running").executeTakeFirst()) as
    NightRow | undefined;
}

/** A night that somebody asks for and that has not begun. */
export async function findAskedNight(db: Db, project: string, cause: NightCause): Promise<NightRow | undefined> {
  return (await db
    .selectFrom("night")
    .selectAll()
    .where("project", "=", project)
    .where("cause", "=", cause)
    .where("state", "=", "asked")
    .orderBy("asked_at")
    .executeTakeFirst()) as NightRow | undefined;
}

/** Of these ids those that stand for nights there are; one that was cancelled did not happen. */
export async function knownNights(db: Db, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`select id from night where id = any(${[...ids]}::text[]) and state <> 'cancelled'`.execute(db);
  return new Set(rows.map((row) => row.id));
}

export interface NewNight {
  readonly id: string;
  readonly project: string;
  readonly cause: NightCause;
  readonly dueAt: Date;
  readonly by: string;
  readonly state: NightState;
  readonly reason?: string;
  readonly detail?: NightDetail;
}

/** @returns false where the id is taken */
export async function insertNight(db: Db, night: NewNight): Promise<boolean> {
  const { id, project, cause, dueAt, by, state, reason = null, detail = {} } = night;
  const now = new Date();
  const row = await db
    .insertInto("night")
    .values({
      ...{ id, project, cause, due_at: dueAt, asked_by: by, state, reason, detail: JSON.stringify(detail) },
      started_at: state === "asked" ? null : now,
      ended_at: state === "asked" || state === "running" ? null : now,
    })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .returning("id")
    .executeTakeFirst();
  if (row) await tellWatchers(db, project);
  return row !== undefined;
}

export interface NightChange {
  readonly state?: NightState;
  readonly reason?: string;
  readonly run?: string;
  readonly startedAt?: Date;
  readonly endedAt?: Date;
  /** Joins what the row's detail holds. */
  readonly detail?: NightDetail;
}

export async function changeNight(db: Db, id: string, change: NightChange): Promise<void> {
  const { state, reason, run, startedAt, endedAt, detail } = change;
  const row = await db
    .updateTable("night")
    .set({
      ...(state !== undefined && { state }),
      ...(reason !== undefined && { reason }),
      ...(run !== undefined && { run }),
      ...(startedAt && { started_at: startedAt }),
      ...(endedAt && { ended_at: endedAt }),
      ...(detail && { detail: sql`detail || ${JSON.stringify(detail)}::jsonb` }),
    })
    .where("id", "=", id)
    .returning("project")
    .executeTakeFirst();
  if (row) await tellWatchers(db, row.project);
}

/** As if it had never begun: of a night that is taken up again, nothing of its first end and run may count. */
export async function resetNight(db: Db, id: string): Promise<void> {
  await sql`
    update night set state = 'asked', reason = null, run = null, gain = null, started_at = null, ended_at = null, detail = '{}'
    where id = ${id}`.execute(db);
}

/** Nights that were asked for and that Temporal has not accepted, oldest first; those of a backfill are started by it. */
export async function listNightsToStart(db: Db, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from night where state = 'asked' and not detail ? 'accepted' order by asked_at limit ${limit}`.execute(db);
  return rows.map((row) => row.id);
}

/** Holds such a night until the transaction ends; undefined where another process holds or started it. */
export async function holdNightToStart(db: Db, id: string): Promise<NightRow | undefined> {
  const { rows } = await sql<NightRow>`
    select * from night where id = ${id} and state = 'asked' and not detail ? 'accepted' for update skip locked`.execute(db);
  return rows[0];
}

/** Until the transaction ends, no other night of the project is opened or asked for. */
export async function takeNightsTurn(db: Db, project: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`nights:${project}`}, 0))`.execute(db);
}

/** A night of the clock that began only after `due` and was due before: it has made up for whatever was due meanwhile. */
export async function findMadeUp(db: Db, project: string, due: Date): Promise<NightRow | undefined> {
  return (await db
    .selectFrom("night")
    .selectAll()
    .where("project", "=", project)
    .where("cause", "=", "clock")
    .where("due_at", "<", due)
    .where("started_at", ">=", due)
    .where("state", "!=", "skipped")
    .orderBy("started_at", "desc")
    .executeTakeFirst()) as NightRow | undefined;
}

/** The night that trains at present, and its run. */
export async function findTrainingNight(db: Db, project: string): Promise<{ night: string; run: string } | undefined> {
  return db
    .selectFrom("night")
    .innerJoin("run", "run.id", "night.run")
    .select(["night.id as night", "run.id as run"])
    .where("night.project", "=", project)
    .where("night.state", "=", "running")
    .where("run.state", "in", ["queued", "running", "waiting"])
    .executeTakeFirst();
}

/** A run of the project that has not ended. */
export async function findOpenRun(db: Db, project: string): Promise<{ id: string; state: string; requestedBy: string } | undefined> {
  return db
    .selectFrom("run")
    .select(["id", "state", "requested_by as requestedBy"])
    .where("project", "=", project)
    .where("state", "in", ["queued", "running", "waiting"])
    .orderBy("requested_at")
    .executeTakeFirst();
}

export interface NightFilter {
  readonly project?: string;
  readonly state?: NightState;
  readonly visible: Visible;
}

/** Nights, the newest due first. */
export async function listNights(db: Db, { project, state, visible, limit, after }: NightFilter & PageQuery): Promise<Page<Night>> {
  const from = decodeCursor(after, z.tuple([instantText, z.string().max(120)]));
  const { rows } = await sql<NightRow & { at_text: string }>`
    select night.*, due_at::text as at_text from night
    where ${project === undefined ? sql`true` : sql`project = ${project}`}
      and ${state === undefined ? sql`true` : sql`state = ${state}`}
      and ${visible ? sql`project = any(${[...visible]}::text[])` : sql`true`}
      and ${from ? sql`(due_at < ${from[0]}::timestamptz or (due_at = ${from[0]}::timestamptz and id > ${from[1]}))` : sql`true`}
    order by due_at desc, id limit ${limit + 1}`.execute(db);
  return toPage(rows, limit, nightOf, (row) => [row.at_text, row.id]);
}

export function nightOf(row: NightRow): Night {
  const { id, project, cause, state, reason, run, gain, detail } = row;
  const notes = (detail.notes ?? []).join("; ");
  return {
    ...{ id, project, cause, state, run, gain },
    dueAt: iso(row.due_at),
    by: row.asked_by,
    reason: reason !== null && notes !== "" ? `${reason} (${notes})` : reason,
    promoted: detail.promoted ?? null,
    labels: detail.labels ?? 0,
    files: detail.files ?? 0,
    startedAt: isoOrNull(row.started_at),
    endedAt: isoOrNull(row.ended_at),
  };
}

/** Pages that are open read the night again. */
async function tellWatchers(db: Db, project: string): Promise<void> {
  await sql`select pg_notify(${EVENT_CHANNEL}, ${JSON.stringify({ project, run: null, kind: "night" })})`.execute(db);
}
