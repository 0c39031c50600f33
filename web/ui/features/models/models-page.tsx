import { NativeSelect, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { read } from "../../api/queries.ts";
import { Answer, Empty } from "../../parts/answer.tsx";
import { PageHead } from "../../parts/panel.tsx";
import { ChampionPanels } from "./champion-panels.tsx";
import { Evolution } from "./evolution.tsx";
import { Leaderboard } from "./leaderboard.tsx";

const route = getRouteApi("/p/$project/models");
const TABS = ["leaderboard", "evolution", "champions"] as const;

/** Which model is better, where does it come from, and who served when? One slot at a time: only its models compete. */
export function ModelsPage() {
  const { project } = route.useParams();
  const { tab = "leaderboard", slot: asked, run } = route.useSearch();
  const navigate = route.useNavigate();
  const slots = useQuery(read("listSlots", { params: { project } }));
  const known = slots.data?.items ?? [];
  const slot = asked ?? known[0]?.slot;
  const choices = asked === undefined || known.some((entry) => entry.slot === asked) ? known : [{ slot: asked, models: 0 }, ...known];
  return (
    <>
      <PageHead
        title="Models"
        note="Models of a slot compete with each other: chosen on validation people, judged on the holdout, which no model has seen."
        actions={
          choices.length > 1 && (
            <NativeSelect
              size="sm"
              aria-label="Slot"
              value={slot}
              onChange={(event) => {
                const chosen = event.currentTarget.value;
                void navigate({ search: (before) => ({ tab: before.tab, slot: chosen }), replace: true });
              }}
              data={choices.map((entry) => ({ value: entry.slot, label: `${entry.slot} (${entry.models})` }))}
            />
          )
        }
      />
      <Answer query={slots}>
        {() =>
          slot === undefined ? (
            <Empty title="No model yet" command={`npx sensorloop run start ${project} --wait`}>
              A run trains the models that the spec names, and with `evolve` looks for better ones.
            </Empty>
          ) : (
            <Tabs
              value={tab}
              keepMounted={false}
              onChange={(value) => {
                const chosen = TABS.find((one) => one === value);
                void navigate({ search: (before) => ({ ...before, tab: chosen }), replace: true });
              }}
            >
              <Tabs.List mb="md">
                <Tabs.Tab value="leaderboard">Leaderboard</Tabs.Tab>
                <Tabs.Tab value="evolution">Evolution</Tabs.Tab>
                <Tabs.Tab value="champions">Champions</Tabs.Tab>
              </Tabs.List>
              <Tabs.Panel value="leaderboard">
                <Leaderboard project={project} slot={slot} />
              </Tabs.Panel>
              <Tabs.Panel value="evolution">
                <Evolution
                  project={project}
                  slot={slot}
                  run={run}
                  onRun={(chosen) => void navigate({ search: (before) => ({ ...before, run: chosen }), replace: true })}
                />
              </Tabs.Panel>
              <Tabs.Panel value="champions">
                <ChampionPanels project={project} slot={slot} />
              </Tabs.Panel>
            </Tabs>
          )
        }
      </Answer>
    </>
  );
}
