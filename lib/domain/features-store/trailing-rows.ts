import { DAY_MS, dayOf } from "./day.ts";
import { trailingColumns, type TrailingSet } from "./definition.ts";
import type { FeatureRow } from "./feature-row.ts";
import { Summary } from "./statistic.ts";

/**
 * Statistics of a set over the days before each of its rows: those later than that long ago, up to and with the row.
 * Nothing that came after a row counts in it.
 * @param rows of one subject in the other set, ascending by time, no time twice
 * @param places where the features that are summed up stand among the rows' values
 * @param byDay of several rows of a day the last one counts: each already sums up the day so far
 */
export function trailingRows(rows: readonly FeatureRow[], set: TrailingSet, places: readonly number[], byDay: boolean): FeatureRow[] {
  const columns = trailingColumns(set);
  return rows.map(({ subject, eventMs }, at) => {
    const summaries = new Map(set.days.map((days) => [days, places.map(() => new Summary())]));
    for (const row of upTo(rows, at, Math.max(...set.days), byDay)) {
      for (const [days, features] of summaries) {
        if (row.eventMs <= eventMs - days * DAY_MS) continue;
        for (const [feature, place] of places.entries()) features[feature]!.add(row.values[place] ?? NaN, row.eventMs);
      }
    }
    const values = places.flatMap((_, feature) => columns.map(({ days, statistic }) => summaries.get(days)![feature]!.of(statistic)));
    return { subject, eventMs, values };
  });
}

/** The row at a place and those before it that are younger than so many days, ascending. */
function upTo(rows: readonly FeatureRow[], at: number, days: number, byDay: boolean): FeatureRow[] {
  const found: FeatureRow[] = [];
  const { eventMs } = rows[at]!;
  for (let place = at; place >= 0 && rows[place]!.eventMs > eventMs - days * DAY_MS; place--) {
    const row = rows[place]!;
    const later = found.at(-1);
    if (!byDay || !later || dayOf(later.eventMs) !== dayOf(row.eventMs)) found.push(row);
  }
  return found.reverse();
}
