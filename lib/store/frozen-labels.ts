import { readFile } from "node:fs/promises";
import { readFrozenLabels, spansByRecording } from "../domain/labels/frozen.ts";
import type { ResolvedSpan } from "../domain/labels/policy.ts";

/**
 * What people said of each recording, from a snapshot's labels on the local disk.
 * @param path absent where the snapshot has none
 */
export async function saidIn(
  path: string | undefined,
): Promise<((subject: string, recording: string) => readonly ResolvedSpan[]) | undefined> {
  return path === undefined ? undefined : spansByRecording(readFrozenLabels(await readFile(path, "utf8")));
}
