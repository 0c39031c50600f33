import { sql } from "kysely";
import { z } from "zod";
import type { DataCounts, DataFile, Snapshot } from "../../domain/api/data.ts";
import type { Page, PageQuery } from "../../domain/api/page.ts";
import type { ErrorReport } from "../../domain/errors.ts";
import { decodeCursor, instantText, toPage } from "../keyset.ts";
import { iso, isoOrNull, reportOf, type Db } from "./rows.ts";

const cursor = z.tuple([instantText, z.uuid()]);

interface FileRow {
  id: string;
  project: string;
  name: string;
  upload: string;
  state: DataFile["state"];
  duplicate_of: string | null;
  sha256: string | null;
  bytes: number;
  scan: Record<string, unknown>;
  error: ErrorReport | null;
  created_at: Date;
  at_text: string;
  cleaning: string | null;
  clean_state: "clean" | "refused";
  rows_in: number;
  rows_ok: number;
  rows_quarantined: number;
  rows_duplicate: number;
  clean_error: ErrorReport | null;
  cleaned_at: Date;
}

export async function listFiles(
  db: Db,
  project: string,
  { state, limit, after }: PageQuery & { state?: DataFile["state"] },
): Promise<Page<DataFile>> {
  const from = decodeCursor(after, cursor);
  const { rows } = await sql<FileRow>`
    select file.*, file.created_at::text as at_text, newest.id as cleaning, newest.state as clean_state, newest.rows_in, newest.rows_ok,
           newest.rows_quarantined, newest.rows_duplicate, newest.error as clean_error, newest.created_at as cleaned_at
    from file
    left join lateral (select * from cleaning where cleaning.file = file.id order by created_at desc limit 1) newest on true
    where file.project = ${project}
      and ${state === undefined ? sql`true` : sql`file.state = ${state}`}
      and ${from ? sql`(file.created_at, file.id) < (${from[0]}::timestamptz, ${from[1]}::uuid)` : sql`true`}
    order by file.created_at desc, file.id desc
    limit ${limit + 1}`.execute(db);
  return toPage(rows, limit, fileOf, (row) => [row.at_text, row.id]);
}

interface CountRow {
  uploads: number;
  staged: number;
  duplicate: number;
  refused: number;
  bytes: number;
  snapshots: number;
  newest_at: Date | null;
  rows_in: number;
  rows_ok: number;
  rows_quarantined: number;
  rows_duplicate: number;
}

/** Sums over a project's data; rows by the newest cleaning of each file. */
export async function countData(db: Db, project: string): Promise<DataCounts> {
  const { rows } = await sql<CountRow>`
    select (select count(*) from upload where project = ${project}) as uploads,
           (select count(*) from snapshot where project = ${project}) as snapshots,
           (select max(created_at) from upload where project = ${project}) as newest_at,
           files.*, cleaned.*
    from (select count(*) filter (where state = 'staged') as staged, count(*) filter (where state = 'duplicate') as duplicate,
                 count(*) filter (where state = 'refused') as refused, coalesce(sum(bytes), 0)::bigint as bytes
          from file where project = ${project}) files,
         (select coalesce(sum(rows_in), 0)::bigint as rows_in, coalesce(sum(rows_ok), 0)::bigint as rows_ok,
                 coalesce(sum(rows_quarantined), 0)::bigint as rows_quarantined, coalesce(sum(rows_duplicate), 0)::bigint as rows_duplicate
          from (select distinct on (file) * from cleaning where project = ${project} order by file, created_at desc) newest) cleaned`.execute(
    db,
  );
  const row = rows[0] as CountRow;
  return {
    uploads: row.uploads,
    files: { staged: row.staged, duplicate: row.duplicate, refused: row.refused },
    bytes: row.bytes,
    snapshots: row.snapshots,
    newestAt: isoOrNull(row.newest_at),
    rowsIn: row.rows_in,
    rowsOk: row.rows_ok,
    rowsQuarantined: row.rows_quarantined,
    rowsDuplicate: row.rows_duplicate,
  };
}

export async function listSnapshots(db: Db, project: string, { limit, after }: PageQuery): Promise<Page<Snapshot>> {
  const from = decodeCursor(after, z.tuple([instantText, z.string().max(200)]));
  let query = db
    .selectFrom("snapshot")
    .selectAll()
    .select(sql<string>`created_at::text`.as("at_text"))
    .where("project", "=", project);
  if (from) query = query.where(sql<boolean>`(created_at, id) < (${from[0]}::timestamptz, ${from[1]})`);
  const rows = await query
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(limit + 1)
    .execute();
  return toPage(
    rows,
    limit,
    (row): Snapshot => ({
      id: row.id,
      project: row.project,
      recordings: row.recordings,
      subjects: row.subjects,
      rows: row.rows,
      splits: row.splits,
      holdoutSha256: row.holdout_sha256,
      leaking: row.leaking,
      createdAt: iso(row.created_at),
    }),
    (row) => [row.at_text, row.id],
  );
}

function fileOf(row: FileRow): DataFile {
  const { id, project, name, upload, state, sha256, bytes, scan } = row;
  const cleaning =
    row.cleaning === null
      ? null
      : {
          id: row.cleaning,
          state: row.clean_state,
          rowsIn: row.rows_in,
          rowsOk: row.rows_ok,
          rowsQuarantined: row.rows_quarantined,
          rowsDuplicate: row.rows_duplicate,
          error: reportOf(row.clean_error),
          createdAt: iso(row.cleaned_at),
        };
  return {
    id,
    project,
    name,
    upload,
    state,
    duplicateOf: row.duplicate_of,
    sha256,
    bytes,
    scan,
    error: reportOf(row.error),
    createdAt: iso(row.created_at),
    cleaning,
  };
}
