import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadPlaces } from "../lib/config.ts";
import { runCommand } from "./command.ts";
import type { BenchContext } from "./harness.ts";

/**
 * A virtual environment with the packages named (`duckdb==2.0.0`), made once and kept in the cache folder under the
 * hash of their list. One that was not finished has no `ready` file and is made anew.
 *
 * @returns the path of its Python
 */
export async function pythonEnvironment(name: string, packages: readonly string[], { say }: Pick<BenchContext, "say">): Promise<string> {
  const hash = createHash("sha256").update(packages.toSorted().join("\n")).digest("hex").slice(0, 12);
  const folder = join(loadPlaces().cacheDir, "bench", `${name}-${hash}`);
  const python = join(folder, "bin", "python");
  const ready = join(folder, "ready");
  if (existsSync(ready)) return python;
  say(`installing the peer ${name}: ${packages.join(", ")}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, ".."), { recursive: true });
  await runCommand("python3", ["-m", "venv", folder]);
  await runCommand(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages]);
  await writeFile(ready, "");
  return python;
}
