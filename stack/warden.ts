import { spawn } from "node:child_process";
import { reap } from "./pid-file.ts";

/**
 * Starts a process that outlives this one just long enough to end its children, should it be killed outright. It notices
 * by its standard input, which the system closes however this process ends.
 */
export function postWarden(runFolder: string): void {
  const warden = spawn(process.execPath, [import.meta.filename, runFolder], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  warden.unref();
  // The pipe keeps no process waiting; an error on it means that the warden went first.
  (warden.stdin as unknown as { unref(): void }).unref();
  warden.stdin.on("error", () => {});
  warden.on("error", () => {});
}

if (import.meta.main) {
  const [runFolder] = process.argv.slice(2);
  if (runFolder === undefined) throw new Error("the warden is started with the folder of the pid files");
  for await (const _ of process.stdin);
  await reap(runFolder);
}
