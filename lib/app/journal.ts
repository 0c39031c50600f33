import type { JournalEntry } from "../domain/api/journal.ts";
import type { Page, PageQuery } from "../domain/api/page.ts";
import type { Platform } from "../platform.ts";
import { rebuild, type Rebuilt } from "../store/journal-rebuild.ts";
import { listJournal as list, type JournalFilter } from "../store/repositories/journal.ts";

export function listJournal({ db }: Platform, filter: JournalFilter & PageQuery): Promise<Page<JournalEntry>> {
  return list(db, filter);
}

/** Recomputes what is read from the journal and tells the differences; with `apply` it replaces the tables. */
export function rebuildJournal({ db }: Platform, options: { apply?: boolean } = {}): Promise<Rebuilt> {
  return rebuild(db, options);
}
