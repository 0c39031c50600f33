import { Link } from "@tanstack/react-router";
import type { Night } from "../../../../lib/domain/api/nights.ts";
import { Panel } from "../../parts/panel.tsx";
import { StatusMark } from "../../parts/status.tsx";
import { statusOf } from "../../parts/status-table.ts";
import { type CalendarDay, weeksOf } from "./calendar.ts";
import type { NightOutcome } from "./night-outcome.ts";
import classes from "./night-calendar.module.css";

const WEEKS = 13;
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LEGEND: readonly NightOutcome[] = ["promoted", "kept", "skipped", "failed", "cancelled", "running"];

interface NightCalendarProps {
  readonly project: string;
  /** The newest ones; what is older than the calendar is left out. */
  readonly nights: readonly Night[];
  readonly zone: string | undefined;
  readonly day: string | undefined;
  /** What the table below is narrowed to; a cell leaves it as it is. */
  readonly state: Night["state"] | undefined;
  readonly now: number;
}

/** A quarter of a year at a glance: a cell a night, its outcome by icon, colour and name. */
export function NightCalendar({ project, nights, zone, day, state, now }: NightCalendarProps) {
  const weeks = weeksOf(nights, zone, now, WEEKS);
  return (
    <Panel title="Calendar" aside={zone === undefined ? "days of your clocks" : `days in ${zone}`}>
      <div className={classes.scroll} tabIndex={0} role="region" aria-label="Calendar of nights, scrollable">
        <table className={classes.calendar}>
          <thead>
            <tr>
              <td />
              {weeks.map(({ days, month }) => (
                <th key={days[0]?.date} scope="col">
                  {month === null ? <span className={classes.hidden}>week of {days[0]?.date}</span> : month}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {WEEKDAYS.map((weekday, index) => (
              <tr key={weekday}>
                <th scope="row">{weekday}</th>
                {weeks.map(({ days }) => (
                  <td key={days[index]?.date}>
                    {days[index] && <Cell project={project} entry={days[index]} open={days[index].date === day} state={state} />}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <ul className={classes.legend} aria-label="What the marks mean">
        {LEGEND.map((outcome) => {
          const status = statusOf(outcome);
          return (
            <li key={outcome}>
              <span className={classes.mark} data-tone={status.tone}>
                <StatusMark status={status} />
              </span>
              {status.word}
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

interface CellProps extends Pick<NightCalendarProps, "project" | "state"> {
  readonly entry: CalendarDay;
  readonly open: boolean;
}

function Cell({ project, entry: { date, nights, outcome, future }, open, state }: CellProps) {
  if (outcome === null) return <span className={classes.none} data-future={future || undefined} title={date} />;
  const status = statusOf(outcome);
  const name = `${date}: ${status.word}${nights.length > 1 ? `, ${nights.length} nights` : ""}`;
  return (
    <Link
      to="/p/$project/nights"
      params={{ project }}
      search={{ state, day: open ? undefined : date }}
      replace
      resetScroll={false}
      className={classes.mark}
      data-tone={status.tone}
      data-open={open || undefined}
      aria-label={name}
      aria-current={open ? "date" : undefined}
      title={name}
    >
      <StatusMark status={status} />
      {nights.length > 1 && <span className={classes.several}>{nights.length}</span>}
    </Link>
  );
}
