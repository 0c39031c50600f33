import { sql } from "kysely";
import { iso, type Db } from "./rows.ts";

/** What became of bytes that were sent in. */
export interface Touched {
  readonly upload: {
    readonly id: string;
    readonly project: string;
    readonly name: string;
    readonly sha256: string;
    readonly addedBy: string;
    readonly addedAt: string;
  };
  readonly files: readonly {
    readonly id: string;
    readonly name: string;
    readonly state: string;
    readonly duplicateOf: string | null;
    readonly rowsOk: number | null;
    readonly rowsQuarantined: number | null;
  }[];
  /** Runs that read one of the files, newest first. */
  readonly runs: readonly {
    readonly run: string;
    readonly state: string;
    readonly snapshot: string | null;
    readonly candidate: string | null;
    readonly promoted: boolean;
    readonly requestedAt: string;
  }[];
  /** Champions of today that learned from, or were measured on, one of the files. */
  readonly champions: readonly { readonly slot: string; readonly model: string }[];
}

/**
 * From an upload, or from one of its files, to everything it touched.
 * @param id of an upload or of a file
 */
export async function findTouched(db: Db, id: string): Promise<Touched | undefined> {
  const upload = await db
    .selectFrom("upload")
    .innerJoin("object", "object.key", "upload.object")
    .select(["upload.id", "upload.project", "upload.name", "object.sha256", "upload.created_by", "upload.created_at"])
    .where((where) =>
      where.or([
        where("upload.id", "=", id),
        where("upload.id", "in", db.selectFrom("file").select("file.upload").where("file.id", "=", id)),
      ]),
    )
    .executeTakeFirst();
  if (!upload) return undefined;
  const files = await sql<Touched["files"][number]>`
    select file.id, file.name, file.state, file.duplicate_of as "duplicateOf", cleaning.rows_ok as "rowsOk", cleaning.rows_quarantined as "rowsQuarantined"
    from file left join lateral (select * from cleaning where cleaning.file = file.id order by created_at desc limit 1) cleaning on true
    where file.upload = ${upload.id} and (${id} = ${upload.id} or file.id = ${id}::uuid) order by file.name`.execute(db);
  // What a duplicate stands for is what was read.
  const read = files.rows.map((file) => file.duplicateOf ?? file.id);
  const runs = await sql<Omit<Touched["runs"][number], "requestedAt"> & { at: Date }>`
    select id as run, state, snapshot, candidate, coalesce((decision ->> 'promoted')::boolean, false) as promoted, requested_at as at
    from run where id in (select run from run_file where file = any(${read}::uuid[])) order by requested_at desc limit 200`.execute(db);
  const champions = await sql<Touched["champions"][number]>`
    select champion.slot, champion.model from champion join model on model.id = champion.model
    where champion.project = ${upload.project} and model.run in (select run from run_file where file = any(${read}::uuid[])) order by champion.slot`.execute(
    db,
  );
  return {
    upload: {
      id: upload.id,
      project: upload.project,
      name: upload.name,
      sha256: upload.sha256,
      addedBy: upload.created_by,
      addedAt: iso(upload.created_at),
    },
    files: files.rows,
    runs: runs.rows.map(({ at, ...run }) => ({ ...run, requestedAt: iso(at) })),
    champions: champions.rows,
  };
}
