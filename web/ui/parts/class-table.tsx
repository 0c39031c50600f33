import { shareOfText } from "../../../lib/domain/estimate-text.ts";
import type { Metrics } from "../../../lib/domain/metrics-schema.ts";
import { type Column, DataTable } from "./data-table.tsx";
import { countText } from "./number-text.ts";
import { ShareBar } from "./share-bar.tsx";

const COLUMNS: readonly Column<Metrics["perClass"][number]>[] = [
  { name: "Class", head: true, cell: ({ label }) => label },
  { name: "F1", cell: ({ f1, support }) => <ShareBar share={f1} text={shareOfText(f1, support)} /> },
  { name: "Precision", number: true, cell: ({ precision, predicted }) => shareOfText(precision, predicted) },
  { name: "Recall", number: true, cell: ({ recall, support }) => shareOfText(recall, support) },
  { name: "Windows", number: true, cell: ({ support }) => countText(support) },
];

/** Precision, recall and F1 per class, in the digits its support allows. */
export function ClassTable({ perClass }: { readonly perClass: Metrics["perClass"] }) {
  return <DataTable label="Per class" rows={perClass} columns={COLUMNS} rowKey={({ label }) => label} />;
}
