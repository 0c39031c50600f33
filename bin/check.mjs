import { spawn } from "node:child_process";
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "./prepare.mjs";

const FOLDERS = ["activities", "bench", "bin", "cli", "docker", "examples", "lib", "stack", "test", "web", "workflows"];

/** What must hold of the code, each with the program that knows. One after another: two cores are quickly full. */
const CHECKS = [
  { name: "types", program: "tsc", args: ["--noEmit", "-p", "."] },
  { name: "lint", program: "eslint", args: [".", "--max-warnings", "0"] },
  { name: "format", program: "prettier", args: ["--check", "--log-level", "warn", "."] },
  { name: "import arrows", program: "depcruise", args: ["--config", ".dependency-cruiser.cjs", ...FOLDERS] },
  { name: "unused code", program: "knip", args: ["--no-progress"] },
  { name: "workflow bundle", file: "workflows/bundle.ts", args: ["--check"] },
];

/** Runs them all, shows what those that fail say, and resolves to the exit code. */
export async function check() {
  let failed = 0;
  for (const { name, program, file, args } of CHECKS) {
    const began = Date.now();
    const path = program ? realpathSync(join(REPOSITORY, "node_modules", ".bin", program)) : join(REPOSITORY, file);
    const { code, said } = await capture(path, args);
    if (code !== 0) failed += 1;
    console.log(`${code === 0 ? "ok    " : "FAILED"}  ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
    if (code !== 0) console.log(said.trimEnd());
  }
  console.log(`${CHECKS.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function capture(path, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path, ...args], { cwd: REPOSITORY, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (said += data));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, said }));
  });
}
