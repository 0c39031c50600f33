import { Link } from "@tanstack/react-router";
import type { RunDetail } from "../../../../lib/domain/api/runs.ts";
import { Empty } from "../../parts/answer.tsx";
import { Panel } from "../../parts/panel.tsx";
import { valueText } from "../../parts/value-text.ts";
import table from "../../parts/table.module.css";

/** What this run was told, and what of it was different the time before. */
export function ParameterTable({ detail: { project, params, before } }: { readonly detail: RunDetail }) {
  const changed = new Set(before?.changes.map(({ path }) => path));
  const unchanged = Object.entries(flattened(params)).filter(([path]) => !changed.has(path));
  const changes = before?.changes ?? [];
  return (
    <Panel
      title="Parameters"
      flush
      aside={
        before === null ? (
          "the first run of the project"
        ) : (
          <span>
            against{" "}
            <Link to="/p/$project/runs/$run" params={{ project, run: before.run }}>
              {before.run}
            </Link>
          </span>
        )
      }
    >
      {changes.length + unchanged.length === 0 ? (
        <Empty title={before === null ? "All as the spec says" : "The same as in the run before"} />
      ) : (
        <div className={table.scroll} tabIndex={0} role="region" aria-label="Parameters, scrollable">
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">Parameter</th>
                <th scope="col">This run</th>
                <th scope="col">Before</th>
              </tr>
            </thead>
            <tbody>
              {changes.map(({ path, was, is }) => (
                <tr key={path}>
                  <th scope="row">{path}</th>
                  <td className={table.wrap}>
                    <strong>{valueText(is)}</strong>
                  </td>
                  <td className={table.wrap}>{valueText(was)}</td>
                </tr>
              ))}
              {unchanged.map(([path, value]) => (
                <tr key={path}>
                  <th scope="row">{path}</th>
                  <td className={table.wrap}>{valueText(value)}</td>
                  <td className={table.muted}>{before === null ? "–" : "the same"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

/** What was changed for this run alone stands beside the other parameters, each with its path. */
function flattened({ set, ...others }: RunDetail["params"]): Record<string, unknown> {
  return typeof set === "object" && set !== null ? { ...others, ...set } : { ...others, ...(set === undefined ? {} : { set }) };
}
