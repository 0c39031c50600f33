import { ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy, type ScheduleOptions } from "@temporalio/client";
import { SensorloopError } from "../domain/errors.ts";
import { workflowId } from "../domain/ids.ts";
import { nightId, type NightOrder } from "../domain/nights/night-order.ts";
import type { Platform } from "../platform.ts";
import { takeTurn } from "../store/journal.ts";
import { findNight } from "../store/repositories/nights.ts";
import type { Db } from "../store/repositories/rows.ts";
import { findSchedule, listSchedules, markTold, type StoredSchedule } from "../store/repositories/schedules.ts";
import { askMissed } from "./missed-night.ts";
import { startOrLeave } from "./nights.ts";
import { withTemporal } from "./outbox.ts";
import { ScheduleTimes, type DueTime } from "./schedule-times.ts";

/*
 * Temporal fires schedules, remembers what it missed and keeps nights from overlapping. Its calendars skip a time that
 * the clocks skip and, by zone and history, fire once or twice where they show it twice (server 1.29.1). So it is told
 * instants, as a list that a worker's chore renews long before its end.
 */

/** Nights that Temporal knows ahead: two months of days. */
const AHEAD = 64;
/** Temporal's calendars know no later year: leap days of two centuries would be refused as a whole. */
const LAST_KNOWN = new Date("2100-12-31T23:59:59Z");

/**
 * Tells Temporal what was decided of a project's schedule; nothing where it knows. Of the nights that were due before it
 * could be told, the newest within the catch-up window is asked for: Temporal starts none from before it knew.
 * @param now from when on it is told the times
 * @throws SensorloopError TEMPORAL_UNAVAILABLE, REQUEST_INVALID (Temporal refuses it)
 */
export async function tellSchedule(platform: Platform, project: string, now = new Date()): Promise<void> {
  const missed = await platform.db.transaction().execute(async (tx) => {
    // Whoever decides meanwhile waits, and tells again.
    await takeTurn(tx, { table: "schedule", key: project });
    const schedule = await findSchedule(tx, project);
    if (!schedule || !(await isToTell(tx, schedule, now))) return null;
    const scheduleId = workflowId.schedule(project);
    const options = optionsOf(schedule, now);
    await withTemporal(platform, async (client) => {
      try {
        await client.schedule.getHandle(scheduleId).update(() => options);
      } catch (error) {
        if (!(error instanceof ScheduleNotFoundError)) throw error;
        try {
          await client.schedule.create({ scheduleId, ...options });
        } catch (failure) {
          // Made in the moment between by someone whose transaction was lost: the next chore changes it.
          if (failure instanceof ScheduleAlreadyRunning)
            throw new SensorloopError("TEMPORAL_UNAVAILABLE", "the schedule was made meanwhile", { cause: failure });
          throw failure;
        }
      }
    });
    await markTold(tx, project, schedule.journal_id, now);
    if (schedule.paused) return null;
    return askMissed(tx, schedule, now, { by: schedule.set_by, reason: "was due before Temporal could be told of it" });
  });
  if (missed !== null) await startOrLeave(platform, missed);
}

/**
 * Tells Temporal of all schedules, each in turn; any number of workers may. One that cannot be told keeps no other from it.
 * @throws SensorloopError TEMPORAL_UNAVAILABLE: then none can be told
 */
export async function tellSchedules(platform: Platform): Promise<void> {
  const now = new Date();
  for (const schedule of await listSchedules(platform.db, null)) {
    const { project } = schedule;
    try {
      if (await isToTell(platform.db, schedule, now)) await tellSchedule(platform, project);
    } catch (error) {
      if (error instanceof SensorloopError && error.code === "TEMPORAL_UNAVAILABLE") throw error;
      platform.log.error({ err: error, project }, "Temporal could not be told of this schedule");
    }
  }
}

/** Whether Temporal knows the newest decision, and enough of the times to come. */
async function isToTell(db: Db, schedule: StoredSchedule, now: Date): Promise<boolean> {
  if (schedule.told === null || schedule.told_at === null || schedule.told < schedule.journal_id) return true;
  const times = new ScheduleTimes(schedule.cron, schedule.timezone);
  const used = times.between(schedule.told_at, now, AHEAD);
  if (used.length < AHEAD / 2) return false;
  // A renewal makes Temporal forget what it has not started yet; so the last night has to be there, while there is time.
  return used.length >= (AHEAD * 3) / 4 || (await isSettled(db, schedule, used.at(-1)!, now));
}

async function isSettled(db: Db, { project, catchup_minutes, paused }: StoredSchedule, due: DueTime, now: Date): Promise<boolean> {
  if (paused || now.getTime() - due.at.getTime() > catchup_minutes * 60_000) return true;
  return (await findNight(db, nightId(project, due.at))) !== undefined;
}

function optionsOf(schedule: StoredSchedule, now: Date) {
  const { project, cron, timezone, overlap, catchup_minutes, jitter_seconds, paused, why } = schedule;
  const order: NightOrder = { project, cause: "clock", night: null, dueAt: null, by: "schedule", after: null };
  return {
    spec: {
      calendars: new ScheduleTimes(cron, timezone).between(now, LAST_KNOWN, AHEAD).map(calendarOf),
      timezone: "UTC",
      jitter: jitter_seconds * 1000,
    },
    action: {
      type: "startWorkflow",
      workflowType: "retrainWorkflow",
      workflowId: workflowId.schedule(project),
      taskQueue: "orchestration",
      args: [order],
    },
    policies: {
      overlap: overlap === "buffer" ? ScheduleOverlapPolicy.BUFFER_ONE : ScheduleOverlapPolicy.SKIP,
      catchupWindow: catchup_minutes * 60_000,
      pauseOnFailure: false,
    },
    state: { paused, note: why },
  } satisfies Omit<ScheduleOptions, "scheduleId">;
}

/** One instant, as Temporal writes calendars. */
function calendarOf({ at }: DueTime) {
  return {
    year: at.getUTCFullYear(),
    month: MONTHS[at.getUTCMonth()]!,
    dayOfMonth: at.getUTCDate(),
    hour: at.getUTCHours(),
    minute: at.getUTCMinutes(),
    second: at.getUTCSeconds(),
  };
}

const MONTHS = [
  "JANUARY",
  "FEBRUARY",
  "MARCH",
  "APRIL",
  "MAY",
  "JUNE",
  "JULY",
  "AUGUST",
  "SEPTEMBER",
  "OCTOBER",
  "NOVEMBER",
  "DECEMBER",
] as const;
