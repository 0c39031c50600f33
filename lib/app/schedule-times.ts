import { Cron } from "croner";
import type { Due } from "../domain/api/nights.ts";
import { SensorloopError } from "../domain/errors.ts";
import { instantOf, isZone, localText, putBackBefore, wallOf } from "../domain/nights/wall-clock.ts";

/** A night's time. */
export interface DueTime {
  readonly at: Date;
  /** What the clocks of the zone show then. */
  readonly local: string;
  /** What daylight saving did to it, for people. */
  readonly note: string | null;
}

/** Looked at for the shortest time between two nights: a year of days, and more than any pattern needs to repeat. */
const LOOK_AHEAD = 400;

/** When the nights of a schedule are. @throws SensorloopError SCHEDULE_INVALID */
export class ScheduleTimes {
  readonly #cron: Cron;
  readonly #zone: string;

  constructor(cron: string, zone: string) {
    if (!isZone(zone))
      throw new SensorloopError("SCHEDULE_INVALID", `there is no time zone '${zone}'; zones are named like Europe/Berlin or UTC`, {
        facts: { field: "timezone" },
      });
    this.#zone = zone;
    const fields = cron.trim().split(/\s+/).length;
    if (fields !== 5 && fields !== 6) throw invalid(cron, `it has ${fields} fields instead of five`);
    try {
      // The pattern is of what clocks show; here they are read as if there were one zone without daylight saving.
      this.#cron = new Cron(cron, { timezone: "UTC" });
    } catch (cause) {
      throw invalid(cron, cause instanceof Error ? cause.message.replace(/^CronPattern: /, "") : "it cannot be read", cause);
    }
    if (this.#cron.nextRun() === null) throw invalid(cron, "it names a day that never comes");
  }

  /**
   * The nights after an instant, oldest first: each time on the clocks once. One that the clocks skip is at the first
   * instant after the gap, one that they show twice is at the first; two that fall together so are one.
   */
  *after(from: Date): Generator<DueTime> {
    const zone = this.#zone;
    // From before the clocks were put back, as far as they were: what they show again then is not due again.
    let wall: Date | null = new Date(wallOf(zone, from.getTime()) - putBackBefore(zone, from.getTime()) - 1000);
    let last = from.getTime();
    for (wall = this.#cron.nextRun(wall); wall !== null; wall = this.#cron.nextRun(wall)) {
      const { at, change } = instantOf(zone, wall.getTime());
      if (at <= last) continue;
      last = at;
      const local = localText(zone, at);
      const wanted = new Date(wall).toISOString().slice(11, 16);
      const note =
        change === "missing"
          ? `the clocks skip ${wanted} on this night; it is at ${local.slice(11)} instead`
          : change === "doubled"
            ? `the clocks show ${wanted} twice on this night; it is at the first`
            : null;
      yield { at: new Date(at), local, note };
    }
  }

  /** At most `count` nights after an instant. */
  next(from: Date, count: number): DueTime[] {
    return this.between(from, new Date(8.64e15), count);
  }

  /** The nights in (from, to], oldest first, at most `most`. */
  between(from: Date, to: Date, most: number): DueTime[] {
    const found: DueTime[] = [];
    for (const due of this.after(from)) {
      if (due.at > to || found.length >= most) break;
      found.push(due);
    }
    return found;
  }

  /** The shortest time between two nights, in seconds, as the clocks count; Infinity for a single one. */
  shortestGap(): number {
    const times = this.#cron.nextRuns(LOOK_AHEAD).map((time) => time.getTime() / 1000);
    return Math.min(...times.slice(1).map((time, at) => time - times[at]!));
  }
}

/** As the api answers it. */
export function dueOf({ at, local, note }: DueTime): Due {
  return { at: at.toISOString(), local, note };
}

function invalid(cron: string, why: string, cause?: unknown): SensorloopError {
  return new SensorloopError("SCHEDULE_INVALID", `'${cron}' is no schedule: ${why}`, { cause, facts: { field: "cron" } });
}
