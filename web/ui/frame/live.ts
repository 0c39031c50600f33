import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { openEventStream, type StreamState } from "../api/event-stream.ts";
import { isStale } from "../api/stale.ts";

/** The one event stream of the page: what changed is read again, and after a break everything is. */
export function useLiveUpdates(project: string | undefined, run: string | undefined): StreamState {
  const queryClient = useQueryClient();
  const [state, setState] = useState<StreamState>("connecting");
  useEffect(() => {
    let begun = false;
    return openEventStream({
      scope: run === undefined ? { project } : { run },
      onSnapshot: () => {
        // What the page read just before the first snapshot is fresh; after a break nothing can be taken for fresh.
        if (begun) void queryClient.invalidateQueries();
        begun = true;
      },
      onChange: (change) => void queryClient.invalidateQueries({ predicate: ({ queryKey }) => isStale(queryKey, change) }),
      onState: setState,
    });
  }, [queryClient, project, run]);
  return state;
}
