import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ApiFailure } from "../../api/failure.ts";
import { read } from "../../api/queries.ts";
import { FailureNote } from "../../parts/answer.tsx";
import { Notice } from "../../parts/notice.tsx";
import { countText } from "../../parts/number-text.ts";

/** How the newest replay is doing (it is a run that only cleans); nothing where there was none. */
export function ReplayNotice({ project }: { readonly project: string }) {
  const replay = useQuery({
    ...read("showReplay", { params: { project } }),
    refetchInterval: ({ state }) => (state.data?.moved === null && isGoing(state.data.state) ? 2000 : false),
  });
  if (replay.error instanceof ApiFailure) return replay.error.status === 404 ? null : <FailureNote error={replay.error} />;
  if (replay.data === undefined) return null;
  const { run, state, moved, left } = replay.data;
  const link = (
    <Link to="/p/$project/runs/$run" params={{ project, run }}>
      {run}
    </Link>
  );
  if (isGoing(state)) {
    return (
      <Notice tone="neutral" title="A replay is going on">
        Rows that pass the newest spec go back into the data. See {link}.
      </Notice>
    );
  }
  if (state !== "done") {
    return (
      <Notice tone="attention" title={`The last replay is ${state}`}>
        {link} says why.
      </Notice>
    );
  }
  return (
    <Notice tone="good" title="The last replay is done">
      {countText(moved ?? 0)} rows went back into the data, {countText(left ?? 0)} stayed refused. See {link}.
    </Notice>
  );
}

function isGoing(state: string): boolean {
  return state === "queued" || state === "running" || state === "waiting";
}
