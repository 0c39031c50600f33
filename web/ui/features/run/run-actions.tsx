import { Button } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { RunDetail } from "../../../../lib/domain/api/runs.ts";
import { call } from "../../api/client.ts";
import { read } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { Confirm } from "../../parts/confirm.tsx";
import { RunAgain } from "./run-again.tsx";

type Act = "cancel" | "approve" | "reject";

/** What can be done with a run now: answer the gate, cancel, do it again, look at it in Temporal. */
export function RunActions({ detail: { run, kind, project, state, temporalUrl } }: { readonly detail: RunDetail }) {
  const queryClient = useQueryClient();
  const [asked, setAsked] = useState<Act | null>(null);
  const mayCancel = useMay("run.cancel", project);
  const mayApprove = useMay("run.approve", project);
  const act = useMutation({
    mutationFn: ({ act, why }: { act: Act; why: string }) =>
      act === "cancel"
        ? call("cancelRun", { params: { run }, body: { why } })
        : call("approveRun", { params: { run }, body: { approve: act === "approve", why } }),
    onSuccess: (detail) => {
      queryClient.setQueryData(read("showRun", { params: { run } }).queryKey, detail);
      setAsked(null);
    },
  });
  const ask = (next: Act) => {
    act.reset();
    setAsked(next);
  };
  const going = state === "queued" || state === "running" || state === "waiting";
  const common = { onClose: () => setAsked(null), busy: act.isPending, error: act.error };
  return (
    <>
      {state === "waiting" && mayApprove && (
        <>
          <Button size="sm" onClick={() => ask("approve")}>
            Approve
          </Button>
          <Button size="sm" variant="default" onClick={() => ask("reject")}>
            Reject
          </Button>
        </>
      )}
      {going && mayCancel && (
        <Button size="sm" variant="default" onClick={() => ask("cancel")}>
          Cancel run
        </Button>
      )}
      {!going && kind === "training" && (
        <RunAgain project={project} run={run}>
          Run again
        </RunAgain>
      )}
      {temporalUrl !== null && (
        <Button
          component="a"
          href={temporalUrl}
          target="_blank"
          rel="noreferrer"
          size="sm"
          variant="default"
          rightSection={<IconExternalLink size={15} aria-hidden />}
        >
          Temporal
        </Button>
      )}
      <Confirm
        {...common}
        opened={asked === "cancel"}
        title={`Cancel run ${run}?`}
        act="Cancel run"
        danger
        onConfirm={(why) => act.mutate({ act: "cancel", why })}
      >
        The stage that is going on is stopped; stages that are done stay done and are reused by the next run. The champion stays as it is.
      </Confirm>
      <Confirm
        {...common}
        opened={asked === "approve"}
        title="Approve the candidate?"
        act="Approve"
        onConfirm={(why) => act.mutate({ act: "approve", why })}
      >
        It becomes the champion of its slot at once. A roll-back brings the present one back.
      </Confirm>
      <Confirm
        {...common}
        opened={asked === "reject"}
        title="Reject the candidate?"
        act="Reject"
        onConfirm={(why) => act.mutate({ act: "reject", why })}
      >
        The present champion goes on serving. The candidate stays and can be promoted later from its page.
      </Confirm>
    </>
  );
}
