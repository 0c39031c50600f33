import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { reap, signal } from "./pid-file.ts";
import { supervisorOf } from "./supervisor-lock.ts";
import { isAlive } from "./process-identity.ts";

/** The worker may take 14 s for what is in hand, the services some more after it. */
const STOP_MS = 40_000;

/** Ends the stack of a data folder, and whatever an earlier one left behind. Says what it ended. */
export async function bringDown(dataDir: string): Promise<{ readonly supervisor: number | null; readonly reaped: readonly string[] }> {
  const supervisor = await supervisorOf(dataDir);
  if (supervisor) {
    signal(supervisor.pid, "SIGTERM");
    const deadline = Date.now() + STOP_MS;
    while (isAlive(supervisor) && Date.now() < deadline) await sleep(50);
    if (isAlive(supervisor)) signal(supervisor.pid, "SIGKILL");
  }
  return { supervisor: supervisor?.pid ?? null, reaped: await reap(join(dataDir, "run")) };
}
