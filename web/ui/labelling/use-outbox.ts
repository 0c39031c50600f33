import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { session } from "../api/session.ts";
import { outboxOf, type Outbox, type OutboxState } from "./outbox.ts";

/** The outbox of the account that is signed in, and how it stands. */
export function useOutbox(account: string): { readonly outbox: Outbox; readonly state: OutboxState } {
  const queryClient = useQueryClient();
  const { dataUpdatedAt } = useQuery(session);
  const outbox = outboxOf(account);
  const state = useSyncExternalStore(outbox.subscribe, outbox.state);
  // The server has just said who is signed in: so it is there, and perhaps somebody has signed in again.
  useEffect(() => outbox.nudge(), [outbox, dataUpdatedAt]);
  // It does not know this account any more: the page has to hear who it is now.
  const signedOut = state.link === "signed-out";
  useEffect(() => {
    if (signedOut) void queryClient.invalidateQueries({ queryKey: session.queryKey });
  }, [queryClient, signedOut]);
  return { outbox, state };
}
