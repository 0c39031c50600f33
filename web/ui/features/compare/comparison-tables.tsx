import type { ReactNode } from "react";
import type { Comparison, ModelDetail } from "../../../../lib/domain/api/models.ts";
import { shareOfText, shareText } from "../../../../lib/domain/estimate-text.ts";
import type { Estimate } from "../../../../lib/domain/metrics-schema.ts";
import { Empty } from "../../parts/answer.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { DifferenceFigure, EstimateFigure } from "../../parts/figures.tsx";
import { bytesText, countText } from "../../parts/number-text.ts";
import { latencyText } from "../../parts/time-text.ts";
import { valueText } from "../../parts/value-text.ts";
import { genomeDifferences, type GenomeDifference } from "./comparison-text.ts";
import { DifferenceBar } from "./difference-bar.tsx";

interface FigureRow {
  readonly name: string;
  readonly of: (model: ModelDetail) => ReactNode;
  readonly difference?: Estimate | null;
}

export function FigureTable({ comparison: { a, b, macroF1, accuracy } }: { readonly comparison: Comparison }) {
  const rows: readonly FigureRow[] = [
    { name: "Macro F1", of: (model) => <EstimateFigure estimate={model.macroF1} />, difference: macroF1 },
    { name: "Accuracy", of: (model) => <EstimateFigure estimate={model.accuracy} />, difference: accuracy },
    { name: "Validation macro F1", of: (model) => <EstimateFigure estimate={model.validation?.macroF1 ?? null} /> },
    { name: "Family", of: (model) => model.family },
    { name: "Slot", of: (model) => model.slot },
    { name: "Latency", of: (model) => (model.latencyUs === null ? "–" : latencyText(model.latencyUs)) },
    { name: "Size", of: (model) => (model.bytes === null ? "–" : bytesText(model.bytes)) },
  ];
  const columns: readonly Column<FigureRow>[] = [
    { name: "Figure", head: true, cell: ({ name }) => name },
    { name: a.id, wrap: true, cell: ({ of }) => of(a) },
    { name: b.id, wrap: true, cell: ({ of }) => of(b) },
    {
      name: "Difference",
      number: true,
      cell: ({ difference }) => (difference === undefined ? "" : <DifferenceFigure difference={difference} />),
    },
  ];
  return <DataTable label="Side by side" rows={rows} columns={columns} rowKey={({ name }) => name} />;
}

type ClassRow = Comparison["perClass"][number];

/** What was lost stands first: a gain in the mean can hide it. */
export function ClassDifferences({ perClass }: { readonly perClass: Comparison["perClass"] }) {
  const rows = perClass.toSorted((one, other) => (one.difference?.value ?? 0) - (other.difference?.value ?? 0));
  const reach = reachOf(rows.map(({ difference }) => difference));
  const columns: readonly Column<ClassRow>[] = [
    { name: "Class", head: true, cell: ({ label }) => label },
    { name: "First", number: true, cell: ({ a }) => (a === null ? "–" : shareText(a, 3)) },
    { name: "Second", number: true, cell: ({ b }) => (b === null ? "–" : shareText(b, 3)) },
    { name: "Difference", number: true, cell: ({ difference }) => <DifferenceFigure difference={difference} /> },
    { name: "Interval", cell: ({ difference }) => difference && <DifferenceBar difference={difference} reach={reach} /> },
  ];
  return <DataTable label="F1 per class" rows={rows} columns={columns} rowKey={({ label }) => label} />;
}

type SubjectRow = Comparison["subjects"][number];

export function SubjectDifferences({ subjects }: { readonly subjects: Comparison["subjects"] }) {
  const differenceOf = ({ a, b }: SubjectRow): Estimate => ({ value: b - a, low: null, high: null });
  const reach = reachOf(subjects.map(differenceOf));
  const columns: readonly Column<SubjectRow>[] = [
    { name: "Subject", head: true, mono: true, cell: ({ subject }) => subject },
    { name: "First", number: true, cell: ({ a, windows }) => shareOfText(a, windows) },
    { name: "Second", number: true, cell: ({ b, windows }) => shareOfText(b, windows) },
    { name: "Difference", cell: (row) => <DifferenceBar difference={differenceOf(row)} reach={reach} /> },
    { name: "Windows", number: true, cell: ({ windows }) => countText(windows) },
  ];
  return <DataTable label="Accuracy per subject" rows={subjects} columns={columns} rowKey={({ subject }) => subject} tall />;
}

const GENOMES: readonly Column<GenomeDifference>[] = [
  { name: "Parameter", head: true, cell: ({ path }) => path },
  { name: "First", wrap: true, cell: ({ a }) => valueText(a) },
  { name: "Second", wrap: true, cell: ({ b }) => valueText(b) },
];

export function GenomeDifferences({ a, b }: { readonly a: ModelDetail; readonly b: ModelDetail }) {
  const rows = genomeDifferences(a.genome, b.genome);
  if (rows.length === 0) return <Empty title="Nothing: they differ in their data or their seed alone" />;
  return <DataTable label="Genomes" rows={rows} columns={GENOMES} rowKey={({ path }) => path} />;
}

/** The farthest that any bar reaches from zero; one axis for all rows, never so short that noise looks large. */
function reachOf(differences: readonly (Estimate | null)[]): number {
  const ends = differences.flatMap((difference) =>
    difference === null ? [] : [difference.value, difference.low ?? 0, difference.high ?? 0],
  );
  return Math.max(0.02, ...ends.map(Math.abs));
}
