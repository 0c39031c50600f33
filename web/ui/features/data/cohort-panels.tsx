import { Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Cohorts } from "../../../../lib/domain/api/data.ts";
import { shareText } from "../../../../lib/domain/estimate-text.ts";
import { read } from "../../api/queries.ts";
import { Answer, Empty } from "../../parts/answer.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { countText } from "../../parts/number-text.ts";
import { Panel } from "../../parts/panel.tsx";
import { Ago } from "../../parts/when.tsx";
import { CohortMap } from "./cohort-map.tsx";
import { CohortMark } from "./cohort-mark.tsx";

/** Who was clustered with whom, and what those of a cohort have in common. */
export function CohortPanels({ project }: { readonly project: string }) {
  const cohorts = useQuery(read("showCohorts", { params: { project } }));
  return (
    <Answer query={cohorts}>{(data) => (data.cohorts.length === 0 ? <OneCohort cohorts={data} /> : <Groups cohorts={data} />)}</Answer>
  );
}

function OneCohort({ cohorts: { reason } }: { readonly cohorts: Cohorts }) {
  return (
    <Panel title="Cohorts">
      <Empty title="Everybody is one cohort">
        {reason === null ? "No run has looked for groups of like people yet." : `Said by the newest run: ${reason}.`}
      </Empty>
    </Panel>
  );
}

function Groups({ cohorts }: { readonly cohorts: Cohorts }) {
  const { by, silhouette, createdAt, members } = cohorts;
  const names = cohorts.cohorts.map(({ cohort }) => cohort);
  return (
    <Stack gap="md">
      <Panel
        title="Cohorts"
        flush
        aside={
          <span>
            compared by {by === "profile" ? "profile" : "their signals"}
            {silhouette !== null && `, silhouette ${shareText(silhouette, 2)}`}
            {createdAt !== null && ", made "}
            {createdAt !== null && <Ago time={createdAt} />}
          </span>
        }
      >
        <DataTable label="Cohorts" rows={cohorts.cohorts} columns={cohortColumns(names)} rowKey={({ cohort }) => cohort} />
      </Panel>
      <CohortMap members={members} names={names} />
      <Panel title="Who is where" flush aside={`${countText(members.length)} people`}>
        <DataTable label="People" rows={members} columns={memberColumns(names)} rowKey={({ subject }) => subject} tall />
      </Panel>
    </Stack>
  );
}

const cohortColumns = (names: readonly string[]): readonly Column<Cohorts["cohorts"][number]>[] => [
  { name: "Cohort", head: true, cell: ({ cohort }) => <CohortMark cohort={cohort} names={names} /> },
  { name: "What they have in common", wrap: true, cell: ({ centre }) => (centre === "" ? "–" : centre) },
  { name: "People", number: true, cell: ({ subjects }) => countText(subjects) },
  { name: "In training", number: true, from: "middle", cell: ({ training }) => countText(training) },
  { name: "In holdout", number: true, from: "middle", cell: ({ holdout }) => countText(holdout) },
  { name: "Silhouette", number: true, cell: ({ silhouette }) => (silhouette === null ? "–" : shareText(silhouette, 2)) },
];

type Member = Cohorts["members"][number];

const memberColumns = (names: readonly string[]): readonly Column<Member>[] => [
  { name: "Person", head: true, mono: true, cell: ({ subject }) => subject },
  { name: "Cohort", cell: ({ cohort }) => <CohortMark cohort={cohort} names={names} /> },
  { name: "Side", cell: ({ side }) => side ?? "–" },
  { name: "Age", number: true, cell: ({ profile }) => profile?.age ?? "–" },
  { name: "Sex", from: "middle", cell: ({ profile }) => profile?.sex ?? "–" },
  { name: "Level", from: "middle", cell: ({ profile }) => profile?.level ?? "–" },
  { name: "Weight, kg", number: true, from: "wide", cell: ({ profile }) => profile?.weightKg ?? "–" },
  { name: "Height, cm", number: true, from: "wide", cell: ({ profile }) => profile?.heightCm ?? "–" },
];
