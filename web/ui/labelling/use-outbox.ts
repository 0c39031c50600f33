import { useEffect, useSyncExternalStore } from "react";
import { useQuery } from "@tanstack/react-query";
import { session } from "../api/session.ts";
import { outboxOf, type Outbox, type OutboxState } from "./outbox.ts";

/** The outbox of the account that is signed in, and how it stands. */
export function useOutbox(account: string): { readonly outbox: Outbox; readonly state: OutboxState } {
  const { dataUpdatedAt } = useQuery(session);
  const outbox = outboxOf(account);
  const state = useSyncExternalStore(outbox.subscribe, outbox.state);
  // The server has just said who is signed in: so it is there, and perhaps somebody has signed in again.
  useEffect(() => outbox.nudge(), [outbox, dataUpdatedAt]);
  return { outbox, state };
}
