import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ModelSummary } from "../../../../lib/domain/api/models.ts";
import { readPages } from "../../api/queries.ts";
import { Empty } from "../../parts/answer.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { EstimateFigure } from "../../parts/figures.tsx";
import { bytesText } from "../../parts/number-text.ts";
import { Paged } from "../../parts/paged.tsx";
import { Panel } from "../../parts/panel.tsx";
import { originText } from "../../parts/origin-text.ts";
import { StatusBadge } from "../../parts/status.tsx";
import table from "../../parts/table.module.css";
import { latencyText } from "../../parts/time-text.ts";

/** Every trial of a slot, best first, with why those that failed did. */
export function Leaderboard({ project, slot }: { readonly project: string; readonly slot: string }) {
  const models = useInfiniteQuery(readPages("listModels", { params: { project }, query: { slot, order: "best" } }));
  return (
    <Panel title={`Trials of ${slot}`} flush aside="macro F1, best on validation first">
      <Paged query={models} empty={<Empty title="No model of this slot yet" />}>
        {(items) => {
          const snapshots = [...new Set(items.map(({ snapshot }) => snapshot))];
          return (
            <>
              {snapshots.length > 1 && (
                <p className={table.note}>
                  From {snapshots.length} snapshots, the newest first. Figures of different snapshots are of different people.
                </p>
              )}
              <DataTable
                label="Leaderboard"
                rows={items}
                columns={columnsFor(items, snapshots.length > 1)}
                rowKey={({ id }) => id}
                below={({ failure }) => failure && `${failure.code}: ${failure.message}`}
              />
            </>
          );
        }}
      </Paged>
    </Panel>
  );
}

function columnsFor(items: readonly ModelSummary[], manySnapshots: boolean): readonly Column<ModelSummary>[] {
  const champion = items.find((model) => model.champion);
  const comparable = items.some(({ id, macroF1 }) => macroF1 !== null && champion !== undefined && id !== champion.id);
  return [
    {
      name: "Model",
      head: true,
      cell: ({ id, project }) => (
        <Link to="/p/$project/models/$model" params={{ project, model: id }} className={table.mono}>
          {id}
        </Link>
      ),
    },
    { name: "State", cell: (model) => <StatusBadge state={model.champion ? "champion" : model.state} /> },
    { name: "Family", cell: ({ family }) => family },
    { name: "Origin", from: "middle", cell: originText },
    { name: "Validation", number: true, cell: ({ validation }) => <EstimateFigure estimate={validation} /> },
    { name: "Holdout", number: true, cell: ({ macroF1 }) => <EstimateFigure estimate={macroF1} /> },
    { name: "Latency", number: true, from: "wide", cell: ({ latencyUs }) => (latencyUs === null ? "–" : latencyText(latencyUs)) },
    { name: "Size", number: true, from: "wide", cell: ({ bytes }) => (bytes === null ? "–" : bytesText(bytes)) },
    ...(manySnapshots
      ? [{ name: "Snapshot", mono: true, from: "wide" as const, cell: ({ snapshot }: ModelSummary) => snapshot.slice(0, 8) }]
      : []),
    {
      name: "Run",
      from: "wide",
      cell: ({ project, run }) => (
        <Link to="/p/$project/runs/$run" params={{ project, run }} className={table.mono}>
          {run}
        </Link>
      ),
    },
    ...(champion === undefined || !comparable
      ? []
      : [
          {
            name: "Compare",
            from: "middle" as const,
            cell: ({ id, project, macroF1 }: ModelSummary) =>
              id === champion.id || macroF1 === null ? (
                "–"
              ) : (
                <Link to="/p/$project/models/compare" params={{ project }} search={{ a: champion.id, b: id }}>
                  with the champion
                </Link>
              ),
          },
        ]),
  ];
}
