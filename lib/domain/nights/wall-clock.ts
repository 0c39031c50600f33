/** What the clocks of a place show, and when they show it. Pure: the zones' rules are those of the JavaScript engine. */

/** An instant and, where the clocks were changed, what became of the time that was wanted. */
export interface WallInstant {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** `missing`: the clocks skip this time, it is the first instant after the gap. `doubled`: they show it twice, it is the first. */
  readonly change: "missing" | "doubled" | null;
}

const DAY = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError where the zone is none */
function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formats.set(zone, format);
  }
  return format;
}

/** Whether there is such a zone. Offsets such as `+02:00` are none: they know no daylight saving, and so no clocks. */
export function isZone(zone: string): boolean {
  if (/^[+-]/.test(zone)) return false;
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** What the clocks show at an instant, as if it were UTC: whole seconds, in milliseconds since 1970. */
export function wallOf(zone: string, at: number): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(at)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** Milliseconds by which the clocks of the zone are ahead of UTC. */
function offsetAt(zone: string, at: number): number {
  return wallOf(zone, at) - Math.floor(at / 1000) * 1000;
}

/** How far the clocks were put back in the day before, in milliseconds: what they showed then, they show again. */
export function putBackBefore(zone: string, at: number): number {
  return Math.max(0, offsetAt(zone, at - DAY) - offsetAt(zone, at));
}

/** The one instant that stands for a time on the clocks: existing once, skipped or shown twice. `wall` as `wallOf` gives it. */
export function instantOf(zone: string, wall: number): WallInstant {
  const offsets = [offsetAt(zone, wall - DAY), offsetAt(zone, wall + DAY)];
  const found = [...new Set(offsets.map((offset) => wall - offset))].filter((at) => wallOf(zone, at) === wall).sort((a, b) => a - b);
  if (found[0] !== undefined) return { at: found[0], change: found.length > 1 ? "doubled" : null };
  // Within the gap: the clocks jump between these two, from below the wanted time to above it.
  let low = wall - Math.max(...offsets) - 1000;
  let high = wall - Math.min(...offsets) + 1000;
  while (high - low > 1000) {
    const middle = low + Math.floor((high - low) / 2000) * 1000;
    if (wallOf(zone, middle) > wall) high = middle;
    else low = middle;
  }
  return { at: high, change: "missing" };
}

/** `2027-03-28 03:00` as the clocks of the zone show it; with seconds where there are any. */
export function localText(zone: string, at: number): string {
  const [day = "", time = ""] = new Date(wallOf(zone, at)).toISOString().split("T");
  return `${day} ${time.slice(0, time.startsWith(":00", 5) ? 5 : 8)}`;
}
