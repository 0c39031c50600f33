import { mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "vite";
import { inject } from "vitest";

const ASK_AGAIN_MS = 50;

/**
 * The pages, built once a run: the first file that asks builds them, the others wait for it. In tests React is the one
 * that warns, and a warning fails the test.
 */
export async function builtPages(): Promise<string> {
  const folder = join(inject("folder"), "pages");
  const lock = `${folder}.building`;
  for (;;) {
    if (await isThere(folder)) return folder;
    const mine = await mkdir(lock).then(
      () => true,
      () => false,
    );
    if (!mine) await sleep(ASK_AGAIN_MS);
    else {
      try {
        // Between the look above and the lock another file may have come to its end.
        if (!(await isThere(folder))) await buildInto(folder);
        return folder;
      } finally {
        await rm(lock, { recursive: true });
      }
    }
  }
}

async function buildInto(folder: string): Promise<void> {
  const outDir = `${folder}.part`;
  await build({ root: join(import.meta.dirname, "../../web/ui"), build: { outDir, emptyOutDir: true }, logLevel: "error" });
  await rename(outDir, folder);
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
