import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Makes a folder whole or not at all: `work` fills a folder of another name, which gets the final one when it is done.
 * What a killed process left half done is removed first, so nobody else may be making the same folder meanwhile.
 */
export async function makeWhole(folder: string, work: (begun: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  await removeLeftovers(folder);
  const begun = `${folder}${BEGUN}${randomUUID()}`;
  try {
    await mkdir(begun);
    await work(begun);
    // Whoever makes it has looked: what lies there is not whole.
    await rm(folder, { recursive: true, force: true });
    await rename(begun, folder);
  } finally {
    await rm(begun, { recursive: true, force: true });
  }
}

const BEGUN = ".begun-";

async function removeLeftovers(folder: string): Promise<void> {
  const names = (await readdir(dirname(folder))).filter((name) => name.startsWith(`${basename(folder)}${BEGUN}`));
  await Promise.all(names.map((name) => rm(join(dirname(folder), name), { recursive: true, force: true })));
}
