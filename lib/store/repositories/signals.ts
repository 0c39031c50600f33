import { sql } from "kysely";
import { z } from "zod";
import type { Page, PageQuery } from "../../domain/api/page.ts";
import type { RecordingSummary, SignalInfo } from "../../domain/api/signals.ts";
import type { ObjectRef } from "../../domain/object-ref.ts";
import { decodeCursor, toPage } from "../keyset.ts";
import type { Db } from "./rows.ts";

export interface RecordingKey {
  readonly project: string;
  readonly subject: string;
  readonly recording: string;
}

/** The newest snapshot of a project, its manifest, and the version of the spec that it was taken under. */
export async function findNewestSnapshot(
  db: Db,
  project: string,
): Promise<{ id: string; manifest: ObjectRef; specVersion: number } | undefined> {
  const { rows } = await sql<{ id: string; key: string; sha256: string; bytes: number; version: number }>`
    select snapshot.id, object.key, object.sha256, object.bytes, coalesce(
      (select spec_version from run where run.snapshot = snapshot.id order by requested_at desc limit 1), project.spec_version) as version
    from snapshot join object on object.key = snapshot.manifest join project on project.id = snapshot.project
    where snapshot.project = ${project} order by snapshot.created_at desc limit 1`.execute(db);
  const [row] = rows;
  return row && { id: row.id, manifest: { key: row.key, sha256: row.sha256, bytes: row.bytes }, specVersion: row.version };
}

/** The object of a recording, where it was made for this snapshot; else, where the same input made one for another. */
export async function findSignal(
  db: Db,
  { project, subject, recording }: RecordingKey,
  by: { readonly snapshot: string } | { readonly input: string },
): Promise<ObjectRef | undefined> {
  const which = "snapshot" in by ? sql`signal.snapshot = ${by.snapshot}` : sql`signal.detail ->> 'input' = ${by.input}`;
  const { rows } = await sql<ObjectRef>`
    select object.key, object.sha256, object.bytes from signal join object on object.key = signal.object
    where signal.project = ${project} and signal.subject = ${subject} and signal.recording = ${recording} and ${which} limit 1`.execute(db);
  return rows[0];
}

/** Processes that have made the same signal take turns; the first one's is kept. */
export async function takeTurn(tx: Db, { project, subject, recording }: RecordingKey, snapshot: string): Promise<void> {
  const what = JSON.stringify(["signal", project, subject, recording, snapshot]);
  await sql`select pg_advisory_xact_lock(hashtextextended(${what}, 0))`.execute(tx);
}

/** Length, rate and beginning of the signal that this input has made before. */
export async function measuresOf(
  db: Db,
  { project, subject, recording }: RecordingKey,
  input: string,
): Promise<{ samples: number; rateHz: number; startUs: number }> {
  const row = await db
    .selectFrom("signal")
    .select(["samples", "rate_hz", "start_us"])
    .where("project", "=", project)
    .where("subject", "=", subject)
    .where("recording", "=", recording)
    .where(sql<boolean>`detail ->> 'input' = ${input}`)
    .executeTakeFirstOrThrow();
  return { samples: row.samples, rateHz: row.rate_hz, startUs: row.start_us };
}

/** Most stretches of predictions that a page is shown; of more, the least confident of each part of the recording. */
const MOST_PREDICTIONS = 5_000;

/** What the champion (of everyone's slot, where there is one) says of a recording, in order of time. */
export async function listPredictionsOf(db: Db, { project, subject, recording }: RecordingKey): Promise<SignalInfo["predictions"]> {
  const { rows } = await sql<SignalInfo["predictions"][number]>`
    with chosen as (
      select champion.model from champion where champion.project = ${project} and exists (
        select from prediction where prediction.model = champion.model and prediction.recording = ${recording} and prediction.subject = ${subject})
      order by split_part(champion.slot, '/', 2) = 'all' desc, champion.since desc limit 1),
    said as (
      select window_from, window_to, predicted, confidence, count(*) over () as many, max(window_to) over () as length
      from prediction join chosen using (model) where recording = ${recording} and subject = ${subject})
    select distinct on (part) window_from as "from", window_to as "to", predicted, confidence from (
      select *, case when many > ${MOST_PREDICTIONS} then window_from * ${MOST_PREDICTIONS} / length else row_number() over (order by window_from, window_to) end as part from said) parted
    order by part, confidence`.execute(db);
  return rows.sort((left, right) => left.from - right.from || left.to - right.to);
}

const cursor = z.tuple([z.number(), z.string().max(400), z.string().max(200)]);

/** Recordings with predictions of the champion that serves everyone (else of the newest champion), least confident first. */
export async function listRecordings(
  db: Db,
  project: string,
  { search, limit, after }: PageQuery & { readonly search?: string },
): Promise<Page<RecordingSummary>> {
  const from = decodeCursor(after, cursor);
  const { rows } = await sql<RecordingSummary & { rank: number }>`
    with chosen as (
      select model from champion where project = ${project} and exists (select from prediction where prediction.model = champion.model)
      order by split_part(slot, '/', 2) = 'all' desc, since desc limit 1),
    summed as (
      select recording, subject, count(*)::int as predictions, round(avg(confidence)::numeric, 6)::float8 as confidence
      from prediction join chosen using (model)
      where ${search === undefined ? sql`true` : sql`(position(lower(${search}) in lower(recording)) > 0 or position(lower(${search}) in lower(subject)) > 0)`}
      group by recording, subject)
    select summed.*, (select count(*)::int from label where label.project = ${project} and label.recording = summed.recording
      and label.subject = summed.subject and label.class is not null
      and not exists (select from label later where later.supersedes = label.id)) as labels
    from summed where ${from ? sql`(confidence, recording, subject) > (${from[0]}::float8, ${from[1]}, ${from[2]})` : sql`true`}
    order by confidence, recording, subject limit ${limit + 1}`.execute(db);
  return toPage(
    rows,
    limit,
    ({ subject, recording, predictions, confidence, labels }) => ({ subject, recording, predictions, confidence, labels }),
    (row) => [row.confidence ?? 0, row.recording, row.subject],
  );
}

/** Uploads whose names end as given, newest first. */
export async function listUploadsEnding(
  db: Db,
  project: string,
  endings: readonly string[],
): Promise<{ name: string; object: ObjectRef }[]> {
  const patterns = endings.map((ending) => `%${ending}`);
  const { rows } = await sql<{ name: string } & ObjectRef>`
    select upload.name, object.key, object.sha256, object.bytes from upload join object on object.key = upload.object
    where upload.project = ${project} and lower(upload.name) like any(${patterns}::text[]) order by upload.created_at desc`.execute(db);
  return rows.map(({ name, ...object }) => ({ name, object }));
}
