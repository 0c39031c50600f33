import type { Backfilled, BackfillRequest, Schedule, ScheduleInput, SchedulePreview } from "../domain/api/nights.ts";
import { SensorloopError } from "../domain/errors.ts";
import { workflowId } from "../domain/ids.ts";
import { nightId } from "../domain/nights/night-order.ts";
import type { Platform } from "../platform.ts";
import { append, takeTurn } from "../store/journal.ts";
import { knownNights } from "../store/repositories/nights.ts";
import type { Db, Visible } from "../store/repositories/rows.ts";
import { findSchedule, listSchedules as listStored, type StoredSchedule } from "../store/repositories/schedules.ts";
import { askMissed } from "./missed-night.ts";
import { startOrLeave } from "./nights.ts";
import { withTemporal } from "./outbox.ts";
import { needProject } from "./projects.ts";
import { tellSchedule } from "./schedule-telling.ts";
import { dueOf, ScheduleTimes } from "./schedule-times.ts";

export { tellSchedules } from "./schedule-telling.ts";

/** Shown before a schedule is saved, and beside each. */
const SHOWN = 5;
/** Nights of one backfill: a year of days. */
const MOST_NIGHTS = 400;

/**
 * Sets when a project's nights are. Saved at once; Temporal is told by whoever gets to it, see `Schedule.told`.
 * @throws SensorloopError SPEC_UNKNOWN, SCHEDULE_INVALID, SCHEDULE_TOO_OFTEN
 */
export async function setSchedule(platform: Platform, project: string, input: ScheduleInput, actor: string): Promise<Schedule> {
  await needProject(platform.db, project);
  timesOf(platform, input);
  await platform.db.transaction().execute((tx) => append(tx, { kind: "schedule.set", actor, project, payload: input }));
  await tellOrLeave(platform, project);
  return needSchedule(platform.db, project);
}

/**
 * The next times of a schedule that is not saved, and what is worth knowing before it is.
 * @throws SensorloopError SPEC_UNKNOWN, SCHEDULE_INVALID, SCHEDULE_TOO_OFTEN
 */
export async function previewSchedule(platform: Platform, project: string, input: ScheduleInput): Promise<SchedulePreview> {
  await needProject(platform.db, project);
  const times = timesOf(platform, input);
  const now = new Date();
  const year = times.between(now, new Date(now.getTime() + 366 * 86_400_000), 10_000);
  return {
    next: year.length >= SHOWN ? year.slice(0, SHOWN).map(dueOf) : times.next(now, SHOWN).map(dueOf),
    notes: year.flatMap(({ local, note }) => (note === null ? [] : [`${local.slice(0, 10)}: ${note}`])).slice(0, 10),
  };
}

/** The next times of a project's schedule. @throws SensorloopError SPEC_UNKNOWN, NOT_FOUND */
export async function nextNights(platform: Platform, project: string, count: number): Promise<Schedule["next"]> {
  const schedule = await storedSchedule(platform.db, project);
  return new ScheduleTimes(schedule.cron, schedule.timezone).next(new Date(), count).map(dueOf);
}

/** No nights until it is resumed. @throws SensorloopError SPEC_UNKNOWN, NOT_FOUND */
export async function pauseSchedule(platform: Platform, project: string, why: string, actor: string): Promise<Schedule> {
  await platform.db.transaction().execute(async (tx) => {
    await takeTurn(tx, { table: "schedule", key: project });
    const { paused } = await storedSchedule(tx, project);
    if (!paused) await append(tx, { kind: "schedule.paused", actor, project, payload: { why } });
  });
  await tellOrLeave(platform, project);
  return needSchedule(platform.db, project);
}

/**
 * Nights again. Of those that were due in the pause the newest is made up for, where it is not longer ago than the
 * schedule's `catchupMinutes`. @throws SensorloopError SPEC_UNKNOWN, NOT_FOUND
 */
export async function resumeSchedule(platform: Platform, project: string, why: string, actor: string): Promise<Schedule> {
  const missed = await platform.db.transaction().execute(async (tx) => {
    await takeTurn(tx, { table: "schedule", key: project });
    const schedule = await storedSchedule(tx, project);
    if (!schedule.paused) return null;
    const { at } = await append(tx, { kind: "schedule.resumed", actor, project, payload: { why } });
    return askMissed(tx, schedule, at, { by: actor, reason: `was due in the pause that ${actor} ended` });
  });
  await tellOrLeave(platform, project);
  if (missed !== null) await startOrLeave(platform, missed);
  return needSchedule(platform.db, project);
}

