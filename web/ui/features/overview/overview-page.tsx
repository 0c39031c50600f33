import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Overview } from "../../../../lib/domain/api/overview.ts";
import { read } from "../../api/queries.ts";
import { Answer, Empty } from "../../parts/answer.tsx";
import { countText } from "../../parts/number-text.ts";
import { PageHead, Panel } from "../../parts/panel.tsx";
import { RunTable } from "../../parts/run-table.tsx";
import { ServiceList } from "../../parts/service-list.tsx";
import { Ago } from "../../parts/when.tsx";
import { ChampionPanel } from "./champion-panel.tsx";
import { LoopMap } from "./loop-map.tsx";
import { NextPanel } from "./next-panel.tsx";
import classes from "./overview-page.module.css";

const route = getRouteApi("/p/$project/overview");
const RUNS_SHOWN = 6;

/** Is the loop turning? */
export function OverviewPage() {
  const { project } = route.useParams();
  const overview = useQuery(read("overview", { query: { project } }));
  const runs = useQuery({ ...read("listRuns", { query: { project, limit: RUNS_SHOWN } }), placeholderData: keepPreviousData });
  const services = useQuery(read("services", {}));
  return (
    <Answer query={overview} lines={10}>
      {({ projects }) => {
        const shown = projects[0];
        if (shown === undefined) {
          return (
            <Empty title={`No project '${project}'`} command="npx sensorloop project apply FILE">
              It does not exist, or your account has no part in it.
            </Empty>
          );
        }
        return (
          <>
            <OverviewHead overview={shown} />
            <div className={classes.grid}>
              <div className={classes.whole}>
                <Panel title="The loop" flush>
                  <LoopMap project={project} stations={shown.stations} />
                </Panel>
              </div>
              <Panel
                title="Last runs"
                flush
                aside={
                  <Link to="/p/$project/runs" params={{ project }}>
                    All runs
                  </Link>
                }
              >
                <Answer query={runs}>
                  {({ items }) =>
                    items.length === 0 ? (
                      <Empty title="No run yet" command={`npx sensorloop run start ${project} --wait`}>
                        A run takes the recordings through every stage and ends with a decision.
                      </Empty>
                    ) : (
                      <RunTable runs={items} />
                    )
                  }
                </Answer>
              </Panel>
              <div className={classes.side}>
                <NextPanel project={project} annotation={shown.annotation} nights={shown.nights} />
                <ChampionPanel project={project} champions={shown.champions} trend={shown.trend} />
                <Panel title="Services">
                  <Answer query={services}>{(data) => <ServiceList services={data.services} />}</Answer>
                </Panel>
              </div>
            </div>
          </>
        );
      }}
    </Answer>
  );
}

function OverviewHead({ overview: { project, counts } }: { readonly overview: Overview }) {
  return (
    <PageHead
      title={project.title}
      note={
        <>
          {countText(counts.files.staged)} files, {countText(counts.rowsIn)} rows = {countText(counts.rowsOk)} ok +{" "}
          {countText(counts.rowsQuarantined)} quarantined + {countText(counts.rowsDuplicate)} duplicate · spec version {project.specVersion}
          , applied <Ago time={project.appliedAt} /> by {project.appliedBy}
        </>
      }
    />
  );
}
