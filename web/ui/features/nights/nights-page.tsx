import { Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { MAX_PAGE } from "../../../../lib/domain/api/page.ts";
import { read } from "../../api/queries.ts";
import { Answer } from "../../parts/answer.tsx";
import { Notice } from "../../parts/notice.tsx";
import { PageHead, Panel } from "../../parts/panel.tsx";
import { inText } from "../../parts/time-text.ts";
import { useNow } from "../../parts/when.tsx";
import { AskNight } from "./ask-night.tsx";
import { localDate } from "./calendar.ts";
import { GainPanel } from "./gain-panel.tsx";
import { NightCalendar } from "./night-calendar.tsx";
import { summaryOf } from "./night-outcome.ts";
import { NightRows, NightTable } from "./night-table.tsx";
import { SchedulePanel } from "./schedule-panel.tsx";
import classes from "./nights-page.module.css";

const route = getRouteApi("/p/$project/nights");

/** Did the night go well, what comes next? */
export function NightsPage() {
  const { project } = route.useParams();
  const { state, day } = route.useSearch();
  const navigate = route.useNavigate();
  const now = useNow(60_000);
  const schedule = useQuery(read("showSchedule", { params: { project } }));
  const newest = useQuery(read("listNights", { query: { project, limit: MAX_PAGE } }));
  const zone = schedule.data?.timezone;
  const next = schedule.data?.paused === false ? schedule.data.next[0] : undefined;
  return (
    <>
      <PageHead
        title="Nights"
        note={
          schedule.data === undefined
            ? "Retraining by the clock, by labels, or because someone asked."
            : next === undefined
              ? schedule.data?.paused === true
                ? "Paused: no night comes until it is resumed."
                : "No schedule: nights come when enough labels are new, or when someone asks."
              : `The next is at ${next.local}, ${inText(next.at, now)}.`
        }
        actions={<AskNight project={project} />}
      />
      <Stack gap="md">
        <Answer query={newest} lines={8}>
          {({ items }) => {
            const summary = summaryOf(items, schedule.data ?? null);
            return (
              <>
                <Notice tone={summary.tone} title={summary.title}>
                  {summary.sentence}
                </Notice>
                <div className={classes.grid}>
                  <NightCalendar project={project} nights={items} zone={zone} day={day} state={state} now={now} />
                  <GainPanel nights={items} />
                </div>
                {day !== undefined && (
                  <Panel
                    title={`Nights of ${day}`}
                    flush
                    aside={
                      <Link to="/p/$project/nights" params={{ project }} search={{ state }} replace resetScroll={false}>
                        close
                      </Link>
                    }
                  >
                    <NightRows nights={items.filter(({ dueAt }) => localDate(dueAt, zone) === day)} label={`Nights of ${day}`} />
                  </Panel>
                )}
              </>
            );
          }}
        </Answer>
        <Answer query={schedule}>{(data) => <SchedulePanel project={project} schedule={data} />}</Answer>
        <NightTable
          project={project}
          state={state}
          onState={(chosen) => void navigate({ search: (before) => ({ ...before, state: chosen }), replace: true, resetScroll: false })}
        />
      </Stack>
    </>
  );
}
