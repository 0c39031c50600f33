import { sql, type RawBuilder, type Selectable } from "kysely";
import { z } from "zod";
import type { Label, labelQuerySchema } from "../../domain/api/labels.ts";
import type { Page, PageQuery } from "../../domain/api/page.ts";
import type { FirstAnswer } from "../../domain/labels/agreement.ts";
import type { Database } from "../database.ts";
import { decodeCursor, instantText, toPage } from "../keyset.ts";
import { iso, type Db } from "./rows.ts";

/** Whether a row of `label` is a label that nothing has superseded, and not only the taking back of another. */
const STANDS = sql<boolean>`(label.class is not null and not exists (select from label as later where later.supersedes = label.id))`;

/** Whether a label is of somebody who was not erased. */
const PRESENT = sql<boolean>`not exists (select from erased_subject where erased_subject.project = label.project and biometric_id = label.subject)`;

/**
 * Whether a label is learned from, for every query on `label` that counts or trains: an answer to a gold sample says how
 * well somebody looks, about a window whose label is known; and of erased people nothing is.
 */
export const LEARNED = sql<boolean>`(not exists (select from task where task.id = label.task and task.reason = 'gold')
  and ${PRESENT})`;

/** Whether a row of `label` stood at an instant. */
export function stoodAt(at: string | Date): RawBuilder<boolean> {
  return sql`(label.class is not null and label.at <= ${at}::timestamptz
    and not exists (select from label as later where later.supersedes = label.id and later.at <= ${at}::timestamptz))`;
}

/** What may be told to a reader: of a task that still wants answers only their own, so that they stay blind if they are asked next. */
function readableBy(reader: string | undefined): RawBuilder<boolean> {
  if (reader === undefined) return sql`true`;
  return sql`(label.signed_by = ${reader} or not exists (select from task where task.id = label.task and task.state = 'open'))`;
}

export type StoredLabel = Selectable<Database["label"]> & { readonly stands: boolean };

export type LabelFilter = z.infer<typeof labelQuerySchema>;

/** What was ever signed of a recording to be learned from, in order of time. @param reader see `listLabels` */
export async function labelsOfRecording(
  db: Db,
  { project, subject, recording }: Pick<Label, "project" | "subject" | "recording">,
  reader?: string,
): Promise<Label[]> {
  const { rows } = await sql<StoredLabel>`
    select label.*, ${STANDS} as stands from label
    where project = ${project} and subject = ${subject} and recording = ${recording} and ${LEARNED} and ${readableBy(reader)}
    order by journal_id`.execute(db);
  return rows.map(labelOf);
}

export async function findLabel(db: Db, project: string, id: string): Promise<Label | undefined> {
  const { rows } = await sql<StoredLabel>`
    select label.*, ${STANDS} as stands from label where project = ${project} and id = ${id}`.execute(db);
  return rows[0] && labelOf(rows[0]);
}

/** The label that has taken the place of another, or has taken it back. */
export async function findLabelSuperseding(db: Db, id: string): Promise<Label | undefined> {
  const { rows } = await sql<StoredLabel>`select label.*, ${STANDS} as stands from label where supersedes = ${id}`.execute(db);
  return rows[0] && labelOf(rows[0]);
}

/** Whether there is a label of this id in any project: ids are unique among all. */
export async function isLabelId(db: Db, id: string): Promise<boolean> {
  return (await db.selectFrom("label").select("id").where("id", "=", id).executeTakeFirst()) !== undefined;
}

const place = z.tuple([instantText, z.uuid()]);

/**
 * Labels of a project, newest first.
 * @param reader who reads them: answers of others to tasks that still want some are kept from whoever may be asked next
 */
