import { useInfiniteQuery } from "@tanstack/react-query";
import type { Snapshot } from "../../../../lib/domain/api/data.ts";
import { readPages } from "../../api/queries.ts";
import { Empty } from "../../parts/answer.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { countText } from "../../parts/number-text.ts";
import { Paged } from "../../parts/paged.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Ago } from "../../parts/when.tsx";
import { splitCounts } from "./split-counts.ts";

const COLUMNS: readonly Column<Snapshot>[] = [
  { name: "Snapshot", head: true, mono: true, cell: ({ id }) => <span title={id}>{id.slice(0, 12)}</span> },
  { name: "Subjects", number: true, cell: ({ subjects }) => countText(subjects) },
  { name: "Recordings", number: true, cell: ({ recordings }) => countText(recordings) },
  { name: "Rows", number: true, cell: ({ rows }) => countText(rows) },
  {
    name: "Split",
    cell: ({ splits, leaking }) => (
      <>
        {splitCounts(splits)
          .map(({ split, rows }) => `${split} ${countText(rows)}`)
          .join(" · ") || "–"}
        {leaking && " (leaking: people stand on both sides)"}
      </>
    ),
  },
  { name: "Made", cell: ({ createdAt }) => <Ago time={createdAt} /> },
];

/** Immutable versions of the data set, with how each was split. */
export function SnapshotTable({ project }: { readonly project: string }) {
  const snapshots = useInfiniteQuery(readPages("listSnapshots", { params: { project } }));
  return (
    <Panel title="Snapshots" flush>
      <Paged
        query={snapshots}
        empty={<Empty title="No snapshot yet">A run makes one from all clean files; the same content gives the same snapshot.</Empty>}
      >
        {(items) => <DataTable label="Snapshots" rows={items} columns={COLUMNS} rowKey={({ id }) => id} />}
      </Paged>
    </Panel>
  );
}
