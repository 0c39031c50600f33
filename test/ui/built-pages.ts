import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";
import { removeAfterwards } from "../support/leftovers.ts";

/** Builds the pages into a folder of the file's own. In tests React is the one that warns, and a warning fails the test. */
export async function builtPages(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sensorloop-ui-"));
  removeAfterwards(() => rm(folder, { recursive: true, force: true }));
  await build({ root: join(import.meta.dirname, "../../web/ui"), build: { outDir: folder }, logLevel: "error" });
  return folder;
}
