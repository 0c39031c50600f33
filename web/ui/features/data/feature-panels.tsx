import { Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { FeatureSet, FeatureStatistics } from "../../../../lib/domain/api/features.ts";
import { ApiFailure } from "../../api/failure.ts";
import { read } from "../../api/queries.ts";
import { Answer, Empty } from "../../parts/answer.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { countText, measureText, percentText } from "../../parts/number-text.ts";
import { Panel } from "../../parts/panel.tsx";
import { StatusBadge } from "../../parts/status.tsx";
import { Ago } from "../../parts/when.tsx";

interface FeaturePanelsProps {
  readonly project: string;
  readonly set: string | undefined;
}

/** What the feature store holds of each subject: how much, how fresh, and how each feature is distributed. */
export function FeaturePanels({ project, set }: FeaturePanelsProps) {
  const sets = useQuery(read("listFeatureSets", { params: { project } }));
  // A spec without them is no failure: it says what they are for.
  if (sets.error instanceof ApiFailure && sets.error.code === "FEATURES_OFF") {
    return (
      <Panel title="Feature sets">
        <NoSets />
      </Panel>
    );
  }
  return (
    <Answer query={sets}>
      {({ items }) => {
        const open = items.find(({ name }) => name === set) ?? items[0];
        return (
          <Stack gap="md">
            <Panel title="Feature sets" flush aside="the same rows answer training and serving">
              {open === undefined ? (
                <NoSets />
              ) : (
                <DataTable
                  label="Feature sets"
                  rows={items}
                  columns={columnsFor(project)}
                  rowKey={({ name }) => name}
                  marks={({ name }) => ({ "data-open": name === open.name || undefined })}
                />
              )}
            </Panel>
            {open !== undefined && <Statistics project={project} set={open.name} />}
          </Stack>
        );
      }}
    </Answer>
  );
}

function NoSets() {
  return <Empty title="No feature set">Sets are declared in the spec under `featureStore`, and a run fills them.</Empty>;
}

const FROM: Readonly<Record<FeatureSet["from"], string>> = {
  windows: "windows of signals",
  profile: "profiles",
  labels: "standing labels",
  trailing: "trailing days of another set",
};

const columnsFor = (project: string): readonly Column<FeatureSet>[] => [
  {
    name: "Set",
    head: true,
    cell: ({ name }) => (
      <Link to="/p/$project/data" params={{ project }} search={{ tab: "features", set: name }} replace resetScroll={false}>
        {name}
      </Link>
    ),
  },
  { name: "Version", number: true, from: "wide", cell: ({ version }) => version },
  { name: "Made of", from: "middle", cell: ({ from }) => FROM[from] },
  { name: "Features", number: true, cell: ({ names }) => countText(names.length) },
  { name: "Rows", number: true, cell: ({ rows }) => countText(rows) },
  { name: "Subjects", number: true, from: "middle", cell: ({ subjects }) => countText(subjects) },
  { name: "Newest event", cell: ({ newestEventAt }) => (newestEventAt === null ? "–" : <Ago time={newestEventAt} />) },
  { name: "Written", from: "wide", cell: ({ newestCreatedAt }) => (newestCreatedAt === null ? "–" : <Ago time={newestCreatedAt} />) },
  { name: "State", cell: ({ rows, stale }) => <StatusBadge state={rows === 0 ? "unfilled" : stale ? "stale" : "fresh"} /> },
];

type FeatureRow = FeatureStatistics["features"][number];

function Statistics({ project, set }: { readonly project: string; readonly set: string }) {
  const statistics = useQuery(read("showFeatureStatistics", { params: { project, set } }));
  return (
    <Panel title={`Features of ${set}`} flush aside="over the newest row of each subject">
      <Answer query={statistics} lines={8}>
        {({ features }) => <DataTable label={`Features of ${set}`} rows={features} columns={FEATURES} rowKey={({ name }) => name} tall />}
      </Answer>
    </Panel>
  );
}

const numeral = (value: number | null) => (value === null ? "–" : measureText(value));

const FEATURES: readonly Column<FeatureRow>[] = [
  { name: "Feature", head: true, wrap: true, cell: ({ name }) => name },
  { name: "Subjects", number: true, cell: ({ count }) => countText(count) },
  { name: "Missing", number: true, cell: ({ count, missing }) => (missing === 0 ? "none" : percentText(missing, count + missing)) },
  { name: "Mean", number: true, cell: ({ mean }) => numeral(mean) },
  { name: "Sd", number: true, cell: ({ sd }) => numeral(sd) },
  { name: "Least", number: true, from: "middle", cell: ({ min }) => numeral(min) },
  { name: "Greatest", number: true, from: "middle", cell: ({ max }) => numeral(max) },
];
