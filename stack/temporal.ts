import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { ServicePlan } from "./service.ts";

export interface TemporalOptions {
  readonly program: string;
  /** The file of its SQLite database. */
  readonly file: string;
  readonly port: number;
  readonly httpPort: number;
  /** Undefined leaves its pages away. */
  readonly uiPort?: number;
}

export const NAMESPACE = "default";

/**
 * The development server comes with limits for laptops that are watched: one read of its transfer and timer queues every
 * 50 ms, one second between two continuations. Without them nine empty steps take 80 ms instead of 950, three
 * continuations 0.2 s instead of 3.0 (measured on 1.29.1, two cores).
 */
const DYNAMIC = {
  "history.transferProcessorMaxPollRPS": "1000",
  "history.timerProcessorMaxPollRPS": "1000",
  "history.workflowIdReuseMinimalInterval": '"0s"',
};
/** The server is bound by its processor, a tenth of which goes to Go's collector at the usual 100 (100 x 9 steps: 7.3 s, 6.5 s). */
const COLLECTOR = { GOGC: "400" };
/** Without waiting for the disk at each step; a crash of the machine, not of the process, may lose the last ones. */
const PRAGMAS = { journal_mode: "wal", synchronous: "normal" };

export async function prepareTemporal({ file }: TemporalOptions): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
}

export function temporalPlan({ program, file, port, httpPort, uiPort }: TemporalOptions): ServicePlan {
  const pairs = (flag: string, values: Readonly<Record<string, string>>) =>
    Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);
  return {
    name: "temporal",
    command: {
      file: program,
      args: [
        ...["server", "start-dev", "--ip", "127.0.0.1", "--port", String(port), "--http-port", String(httpPort)],
        ...(uiPort === undefined ? ["--headless"] : ["--ui-port", String(uiPort)]),
        ...["--namespace", NAMESPACE, "--db-filename", file, "--log-level", "warn"],
        ...pairs("--dynamic-config-value", DYNAMIC),
        ...pairs("--sqlite-pragma", PRAGMAS),
      ],
      env: COLLECTOR,
    },
    answers: async () =>
      (await fetch(`http://127.0.0.1:${httpPort}/api/v1/namespaces/${NAMESPACE}`, { signal: AbortSignal.timeout(1_000) })).ok,
    readyWithinMs: 60_000,
    stopSignal: "SIGTERM",
    stopWithinMs: 8_000,
  };
}
