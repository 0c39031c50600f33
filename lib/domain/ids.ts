import { z } from "zod";
import { SensorloopError } from "./errors.ts";

/** Ids that people choose (projects, classes' slots, users) become parts of object keys, URLs and workflow ids. */
export const idSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "1 to 63 of a-z, 0-9, '-' and '_', beginning with a letter or a digit");

/** @throws SensorloopError ID_INVALID */
export function checkId(what: string, value: string): string {
  if (!idSchema.safeParse(value).success) {
    throw new SensorloopError("ID_INVALID", `${what} '${value.slice(0, 80)}' is not a valid id`, { facts: { what } });
  }
  return value;
}

/**
 * Workflow ids are built here and nowhere else, from business keys, so that starting the same thing twice is refused
 * by the server instead of by us.
 */
export const workflowId = {
  run: (runId: string) => `run/${runId}`,
  /** The search of one slot of a run; `slot` as `slotId` makes it. */
  search: (runId: string, slot: string) => `run/${runId}/${slot}`,
  /** The tasks of a project: leases, reminders, what is left to decide. */
  annotation: (project: string) => `annotation/${project}`,
  /** Of a night that was asked for; those of the schedule have its id and their time, as Temporal puts them together. */
  night: (night: string) => `night/${night}`,
  schedule: (project: string) => `night/${project}`,
  /** `decision`: the entry of the journal. */
  backfill: (project: string, decision: number) => `backfill/${project}/${decision}`,
} as const;

/** `gym/all/acc+gyro`: what a champion is champion of. */
export function slotId(project: string, cohort: string, sensors: readonly string[]): string {
  return `${project}/${cohort}/${[...sensors].sort().join("+")}`;
}
