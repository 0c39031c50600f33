import { useInfiniteQuery } from "@tanstack/react-query";
import { readPages } from "../../api/queries.ts";
import { Empty } from "../../parts/answer.tsx";
import { countText } from "../../parts/number-text.ts";
import { Paged } from "../../parts/paged.tsx";
import { Panel } from "../../parts/panel.tsx";
import table from "../../parts/table.module.css";
import { Ago } from "../../parts/when.tsx";
import { splitCounts } from "./split-counts.ts";

/** Immutable versions of the data set, with how each was split. */
export function SnapshotTable({ project }: { readonly project: string }) {
  const snapshots = useInfiniteQuery(readPages("listSnapshots", { params: { project } }));
  return (
    <Panel title="Snapshots" flush>
      <Paged
        query={snapshots}
        empty={<Empty title="No snapshot yet">A run makes one from all clean files; the same content gives the same snapshot.</Empty>}
      >
        {(items) => (
          <div className={table.scroll} tabIndex={0} role="region" aria-label="Snapshots, scrollable">
            <table className={table.table}>
              <thead>
                <tr>
                  <th scope="col">Snapshot</th>
                  <th scope="col" className={table.number}>
                    Subjects
                  </th>
                  <th scope="col" className={table.number}>
                    Recordings
                  </th>
                  <th scope="col" className={table.number}>
                    Rows
                  </th>
                  <th scope="col">Split</th>
                  <th scope="col">Made</th>
                </tr>
              </thead>
              <tbody>
                {items.map((snapshot) => (
                  <tr key={snapshot.id}>
                    <th scope="row" className={table.mono} title={snapshot.id}>
                      {snapshot.id.slice(0, 12)}
                    </th>
                    <td className={table.number}>{countText(snapshot.subjects)}</td>
                    <td className={table.number}>{countText(snapshot.recordings)}</td>
                    <td className={table.number}>{countText(snapshot.rows)}</td>
                    <td>
                      {splitCounts(snapshot.splits)
                        .map(({ split, rows }) => `${split} ${countText(rows)}`)
                        .join(" · ") || "–"}
                      {snapshot.leaking && " (leaking: people stand on both sides)"}
                    </td>
                    <td>
                      <Ago time={snapshot.createdAt} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Paged>
    </Panel>
  );
}
