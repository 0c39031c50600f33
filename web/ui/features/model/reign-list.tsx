import type { ModelDetail } from "../../../../lib/domain/api/models.ts";
import { Empty } from "../../parts/answer.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Ago } from "../../parts/when.tsx";

const COLUMNS: readonly Column<ModelDetail["reigns"][number]>[] = [
  { name: "From", cell: ({ since }) => <Ago time={since} /> },
  { name: "Until", cell: ({ until }) => (until === null ? "now" : <Ago time={until} />) },
  { name: "By", cell: ({ by }) => by },
  { name: "Why", wrap: true, cell: ({ why }) => (why === "" ? "–" : why) },
];

/** Its times as champion, newest first. */
export function ReignList({ reigns }: { readonly reigns: ModelDetail["reigns"] }) {
  return (
    <Panel title="As champion" flush>
      {reigns.length === 0 ? (
        <Empty title="It has never been champion" />
      ) : (
        <DataTable label="Times as champion" rows={reigns} columns={COLUMNS} rowKey={({ since }) => since} />
      )}
    </Panel>
  );
}
