import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SensorloopError } from "../lib/domain/errors.ts";
import { openLog, tailOf } from "./log-file.ts";
import { removePidFile, signal, signalGroup, writePidFile } from "./pid-file.ts";
import { identify } from "./process-identity.ts";
import type { ServicePlan } from "./service.ts";

export type ServiceState = "starting" | "ready" | "restarting" | "failed" | "stopped";

export interface Supervised {
  readonly name: string;
  readonly state: ServiceState;
  readonly pid: number | undefined;
  readonly restarts: number;
  /** Ends it in good order, by force after its time; may be called again and at any moment. */
  stop(): Promise<void>;
}

export interface SuperviseOptions {
  /** Holds `run/` with the pid files and `logs/`. */
  readonly folder: string;
  readonly onChange?: (change: { readonly name: string; readonly state: ServiceState; readonly message: string }) => void;
  /** Gives up a first start that has not come to its end. */
  readonly signal?: AbortSignal;
  /** The first wait before a restart; each further one doubles it, up to ten seconds. */
  readonly backoffMs?: number;
  /** Quick failures in a row after which it is left down. */
  readonly giveUpAfter?: number;
}

const MOST_BACKOFF_MS = 10_000;
/** What has worked this long is well: its next failure is a first one again. */
const SETTLED_MS = 30_000;
const POLL_MS = 25;

/**
 * Starts a process and keeps it running: when it ends by itself it is started again, with growing pauses, until it fails
 * too often in a row. Resolves when it answers.
 * @throws SensorloopError SERVICE_FAILED when the first start does not come to that
 */
export async function supervise(plan: ServicePlan, options: SuperviseOptions): Promise<Supervised> {
  const { folder, onChange = () => {}, backoffMs = 200, giveUpAfter = 6, signal: abort } = options;
  const run = join(folder, "run");
  const log = join(folder, "logs", `${plan.name}.log`);
  const stopping = new AbortController();
  let state: ServiceState = "starting";
  let child: ChildProcess | undefined;
  let ended: Promise<void> = Promise.resolve();
  let restarts = 0;

  const enter = (next: ServiceState, message: string) => {
    state = next;
    onChange({ name: plan.name, state, message });
  };

  /** One life of the process: resolves when it answers, rejects when it ends or takes too long before. */
  async function launch(): Promise<ChildProcess> {
    const { file, args, env, cwd, owner } = plan.command;
    const output = openLog(log);
    // A group of its own: Ctrl-C reaches the supervisor alone, which then stops everything in order.
    const born = spawn(file, args, {
      cwd,
      env: { ...process.env, ...env },
      uid: owner?.uid,
      gid: owner?.gid,
      detached: true,
      stdio: ["ignore", output.fd, output.fd],
    });
    output.close();
    child = born;
    let over = false;
    let refusal: Error | undefined;
    ended = new Promise((resolve) => {
      born.once("error", (error) => ((over = true), (refusal = error), resolve()));
      born.once("exit", () => ((over = true), resolve()));
    });
    const identity = born.pid === undefined ? null : identify(born.pid);
    if (identity) await writePidFile(run, { ...identity, name: plan.name, stopSignal: plan.stopSignal, restarts });
    const deadline = Date.now() + plan.readyWithinMs;
    while (!over && Date.now() < deadline && !abort?.aborted) {
      if (born.pid !== undefined && (await plan.answers(born.pid).catch(() => false))) return born;
      await sleep(POLL_MS);
    }
    const late = !over;
    if (late && born.pid !== undefined) signalGroup(born.pid, "SIGKILL");
    await ended;
    abort?.throwIfAborted();
    const what = refusal
      ? `cannot be started: ${refusal.message}`
      : late
        ? `did not answer within ${plan.readyWithinMs / 1000} s`
        : describeEnd(born);
    throw new SensorloopError("SERVICE_FAILED", `${plan.name} ${what}. The end of ${log}:\n${await tailOf(log)}`, {
      facts: { service: plan.name, log },
    });
  }

  async function keep(): Promise<void> {
    let failures = 0;
    for (;;) {
      const since = Date.now();
      const current = child;
      await ended;
      if (stopping.signal.aborted) return;
      if (current?.pid !== undefined) signalGroup(current.pid, "SIGKILL");
      failures = Date.now() - since > SETTLED_MS ? 1 : failures + 1;
      let reason = current ? describeEnd(current) : "ended";
      for (;;) {
        if (failures >= giveUpAfter) {
          await removePidFile(run, plan.name);
          enter("failed", `${plan.name} ${reason}, ${failures} times in a row: it is left down. See ${log}`);
          return;
        }
        const pause = Math.min(MOST_BACKOFF_MS, backoffMs * 2 ** (failures - 1));
        enter("restarting", `${plan.name} ${reason}; it is started again in ${pause} ms`);
        await sleep(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
        if (stopping.signal.aborted) return;
        restarts += 1;
        try {
          await launch();
          break;
        } catch (error) {
          if (stopping.signal.aborted) return;
          failures += 1;
          reason = error instanceof Error ? (error.message.split("\n")[0] ?? "failed").replace(`${plan.name} `, "") : "failed";
        }
      }
      enter("ready", `${plan.name} works again`);
    }
  }

  async function end(): Promise<void> {
    stopping.abort();
    const pid = child?.pid;
    if (pid !== undefined) {
      signal(pid, plan.stopSignal);
      const killer = setTimeout(() => signalGroup(pid, "SIGKILL"), plan.stopWithinMs);
      await ended;
      clearTimeout(killer);
      signalGroup(pid, "SIGKILL");
    }
    await keeping;
    await removePidFile(run, plan.name);
    if (state !== "failed") enter("stopped", `${plan.name} stopped`);
  }

  try {
    await launch();
  } catch (error) {
    await removePidFile(run, plan.name);
    throw error;
  }
  enter("ready", `${plan.name} is ready`);
  const keeping = keep();
  let stopped: Promise<void> | undefined;
  return {
    name: plan.name,
    get state() {
      return state;
    },
    get pid() {
      return state === "failed" || state === "stopped" ? undefined : child?.pid;
    },
    get restarts() {
      return restarts;
    },
    stop: () => (stopped ??= end()),
  };
}

function describeEnd({ exitCode, signalCode }: ChildProcess): string {
  return signalCode ? `was ended by ${signalCode}` : `ended with code ${exitCode}`;
}
