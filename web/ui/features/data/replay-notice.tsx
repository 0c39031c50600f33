import { useQuery } from "@tanstack/react-query";
import { ApiFailure } from "../../api/failure.ts";
import { read } from "../../api/queries.ts";
import { FailureNote } from "../../parts/answer.tsx";
import { Notice } from "../../parts/notice.tsx";
import { countText } from "../../parts/number-text.ts";

/** How the newest replay is doing; nothing where there was none. */
export function ReplayNotice({ project }: { readonly project: string }) {
  const replay = useQuery({
    ...read("showReplay", { params: { project } }),
    refetchInterval: ({ state }) => (state.data?.done === false ? 2000 : false),
  });
  if (replay.error instanceof ApiFailure) return replay.error.status === 404 ? null : <FailureNote error={replay.error} />;
  if (replay.data === undefined) return null;
  const { done, moved, left } = replay.data;
  if (!done) return <Notice tone="neutral" title="A replay is going on">Rows that pass the newest spec go back into the data.</Notice>;
  return (
    <Notice tone="good" title="The last replay is done">
      {countText(moved ?? 0)} rows went back into the data, {countText(left ?? 0)} stayed refused.
    </Notice>
  );
}
