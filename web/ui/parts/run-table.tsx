import { Link } from "@tanstack/react-router";
import type { RunSummary } from "../../../lib/domain/api/runs.ts";
import { type Column, DataTable } from "./data-table.tsx";
import { EstimateFigure } from "./figures.tsx";
import { StatusBadge } from "./status.tsx";
import { durationText } from "./time-text.ts";
import { Ago, useNow } from "./when.tsx";
import table from "./table.module.css";

/** Runs as a table; the same on Overview and Runs. */
export function RunTable({ runs }: { readonly runs: readonly RunSummary[] }) {
  const going = runs.some(({ startedAt, endedAt }) => startedAt !== null && endedAt === null);
  const now = useNow(going ? 1000 : null);
  const columns: readonly Column<RunSummary>[] = [
    {
      name: "Run",
      head: true,
      cell: ({ run, project, kind }) => (
        <>
          <Link to="/p/$project/runs/$run" params={{ project, run }} className={table.mono}>
            {run}
          </Link>
          {kind !== "training" && <span className={table.muted}> {kind}</span>}
        </>
      ),
    },
    { name: "State", cell: ({ state }) => <StatusBadge state={state} /> },
    { name: "Stage", from: "wide", cell: ({ stage }) => stage ?? "–" },
    { name: "Started", cell: ({ startedAt, requestedAt }) => <Ago time={startedAt ?? requestedAt} /> },
    { name: "Took", number: true, from: "wide", cell: (run) => tookText(run, now) },
    { name: "Accuracy", number: true, from: "wide", cell: ({ accuracy }) => <EstimateFigure estimate={accuracy} /> },
    { name: "Macro F1", number: true, from: "middle", cell: ({ macroF1 }) => <EstimateFigure estimate={macroF1} /> },
    { name: "Outcome", wrap: true, from: "middle", cell: outcomeText },
  ];
  return <DataTable label="Runs" rows={runs} columns={columns} rowKey={({ run }) => run} />;
}

function tookText({ startedAt, endedAt }: RunSummary, now: number): string {
  if (startedAt === null) return "–";
  return durationText(Math.max(0, (endedAt === null ? now : Date.parse(endedAt)) - Date.parse(startedAt)) / 1000);
}

function outcomeText({ error, decision, requestedBy }: RunSummary): string {
  if (error !== null) return `${error.code}: ${error.message}`;
  if (decision !== null) return decision.reason;
  // Which night it is stands on the run's page.
  return requestedBy.startsWith("night/") ? "asked for by a night" : `asked for by ${requestedBy}`;
}
