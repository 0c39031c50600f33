import { NativeSelect, Stack } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { Distribution, Distributions } from "../../../../lib/domain/api/data.ts";
import { read } from "../../api/queries.ts";
import { Answer, Empty } from "../../parts/answer.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { countText, measureText } from "../../parts/number-text.ts";
import { Panel } from "../../parts/panel.tsx";
import { DensityPicture } from "./density-picture.tsx";
import { SynthesisPanels } from "./synthesis-panels.tsx";
import classes from "./distribution-panels.module.css";

interface DistributionPanelsProps {
  readonly project: string;
  readonly channel: string | undefined;
  readonly cohort: string | undefined;
  readonly onChoose: (choice: { channel?: string; cohort?: string }) => void;
}

/** How the training data is distributed, real beside synthetic, and how good the synthetic data is. */
export function DistributionPanels({ project, channel, cohort, onChoose }: DistributionPanelsProps) {
  const distributions = useQuery({
    ...read("showDistributions", { params: { project }, query: { channel, cohort } }),
    placeholderData: keepPreviousData,
  });
  return (
    <Stack gap="md">
      <Answer query={distributions} lines={8}>
        {(data) => (
          <Panel title="Distributions by class" aside={<Choices data={data} onChoose={onChoose} />}>
            {data.channels.length === 0 ? (
              <Empty title="Not described yet">A run describes its training data where the spec has the key `describe`.</Empty>
            ) : (
              <Pictures data={data} />
            )}
          </Panel>
        )}
      </Answer>
      <SynthesisPanels project={project} />
    </Stack>
  );
}

function Choices({
  data: { by, channels, cohorts, channel, cohort },
  onChoose,
}: { readonly data: Distributions } & Pick<DistributionPanelsProps, "onChoose">) {
  return (
    <>
      {channels.length > 1 && (
        <NativeSelect
          size="xs"
          aria-label={by === "feature" ? "Feature" : "Channel"}
          value={channel ?? ""}
          onChange={(event) => onChoose({ channel: event.currentTarget.value })}
          data={channels}
        />
      )}
      {cohorts.length > 1 && (
        <NativeSelect
          size="xs"
          aria-label="Cohort"
          value={cohort ?? ""}
          onChange={(event) => onChoose({ cohort: event.currentTarget.value })}
          data={cohorts.map((name) => ({ value: name, label: name === "all" ? "everybody" : name }))}
        />
      )}
    </>
  );
}

function Pictures({ data }: { readonly data: Distributions }) {
  const synthetic = data.classes.some((entry) => entry.synthetic !== null);
  return (
    <>
      <p className={classes.legend}>
        <span className={classes.real}>real, training people only</span>
        {synthetic && <span className={classes.synthetic}>synthetic</span>}
      </p>
      <div className={classes.pictures}>
        {data.classes.map((entry) => (
          <DensityPicture key={entry.label} entry={entry} all={data.classes} />
        ))}
      </div>
      <div className={classes.figures}>
        <DataTable label="Figures" rows={rowsOf(data)} columns={COLUMNS} rowKey={({ label, of }) => `${label} ${of}`} />
      </div>
    </>
  );
}

interface FigureRow {
  readonly label: string;
  readonly of: "real" | "synthetic";
  readonly figures: Distribution;
}

function rowsOf({ classes: entries }: Distributions): FigureRow[] {
  return entries.flatMap(({ label, real, synthetic }): FigureRow[] => [
    { label, of: "real", figures: real },
    ...(synthetic === null ? [] : [{ label, of: "synthetic" as const, figures: synthetic }]),
  ]);
}

const numeral = (value: number | null | undefined) => (value === null || value === undefined ? "–" : measureText(value));

const COLUMNS: readonly Column<FigureRow>[] = [
  { name: "Class", head: true, cell: ({ label }) => label },
  { name: "Data", cell: ({ of }) => of },
  { name: "Values", number: true, cell: ({ figures }) => countText(figures.count) },
  { name: "Missing", number: true, from: "middle", cell: ({ figures }) => countText(figures.nulls) },
  { name: "Mean", number: true, cell: ({ figures }) => numeral(figures.mean) },
  { name: "Sd", number: true, cell: ({ figures }) => numeral(figures.sd) },
  { name: "5 %", number: true, from: "wide", cell: ({ figures }) => numeral(figures.quantiles[1]) },
  { name: "Median", number: true, from: "middle", cell: ({ figures }) => numeral(figures.quantiles[3]) },
  { name: "95 %", number: true, from: "wide", cell: ({ figures }) => numeral(figures.quantiles[5]) },
];
