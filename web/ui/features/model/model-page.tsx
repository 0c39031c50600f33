import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense } from "react";
import type { ModelDetail } from "../../../../lib/domain/api/models.ts";
import { ApiFailure } from "../../api/failure.ts";
import { read } from "../../api/queries.ts";
import { Answer, Empty, FailureNote, Waiting } from "../../parts/answer.tsx";
import { backendOf, backendWarning } from "../../parts/backend.ts";
import { ClassTable } from "../../parts/class-table.tsx";
import { ConfusionMatrix } from "../../parts/confusion-matrix.tsx";
import { EstimateFigure, Facts } from "../../parts/figures.tsx";
import { MetricsSummary } from "../../parts/metrics-summary.tsx";
import { Notice } from "../../parts/notice.tsx";
import { bytesText } from "../../parts/number-text.ts";
import { originText } from "../../parts/origin-text.ts";
import { PageHead, Panel } from "../../parts/panel.tsx";
import { StatusBadge } from "../../parts/status.tsx";
import { latencyText } from "../../parts/time-text.ts";
import { valueText } from "../../parts/value-text.ts";
import { Ago } from "../../parts/when.tsx";
import { CalibrationPlot } from "./calibration-plot.tsx";
import { curveOf } from "./curve.ts";
import { ModelActions } from "./model-actions.tsx";
import { ReignList } from "./reign-list.tsx";
import { SubjectTable } from "./subject-table.tsx";
import classes from "./model-page.module.css";

const route = getRouteApi("/p/$project/models/$model");
const CurveChart = lazy(() => import("./curve-chart.tsx").then(({ CurveChart }) => ({ default: CurveChart })));

/** For whom is it good, where is it wrong, and where does it come from? */
export function ModelPage() {
  const { model } = route.useParams();
  const query = useQuery(read("showModel", { params: { model } }));
  return (
    <Answer query={query} lines={12}>
      {(detail) => <Model detail={detail} />}
    </Answer>
  );
}

function Model({ detail }: { readonly detail: ModelDetail }) {
  const { split } = route.useSearch();
  const evaluation = detail.evaluations.find((known) => known.split === (split ?? "holdout")) ?? detail.evaluations[0];
  const warning = backendWarning(backendOf(detail.training));
  const curve = curveOf(detail.curve);
  return (
    <>
      <PageHead
        title={
          <>
            Model {detail.id} <StatusBadge state={detail.champion ? "champion" : detail.state} />
          </>
        }
        note={
          <>
            {detail.family} for {detail.slot} · made <Ago time={detail.createdAt} /> by run{" "}
            <Link to="/p/$project/runs/$run" params={{ project: detail.project, run: detail.run }}>
              {detail.run}
            </Link>
          </>
        }
        actions={
          <>
            <Link
              to="/p/$project/models"
              params={{ project: detail.project }}
              search={{ tab: "evolution", slot: detail.slot, run: detail.run }}
            >
              Family tree
            </Link>
            <CompareLink model={detail} />
            <ModelActions model={detail} />
          </>
        }
      />
      {detail.error !== null && <FailureNote error={new ApiFailure({ ...detail.error, status: 0, request: null })} />}
      {warning !== null && (
        <Notice tone="attention" title="Not the native TensorFlow">
          {warning}
        </Notice>
      )}
      {evaluation?.metrics.leaking === true && (
        <Notice tone="attention" title="These figures leak">
          The split lets the same person stand on both sides; on new people the model will do worse.
        </Notice>
      )}
      <div className={classes.grid}>
        <div className={classes.column}>
          {evaluation === undefined ? (
            <Panel title="Evaluation">
              <Empty title="Not evaluated yet">The run's stage `evaluate` scores it on people it has never seen.</Empty>
            </Panel>
          ) : (
            <>
              <Panel title={`On the ${evaluation.split}`}>
                <MetricsSummary metrics={evaluation.metrics} />
              </Panel>
              <ConfusionMatrix confusion={evaluation.metrics.confusion} samples={samplesOf(detail, evaluation.split)} />
              <Panel title="Per class" flush>
                <ClassTable perClass={evaluation.metrics.perClass} />
              </Panel>
            </>
          )}
          {curve !== null && (
            <Panel title="Training">
              <Suspense fallback={<Waiting lines={6} />}>
                <CurveChart curve={curve} />
              </Suspense>
            </Panel>
          )}
          <ReignList reigns={detail.reigns} />
        </div>
        <div className={classes.column}>
          {evaluation !== undefined && (
            <>
              <CalibrationPlot calibration={evaluation.metrics.calibration} />
              <SubjectTable subjects={evaluation.metrics.subjects} />
            </>
          )}
          <Panel title="Genome">
            <Facts facts={Object.entries(detail.genome).map(([name, value]) => [name, valueText(value)])} />
          </Panel>
          <Panel title="How it was made">
            <Facts facts={makingOf(detail)} />
          </Panel>
        </div>
      </div>
    </>
  );
}

/** Single answers are kept of a model that has been champion, and of the holdout: of others a cell opens nothing. */
function samplesOf({ id, project, reigns }: ModelDetail, split: string): { project: string; model: string } | undefined {
  return reigns.length > 0 && split === "holdout" ? { project, model: id } : undefined;
}

/** To the champion beside it, where it is not the champion itself. */
function CompareLink({ model: { id, project, slot, champion, macroF1 } }: { readonly model: ModelDetail }) {
  const champions = useQuery(read("listChampions", { params: { project }, query: { slot } }));
  const present = champions.data?.items[0]?.model;
  if (champion || macroF1 === null || present === undefined) return null;
  return (
    <Link to="/p/$project/models/compare" params={{ project }} search={{ a: present, b: id }}>
      Compare with the champion
    </Link>
  );
}

function makingOf(detail: ModelDetail): (readonly [string, ReactNode])[] {
  const hash = (value: string | null) => (value === null ? "–" : <code title={value}>{value.slice(0, 12)}</code>);
  return [
    ["origin", originText(detail)],
    ...(detail.parents.length === 0
      ? []
      : [
          [
            detail.parents.length === 1 ? "parent" : "parents",
            detail.parents.map((parent) => (
              <div key={parent}>
                <Link to="/p/$project/models/$model" params={{ project: detail.project, model: parent }}>
                  {parent}
                </Link>
              </div>
            )),
          ] as const,
        ]),
    ...(detail.mutation === null ? [] : [["mutation", detail.mutation] as const]),
    ["learned from", detail.fittedOn],
    ["validation macro F1", <EstimateFigure key="validation" estimate={detail.validation?.macroF1 ?? null} />],
    ...Object.entries(detail.training ?? {})
      .filter(([name]) => name !== "weightsSha256")
      .map(([name, value]) => [name, valueText(value)] as const),
    ["latency", detail.latencyUs === null ? "–" : `${latencyText(detail.latencyUs)} a window`],
    ["size", detail.bytes === null ? "–" : bytesText(detail.bytes)],
    ["snapshot", hash(detail.snapshot)],
    ["weights", hash(detail.weightsSha256)],
  ];
}
