import { Group, NativeSelect } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Night, NIGHT_STATES } from "../../../../lib/domain/api/nights.ts";
import { shareText } from "../../../../lib/domain/estimate-text.ts";
import { readPages } from "../../api/queries.ts";
import { Empty } from "../../parts/answer.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { countText } from "../../parts/number-text.ts";
import { Paged } from "../../parts/paged.tsx";
import { Panel } from "../../parts/panel.tsx";
import { StatusBadge } from "../../parts/status.tsx";
import { statusOf } from "../../parts/status-table.ts";
import table from "../../parts/table.module.css";
import { durationText } from "../../parts/time-text.ts";
import { Ago } from "../../parts/when.tsx";
import { CancelNight } from "./cancel-night.tsx";
import { outcomeOf } from "./night-outcome.ts";

const CAUSES: Readonly<Record<Night["cause"], string>> = {
  clock: "by the clock",
  labels: "enough labels",
  request: "asked for",
  backfill: "backfill",
};

const COLUMNS: readonly Column<Night>[] = [
  { name: "Due", head: true, cell: ({ dueAt }) => <Ago time={dueAt} /> },
  {
    name: "Outcome",
    cell: (night) => (
      <Group gap="xs" wrap="nowrap">
        <StatusBadge state={outcomeOf(night)} />
        <CancelNight night={night} />
      </Group>
    ),
  },
  { name: "Reason", wrap: true, cell: ({ reason }) => reason ?? "–" },
  {
    name: "Run",
    from: "middle",
    cell: ({ project, run }) =>
      run === null ? (
        "–"
      ) : (
        <Link to="/p/$project/runs/$run" params={{ project, run }} className={table.mono}>
          {run}
        </Link>
      ),
  },
  { name: "Cause", from: "wide", cell: ({ cause, by }) => <span title={`by ${by}`}>{CAUSES[cause]}</span> },
  { name: "Labels", number: true, from: "middle", cell: ({ labels }) => countText(labels) },
  { name: "Files", number: true, from: "middle", cell: ({ files }) => countText(files) },
  {
    name: "Gain",
    number: true,
    from: "middle",
    cell: ({ gain }) => (gain === null ? "–" : `${shareText(gain.before, 3)} → ${shareText(gain.chosen, 3)}`),
  },
  {
    name: "Took",
    number: true,
    from: "wide",
    cell: ({ startedAt, endedAt }) =>
      startedAt === null || endedAt === null ? "–" : durationText(Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)) / 1000),
  },
];

interface NightTableProps {
  readonly project: string;
  readonly state: Night["state"] | undefined;
  readonly onState: (state: Night["state"] | undefined) => void;
}

/** Every night with its reason, newest first. */
export function NightTable({ project, state, onState }: NightTableProps) {
  const nights = useInfiniteQuery(readPages("listNights", { query: { project, state } }));
  return (
    <Panel
      title="All nights"
      flush
      aside={
        <NativeSelect
          size="xs"
          aria-label="Show nights by state"
          value={state ?? ""}
          onChange={(event) => onState(NIGHT_STATES.find((known) => known === event.currentTarget.value))}
          data={[{ value: "", label: "All" }, ...NIGHT_STATES.map((value) => ({ value, label: statusOf(value).word }))]}
        />
      }
    >
      <Paged
        query={nights}
        empty={
          state === undefined ? (
            <Empty title="No night yet" command={`npx sensorloop schedule ask ${project}`}>
              Each retraining stands here with what it came to, and each one that was not worth it with the reason.
            </Empty>
          ) : (
            <Empty title={`No night is ${statusOf(state).word.toLowerCase()}`} />
          )
        }
      >
        {(items) => <NightRows nights={items} label="Nights" />}
      </Paged>
    </Panel>
  );
}

export function NightRows({ nights, label }: { readonly nights: readonly Night[]; readonly label: string }) {
  return <DataTable label={label} rows={nights} columns={COLUMNS} rowKey={({ id }) => id} />;
}
