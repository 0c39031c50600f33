import { Link } from "@tanstack/react-router";
import type { Overview } from "../../../../lib/domain/api/overview.ts";
import { useMay } from "../../api/session.ts";
import { Facts } from "../../parts/figures.tsx";
import { countText } from "../../parts/number-text.ts";
import { Panel } from "../../parts/panel.tsx";
import { ShareBar } from "../../parts/share-bar.tsx";
import { StatusBadge } from "../../parts/status.tsx";
import { exactText, inText } from "../../parts/time-text.ts";
import { Ago, useNow } from "../../parts/when.tsx";
import { buyText } from "./loop.ts";
import classes from "./next-panel.module.css";

interface NextPanelProps extends Pick<Overview, "annotation" | "nights"> {
  readonly project: string;
}

/** What the last night came to, what waits for people, and what their next labels will buy. */
export function NextPanel({ project, annotation, nights }: NextPanelProps) {
  return (
    <Panel
      title="People and nights"
      aside={
        <Link to="/p/$project/nights" params={{ project }}>
          All nights
        </Link>
      }
    >
      <LastNight nights={nights} />
      {annotation !== null && <Queue project={project} annotation={annotation} />}
    </Panel>
  );
}

function LastNight({ nights: { last, nextAt, paused } }: Pick<Overview, "nights">) {
  const now = useNow(60_000);
  return (
    <div className={classes.night}>
      {last === null ? (
        <p>No night yet.</p>
      ) : (
        <>
          <p className={classes.line}>
            <StatusBadge state={last.state === "done" ? (last.promoted === true ? "promoted" : "kept") : last.state} />
            <span className={classes.quiet}>
              last night, <Ago time={last.endedAt ?? last.dueAt} />
            </span>
          </p>
          {last.reason !== null && <p>{last.reason}</p>}
        </>
      )}
      <p className={classes.quiet}>
        {paused ? (
          "Nights are paused."
        ) : nextAt === null ? (
          "No schedule."
        ) : (
          <>
            The next is{" "}
            <time dateTime={nextAt} title={exactText(nextAt)}>
              {inText(nextAt, now)}
            </time>
            .
          </>
        )}
      </p>
    </div>
  );
}

function Queue({ project, annotation }: { readonly project: string; readonly annotation: NonNullable<Overview["annotation"]> }) {
  const { open, adjudicate, oldestAt, labels, atLabels, gainPerHundred } = annotation;
  const may = useMay("label.add", project);
  return (
    <>
      <Facts
        facts={[
          ["in the queue", countText(open)],
          ["oldest", oldestAt === null ? "–" : <Ago key="oldest" time={oldestAt} />],
          [
            "to be decided",
            <Link key="review" to="/p/$project/review" params={{ project }}>
              {countText(adjudicate)}
            </Link>,
          ],
        ]}
      />
      {atLabels !== null && (
        <div className={classes.progress}>
          <ShareBar
            share={Math.min(1, labels / atLabels)}
            text={
              labels < atLabels
                ? `${countText(labels)} of ${countText(atLabels)} labels to the next night`
                : `${countText(labels)} new labels have asked for a night`
            }
          />
        </div>
      )}
      <p className={classes.buy}>{buyText(gainPerHundred)}</p>
      {open > 0 && may && (
        <Link to="/p/$project/annotate" params={{ project }} className={classes.begin}>
          {open === 1 ? "Answer the task that waits" : `Answer the ${countText(open)} tasks that wait`}
        </Link>
      )}
    </>
  );
}
