import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");

/** A project of a few files beside this one's packages, to see what this one's rules say of them. */
export interface SmallTree extends Disposable {
  /** Runs a program of node_modules/.bin in it; standard output, whatever the exit code: a linter that complains exits with 1. */
  run(program: string, args: readonly string[]): Promise<string>;
}

export function smallTree(files: Readonly<Record<string, string>>, copies: readonly string[]): SmallTree {
  const folder = mkdtempSync(join(tmpdir(), "sensorloop-quality-"));
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  for (const name of ["package.json", "tsconfig.json", ...copies]) copyFileSync(join(ROOT, name), join(folder, name));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return {
    run: (program, args) =>
      new Promise((resolveRun, reject) => {
        const script = join(ROOT, "node_modules", ".bin", program);
        execFile(process.execPath, [script, ...args], { cwd: folder, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
          if (stdout === "" && error) reject(new Error(stderr || error.message));
          else resolveRun(stdout);
        });
      }),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
