import { sql } from "kysely";
import { z } from "zod";
import type { QuarantineRow, QuarantineRule } from "../../domain/api/data.ts";
import type { Page, PageQuery } from "../../domain/api/page.ts";
import { decodeCursor, toPage } from "../keyset.ts";
import type { Db } from "./rows.ts";

/** The newest cleaning of each file; rows that an older one refused and a newer one took are no longer held. */
const newest = (project: string) =>
  sql`(select distinct on (file) id, file from cleaning where project = ${project} order by file, created_at desc)`;

/** Refused rows by rule, most first. */
export async function listQuarantineRules(db: Db, project: string): Promise<QuarantineRule[]> {
  const { rows } = await sql<QuarantineRule>`
    select rule, count(*) as rows, count(distinct newest.file) as files, min(reason) as example
    from ${newest(project)} newest join quarantine on quarantine.cleaning = newest.id
    group by rule order by count(*) desc, rule`.execute(db);
  return rows;
}

export async function listQuarantineRows(
  db: Db,
  project: string,
  { rule, file, limit, after }: PageQuery & { rule?: string; file?: string },
): Promise<Page<QuarantineRow>> {
  const from = decodeCursor(after, z.tuple([z.string().max(400), z.uuid(), z.int(), z.string(), z.string()]));
  const { rows } = await sql<QuarantineRow>`
    select newest.file, file.name as "fileName", quarantine.line, quarantine.rule, quarantine."column", quarantine.reason, quarantine.raw
    from ${newest(project)} newest join quarantine on quarantine.cleaning = newest.id join file on file.id = newest.file
    where ${rule === undefined ? sql`true` : sql`quarantine.rule = ${rule}`}
      and ${file === undefined ? sql`true` : sql`newest.file = ${file}::uuid`}
      and ${from ? sql`(file.name, newest.file, quarantine.line, quarantine.rule, coalesce(quarantine."column", '')) > (${from[0]}, ${from[1]}::uuid, ${from[2]}, ${from[3]}, ${from[4]})` : sql`true`}
    order by file.name, newest.file, quarantine.line, quarantine.rule, coalesce(quarantine."column", '')
    limit ${limit + 1}`.execute(db);
  return toPage(
    rows,
    limit,
    (row) => row,
    (row) => [row.fileName, row.file, row.line, row.rule, row.column ?? ""],
  );
}
