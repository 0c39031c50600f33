import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runCommand, type CommandOutcome } from "./command.ts";
import type { BenchContext } from "./harness.ts";

export const ROOT = resolve(import.meta.dirname, "..");
const READY_WITHIN_MS = 600_000;
const STOP_WITHIN_MS = 60_000;

/** Sensorloop as its user has it: brought up by its own command, in a data folder of its own, and used through the command. */
export interface Installation extends AsyncDisposable {
  /** `sensorloop ARGS...`, timed; the memory counted is that of the command and of all services and jobs. */
  sensorloop(...args: readonly string[]): Promise<CommandOutcome>;
}

export async function bringUp(context: Pick<BenchContext, "folder" | "say">): Promise<Installation> {
  const dataDir = join(context.folder, "installation");
  const program = join(ROOT, "bin", "sensorloop.mjs");
  const env = { ...process.env, SENSORLOOP_DATA_DIR: dataDir };
  context.say("bringing the stack up");
  const up = spawn(process.execPath, [program, "up"], { env, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  up.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-4_000)));
  const stop = async () => {
    if (up.exitCode !== null) return;
    const ended = once(up, "exit");
    up.kill("SIGTERM");
    await Promise.race([ended, sleep(STOP_WITHIN_MS, undefined, { ref: false }).then(() => up.kill("SIGKILL"))]);
  };
  try {
    const deadline = performance.now() + READY_WITHIN_MS;
    while (!(await isReady(dataDir))) {
      if (up.exitCode !== null) throw new Error(`sensorloop up ended with ${up.exitCode}:\n${said}`);
      if (performance.now() > deadline) throw new Error(`the stack is not ready after ${READY_WITHIN_MS / 1000} s:\n${said}`);
      await sleep(250);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  context.say("the stack is up");
  return {
    sensorloop: (...args) =>
      runCommand(process.execPath, [program, ...args], {
        env: { SENSORLOOP_DATA_DIR: dataDir },
        alsoCount: [up.pid!],
        progress: context.say,
      }),
    [Symbol.asyncDispose]: stop,
  };
}

/** The page's own probe says that every service answers, a worker among them. */
async function isReady(dataDir: string): Promise<boolean> {
  try {
    const { settings } = JSON.parse(await readFile(join(dataDir, "stack.json"), "utf8")) as { settings: Record<string, string> };
    const response = await fetch(`http://127.0.0.1:${settings["SENSORLOOP_WEB_PORT"]}/api/ready`, { signal: AbortSignal.timeout(5_000) });
    const { services } = (await response.json()) as { services: { ok: boolean }[] };
    return services.every(({ ok }) => ok);
  } catch {
    return false;
  }
}
