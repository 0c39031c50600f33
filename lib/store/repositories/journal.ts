import { sql } from "kysely";
import { z } from "zod";
import type { JournalEntry } from "../../domain/api/journal.ts";
import type { Page, PageQuery } from "../../domain/api/page.ts";
import { decodeCursor, toPage } from "../keyset.ts";
import { iso, type Db, type Visible } from "./rows.ts";

export interface JournalFilter {
  readonly project?: string;
  readonly kind?: string;
  readonly actor?: string;
  readonly subject?: string;
  /** Decisions outside any project (accounts, tokens) are shown to those who see every project. */
  readonly visible: Visible;
  /** Who reads; see `listJournal`. */
  readonly reader?: string;
}

/** The payload without the class of what others answered to a task that still wants answers: its reader may be asked next. */
function payloadFor(reader: string | undefined) {
  if (reader === undefined) return sql<JournalEntry["payload"]>`payload`;
  // Cast where it is a label's alone: in other entries the field may be anything.
  const task = sql`case when kind in ('label.signed', 'label.refused') then (payload ->> 'task')::uuid end`;
  return sql<JournalEntry["payload"]>`
    case when coalesce(payload ->> 'by', actor) <> ${reader} and exists (select from task where task.id = ${task} and task.state = 'open')
    then payload - 'class' else payload end`;
}

/** Decisions, newest first. @param filter.reader is not told the class of others' answers to tasks that still want some */
export async function listJournal(db: Db, filter: JournalFilter & PageQuery): Promise<Page<JournalEntry>> {
  const from = decodeCursor(filter.after, z.tuple([z.int()]));
  let query = db
    .selectFrom("journal")
    .select(["id", "at", "actor", "project", "kind", "subject"])
    .select(payloadFor(filter.reader).as("payload"));
  if (filter.project !== undefined) query = query.where("project", "=", filter.project);
  if (filter.kind !== undefined) query = query.where("kind", "=", filter.kind);
  if (filter.actor !== undefined) query = query.where("actor", "=", filter.actor);
  if (filter.subject !== undefined) query = query.where("subject", "=", filter.subject);
  if (filter.visible) query = query.where(sql<boolean>`project = any(${[...filter.visible]}::text[])`);
  if (from) query = query.where("id", "<", from[0]);
  const rows = await query
    .orderBy("id", "desc")
    .limit(filter.limit + 1)
    .execute();
  return toPage(
    rows,
    filter.limit,
    ({ at, ...row }): JournalEntry => ({ ...row, at: iso(at) }),
    (row) => [row.id],
  );
}
