import { changeSchema, type Change } from "../../../lib/domain/api/events.ts";
import { addressOf } from "./client.ts";

export type StreamState = "connecting" | "live" | "lost";

export interface EventStreamOptions {
  readonly scope: { readonly run?: string | undefined; readonly project?: string | undefined };
  /** The stream has begun, or begun again: anything may have changed meanwhile. */
  readonly onSnapshot: () => void;
  readonly onChange: (change: Change) => void;
  readonly onState: (state: StreamState) => void;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/** How long to wait before try number `attempt` (0, 1, ...): doubling, with up to a quarter taken off so that many pages spread. */
export function waitBeforeMs(attempt: number, random: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt) * (1 - random / 4);
}

/**
 * Opens the page's one event stream and keeps it open: EventSource gives up by itself when the server answers with an
 * error (a proxy's 502 while the API restarts), so reconnecting is ours. Returns what closes it.
 */
export function openEventStream({ scope, onSnapshot, onChange, onState }: EventStreamOptions): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;
  const connect = () => {
    timer = undefined;
    source?.close();
    source = new EventSource(addressOf("/api/v1/events", {}, scope));
    source.addEventListener("open", () => {
      attempt = 0;
      onState("live");
    });
    source.addEventListener("snapshot", onSnapshot);
    source.addEventListener("change", (event: MessageEvent<string>) => {
      const change = changeSchema.safeParse(JSON.parse(event.data));
      if (change.success) onChange(change.data);
    });
    source.addEventListener("error", () => {
      source?.close();
      onState("lost");
      timer ??= setTimeout(connect, waitBeforeMs(attempt++, Math.random()));
    });
  };
  const connectNow = () => {
    if (timer === undefined) return;
    clearTimeout(timer);
    connect();
  };
  addEventListener("online", connectNow);
  onState("connecting");
  connect();
  return () => {
    removeEventListener("online", connectNow);
    clearTimeout(timer);
    source?.close();
  };
}