export async function listLabels(
  db: Db,
  project: string,
  { limit, after, standing, by, reader, ...filter }: LabelFilter & PageQuery & { readonly reader?: string },
): Promise<Page<Label>> {
  const from = decodeCursor(after, place);
  const conditions: RawBuilder<unknown>[] = [sql`project = ${project}`];
  for (const column of ["subject", "recording", "class", "task"] as const)
    if (filter[column] !== undefined) conditions.push(sql`${sql.ref(column)} = ${filter[column]}`);
  if (by !== undefined) conditions.push(sql`signed_by = ${by}`);
  conditions.push(readableBy(reader), PRESENT);
  if (standing !== undefined) conditions.push(standing ? STANDS : sql`not ${STANDS}`);
  if (from) conditions.push(sql`(at < ${from[0]}::timestamptz or (at = ${from[0]}::timestamptz and id > ${from[1]}::uuid))`);
  const { rows } = await sql<StoredLabel & { at_text: string }>`
    select label.*, ${STANDS} as stands, at::text as at_text from label where ${sql.join(conditions, sql` and `)}
    order by at desc, id limit ${limit + 1}`.execute(db);
  return toPage(rows, limit, labelOf, (row) => [row.at_text, row.id]);
}

/** Rows of one query; few enough to be held beside those that wait to be resolved. */
const ROWS_AT_ONCE = 20_000;

/**
 * The standing labels of each recording of a project that are learned from, recording after recording; those that stood at
 * an instant where one is given (ISO 8601 or a date). To be read in one transaction.
 * @param reader see `listLabels`
 */
export async function* standingByRecording(
  db: Db,
  project: string,
  { at, reader }: { readonly at?: string | Date; readonly reader?: string } = {},
): AsyncGenerator<Label[]> {
  const stood = at === undefined ? STANDS : stoodAt(at);
  const open: Label[] = [];
  for (let last: StoredLabel | undefined; ;) {
    const behind = last
      ? sql`(recording, subject, from_sample, id) > (${last.recording}, ${last.subject}, ${last.from_sample}, ${last.id}::uuid)`
      : sql`true`;
    const { rows } = await sql<StoredLabel>`
      select label.*, true as stands from label where project = ${project} and ${behind} and ${stood} and ${LEARNED} and ${readableBy(reader)}
      order by recording, subject, from_sample, id limit ${ROWS_AT_ONCE}`.execute(db);
    for (const label of rows.map(labelOf)) {
      if (open[0] && (open[0].recording !== label.recording || open[0].subject !== label.subject)) yield open.splice(0);
      open.push(label);
    }
    last = rows.at(-1);
    if (rows.length < ROWS_AT_ONCE) break;
  }
  if (open.length > 0) yield open;
}