/** @throws SensorloopError SPEC_UNKNOWN */
export async function showSchedule({ db }: Platform, project: string): Promise<Schedule | null> {
  await needProject(db, project);
  const schedule = await findSchedule(db, project);
  return schedule ? scheduleOf(schedule) : null;
}

export async function listSchedules({ db }: Platform, visible: Visible = null): Promise<Schedule[]> {
  return (await listStored(db, visible)).map(scheduleOf);
}

/**
 * The nights of a range that did not happen, oldest first: shown with `dryRun`, else run one after another, each on the
 * data that was there at its time. The times are those of today's schedule.
 * @throws SensorloopError SPEC_UNKNOWN, NOT_FOUND (no schedule), REQUEST_INVALID, TEMPORAL_UNAVAILABLE (nothing was started)
 */
export async function backfillSchedule(platform: Platform, project: string, request: BackfillRequest, actor: string): Promise<Backfilled> {
  const { db } = platform;
  const { cron, timezone } = await storedSchedule(db, project);
  const { dryRun, parallel } = request;
  const [from, to] = [new Date(request.from), new Date(request.to)];
  if (to <= from) throw new SensorloopError("REQUEST_INVALID", "`to` must lie behind `from`", { facts: { field: "to" } });
  const until = new Date(Math.min(to.getTime(), Date.now()));
  // A range holds its first instant.
  const times = new ScheduleTimes(cron, timezone).between(new Date(from.getTime() - 1), until, MOST_NIGHTS + 1);
  if (times.length > MOST_NIGHTS)
    throw new SensorloopError("REQUEST_INVALID", `there are more than ${MOST_NIGHTS} nights in this range; choose a shorter one`, {
      facts: { field: "to", most: MOST_NIGHTS },
    });
  const ids = times.map(({ at }) => nightId(project, at));
  const known = await knownNights(db, ids);
  const nights = times.map((time, at) => ({ ...dueOf(time), id: ids[at]!, known: known.has(ids[at]!) }));
  const missing = nights.filter((night) => !night.known).map(({ id, at }) => ({ night: id, dueAt: at }));
  if (!dryRun && missing.length > 0) {
    await db.transaction().execute(async (tx) => {
      const payload = { from: request.from, to: request.to, nights: missing.length, parallel };
      const { id } = await append(tx, { kind: "schedule.backfilled", actor, project, payload });
      await withTemporal(platform, (client) =>
        client.workflow.start("backfillNightsWorkflow", {
          workflowId: workflowId.backfill(project, id),
          taskQueue: "orchestration",
          args: [{ project, by: actor, parallel, nights: missing }],
        }),
      );
    });
  }
  return { dryRun, nights };
}

/** @throws SensorloopError SCHEDULE_INVALID, SCHEDULE_TOO_OFTEN */
function timesOf({ config }: Platform, { cron, timezone }: ScheduleInput): ScheduleTimes {
  const times = new ScheduleTimes(cron, timezone);
  const { minSeconds } = config.nights;
  const gap = times.shortestGap();
  if (gap < minSeconds) {
    const message = `'${cron}' has nights ${gap} seconds apart; here at least ${minSeconds} lie between two`;
    throw new SensorloopError("SCHEDULE_TOO_OFTEN", message, { facts: { field: "cron", seconds: gap, least: minSeconds } });
  }
  return times;
}

async function tellOrLeave(platform: Platform, project: string): Promise<void> {
  try {
    await tellSchedule(platform, project);
  } catch (error) {
    if (!(error instanceof SensorloopError && error.code === "TEMPORAL_UNAVAILABLE")) throw error;
    platform.log.warn({ project }, "Temporal is away; it is told of the schedule when it is back");
  }
}

async function needSchedule(db: Db, project: string): Promise<Schedule> {
  return scheduleOf(await storedSchedule(db, project));
}

async function storedSchedule(db: Db, project: string): Promise<StoredSchedule> {
  await needProject(db, project);
  const schedule = await findSchedule(db, project);
  if (!schedule) throw new SensorloopError("NOT_FOUND", `project '${project}' has no schedule`, { facts: { project } });
  return schedule;
}

function scheduleOf(row: StoredSchedule): Schedule {
  const { project, cron, timezone, overlap, paused, why } = row;
  return {
    ...{ project, cron, timezone, overlap, paused, why },
    catchupMinutes: row.catchup_minutes,
    jitterSeconds: row.jitter_seconds,
    setBy: row.set_by,
    setAt: row.set_at.toISOString(),
    told: row.told !== null && row.told >= row.journal_id,
    next: paused ? [] : new ScheduleTimes(cron, timezone).next(new Date(), SHOWN).map(dueOf),
  };
}
