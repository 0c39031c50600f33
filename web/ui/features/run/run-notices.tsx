import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { RunDetail } from "../../../../lib/domain/api/runs.ts";
import { read } from "../../api/queries.ts";
import { backendOf, backendWarning } from "../../parts/backend.ts";
import { Notice } from "../../parts/notice.tsx";
import { verdictHeadline } from "../../parts/verdict-text.ts";

/** What has to be known before the stages are read: the verdict, a question to the reader, a back end that is not native. */
export function RunNotices({ detail }: { readonly detail: RunDetail }) {
  const { project, decision, state } = detail;
  return (
    <>
      {!detail.workflowStarted && state === "queued" && (
        <Notice tone="attention" title="Waiting for Temporal">
          The request is kept; the run begins by itself as soon as Temporal answers.
        </Notice>
      )}
      {state === "waiting" && (
        <Notice tone="ask" title="The gate asks for your decision">
          {decision?.reason ?? "The candidate is evaluated. Approve it to make it champion, or reject it."}
        </Notice>
      )}
      {decision !== null && state !== "waiting" && (
        <Notice tone={decision.promoted ? "good" : "neutral"} title={verdictHeadline(decision)}>
          {decision.reason}
          {decision.champion !== null && decision.champion !== decision.candidate && (
            <>
              {" The champion it met: "}
              <Link to="/p/$project/models/$model" params={{ project, model: decision.champion }}>
                {decision.champion}
              </Link>
              .
            </>
          )}
        </Notice>
      )}
      {detail.metrics?.leaking === true && (
        <Notice tone="attention" title="These figures leak">
          The split lets the same person stand on both sides; on new people the model will do worse.
        </Notice>
      )}
      <BackendNotice detail={detail} />
    </>
  );
}

function BackendNotice({ detail }: { readonly detail: RunDetail }) {
  const train = detail.stages.find(({ name }) => name === "train");
  const told = backendOf(train?.detail);
  const model = detail.candidate ?? detail.models[0]?.id;
  const trained = useQuery({ ...read("showModel", { params: { model: model ?? "" } }), enabled: told === null && model !== undefined });
  const warning = backendWarning(told ?? backendOf(trained.data?.training));
  return warning === null ? null : (
    <Notice tone="attention" title="Not the native TensorFlow">
      {warning}
    </Notice>
  );
}
