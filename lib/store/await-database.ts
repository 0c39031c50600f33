import { setTimeout as sleep } from "node:timers/promises";
import { sql, type Kysely } from "kysely";
import type { Database } from "./database.ts";
import { knownFailure } from "./failures.ts";

/** Longer than Postgres needs to recover from a crash on the machines we know; whoever supervises us tries again anyway. */
const WITHIN_MS = 60_000;
const PAUSE_MS = 500;

/**
 * Waits until Postgres answers: a process that is started beside it, or while it recovers, must not end for that. What no
 * waiting helps against, such as refused credentials, is thrown at once.
 * @param onWait is told once that there is something to wait for
 * @param signal ends the waiting: then it returns, whether Postgres answers or not
 * @throws SensorloopError DATABASE_UNAVAILABLE after `withinMs`; CREDENTIALS_REFUSED
 */
export async function awaitDatabase(
  db: Kysely<Database>,
  {
    withinMs = WITHIN_MS,
    onWait = () => {},
    signal,
  }: { readonly withinMs?: number; readonly onWait?: () => void; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (let tries = 0; !signal?.aborted; tries++) {
    try {
      await sql`select 1`.execute(db);
      return;
    } catch (error) {
      const failure = knownFailure(error);
      if (failure?.code !== "DATABASE_UNAVAILABLE" || Date.now() >= deadline) throw failure ?? error;
      if (tries === 0) onWait();
      await sleep(PAUSE_MS);
    }
  }
}
