#!/usr/bin/env node
/*
 * Behind the scripts of package.json: `run.mjs check`, `run.mjs bench NAME`, and any program of a package, such as
 * `run.mjs vitest run`.
 */
import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fail, prepare, REPOSITORY, run } from "./prepare.mjs";

await prepare({ development: true });
const [name, ...args] = process.argv.slice(2);
if (name === undefined) fail("run.mjs needs the name of what to run");
if (name === "check") {
  const { check } = await import("./check.mjs");
  process.exit(await check());
}
const program = join(REPOSITORY, "node_modules", ".bin", name);
if (name !== "bench" && !existsSync(program)) fail(`there is no program '${name}'`);
const file = name === "bench" ? join(REPOSITORY, "bench", "main.ts") : realpathSync(program);
process.exit(await run(process.execPath, ["--disable-warning=ExperimentalWarning", file, ...args], { cwd: REPOSITORY }));
