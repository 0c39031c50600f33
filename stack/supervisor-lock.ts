import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { tryLock } from "./lock.ts";
import { isAlive, type ProcessIdentity } from "./process-identity.ts";

/** One supervisor a data folder. */
const pathOf = (dataDir: string) => join(dataDir, "supervisor.lock");

/** Null when another one has the folder. */
export function lockDataDir(dataDir: string): Promise<(() => Promise<void>) | null> {
  return tryLock(pathOf(dataDir));
}

/** The supervisor that has the folder now, or null. */
export async function supervisorOf(dataDir: string): Promise<ProcessIdentity | null> {
  try {
    const holder = JSON.parse(await readFile(pathOf(dataDir), "utf8")) as ProcessIdentity;
    return isAlive(holder) ? holder : null;
  } catch {
    return null;
  }
}
