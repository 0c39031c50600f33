import { IconAlertTriangle, IconChevronRight, IconRefresh } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { Station } from "../../../../lib/domain/api/overview.ts";
import { shortCountText } from "../../parts/number-text.ts";
import { StatusMark } from "../../parts/status.tsx";
import { statusOf } from "../../parts/status-table.ts";
import { Ago } from "../../parts/when.tsx";
import { loopState } from "./loop.ts";
import classes from "./loop-map.module.css";

/** The page that shows what stands at a station. */
const PAGE_OF = {
  ingest: "/p/$project/data",
  clean: "/p/$project/data",
  snapshot: "/p/$project/data",
  train: "/p/$project/runs",
  evaluate: "/p/$project/models",
  promote: "/p/$project/models",
  predict: "/p/$project/models",
  annotate: "/p/$project/annotate",
  retrain: "/p/$project/nights",
} as const satisfies Record<Station["name"], string>;

const SEARCH_OF: Readonly<Partial<Record<Station["name"], object>>> = { clean: { tab: "quarantine" }, snapshot: { tab: "snapshots" } };

/** The loop as a racetrack: along the top to the right, back along the bottom to the left. On a phone it is a list. */
export function LoopMap({ project, stations }: { readonly project: string; readonly stations: readonly Station[] }) {
  const state = loopState(stations);
  const running = stations.some((station) => station.state === "running");
  return (
    <div className={classes.map} data-running={running || undefined}>
      <svg className={classes.track} aria-hidden>
        <rect width="100%" height="100%" rx="10" />
      </svg>
      <ol className={classes.stations}>
        {stations.map((station) => (
          <li key={station.name} data-station={station.name}>
            <StationCard project={project} station={station} />
            <IconChevronRight className={classes.arrow} size={15} stroke={2.4} aria-hidden />
          </li>
        ))}
      </ol>
      <div className={classes.verdict} data-tone={state.tone} role="status">
        <strong>
          {state.tone === "attention" ? <IconAlertTriangle size={15} aria-hidden /> : <IconRefresh size={15} aria-hidden />}
          {state.title}
        </strong>
        <span>{state.sentence}</span>
      </div>
    </div>
  );
}

function StationCard({ project, station }: { readonly project: string; readonly station: Station }) {
  const status = statusOf(station.state);
  const page = PAGE_OF[station.name];
  const planned = station.state === "planned";
  const content = (
    <>
      <span className={classes.name}>
        {station.name}
        <span className={classes.state} data-tone={status.tone}>
          <StatusMark status={status} />
          {status.word}
        </span>
      </span>
      <span className={classes.count}>
        {planned ? (
          <span className={classes.unit}>not in the spec</span>
        ) : (
          <>
            {shortCountText(station.count)} <span className={classes.unit}>{station.unit}</span>
          </>
        )}
      </span>
      <span className={classes.age}>{station.at === null ? planned ? "" : "never yet" : <Ago time={station.at} />}</span>
    </>
  );
  const common = { className: classes.card, "data-state": station.state, title: station.note ?? undefined };
  if (planned) return <div {...common}>{content}</div>;
  return (
    <Link to={page} params={{ project }} search={SEARCH_OF[station.name] ?? {}} {...common}>
      {content}
    </Link>
  );
}
