import { useQuery } from "@tanstack/react-query";
import type { Synthesis } from "../../../../lib/domain/api/data.ts";
import { shareText } from "../../../../lib/domain/estimate-text.ts";
import { read } from "../../api/queries.ts";
import { Answer, Empty } from "../../parts/answer.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Facts } from "../../parts/figures.tsx";
import { Notice } from "../../parts/notice.tsx";
import { countText, measureText } from "../../parts/number-text.ts";
import { Panel } from "../../parts/panel.tsx";
import { StatusBadge } from "../../parts/status.tsx";
import { Ago } from "../../parts/when.tsx";
import classes from "./synthesis-panels.module.css";

/** How like the synthetic data is to the real, how far from single people, and whether it was trained on. */
export function SynthesisPanels({ project }: { readonly project: string }) {
  const synthesis = useQuery(read("showSynthesis", { params: { project } }));
  return (
    <Answer query={synthesis}>
      {({ synthesis: newest }) =>
        newest === null ? (
          <Panel title="Synthetic data">
            <Empty title="None was made">A run makes some, from the statistics alone, where the spec has the key `synthesise`.</Empty>
          </Panel>
        ) : (
          <Report synthesis={newest} />
        )
      }
    </Answer>
  );
}

function Report({ synthesis }: { readonly synthesis: Synthesis }) {
  const { fidelity, privacy, transfer, notes, decision, createdAt, people, rows, windows } = synthesis;
  const { passed, failed, checks } = fidelity;
  return (
    <>
      <Notice
        tone={decision.joins ? "good" : "neutral"}
        title={decision.joins ? "Synthetic windows joined the training" : "Synthetic windows did not join the training"}
      >
        Because {decision.reason}. {countText(people)} people were made up, with {countText(rows)} rows and {countText(windows)} windows,{" "}
        <Ago time={createdAt} />.
      </Notice>
      <Panel title="Fidelity" flush aside={`${countText(passed)} statistics within tolerance, ${countText(failed)} not`}>
        <DataTable
          label="Fidelity"
          rows={checks}
          columns={CHECKS}
          rowKey={(check) => `${check.statistic} ${check.class} ${check.of}`}
          tall
        />
      </Panel>
      <Panel
        title="Privacy"
        aside={privacy && <StatusBadge state={privacy.pass ? "healthy" : "attention"} status={privacy.pass ? NOBODY_COPIED : undefined} />}
      >
        {privacy === null ? (
          <Empty title="Not measured">There were no features to measure distances in, or no other real people.</Empty>
        ) : (
          <Privacy privacy={privacy} />
        )}
      </Panel>
      <Panel title="Trained on one, tested on the other" flush>
        {transfer === null ? (
          <Empty title="Not measured">There was no labelled validation window to ask about.</Empty>
        ) : (
          <DataTable label="Transfer" rows={transferRows(transfer)} columns={TRANSFER} rowKey={({ name }) => name} />
        )}
      </Panel>
      {notes.length > 0 && (
        <Panel title="What was mended or left out">
          <ul className={classes.notes}>
            {notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </Panel>
      )}
    </>
  );
}

const NOBODY_COPIED = { word: "Nobody is copied", tone: "good", icon: "check" } as const;

function Privacy({ privacy }: { readonly privacy: NonNullable<Synthesis["privacy"]> }) {
  const { syntheticClose, referenceClose, syntheticMedian, referenceMedian, copies } = privacy;
  return (
    <>
      <p className={classes.sentence}>
        Nearest window of a person whose data the statistics were made of, in standard deviations; beside it the same of real people who
        were not among them. Close is nearer than all but one in a hundred of theirs.
      </p>
      <Facts
        facts={[
          ["synthetic, median", measureText(Number(syntheticMedian.toPrecision(3)))],
          ["other real people, median", measureText(Number(referenceMedian.toPrecision(3)))],
          ["synthetic windows that are close", shareText(syntheticClose, 3)],
          ["others' windows that are close", shareText(referenceClose, 3)],
          ["copies of somebody", copies.length === 0 ? "none" : copies.join(", ")],
        ]}
      />
    </>
  );
}

interface TransferRow {
  readonly name: string;
  readonly accuracy: number;
  readonly macroF1: number;
}

function transferRows({ real, syntheticToReal, realToSynthetic, both }: NonNullable<Synthesis["transfer"]>): TransferRow[] {
  return [
    { name: "real, asked about real people", ...real },
    { name: "synthetic, asked about real people", ...syntheticToReal },
    { name: "real, asked about synthetic people", ...realToSynthetic },
    { name: "both, asked about real people", ...both },
  ];
}

const TRANSFER: readonly Column<TransferRow>[] = [
  { name: "A small model that learned from", head: true, wrap: true, cell: ({ name }) => name },
  { name: "Macro F1", number: true, cell: ({ macroF1 }) => shareText(macroF1, 3) },
  { name: "Accuracy", number: true, cell: ({ accuracy }) => shareText(accuracy, 3) },
];

const CHECKS: readonly Column<Synthesis["fidelity"]["checks"][number]>[] = [
  { name: "Statistic", head: true, cell: ({ statistic }) => statistic },
  { name: "Class", cell: (check) => check.class },
  { name: "Of", cell: ({ of }) => of },
  { name: "Real", number: true, cell: ({ real }) => measureText(real) },
  { name: "Synthetic", number: true, cell: ({ synthetic }) => measureText(synthetic) },
  { name: "Tolerance", number: true, from: "middle", cell: ({ tolerance }) => `± ${measureText(tolerance)}` },
  { name: "Within", cell: ({ pass }) => <StatusBadge state={pass ? "within" : "beyond"} /> },
];
