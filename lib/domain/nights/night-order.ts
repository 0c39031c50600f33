import type { NightCause } from "../api/nights.ts";

/** What `retrainWorkflow` is told: a night's data and reasons are looked up when it begins. */
export interface NightOrder {
  readonly project: string;
  readonly cause: NightCause;
  /** Null where a schedule starts it: its id follows from its time. */
  readonly night: string | null;
  /** ISO 8601; null where a schedule starts it, which tells its time itself. */
  readonly dueAt: string | null;
  readonly by: string;
  /** A night that has to end before this one begins: of a backfill, the older one. */
  readonly after: string | null;
}

/** A night that knows its name and time. */
export interface NightContext extends NightOrder {
  readonly night: string;
  readonly dueAt: string;
}

/** A night of the schedule, made up for later or not: one a project and time, whoever starts it. No id of a client has a `/`. */
export function nightId(project: string, due: Date): string {
  return `${project}/${due.toISOString().replace(/\.\d+Z$/, "Z")}`;
}
