import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Config } from "../../lib/config.ts";
import { closeAfterwards } from "./leftovers.ts";

const WORKER = join(import.meta.dirname, "../../activities/worker.ts");

/** A worker in a process of its own, to be killed, frozen and replaced. */
export interface WorkerProcess {
  readonly pid: number;
  /** kill -9; its jobs' processes end with it. */
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

export function startWorkerProcess(config: Config): WorkerProcess {
  const child = spawn(process.execPath, [WORKER], {
    env: { ...process.env, ...environmentOf(config) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  // Not inherited: whoever outlived the run would keep its output open, and the run would wait for it.
  child.stderr?.pipe(process.stderr);
  const kill = async () => {
    if (ended(child)) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  closeAfterwards(kill);
  return { pid: child.pid ?? 0, kill, freeze: () => void child.kill("SIGSTOP"), thaw: () => void child.kill("SIGCONT") };
}

function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** What `loadConfig` reads in the child. */
export function environmentOf({ database, s3, temporal, ...config }: Config): Record<string, string> {
  return {
    SENSORLOOP_DATA_DIR: config.dataDir,
    SENSORLOOP_SCRATCH_DIR: config.scratchDir,
    SENSORLOOP_DATABASE_URL: database.url,
    SENSORLOOP_S3_ENDPOINT: s3.endpoint,
    SENSORLOOP_S3_REGION: s3.region,
    SENSORLOOP_S3_BUCKET: s3.bucket,
    SENSORLOOP_S3_ACCESS_KEY_ID: s3.accessKeyId,
    SENSORLOOP_S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    SENSORLOOP_S3_FORCE_PATH_STYLE: String(s3.forcePathStyle),
    SENSORLOOP_TEMPORAL_ADDRESS: temporal.address,
    SENSORLOOP_TEMPORAL_NAMESPACE: temporal.namespace,
    SENSORLOOP_PEPPER: config.pepper,
    SENSORLOOP_SESSION_SECRET: config.sessionSecret,
    SENSORLOOP_JOB_PROCESSES: String(config.jobs.processes),
    SENSORLOOP_JOB_MEMORY_MB: String(config.jobs.memoryMb),
    SENSORLOOP_CHECKPOINT_SECONDS: String(config.jobs.checkpointSeconds),
    SENSORLOOP_LOG_LEVEL: "error",
  };
}
