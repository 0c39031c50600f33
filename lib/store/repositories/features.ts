import { sql } from "kysely";
import type { FeatureSet, FeatureStatistics, LatestFeatures } from "../../domain/api/features.ts";
import { isoOrNull, type Db } from "./rows.ts";

/*
 * Of a set, a read sees one version: the newest that had a row at the last moment the read knows of. In it a subject's
 * values at a moment are those of the newest event at or before it, in the words that had been written by then. Serving
 * and training read by the same lateral join, so they cannot answer differently.
 */

/** Milliseconds are as fine as times in the store get; `now` is the next one, so that what is committed is seen. */
const NOW = sql`date_trunc('milliseconds', statement_timestamp() + interval '999 microseconds')`;

/** The sets that the newest spec declares, each in the version that was known at `known`. */
function declared(project: string, names: readonly string[] | undefined, known: ReturnType<typeof sql>) {
  return sql`
    select declared.name, declared.body ->> 'from' as "from", (declared.body ->> 'maxAgeDays')::double precision as max_age_days,
      version.version, version.names
    from project join spec on spec.project = project.id and spec.version = project.spec_version
    cross join lateral jsonb_each(spec.body -> 'featureStore' -> 'sets') as declared (name, body)
    left join lateral (
      select version, names from feature_set
      where project = project.id and name = declared.name and created_at <= ${known}
      order by version desc limit 1
    ) as version on true
    where project.id = ${project} and (${names ?? null}::text[] is null or declared.name = any(${names ?? null}::text[]))`;
}

/** The newest row of `subject` in a declared set at `at`, among those written by `known`. */
function newestRow(project: string, { subject, at, known }: Readonly<Record<"subject" | "at" | "known", ReturnType<typeof sql>>>) {
  return sql`
    select event_at, created_at, "values" from feature_row
    where feature_row.project = ${project} and feature_set = asked.name and feature_row.version = asked.version
      and feature_row.subject = ${subject} and event_at <= ${at} and created_at <= ${known}
    order by event_at desc, created_at desc limit 1`;
}

const OLDEST = (at: ReturnType<typeof sql>) => sql`${at} - asked.max_age_days * interval '1 day'`;

/**
 * The values of a subject in each declared set (or those named), in one round trip. Those of a row older than the set's
 * greatest age are null, as they are for training.
 * @param at as it was known then; now without it
 * @returns none where the project has no such subject, and only those that are declared
 */
export async function latestFeatures(
  db: Db,
  project: string,
  subject: string,
  { sets, at }: { readonly sets?: readonly string[]; readonly at?: string },
): Promise<LatestFeatures["sets"]> {
  const moment = sql`moment.at`;
  const { rows } = await sql<{
    name: string;
    version: number | null;
    names: string[] | null;
    event_at: Date | null;
    created_at: Date | null;
    stale: boolean | null;
    values: string | null;
  }>`/* prepared: latest-features */
    select asked.name, asked.version, asked.names, newest.event_at, newest.created_at,
      newest.event_at < ${OLDEST(moment)} as stale, newest."values"::text
    from (select coalesce(${at ?? null}::timestamptz, ${NOW}) as at) as moment
    cross join lateral (${declared(project, sets, moment)}) as asked
    left join lateral (${newestRow(project, { subject: sql`${subject}`, at: moment, known: moment })}) as newest on true
    where exists (select from subject where subject.project = ${project} and biometric_id = ${subject})
    order by asked.name`.execute(db);
  return rows.map(({ name, version, names, event_at, created_at, stale, values }) => {
    const known = values === null || stale ? [] : numbersOf(values);
    return {
      set: name,
      version: version ?? 0,
      eventAt: isoOrNull(event_at),
      createdAt: isoOrNull(created_at),
      stale: stale ?? false,
      values: Object.fromEntries((names ?? []).map((feature, place) => [feature, known[place] ?? null])),
    };
  });
}

export interface JoinedSet {
  readonly name: string;
  /** None where nothing had been written yet. */
  readonly names: readonly string[];
  /** By row of what was asked; undefined where nothing was known. */
  readonly values: readonly (readonly (number | null)[] | undefined)[];
}

/**
 * For each subject and moment the values that were known then, set by set; of a set all are of the version that was newest
 * at the last moment that is asked about.
 * @param asOf what had been written by then counts as known even for earlier moments
 */
export async function joinFeatures(
  db: Db,
  project: string,
  asked: readonly { readonly subject: string; readonly at: string }[],
  { sets, asOf }: { readonly sets?: readonly string[]; readonly asOf?: string },
): Promise<JoinedSet[]> {
  const horizon = sql`(select greatest(max(at), ${asOf ?? null}::timestamptz) from unnest(${asked.map((row) => row.at)}::timestamptz[]) as given (at))`;
  const found = await sql<DeclaredSet>`${declared(project, sets, horizon)} order by declared.name`.execute(db);
  const joined: JoinedSet[] = [];
  for (const set of found.rows) {
    const values: JoinedSet["values"][number][] = [];
    for (let from = 0; from < asked.length; from += AT_ONCE)
      values.push(...(await joinSet(db, project, asked.slice(from, from + AT_ONCE), set, asOf)));
    joined.push({ name: set.name, names: set.names ?? [], values });
  }
  return joined;
}

