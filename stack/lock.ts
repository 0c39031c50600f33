import { createHash, randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { identify, isAlive } from "./process-identity.ts";

const holderSchema = z.object({ pid: z.number(), began: z.string() });

/**
 * Takes the lock file at `path` unless a living process holds it. A holder that died without letting go is no holder.
 * Returns what releases it, or null.
 */
export async function tryLock(path: string): Promise<(() => Promise<void>) | null> {
  await mkdir(dirname(path), { recursive: true });
  const own = `${path}.${randomUUID()}`;
  // The key makes no two locks alike, even of one process.
  await writeFile(own, JSON.stringify({ ...identify(process.pid), key: randomUUID() }), { mode: 0o600 });
  try {
    for (;;) {
      // A link appears whole or not at all, so nobody ever reads a lock that is still being written.
      const taken = await link(own, path).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === "EEXIST") return false;
          throw error;
        },
      );
      if (taken) return () => rm(path, { force: true });
      if (!(await removeIfAbandoned(path))) return null;
    }
  } finally {
    await rm(own, { force: true });
  }
}

/** Runs `work` alone among all processes that use this lock; `onWait` is called once when it has to wait. */
export async function withLock<Result>(path: string, work: () => Promise<Result>, onWait: () => void): Promise<Result> {
  let release = await tryLock(path);
  if (!release) onWait();
  while (!release) {
    await sleep(250);
    release = await tryLock(path);
  }
  try {
    return await work();
  } finally {
    await release();
  }
}

/**
 * Removes a lock whose holder died; true when it is worth another try. Between reading a dead holder's lock and removing
 * it, others may have removed it too and taken it anew, so only the holder of a second lock, named after that very text,
 * may remove it. Whoever dies with the second lock in hand is dealt with in the same way.
 */
async function removeIfAbandoned(path: string): Promise<boolean> {
  const text = await readOrNull(path);
  if (text === null) return true;
  if (holderLives(text)) return false;
  const release = await tryLock(`${path}.${createHash("sha256").update(text).digest("hex").slice(0, 16)}`);
  if (!release) return false;
  try {
    if ((await readOrNull(path)) === text) await rm(path);
  } finally {
    await release();
  }
  return true;
}

function holderLives(text: string): boolean {
  try {
    return isAlive(holderSchema.parse(JSON.parse(text)));
  } catch {
    return false;
  }
}

async function readOrNull(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
