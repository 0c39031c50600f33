import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { loadPlaces } from "../../lib/config.ts";
import { statusOf, type StackStatus } from "../../stack/status.ts";

const CLI = join(import.meta.dirname, "../../cli/main.ts");

/** `sensorloop up` as people run it: a process of its own, in a data folder of its own. */
export interface UpProcess {
  readonly pid: number;
  /** Everything it said. */
  readonly said: string;
  /** From the call to the line that says it is up. */
  readonly seconds: number;
  /** Resolves with its exit code. */
  signal(name: NodeJS.Signals): Promise<number | null>;
}

/** Comes up, or throws with what it said. Pages are not built: what is served of them is one empty file. */
export async function up(dataDir: string): Promise<UpProcess> {
  await writeFile(join(dataDir, "index.html"), "<!doctype html>");
  const began = performance.now();
  const child = spawn(process.execPath, [CLI, "up"], { env: environment(dataDir), stdio: ["ignore", "ignore", "pipe"] });
  const exit = once(child, "exit") as Promise<[number | null]>;
  let said = "";
  await new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (data: Buffer) => {
      said += data.toString();
      if (said.includes("Ctrl-C stops everything")) resolve();
    });
    child.once("exit", (code) => reject(new Error(`up ended with code ${code}: ${said}`)));
  });
  return {
    pid: child.pid ?? 0,
    get said() {
      return said;
    },
    seconds: (performance.now() - began) / 1000,
    async signal(name) {
      child.kill(name);
      return (await exit)[0];
    },
  };
}

/** A command to its end. */
export async function sensorloop(
  dataDir: string,
  ...args: string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [CLI, ...args], { env: environment(dataDir) })) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

/** What `sensorloop status` says, without the second that a process of its own takes. */
export function status(dataDir: string): Promise<StackStatus> {
  return statusOf(loadPlaces({ dataDir }));
}

/** The pids of all processes whose command line names the folder, and of those that work in it. */
export async function processesOf(folder: string): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const named = await Promise.all(
    pids.map(async (pid) => {
      const [command, environ] = await Promise.all(
        ["cmdline", "environ"].map((name) => readFile(`/proc/${pid}/${name}`, "utf8").catch(() => "")),
      );
      return `${command}${environ}`.includes(folder);
    }),
  );
  return pids.filter((_, i) => named[i]).map(Number);
}

function environment(dataDir: string): NodeJS.ProcessEnv {
  return { ...process.env, SENSORLOOP_DATA_DIR: dataDir, SENSORLOOP_UI_DIR: dataDir, SENSORLOOP_JOB_PROCESSES: "1" };
}
