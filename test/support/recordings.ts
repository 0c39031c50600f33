import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** Variable that names the folder of recordings which may not be shipped; the default stands beside a checkout. */
const FOLDER = process.env["SENSORLOOP_TEST_RECORDINGS"] ?? resolve(import.meta.dirname, "../../../shared/data");

/** Path inside the folder of recordings, or undefined where they are not on this machine. */
export function recordingsAt(...path: readonly string[]): string | undefined {
  const found = join(FOLDER, ...path);
  return existsSync(found) ? found : undefined;
}
