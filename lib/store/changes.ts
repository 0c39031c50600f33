import pg from "pg";
import { changeSchema, EVENT_CHANNEL, type Change } from "../domain/api/events.ts";

const AGAIN_MS = 1_000;

export interface ChangeListener {
  readonly onChange: (change: Change) => void;
  /** The line was broken and is there again: changes in between were not heard. */
  readonly onGap: () => void;
}

/** Hears what writers NOTIFY, on a connection of its own that is opened again for as long as it takes. */
export function listenToChanges(databaseUrl: string, listener: ChangeListener): AsyncDisposable {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let heard = false;

  async function connect(): Promise<void> {
    const next = new pg.Client({
      connectionString: databaseUrl,
      application_name: "sensorloop-changes",
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
    });
    const again = () => {
      if (client === next) client = undefined;
      next.removeAllListeners("notification");
      if (!closed) timer ??= setTimeout(() => ((timer = undefined), void connect()), AGAIN_MS);
    };
    next.on("error", again);
    next.on("end", again);
    next.on("notification", ({ payload }) => {
      const change = parse(payload);
      if (change) listener.onChange(change);
    });
    try {
      await next.connect();
      await next.query(`listen ${pg.escapeIdentifier(EVENT_CHANNEL)}`);
    } catch {
      void next.end().catch(() => {});
      return again();
    }
    if (closed) return void next.end();
    client = next;
    if (heard) listener.onGap();
    heard = true;
  }

  const first = connect();
  return {
    async [Symbol.asyncDispose]() {
      closed = true;
      clearTimeout(timer);
      await first;
      await client?.end();
    },
  };
}

function parse(payload: string | undefined): Change | undefined {
  try {
    return changeSchema.safeParse(JSON.parse(payload ?? "")).data;
  } catch {
    return undefined;
  }
}
