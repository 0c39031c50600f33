import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Change } from "../../../lib/domain/api/events.ts";
import { openEventStream, type StreamState } from "../api/event-stream.ts";
import { isStale } from "../api/stale.ts";

/**
 * Changes of one kind within this time are one. Fifty annotators sign several labels a second; reading again at each of
 * them would cancel a slow answer over and over, so that it never came.
 */
const GATHER_MS = 1_000;

/** The one event stream of the page: what changed is read again, and after a break everything is. */
export function useLiveUpdates(project: string | undefined, run: string | undefined): StreamState {
  const queryClient = useQueryClient();
  const [state, setState] = useState<StreamState>("connecting");
  useEffect(() => {
    let begun = false;
    const gathered = new Map<string, { timer: ReturnType<typeof setTimeout>; again: boolean }>();
    const readAgain = (change: Change) => {
      void queryClient.invalidateQueries({ predicate: ({ queryKey }) => isStale(queryKey, change) });
    };
    // The first is answered at once, what follows it within the time together.
    const onChange = (change: Change) => {
      const key = `${change.run} ${change.kind}`;
      const running = gathered.get(key);
      if (running !== undefined) return void (running.again = true);
      readAgain(change);
      const timer = setTimeout(() => {
        const { again } = gathered.get(key) ?? { again: false };
        gathered.delete(key);
        if (again) onChange(change);
      }, GATHER_MS);
      gathered.set(key, { timer, again: false });
    };
    const close = openEventStream({
      scope: run === undefined ? { project } : { run },
      onSnapshot: () => {
        // What the page read just before the first snapshot is fresh; after a break nothing can be taken for fresh.
        if (begun) void queryClient.invalidateQueries();
        begun = true;
      },
      onChange,
      onState: setState,
    });
    return () => {
      close();
      for (const { timer } of gathered.values()) clearTimeout(timer);
    };
  }, [queryClient, project, run]);
  return state;
}
