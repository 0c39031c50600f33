import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { tryLock } from "./lock.ts";

/** What this process has reserved. A process that is killed leaves its locks behind, which then count for nothing. */
const own = new Map<number, string>();
process.once("exit", () => own.forEach((path) => rmSync(path, { force: true })));

/**
 * A free port of the loopback, reserved among all stacks of this user until this process ends: between the choice and
 * the moment its service listens lie seconds, and the same again at each restart, in which another clone must not choose
 * it. The port of before is taken again where that is possible, so that bookmarks and open pages live on.
 */
export async function choosePort(before: number | undefined): Promise<number> {
  if (before !== undefined && (await isFree(before)) && (own.has(before) || (await reserve(before)))) return before;
  for (;;) {
    const port = await freePort();
    if (!own.has(port) && (await reserve(port))) return port;
  }
}

async function reserve(port: number): Promise<boolean> {
  const path = join(tmpdir(), `sensorloop-ports-${userInfo().uid}`, String(port));
  if ((await tryLock(path)) === null) return false;
  own.set(port, path);
  return true;
}

async function isFree(port: number): Promise<boolean> {
  return (await listen(port)) !== null;
}

async function freePort(): Promise<number> {
  const port = await listen(0);
  if (port === null) throw new Error("no port of the loopback is free");
  return port;
}

function listen(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(null));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : null));
    });
  });
}
