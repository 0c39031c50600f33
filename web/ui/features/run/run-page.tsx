import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { RunDetail } from "../../../../lib/domain/api/runs.ts";
import { ApiFailure } from "../../api/failure.ts";
import { read } from "../../api/queries.ts";
import { Answer, FailureNote } from "../../parts/answer.tsx";
import { ClassTable } from "../../parts/class-table.tsx";
import { ConfusionMatrix } from "../../parts/confusion-matrix.tsx";
import { MetricsSummary } from "../../parts/metrics-summary.tsx";
import { PageHead, Panel } from "../../parts/panel.tsx";
import { StatusBadge } from "../../parts/status.tsx";
import { Ago } from "../../parts/when.tsx";
import { ParameterTable } from "./parameter-table.tsx";
import { RunActions } from "./run-actions.tsx";
import { RunLogPanel } from "./run-log.tsx";
import { RunNotices } from "./run-notices.tsx";
import { SlotPanel } from "./slot-panel.tsx";
import { StageTable } from "./stage-table.tsx";
import classes from "./run-page.module.css";

const route = getRouteApi("/p/$project/runs/$run");

/** How far is it, what did each stage do, why did it end so? */
export function RunPage() {
  const { run } = route.useParams();
  const query = useQuery(read("showRun", { params: { run } }));
  return (
    <Answer query={query} lines={12}>
      {(detail) => <Run detail={detail} />}
    </Answer>
  );
}

function Run({ detail }: { readonly detail: RunDetail }) {
  const { stage, log } = route.useSearch();
  const navigate = route.useNavigate();
  const { run, project, metrics } = detail;
  return (
    <>
      <PageHead
        title={
          <>
            Run {run} <StatusBadge state={detail.state} />
          </>
        }
        note={
          <>
            asked for by {detail.requestedBy} <Ago time={detail.requestedAt} /> · spec version {detail.specVersion} · seed {detail.seed}
            {detail.candidate !== null && (
              <>
                {" · candidate "}
                <Link to="/p/$project/models/$model" params={{ project, model: detail.candidate }}>
                  {detail.candidate}
                </Link>
              </>
            )}
          </>
        }
        actions={<RunActions detail={detail} />}
      />
      {detail.error !== null && <FailureNote error={new ApiFailure({ ...detail.error, status: 0, request: null })} />}
      <RunNotices detail={detail} />
      <div className={classes.grid}>
        <div className={classes.whole}>
          <Panel title="Stages" flush>
            <StageTable project={project} run={run} stages={detail.stages} opened={stage} />
          </Panel>
        </div>
        {detail.slots.length > 0 && (
          <div className={classes.whole}>
            <SlotPanel project={project} run={run} slots={detail.slots} />
          </div>
        )}
        <div className={classes.column}>
          {metrics !== null && (
            <>
              <Panel title={metrics.leaking ? "Holdout (leaking)" : "Holdout"}>
                <MetricsSummary metrics={metrics} />
              </Panel>
              <ConfusionMatrix confusion={metrics.confusion} />
            </>
          )}
          <RunLogPanel
            run={run}
            show={log ?? "all"}
            onShow={(show) =>
              void navigate({
                search: (before) => ({ ...before, log: show === "all" ? undefined : show }),
                replace: true,
                resetScroll: false,
              })
            }
          />
        </div>
        <div className={classes.column}>
          {metrics !== null && (
            <Panel title="Per class" flush>
              <ClassTable perClass={metrics.perClass} />
            </Panel>
          )}
          <ParameterTable detail={detail} />
        </div>
      </div>
    </>
  );
}
