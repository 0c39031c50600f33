import type { Transaction } from "kysely";
import { nightId } from "../domain/nights/night-order.ts";
import type { Database } from "../store/database.ts";
import { append } from "../store/journal.ts";
import { insertNight } from "../store/repositories/nights.ts";
import type { StoredSchedule } from "../store/repositories/schedules.ts";
import { ScheduleTimes } from "./schedule-times.ts";

/** Who asks for it, and the reason the journal keeps. */
interface Asking {
  readonly by: string;
  readonly reason: string;
}

/**
 * Asks for the newest night that was due since the schedule's last decision, and that Temporal will not start by itself:
 * where it is not longer ago than `catchupMinutes`, and has no row yet.
 * @param until the moment from which on Temporal starts the nights
 * @returns the night to be started once the transaction has ended; null for none
 */
export async function askMissed(
  tx: Transaction<Database>,
  { project, cron, timezone, set_at, catchup_minutes }: StoredSchedule,
  until: Date,
  { by, reason }: Asking,
): Promise<string | null> {
  const since = new Date(Math.max(set_at.getTime(), until.getTime() - catchup_minutes * 60_000));
  if (since >= until) return null;
  // A day of seconds, of which the last counts.
  const due = new ScheduleTimes(cron, timezone).between(since, until, 100_000).at(-1);
  if (!due) return null;
  const id = nightId(project, due.at);
  const row = { id, project, cause: "clock" as const, dueAt: due.at, by, state: "asked" as const, detail: { why: reason } };
  if (!(await insertNight(tx, row))) return null;
  await append(tx, { kind: "night.asked", actor: by, project, payload: { night: id, cause: "clock", why: reason } });
  return id;
}
