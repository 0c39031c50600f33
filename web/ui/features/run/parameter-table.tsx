import { Link } from "@tanstack/react-router";
import type { RunDetail } from "../../../../lib/domain/api/runs.ts";
import { Empty } from "../../parts/answer.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Panel } from "../../parts/panel.tsx";
import { valueText } from "../../parts/value-text.ts";

interface Parameter {
  readonly path: string;
  readonly is: unknown;
  /** Undefined where nothing is known of it: in the first run. */
  readonly was: unknown;
  readonly changed: boolean;
}

const COLUMNS: readonly Column<Parameter>[] = [
  { name: "Parameter", head: true, cell: ({ path }) => path },
  { name: "This run", wrap: true, cell: ({ is, changed }) => (changed ? <strong>{valueText(is)}</strong> : valueText(is)) },
  { name: "Before", wrap: true, muted: true, cell: ({ was, changed }) => (changed || was === undefined ? valueText(was) : "the same") },
];

/** What this run was told, and what of it was different the time before. */
export function ParameterTable({ detail: { project, params, before } }: { readonly detail: RunDetail }) {
  const changes = before?.changes ?? [];
  const changed = new Set(changes.map(({ path }) => path));
  const rows: Parameter[] = [
    ...changes.map(({ path, was, is }) => ({ path, was, is, changed: true })),
    ...Object.entries(flattened(params))
      .filter(([path]) => !changed.has(path))
      .map(([path, is]) => ({ path, is, was: before === null ? undefined : is, changed: false })),
  ];
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
      {rows.length === 0 ? (
        <Empty title={before === null ? "All as the spec says" : "The same as in the run before"} />
      ) : (
        <DataTable label="Parameters" rows={rows} columns={COLUMNS} rowKey={({ path }) => path} />
      )}
    </Panel>
  );
}

/** What was changed for this run alone stands beside the other parameters, each with its path. */
function flattened({ set, ...others }: RunDetail["params"]): Record<string, unknown> {
  return typeof set === "object" && set !== null ? { ...others, ...set } : { ...others, ...(set === undefined ? {} : { set }) };
}
