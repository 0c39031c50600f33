import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { failureOf } from "../../api/failure.ts";
import { newId } from "../../api/new-id.ts";
import { useMay } from "../../api/session.ts";

interface RunAgainProps {
  readonly project: string;
  readonly run: string;
  readonly children: string;
}

/** The same run once more, as a run of its own: it goes on where this one stopped, because what is the same is reused. */
export function RunAgain({ project, run, children }: RunAgainProps) {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const may = useMay("run.start", project);
  // Made once, so that a request sent twice by a flaky line starts one run.
  const [id] = useState(() => newId("run"));
  const start = useMutation({
    mutationFn: () => call("startRun", { params: { project }, body: { id, again: run } }),
    onSuccess: (started) => {
      void queryClient.invalidateQueries({ queryKey: ["listRuns"] });
      void navigate({ to: "/p/$project/runs/$run", params: { project, run: started.run }, search: {} });
    },
    onError: (error) => {
      const { message, remedy } = failureOf(error);
      notifications.show({ color: "red", title: "The run was not started", message: `${message} ${remedy}` });
    },
  });
  if (!may) return null;
  return (
    <Button size="sm" variant="default" loading={start.isPending} onClick={() => start.mutate()}>
      {children}
    </Button>
  );
}
