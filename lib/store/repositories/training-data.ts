import { sql } from "kysely";
import type { Spec } from "../../domain/spec.ts";
import { sha256Of } from "../hashes.ts";
import { HEARD_UNTIL } from "./label-progress.ts";
import { LEARNED, stoodAt } from "./labels.ts";
import { findSpec } from "./projects.ts";
import type { Db } from "./rows.ts";

/** What a training reads, by hash: the same again gives the same model. */
export interface TrainingData {
  readonly uploads: number;
  /** Standing labels that people have signed. */
  readonly labels: number;
  /** Of uploads' contents, standing labels and `specSha256`. */
  readonly sha256: string;
  /** Of what the spec says of training. */
  readonly specSha256: string;
}

export interface DataQuestion {
  readonly project: string;
  readonly specVersion: number;
  /** Left out: all of the project's. */
  readonly uploads?: readonly string[];
  /** ISO 8601: as it was then; now where left out. */
  readonly before?: string;
}

/** Looks at what there is by hash and id; no bytes are read. */
export async function trainingData(db: Db, { project, specVersion, uploads, before }: DataQuestion): Promise<TrainingData> {
  const spec = await findSpec(db, project, specVersion);
  const specSha256 = sha256Of(spec && trainingPart(spec.body));
  const { rows } = await sql<{ uploads: number; uploads_sha256: string; labels: number; labels_sha256: string }>`
    with content as (
      select distinct object.sha256 from upload join object on object.key = upload.object
      where upload.project = ${project} and ${uploads ? sql`upload.id = any(${[...uploads]}::uuid[])` : sql`true`}
        and ${before ? sql`upload.created_at <= ${before}::timestamptz` : sql`true`}
    ), said as (
      select id, class, supersedes from label
      where project = ${project} and ${before ? sql`at <= ${before}::timestamptz` : sql`true`} and ${LEARNED}
    ), standing as (
      select id from said where class is not null and not exists (select from said as later where later.supersedes = said.id)
    )
    select (select count(*) from content)::int as uploads,
           (select encode(sha256(convert_to(coalesce(string_agg(sha256, ',' order by sha256), ''), 'UTF8')), 'hex') from content) as uploads_sha256,
           (select count(*) from standing)::int as labels,
           (select encode(sha256(convert_to(coalesce(string_agg(id::text, ',' order by id), ''), 'UTF8')), 'hex') from standing) as labels_sha256`.execute(
    db,
  );
  const row = rows[0]!;
  return {
    uploads: row.uploads,
    labels: row.labels,
    sha256: sha256Of({ uploads: row.uploads_sha256, labels: row.labels_sha256, spec: specSha256 }),
    specSha256,
  };
}

/** Up to when a training knows labels, and files. */
export interface AsOf {
  readonly labels: Date;
  readonly files: Date;
}

/** The newest training that ended well on data of before `at`, and what it had; null where it was before trainings told. */
export async function findTrainingBefore(
  db: Db,
  project: string,
  at: Date,
): Promise<{ run: string; asOf: AsOf; data: Pick<TrainingData, "sha256" | "specSha256"> | null } | undefined> {
  const { rows } = await sql<AsOf & { run: string; data: TrainingData | null }>`
    select * from (
      select id as run, ${HEARD_UNTIL} as labels, coalesce((params ->> 'before')::timestamptz, requested_at) as files, params -> 'data' as data
      from run where project = ${project} and state = 'done' and snapshot is not null) trained
    where labels < ${at} order by labels desc limit 1`.execute(db);
  const [row] = rows;
  return row && { run: row.run, asOf: { labels: row.labels, files: row.files }, data: row.data };
}

/** Labels that stand and are learned from, and files, that came after a training up to `until`. */
export async function countNew(db: Db, project: string, from: AsOf, until: Date): Promise<{ labels: number; files: number }> {
  const { rows } = await sql<{ labels: number; files: number }>`
    select (select count(*) from label where project = ${project} and at > ${from.labels} and ${stoodAt(until)} and ${LEARNED})::int as labels,
           (select count(*) from upload where project = ${project} and created_at > ${from.files} and created_at <= ${until})::int as files`.execute(
    db,
  );
  return rows[0]!;
}

/** What people, notes and nights are told changes no model. */
function trainingPart({ title: _title, annotation: _annotation, retrain: _retrain, notify: _notify, featureStore: _store, ...rest }: Spec) {
  return rest;
}
