import type { Kysely, Transaction } from "kysely";
import { ERRORS, isErrorCode, type ErrorReport } from "../../domain/errors.ts";
import type { Database } from "../database.ts";

/** Where a repository may read: on its own, or inside the caller's transaction. */
export type Db = Kysely<Database> | Transaction<Database>;

/** Which projects the asker may see; null: all of them. */
export type Visible = readonly string[] | null;

export function iso(time: Date): string {
  return time.toISOString();
}

export function isoOrNull(time: Date | null): string | null {
  return time === null ? null : time.toISOString();
}

/** A stored error as people are shown it; the remedy is the catalogue's of today. */
export function reportOf(
  error: Partial<ErrorReport> | null,
): { code: string; message: string; remedy: string; retryable: boolean; facts: Record<string, unknown> } | null {
  if (!error) return null;
  const code = isErrorCode(error.code) ? error.code : "INTERNAL";
  return { code, message: error.message ?? "", remedy: ERRORS[code].remedy, retryable: ERRORS[code].retryable, facts: { ...error.facts } };
}
