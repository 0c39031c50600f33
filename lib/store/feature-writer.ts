import { sql, type Transaction } from "kysely";
import { canonicalJson } from "../domain/canonical.ts";
import type { FeatureRow, FeatureSetDefinition } from "../domain/features-store/feature-row.ts";
import { isSynthetic } from "../domain/recording-id.ts";
import type { Database } from "./database.ts";
import { holdErasures } from "./repositories/erasures.ts";

export interface WrittenFeatures {
  /** 0 where no row was ever written. */
  readonly version: number;
  readonly written: number;
  /** There already with the same values. */
  readonly known: number;
}

type Batches = Iterable<readonly FeatureRow[]> | AsyncIterable<readonly FeatureRow[]>;

/** Rows of one statement: with fifty values each about 5 MB of text. */
const AT_ONCE = 5_000;

/**
 * The one way into the feature store, at the end of a transaction. What a subject's newest row of the same moment says
 * already is not written again; other values become a new row with a later time of creation, and the old one stays. Of
 * several rows for one moment the last counts, but recordings of one moment each keep a row of their own: they follow
 * each other by a millisecond, in the order of their ids. Times are whole milliseconds, rounded up, so that none becomes
 * earlier on its way through a program. Synthetic and erased people are left out.
 *
 * Rows wait in a temporary table, however long it takes to make them; they get their time of creation when nothing but
 * their insertion and the commit is left to do. The caller's transaction must end with this. Writers of a set take turns
 * until then: the order in which rows were created is the order in which they could be read. The version rises, with the
 * first row, where names or definition are not those of the newest one.
 * @param source what wrote them, such as a run
 */
export async function writeFeatures(
  tx: Transaction<Database>,
  project: string,
  set: FeatureSetDefinition,
  batches: Batches,
  source: string,
): Promise<WrittenFeatures> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`feature_set:${project}/${set.name}`}, 0))`.execute(tx);
  await sql`create temporary table staged_feature_row (
    place bigint generated always as identity, subject text, event_at timestamptz, recording text, "values" double precision[]
  ) on commit drop`.execute(tx);
  let staged = 0;
  for await (const rows of batches) {
    const real = rows.filter(({ subject }) => !isSynthetic(subject));
    for (let from = 0; from < real.length; from += AT_ONCE) await stage(tx, set, real.slice(from, from + AT_ONCE));
    staged += real.length;
  }
  await holdErasures(tx, project);
  const newest = await newestVersion(tx, project, set);
  const version = newest.same ? newest.version : newest.version + 1;
  const written = staged === 0 ? 0 : await publish(tx, { project, set, version, source });
  const isNew = !newest.same && written > 0;
  if (isNew)
    // Behind its rows: until a version is there, nobody reads them, however many they are.
    await sql`insert into feature_set (project, name, version, names, definition, created_at)
      values (${project}, ${set.name}, ${version}, ${set.names}, ${JSON.stringify(set.definition)}, ${NOW})`.execute(tx);
  await sql`drop table staged_feature_row`.execute(tx);
  return { version: newest.same || isNew ? version : newest.version, written, known: staged - written };
}

/** @returns version 0 where there is none, and whether the set is still what it says */
async function newestVersion(
  tx: Transaction<Database>,
  project: string,
  { name, names, definition }: FeatureSetDefinition,
): Promise<{ version: number; same: boolean }> {
  const newest = await tx
    .selectFrom("feature_set")
    .select(["version", "names", "definition"])
    .where("project", "=", project)
    .where("name", "=", name)
    .orderBy("version", "desc")
    .limit(1)
    .executeTakeFirst();
  if (!newest) return { version: 0, same: false };
  const same = canonicalJson([newest.names, newest.definition]) === canonicalJson([names, definition]);
  return { version: newest.version, same };
}

async function stage(tx: Transaction<Database>, { name, names }: FeatureSetDefinition, rows: readonly FeatureRow[]): Promise<void> {
  const arrays = rows.map(({ subject, values }) => {
    if (values.length !== names.length) throw new Error(`'${name}' has ${names.length} values, and a row of ${subject} ${values.length}`);
    return arrayText(values);
  });
  await sql`
    insert into staged_feature_row (subject, event_at, recording, "values")
    select subject, event_at, recording, "values"::double precision[] from unnest(
      ${rows.map(({ subject }) => subject)}::text[],
      ${rows.map(({ eventMs }) => new Date(Math.ceil(eventMs)).toISOString())}::timestamptz[],
      ${rows.map(({ recording }) => recording ?? null)}::text[],
      ${arrays}::text[]
    ) with ordinality as given (subject, event_at, recording, "values", place)
    order by place`.execute(tx);
}

/** The next whole millisecond. */
const NOW = sql`date_trunc('milliseconds', clock_timestamp() + interval '999 microseconds')`;

interface Target {
  readonly project: string;
  readonly set: FeatureSetDefinition;
  readonly version: number;
  readonly source: string;
}

/**
 * Inserts the staged rows that say something new, all with one time of creation. Which they are is found out first.
 * Recordings of one moment: the i-th row of a subject, in the order of moments and recordings, gets the moment
 * i + max(moment of j - j) over all j up to i, the earliest that is neither before its own nor another's.
 */
async function publish(tx: Transaction<Database>, { project, set, version, source }: Target): Promise<number> {
  await sql`
    create temporary table fresh_feature_row on commit drop as
    with numbered as (
      select place, subject, event_at, recording, "values",
        row_number() over (partition by subject, recording is null order by event_at, recording, place) as i
      from staged_feature_row
    ), apart as (
      select place, subject, "values", case when recording is null then event_at
        else event_at + interval '1 millisecond' * (i - (extract(epoch from event_at) * 1000)::bigint + max(
          (extract(epoch from event_at) * 1000)::bigint - i) over (partition by subject, recording is null order by i)) end as event_at
      from numbered
    ), given as (
      select distinct on (subject, event_at) subject, event_at, "values" from apart order by subject, event_at, place desc
    )
    select given.*, newest.created_at as before
    from given left join lateral (
      select created_at, "values" from feature_row
      where project = ${project} and feature_set = ${set.name} and version = ${version}
        and subject = given.subject and event_at = given.event_at
      order by created_at desc limit 1
    ) as newest on true
    where newest."values" is distinct from given."values"
      and not exists (select from erased_subject where project = ${project} and biometric_id = given.subject)`.execute(tx);
  const { numAffectedRows } = await sql`
    insert into feature_row (project, feature_set, version, subject, event_at, created_at, "values", source)
    select ${project}, ${set.name}, ${version}::int, subject, event_at,
      greatest((select ${NOW}), before + interval '1 millisecond'), "values", ${source}
    from fresh_feature_row`.execute(tx);
  await sql`drop table fresh_feature_row`.execute(tx);
  return Number(numAffectedRows ?? 0);
}

/** As Postgres writes an array of numbers. */
function arrayText(values: ArrayLike<number | null>): string {
  let text = "{";
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? NaN;
    text += `${at > 0 ? "," : ""}${Number.isFinite(value) ? value : "NULL"}`;
  }
  return `${text}}`;
}
