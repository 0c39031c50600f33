import { sql, type Transaction } from "kysely";
import { canonicalJson } from "../domain/canonical.ts";
import type { FeatureRow, FeatureSetDefinition } from "../domain/features-store/feature-row.ts";
import { isSynthetic } from "../domain/recording-id.ts";
import type { Database } from "./database.ts";

export interface WrittenFeatures {
  readonly version: number;
  readonly written: number;
  /** There already with the same values. */
  readonly known: number;
}

/** Rows of one statement: with fifty values each about 5 MB of text. */
const AT_ONCE = 5_000;

/**
 * The one way into the feature store. What a subject's newest row of the same moment says already is not written again;
 * other values become a new row with a later time of creation, and the old one stays. Times are whole milliseconds,
 * rounded up, so that none becomes earlier on its way through a program. Synthetic people are left out.
 *
 * Writers of a set take turns until their transactions end: the order in which rows were created is the order in which
 * they could be read. The version rises, with the first row, where names or definition are not those of the newest one.
 * @param source what wrote them, such as a run
 */
export async function writeFeatures(
  tx: Transaction<Database>,
  project: string,
  set: FeatureSetDefinition,
  rows: readonly FeatureRow[],
  source: string,
): Promise<WrittenFeatures> {
  const real = rows.filter(({ subject }) => !isSynthetic(subject));
  await sql`select pg_advisory_xact_lock(hashtextextended(${`feature_set:${project}/${set.name}`}, 0))`.execute(tx);
  const version = await versionOf(tx, project, set, real.length > 0);
  let written = 0;
  for (let from = 0; from < real.length; from += AT_ONCE)
    written += await insert(tx, { project, set, version, source }, real.slice(from, from + AT_ONCE));
  return { version, written, known: real.length - written };
}

/** A version exists since its first row; 0 is none. */
async function versionOf(tx: Transaction<Database>, project: string, set: FeatureSetDefinition, register: boolean): Promise<number> {
  const { name, names, definition } = set;
  const newest = await tx
    .selectFrom("feature_set")
    .select(["version", "names", "definition"])
    .where("project", "=", project)
    .where("name", "=", name)
    .orderBy("version", "desc")
    .limit(1)
    .executeTakeFirst();
  const same = newest && canonicalJson([newest.names, newest.definition]) === canonicalJson([names, definition]);
  if (same || !register) return newest?.version ?? 0;
  const version = (newest?.version ?? 0) + 1;
  await sql`insert into feature_set (project, name, version, names, definition, created_at)
    values (${project}, ${name}, ${version}, ${names}, ${JSON.stringify(definition)}, ${NOW})`.execute(tx);
  return version;
}

/** The next whole millisecond. */
const NOW = sql`date_trunc('milliseconds', clock_timestamp() + interval '999 microseconds')`;

interface Target {
  readonly project: string;
  readonly set: FeatureSetDefinition;
  readonly version: number;
  readonly source: string;
}

async function insert(tx: Transaction<Database>, { project, set, version, source }: Target, rows: readonly FeatureRow[]): Promise<number> {
  const arrays = rows.map(({ subject, values }) => {
    if (values.length !== set.names.length)
      throw new Error(`'${set.name}' has ${set.names.length} values, and a row of ${subject} ${values.length}`);
    return arrayText(values);
  });
  const { rows: inserted } = await sql<{ written: number }>`
    with given as (
      select distinct on (subject, event_at) subject, event_at, "values"::double precision[] as "values"
      from unnest(
        ${rows.map(({ subject }) => subject)}::text[],
        ${rows.map(({ eventMs }) => new Date(Math.ceil(eventMs)).toISOString())}::timestamptz[],
        ${arrays}::text[]
      ) with ordinality as given (subject, event_at, "values", place)
      order by subject, event_at, place desc
    ), made as (
      insert into feature_row (project, feature_set, version, subject, event_at, created_at, "values", source)
      select ${project}, ${set.name}, ${version}, given.subject, given.event_at,
        greatest((select ${NOW}), newest.created_at + interval '1 millisecond'), given."values", ${source}
      from given left join lateral (
        select created_at, "values" from feature_row
        where project = ${project} and feature_set = ${set.name} and version = ${version}
          and subject = given.subject and event_at = given.event_at
        order by created_at desc limit 1
      ) as newest on true
      where newest."values" is distinct from given."values"
      returning 1
    ) select count(*) as written from made`.execute(tx);
  return inserted[0]!.written;
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
