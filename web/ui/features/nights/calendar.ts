import type { Night } from "../../../../lib/domain/api/nights.ts";
import { mostTelling, type NightOutcome } from "./night-outcome.ts";

export interface CalendarDay {
  /** `2026-11-21`, by the clocks of the zone. */
  readonly date: string;
  readonly nights: readonly Night[];
  readonly outcome: NightOutcome | null;
  /** Later than today. */
  readonly future: boolean;
}

/** One week from Monday to Sunday. */
export interface CalendarWeek {
  readonly days: readonly CalendarDay[];
  /** The month that begins in it, or that it is the first shown of: `Nov`. */
  readonly month: string | null;
}

/** The date that clocks of a zone show at an instant; of the reader's zone where the zone is none that the browser knows. */
export function localDate(at: string, zone: string | undefined): string {
  const parts = formatterOf(zone).formatToParts(new Date(at));
  const part = (type: "year" | "month" | "day") => parts.find((one) => one.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}`;
}

/** Weeks up to that of today, oldest first, with the nights that were due on each day. */
export function weeksOf(nights: readonly Night[], zone: string | undefined, now: number, weeks: number): CalendarWeek[] {
  const byDate = Map.groupBy(nights, ({ dueAt }) => localDate(dueAt, zone));
  const today = localDate(new Date(now).toISOString(), zone);
  // Days are counted in UTC, where each has 24 hours.
  const end = Date.parse(`${today}T00:00:00Z`);
  const monday = end - ((new Date(end).getUTCDay() + 6) % 7) * DAY_MS;
  return Array.from({ length: weeks }, (_, index) => {
    const first = monday - (weeks - 1 - index) * 7 * DAY_MS;
    const days = Array.from({ length: 7 }, (__, day): CalendarDay => {
      const date = new Date(first + day * DAY_MS).toISOString().slice(0, 10);
      const here = byDate.get(date) ?? [];
      return { date, nights: here, outcome: mostTelling(here), future: date > today };
    });
    const begins = days.find(({ date }) => date.endsWith("-01"))?.date ?? (index === 0 ? days[0]?.date : undefined);
    return { days, month: begins === undefined ? null : (MONTHS[Number(begins.slice(5, 7)) - 1] ?? null) };
  });
}

const DAY_MS = 86_400_000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const formatters = new Map<string | undefined, Intl.DateTimeFormat>();
function formatterOf(zone: string | undefined): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-GB", { ...zoneOf(zone), year: "numeric", month: "2-digit", day: "2-digit" });
  formatters.set(zone, made);
  return made;
}

function zoneOf(zone: string | undefined): Intl.DateTimeFormatOptions {
  if (zone === undefined) return {};
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: zone });
    return { timeZone: zone };
  } catch {
    return {};
  }
}
