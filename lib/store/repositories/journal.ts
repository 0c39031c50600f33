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
}

/** Decisions, newest first. */
export async function listJournal(db: Db, filter: JournalFilter & PageQuery): Promise<Page<JournalEntry>> {
  const from = decodeCursor(filter.after, z.tuple([z.int()]));
  let query = db.selectFrom("journal").selectAll();
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
