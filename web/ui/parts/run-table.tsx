import { Link } from "@tanstack/react-router";
import type { RunSummary } from "../../../lib/domain/api/runs.ts";
import { shareText } from "./number-text.ts";
import { StatusBadge } from "./status.tsx";
import { durationText } from "./time-text.ts";
import { Ago, useNow } from "./when.tsx";
import table from "./table.module.css";

/** Runs as a table; the same on Overview and Runs. */
export function RunTable({ runs }: { readonly runs: readonly RunSummary[] }) {
  const going = runs.some(({ startedAt, endedAt }) => startedAt !== null && endedAt === null);
  const now = useNow(going ? 1000 : null);
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">State</th>
            <th scope="col" className={table.wide}>
              Stage
            </th>
            <th scope="col">Started</th>
            <th scope="col" className={`${table.number} ${table.middle}`}>
              Took
            </th>
            <th scope="col" className={`${table.number} ${table.wide}`}>
              Accuracy
            </th>
            <th scope="col" className={`${table.number} ${table.middle}`}>
              Macro F1
            </th>
            <th scope="col" className={table.middle}>
              Outcome
            </th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.run}>
              <th scope="row">
                <Link to="/p/$project/runs/$run" params={{ project: run.project, run: run.run }} className={table.mono}>
                  {run.run}
                </Link>
                {run.kind !== "training" && <span className={table.muted}> {run.kind}</span>}
              </th>
              <td>
                <StatusBadge state={run.state} />
              </td>
              <td className={table.wide}>{run.stage ?? "–"}</td>
              <td>
                <Ago time={run.startedAt ?? run.requestedAt} />
              </td>
              <td className={`${table.number} ${table.middle}`}>{tookText(run, now)}</td>
              <td className={`${table.number} ${table.wide}`}>{run.accuracy === null ? "–" : shareText(run.accuracy, 3)}</td>
              <td className={`${table.number} ${table.middle}`}>{run.macroF1 === null ? "–" : shareText(run.macroF1, 3)}</td>
              <td className={`${table.middle} ${table.wrap}`}>{outcomeText(run)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function tookText({ startedAt, endedAt }: RunSummary, now: number): string {
  if (startedAt === null) return "–";
  return durationText(Math.max(0, (endedAt === null ? now : Date.parse(endedAt)) - Date.parse(startedAt)) / 1000);
}

function outcomeText({ error, decision, requestedBy }: RunSummary): string {
  if (error !== null) return `${error.code}: ${error.message}`;
  if (decision !== null) return decision.reason;
  return `asked for by ${requestedBy}`;
}
