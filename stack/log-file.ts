import { closeSync, mkdirSync, openSync, renameSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";

const ROTATE_BYTES = 10 * 2 ** 20;

/** Opens a process's log for appending. A log that has grown is kept as `.1` in place of the one before it. */
export function openLog(path: string): { readonly fd: number; close(): void } {
  mkdirSync(dirname(path), { recursive: true });
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > ROTATE_BYTES) renameSync(path, `${path}.1`);
  const fd = openSync(path, "a", 0o600);
  return { fd, close: () => closeSync(fd) };
}

/** The last lines of a log, to show beside the news that its process ended. */
export async function tailOf(path: string, lines = 8): Promise<string> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    const from = Math.max(0, size - 8192);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    return buffer.subarray(0, bytesRead).toString("utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "";
  }
}
