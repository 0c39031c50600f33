import { Link } from "@tanstack/react-router";
import type { RunSlot } from "../../../../lib/domain/api/runs.ts";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { DifferenceFigure } from "../../parts/figures.tsx";
import { countText } from "../../parts/number-text.ts";
import { Panel } from "../../parts/panel.tsx";
import { StatusBadge } from "../../parts/status.tsx";
import { slotStatusOf } from "../../parts/status-table.ts";
import table from "../../parts/table.module.css";

interface SlotPanelProps {
  readonly project: string;
  readonly run: string;
  readonly slots: readonly RunSlot[];
}

/** What became of each slot the run worked on: cohort by sensor set. */
export function SlotPanel({ project, run, slots }: SlotPanelProps) {
  const promoted = slots.filter(({ decision }) => decision?.promoted === true).length;
  return (
    <Panel title="Slots" flush aside={`${countText(promoted)} of ${countText(slots.length)} have a new champion`}>
      <DataTable
        label="Slots"
        rows={slots}
        columns={columnsFor(project, run)}
        rowKey={({ slot }) => slot}
        below={({ decision, reason }) => decision?.reason ?? reason}
      />
    </Panel>
  );
}

const columnsFor = (project: string, run: string): readonly Column<RunSlot>[] => [
  {
    name: "Slot",
    head: true,
    cell: ({ slot, cohort, sensors }) => (
      <Link to="/p/$project/models" params={{ project }} search={{ tab: "evolution", slot, run }}>
        {cohort} / {sensors.join(" + ")}
      </Link>
    ),
  },
  { name: "State", cell: ({ state }) => <StatusBadge state={state} status={slotStatusOf(state)} /> },
  { name: "Generation", number: true, cell: ({ generation }) => countText(generation) },
  {
    name: "Candidate",
    cell: ({ candidate }) =>
      candidate === null ? (
        "–"
      ) : (
        <Link to="/p/$project/models/$model" params={{ project, model: candidate }} className={table.mono}>
          {candidate}
        </Link>
      ),
  },
  {
    name: "Verdict",
    cell: ({ decision }) => (decision === null ? "–" : decision.promoted ? "Promoted" : "Not promoted"),
  },
  {
    name: "Against the champion",
    number: true,
    from: "wide",
    cell: ({ decision }) => <DifferenceFigure difference={decision?.difference ?? null} />,
  },
];
