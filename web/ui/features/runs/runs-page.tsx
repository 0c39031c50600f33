import { Button, SegmentedControl } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { RUN_STATES } from "../../../../lib/domain/stages.ts";
import { call } from "../../api/client.ts";
import { failureOf } from "../../api/failure.ts";
import { newId } from "../../api/new-id.ts";
import { readPages } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { Empty } from "../../parts/answer.tsx";
import { Paged } from "../../parts/paged.tsx";
import { PageHead, Panel } from "../../parts/panel.tsx";
import { RunTable } from "../../parts/run-table.tsx";
import { statusOf } from "../../parts/status-table.ts";
import table from "../../parts/table.module.css";

const route = getRouteApi("/p/$project/runs");

/** What is running, what failed? */
export function RunsPage() {
  const { project } = route.useParams();
  const { state } = route.useSearch();
  const navigate = route.useNavigate();
  const queryClient = useQueryClient();
  const mayStart = useMay("run.start", project);
  const runs = useInfiniteQuery(readPages("listRuns", { query: { project, state } }));
  const start = useMutation({
    // The id is made here, so that a request sent twice by a flaky line starts one run.
    mutationFn: () => call("startRun", { params: { project }, body: { id: newId("run") } }),
    onSuccess: ({ run }) => {
      void queryClient.invalidateQueries({ queryKey: ["listRuns"] });
      void navigate({ to: "/p/$project/runs/$run", params: { project, run }, search: {} });
    },
    onError: (error) => {
      const { message, remedy } = failureOf(error);
      notifications.show({ color: "red", title: "The run was not started", message: `${message} ${remedy}` });
    },
  });
  return (
    <>
      <PageHead
        title="Runs"
        note="Each run takes the recordings through every stage and ends with a decision."
        actions={
          mayStart && (
            <Button size="sm" loading={start.isPending} onClick={() => start.mutate()}>
              Start a run
            </Button>
          )
        }
      />
      <Panel
        title={state === undefined ? "All runs" : `${statusOf(state).word} runs`}
        flush
        aside={
          <div className={table.scroll}>
            <SegmentedControl
              size="xs"
              aria-label="Show runs by state"
              value={state ?? "all"}
              onChange={(value) => void navigate({ search: { state: RUN_STATES.find((known) => known === value) }, replace: true })}
              data={[
                { value: "all", label: "All" },
                ...RUN_STATES.map((value) => ({ value, label: value === "waiting" ? "Waiting" : statusOf(value).word })),
              ]}
            />
          </div>
        }
      >
        <Paged
          query={runs}
          empty={
            state === undefined ? (
              <Empty title="No run yet" command={`npx sensorloop run start ${project} --wait`}>
                The first one needs recordings: <code>sensorloop data add {project} PATH</code>.
              </Empty>
            ) : (
              <Empty title={`No run is ${statusOf(state).word.toLowerCase()}`}>Choose another state above.</Empty>
            )
          }
        >
          {(items) => <RunTable runs={items} />}
        </Paged>
      </Panel>
    </>
  );
}