/** Rows of one statement: of fifty features about 10 MB of text come back. */
const AT_ONCE = 10_000;

interface DeclaredSet {
  readonly name: string;
  readonly max_age_days: number | null;
  readonly version: number | null;
  readonly names: string[] | null;
}

async function joinSet(
  db: Db,
  project: string,
  rows: readonly { readonly subject: string; readonly at: string }[],
  { name, version, max_age_days }: DeclaredSet,
  asOf: string | undefined,
): Promise<JoinedSet["values"]> {
  const joined = new Array<(number | null)[] | undefined>(rows.length).fill(undefined);
  if (version === null) return joined;
  const at = sql`given.at`;
  const known = sql`greatest(given.at, ${asOf ?? null}::timestamptz)`;
  const found = await sql<{ place: number; values: string }>`
    select place, newest."values"::text
    from (select ${name}::text as name, ${version}::int as version, ${max_age_days}::double precision as max_age_days) as asked
    cross join unnest(${rows.map((row) => row.subject)}::text[], ${rows.map((row) => row.at)}::timestamptz[])
      with ordinality as given (subject, at, place)
    cross join lateral (${newestRow(project, { subject: sql`given.subject`, at, known })}) as newest
    where asked.max_age_days is null or newest.event_at >= ${OLDEST(at)}`.execute(db);
  for (const { place, values } of found.rows) joined[place - 1] = numbersOf(values);
  return joined;
}

/** Sets of the newest spec, what is in their newest version, and how old that is now. */
export async function listFeatureSets(db: Db, project: string): Promise<FeatureSet[]> {
  const { rows } = await sql<{
    name: string;
    from: FeatureSet["from"];
    version: number | null;
    names: string[] | null;
    rows: number;
    subjects: number;
    event_at: Date | null;
    created_at: Date | null;
    stale: boolean | null;
  }>`
    select asked.name, asked."from", asked.version, asked.names, found.*, found.event_at < ${OLDEST(NOW)} as stale
    from (${declared(project, undefined, NOW)}) as asked
    left join lateral (
      select count(*) as rows, count(distinct subject) as subjects, max(event_at) as event_at, max(created_at) as created_at
      from feature_row where feature_row.project = ${project} and feature_set = asked.name and version = asked.version
    ) as found on true
    order by asked.name`.execute(db);
  return rows.map((row) => ({
    name: row.name,
    version: row.version ?? 0,
    from: row.from,
    names: row.names ?? [],
    rows: row.rows,
    subjects: row.subjects,
    newestEventAt: isoOrNull(row.event_at),
    newestCreatedAt: isoOrNull(row.created_at),
    stale: row.stale ?? false,
  }));
}

/** Over the newest row of each subject in the newest version of a declared set. */
export async function featureStatistics(db: Db, project: string, set: string): Promise<FeatureStatistics["features"]> {
  const { rows } = await sql<{
    name: string | null;
    count: number;
    missing: number;
    mean: number | null;
    sd: number | null;
    min: number | null;
    max: number | null;
  }>`
    with recursive asked as materialized (${declared(project, [set], NOW)}),
    -- From subject to subject through the index: a set has many more rows than people.
    person (subject) as (
      (select ${firstSubject(project)} from asked)
      union all
      select (select ${firstSubject(project, sql`and feature_row.subject > person.subject`)} from asked) from person where person.subject is not null
    ), newest as (
      select newest."values" from asked cross join person
      cross join lateral (${newestRow(project, { subject: sql`person.subject`, at: NOW, known: NOW })}) as newest
      where person.subject is not null
    ), statistic as (
      select place, count(value) as count, count(*) - count(value) as missing,
        avg(value) as mean, stddev_samp(value) as sd, min(value) as min, max(value) as max
      from newest cross join lateral unnest(newest."values") with ordinality as each (value, place)
      group by place
    )
    select feature.name, coalesce(count, 0) as count, coalesce(missing, 0) as missing, mean, sd, min, max
    from asked left join lateral unnest(asked.names) with ordinality as feature (name, place) on true
    left join statistic using (place)
    order by place`.execute(db);
  return rows.flatMap(({ name, ...statistic }) => (name === null ? [] : [{ name, ...statistic }]));
}

function firstSubject(project: string, after: ReturnType<typeof sql> = sql``) {
  return sql`(select feature_row.subject from feature_row
    where feature_row.project = ${project} and feature_set = asked.name and feature_row.version = asked.version ${after}
    order by feature_row.subject limit 1)`;
}

/** The numbers of an array as Postgres writes it; the driver's own reader takes several times as long. */
function numbersOf(text: string): (number | null)[] {
  return text.length === 2
    ? []
    : text
        .slice(1, -1)
        .split(",")
        .map((item) => (item === "NULL" ? null : Number(item)));
}
