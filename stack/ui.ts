import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, readdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { SensorloopError } from "../lib/domain/errors.ts";
import type { Report } from "./service.ts";
import { exists } from "./exists.ts";
import { makeWhole } from "./make-whole.ts";

const REPOSITORY = join(import.meta.dirname, "..");
/** What the pages are made of: their own files, the domain code they share, and the versions of the packages. */
const SOURCES = ["web/ui", "lib/domain", "package-lock.json"];

/**
 * Builds the pages into `<dataDir>/ui-<hash of their sources>`, unless they are there already, and returns the folder.
 * @throws SensorloopError SERVICE_FAILED with what the build said
 */
export async function buildUi(dataDir: string, report: Report): Promise<string> {
  const folder = join(dataDir, `ui-${await hashOfSources()}`);
  if (await exists(folder)) return folder;
  report("building the pages");
  const vite = join(dirname(createRequire(import.meta.url).resolve("vite/package.json")), "bin", "vite.js");
  try {
    await makeWhole(folder, async (begun) => {
      const args = [vite, "build", join(REPOSITORY, "web/ui"), "--outDir", begun, "--logLevel", "warn"];
      await promisify(execFile)(process.execPath, args, { cwd: REPOSITORY });
      await access(join(begun, "index.html"));
    });
  } catch (cause) {
    const { stderr, message } = cause as { stderr?: string; message: string };
    throw new SensorloopError("SERVICE_FAILED", `the pages cannot be built: ${stderr?.trim() || message}`, { cause });
  }
  await removeOthers(dataDir, folder);
  return folder;
}

async function removeOthers(dataDir: string, kept: string): Promise<void> {
  const others = (await readdir(dataDir)).filter((name) => /^ui-/.test(name) && join(dataDir, name) !== kept);
  await Promise.all(others.map((name) => rm(join(dataDir, name), { recursive: true, force: true })));
}

async function hashOfSources(): Promise<string> {
  const hash = createHash("sha256");
  for (const source of SOURCES) {
    for (const path of await filesUnder(join(REPOSITORY, source)))
      hash
        .update(relative(REPOSITORY, path))
        .update("\0")
        .update(await readFile(path))
        .update("\0");
  }
  return hash.digest("hex").slice(0, 12);
}

async function filesUnder(path: string): Promise<string[]> {
  if (path.endsWith(".json")) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.filter((file) => !relative(path, file).startsWith("dist")).sort();
}
