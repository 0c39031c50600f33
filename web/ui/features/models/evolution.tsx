import { NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ModelSummary } from "../../../../lib/domain/api/models.ts";
import { read } from "../../api/queries.ts";
import { Answer, Empty } from "../../parts/answer.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { EstimateFigure } from "../../parts/figures.tsx";
import { Panel } from "../../parts/panel.tsx";
import { originText } from "../../parts/origin-text.ts";
import { StatusBadge } from "../../parts/status.tsx";
import table from "../../parts/table.module.css";
import { FamilyTree } from "./family-tree.tsx";

interface EvolutionProps {
  readonly project: string;
  readonly slot: string;
  readonly run: string | undefined;
  readonly onRun: (run: string) => void;
}

/** How a run's models came from each other: a tree to look at, and the same as a table to read. */
export function Evolution({ project, slot, run, onRun }: EvolutionProps) {
  const lineage = useQuery(read("showLineage", { params: { project }, query: { slot, run } }));
  return (
    <Answer query={lineage} lines={8}>
      {({ models, run: shown, runs }) => (
        <Panel
          title="Family tree"
          flush
          aside={
            shown !== null && (
              <>
                <Link to="/p/$project/runs/$run" params={{ project, run: shown }}>
                  The run
                </Link>
                <NativeSelect
                  size="xs"
                  aria-label="Run"
                  value={shown}
                  onChange={(event) => onRun(event.currentTarget.value)}
                  data={runs.includes(shown) ? runs : [shown, ...runs]}
                />
              </>
            )
          }
        >
          {models.length === 0 ? (
            <Empty title="No trial of this slot in this run" />
          ) : (
            <>
              <FamilyTree project={project} trials={models} />
              <details className={table.fold}>
                <summary>The same as a table</summary>
                <DataTable label="Trials" rows={models} columns={COLUMNS} rowKey={({ id }) => id} />
              </details>
            </>
          )}
        </Panel>
      )}
    </Answer>
  );
}

const COLUMNS: readonly Column<ModelSummary>[] = [
  { name: "Generation", number: true, cell: ({ generation }) => generation },
  { name: "Trial", head: true, cell: ({ project, id }) => <ModelLink project={project} id={id} /> },
  { name: "State", cell: (model) => <StatusBadge state={model.champion ? "champion" : model.state} /> },
  { name: "Family", cell: ({ family }) => family },
  { name: "Origin", cell: originText },
  {
    name: "Parents",
    cell: ({ project, parents }) =>
      parents.length === 0
        ? "–"
        : parents.map((parent) => (
            <div key={parent}>
              <ModelLink project={project} id={parent} />
            </div>
          )),
  },
  { name: "Mutation", wrap: true, cell: ({ mutation }) => mutation ?? "–" },
  { name: "Validation", number: true, cell: ({ validation }) => <EstimateFigure estimate={validation} /> },
];

function ModelLink({ project, id }: { readonly project: string; readonly id: string }) {
  return (
    <Link to="/p/$project/models/$model" params={{ project, model: id }} className={table.mono}>
      {id}
    </Link>
  );
}
