import { shareOfText } from "../../../../lib/domain/estimate-text.ts";
import type { Metrics } from "../../../../lib/domain/metrics-schema.ts";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { countText } from "../../parts/number-text.ts";
import { Panel } from "../../parts/panel.tsx";
import { ShareBar } from "../../parts/share-bar.tsx";

const COLUMNS: readonly Column<Metrics["subjects"][number]>[] = [
  { name: "Subject", head: true, mono: true, cell: ({ subject }) => subject },
  { name: "Accuracy", cell: ({ accuracy, windows }) => <ShareBar share={accuracy} text={shareOfText(accuracy, windows)} /> },
  { name: "Windows", number: true, cell: ({ windows }) => countText(windows) },
];

/** People from the worst served to the best: an average hides the one it fails. */
export function SubjectTable({ subjects }: { readonly subjects: Metrics["subjects"] }) {
  const ordered = subjects.toSorted((left, right) => left.accuracy - right.accuracy);
  return (
    <Panel title="Per subject" flush aside="worst first">
      <DataTable label="Per subject" rows={ordered} columns={COLUMNS} rowKey={({ subject }) => subject} tall />
    </Panel>
  );
}
