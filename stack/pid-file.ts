import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { isAlive } from "./process-identity.ts";

const recordSchema = z.object({
  name: z.string(),
  pid: z.number().int().positive(),
  began: z.string(),
  stopSignal: z.enum(["SIGTERM", "SIGINT"]),
  restarts: z.number(),
});

/** What is written down about a process that was started, so that whoever comes later can stop it. */
export type PidRecord = z.infer<typeof recordSchema>;

const GRACE_MS = 5_000;

export async function writePidFile(folder: string, record: PidRecord): Promise<void> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${record.name}.json`);
  await writeFile(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

export async function removePidFile(folder: string, name: string): Promise<void> {
  await rm(join(folder, `${name}.json`), { force: true });
}

export async function readPidFiles(folder: string): Promise<PidRecord[]> {
  const names = await readdir(folder).catch(() => []);
  const records = await Promise.all(
    names.filter((name) => name.endsWith(".json")).map(async (name) => parse(await readFile(join(folder, name), "utf8").catch(() => ""))),
  );
  return records.filter((record) => record !== null);
}

/**
 * Ends the processes that an earlier supervisor left behind, and returns their names. A pid that belongs to another
 * process by now is left alone.
 */
export async function reap(folder: string): Promise<string[]> {
  const records = await readPidFiles(folder);
  const left = records.filter(isAlive);
  for (const record of left) signal(record.pid, record.stopSignal);
  const deadline = Date.now() + GRACE_MS;
  while (left.some(isAlive) && Date.now() < deadline) await sleep(50);
  for (const record of left) signalGroup(record.pid, "SIGKILL");
  await Promise.all(records.map((record) => removePidFile(folder, record.name)));
  return left.map((record) => record.name);
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself meanwhile.
  }
}

/** Reaches what the process started, too: each was given a process group of its own. */
export function signalGroup(pid: number, name: NodeJS.Signals): void {
  signal(-pid, name);
}

function parse(text: string): PidRecord | null {
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