/** How many labels that stand and are learned from were signed after a moment. */
export async function countLabelsSince(db: Db, project: string, since: Date): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::bigint as count from label where project = ${project} and at > ${since} and ${STANDS} and ${LEARNED}`.execute(db);
  return rows[0]?.count ?? 0;
}

/** A label that someone wants to bring in, as far as it decides whether it is there already. */
export interface Wanted {
  readonly id: string;
  readonly subject: string;
  readonly recording: string;
  readonly from: number;
  readonly to: number;
  readonly rateHz: number;
  readonly class: string;
  readonly by: string;
}

/** The labels wanted, by their places in the list; those in none of the sets are new. */
export interface Known {
  /** In this project: what has this id says the same, or did before it was superseded; else a label that stands says the same. */
  readonly known: ReadonlySet<number>;
  /** Another project has the id. */
  readonly foreign: ReadonlySet<number>;
  /** In this project under this id, and neither it nor what superseded it has ever said this. */
  readonly changed: ReadonlySet<number>;
}

export async function knownLabels(db: Db, project: string, wanted: readonly Wanted[]): Promise<Known> {
  const given = wanted.map((each, place) => ({ place, ...each }));
  const { rows } = await sql<{ place: number; ours: boolean; said: boolean }>`
    with recursive given as materialized (
      select * from jsonb_to_recordset(${JSON.stringify(given)}::jsonb)
        as given (place int, id uuid, subject text, recording text, "from" bigint, "to" bigint, "rateHz" float8, class text, by text)),
    chain as (
      select given.place, label.* from given join label on label.id = given.id
      union all
      select chain.place, later.* from chain cross join lateral ${LATER}),
    said as (
      select place, bool_and(label.project = ${project}) as ours, coalesce(bool_or(${SAYS}), false) as said
      from chain as label join given using (place) group by place)
    select place, ours, said from said
    union all
    select distinct place, true, true from given join label on label.project = ${project} and label.signed_by = given.by and ${SAYS}
    where ${STANDS} and not exists (select from said where said.place = given.place)`.execute(db);
  const places = (of: (row: (typeof rows)[number]) => boolean) => new Set(rows.filter(of).map(({ place }) => place));
  return {
    known: places(({ ours, said }) => ours && said),
    foreign: places(({ ours }) => !ours),
    changed: places(({ ours, said }) => ours && !said),
  };
}

/** What superseded a row of `chain`; the offset keeps it a look-up for each, where a join would read all labels. */
const LATER = sql`(select * from label where label.supersedes = chain.id offset 0) later`;

/** Whether a row of `label` is about the stretch of a row of `given`, and names its class. */
const SAYS = sql`(label.recording = given.recording and label.subject = given.subject and label.from_sample = given."from"
  and label.to_sample = given."to" and label.rate_hz = given."rateHz" and label.class = given.class)`;

/** Each of these labels with all that has superseded it, one after the other; by its id. */
export async function labelChains(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, readonly Label[]>> {
  const { rows } = await sql<Omit<StoredLabel, "stands"> & { root: string }>`
    with recursive chain as (
      select label.id as root, label.* from label where label.id = any(${ids}::uuid[])
      union all
      select chain.root, later.* from chain cross join lateral ${LATER})
    select * from chain order by journal_id`.execute(db);
  const chains = Map.groupBy(rows, ({ root }) => root);
  const stands = (row: { class: string | null }, place: number, chain: readonly object[]) =>
    row.class !== null && place === chain.length - 1;
  return new Map(
    [...chains].map(([root, chain]) => [root, chain.map((row, place) => labelOf({ ...row, stands: stands(row, place, chain) }))]),
  );
}

/**
 * How long recordings are, in samples at a rate: as long as their signals, or at most a window longer than what the
 * champions answered; null where neither is known.
 */
export async function extentsOf(
  db: Db,
  project: string,
  rateHz: number,
  pairs: readonly (readonly [subject: string, recording: string])[],
): Promise<(number | null)[]> {
  const { rows } = await sql<{ samples: number | null }>`
    select coalesce(
      (select ceil(samples * ${rateHz}::float8 / rate_hz) from signal
       where project = ${project} and subject = given.subject and recording = given.recording order by created_at desc limit 1),
      (select max(2 * window_to - window_from) from prediction where model in (select model from champion where project = ${project})
       and recording = given.recording and subject = given.subject))::float8 as samples
    from unnest(${pairs.map(([subject]) => subject)}::text[], ${pairs.map(([, recording]) => recording)}::text[])
      with ordinality as given (subject, recording, place)
    order by place`.execute(db);
  return rows.map((row) => row.samples);
}

/** The first answer of each annotator to each task, with what the task came to. */
export async function firstAnswers(db: Db, project: string): Promise<FirstAnswer[]> {
  const { rows } = await sql<FirstAnswer>`
    select distinct on (label.task, label.signed_by)
      label.task, label.signed_by as account, label.class, label.seconds, task.outcome, task.gold
    from label join task on task.id = label.task
    where label.project = ${project} and label.class is not null and label.authority in ('annotator', 'expert')
    order by label.task, label.signed_by, label.journal_id`.execute(db);
  return rows;
}

function labelOf(row: StoredLabel): Label {
  return {
    id: row.id,
    project: row.project,
    subject: row.subject,
    recording: row.recording,
    from: row.from_sample,
    to: row.to_sample,
    rateHz: row.rate_hz,
    class: row.class,
    authority: row.authority,
    by: row.signed_by,
    task: row.task,
    supersedes: row.supersedes,
    seconds: row.seconds,
    at: iso(row.at),
    stands: row.stands,
  };
}
