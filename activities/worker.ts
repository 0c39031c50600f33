import { DefaultLogger, NativeConnection, Runtime, Worker } from "@temporalio/worker";
import { loadConfig } from "../lib/config.ts";
import { openPlatform, type Platform } from "../lib/platform.ts";
import { startNights } from "../lib/app/nights.ts";
import { startPending } from "../lib/app/runs.ts";
import { tellSchedules } from "../lib/app/schedules.ts";
import { startAnnotations } from "../lib/app/wake-annotation.ts";
import { sweep } from "../lib/store/sweep.ts";
import { bundleWorkflows } from "../workflows/bundle.ts";
import { attemptInterceptor } from "./attempt.ts";
import { createActivities } from "./index.ts";

const QUEUES = ["orchestration", "data", "ml"] as const;
export type Queue = (typeof QUEUES)[number];

/** Runs whose start Temporal did not take are started as soon as it is back. */
const OUTBOX_MS = 5_000;
/**
 * Beats are passed on this often; the SDK's own pause, 80 % of the time-out, leaves a busy worker three seconds before it
 * counts as dead, and brings a cancellation as late.
 */
const BEATS_MS = 4_000;
/** Tasks that wait are looked after by a workflow; where it was lost, another is started this often. */
const QUEUES_MS = 60_000;
/** What no row names is looked for this often, by one worker at a time. */
const SWEEP_MS = 3_600_000;

export interface WorkerOptions {
  readonly queues?: readonly Queue[];
  readonly maxCachedWorkflows?: number;
}

/** Works on the queues named until `signal` says stop; what is in hand gets ten seconds to end. */
export async function runWorker(platform: Platform, signal: AbortSignal, options: WorkerOptions = {}): Promise<void> {
  const { temporal, jobs } = platform.config;
  const connection = await NativeConnection.connect({ address: temporal.address, apiKey: temporal.apiKey, tls: temporal.tls });
  const activities = createActivities(platform);
  const common = {
    connection,
    namespace: temporal.namespace,
    shutdownGraceTime: "10s" as const,
    maxHeartbeatThrottleInterval: BEATS_MS,
    interceptors: { activity: [attemptInterceptor] },
  };
  const queues = options.queues ?? QUEUES;
  const workers: Worker[] = [];
  if (queues.includes("orchestration")) {
    // The cache is bounded by hand: the SDK's default grows with the heap, not with what a workflow holds.
    const maxCachedWorkflows = options.maxCachedWorkflows ?? 100;
    workers.push(
      await Worker.create({
        ...common,
        taskQueue: "orchestration",
        workflowBundle: await bundleWorkflows(),
        activities: activities.runs,
        maxCachedWorkflows,
      }),
    );
  }
  if (queues.includes("data")) {
    workers.push(
      await Worker.create({
        ...common,
        taskQueue: "data",
        activities: activities.data,
        maxConcurrentActivityTaskExecutions: jobs.processes * 2,
      }),
    );
  }
  if (queues.includes("ml")) {
    workers.push(
      await Worker.create({
        ...common,
        taskQueue: "ml",
        activities: activities.models,
        maxConcurrentActivityTaskExecutions: jobs.processes,
      }),
    );
  }
  const every = (ms: number, failure: string, work: () => Promise<unknown>) =>
    setInterval(() => void work().catch((error: unknown) => platform.log.warn({ err: error }, failure)), ms);
  const chores = [
    every(OUTBOX_MS, "pending runs could not be started", () => startPending(platform)),
    every(OUTBOX_MS, "nights that were asked for could not be started", () => startNights(platform)),
    every(OUTBOX_MS, "Temporal could not be told of schedules", () => tellSchedules(platform)),
    every(QUEUES_MS, "tasks that wait could not be looked after", () => startAnnotations(platform)),
    every(SWEEP_MS, "the object store could not be swept", () => sweep(platform.db, platform.objects)),
  ];
  const stop = () => workers.forEach((worker) => worker.getState() === "RUNNING" && worker.shutdown());
  signal.addEventListener("abort", stop, { once: true });
  try {
    await Promise.all(workers.map((worker) => worker.run()));
  } finally {
    for (const chore of chores) clearInterval(chore);
    stop();
    await connection.close();
  }
}

if (import.meta.main) {
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => stop.abort());
  await using platform = openPlatform(loadConfig());
  const flag = process.argv.find((argument) => argument.startsWith("--queues="));
  const queues = flag
    ?.slice("--queues=".length)
    .split(",")
    .filter((name): name is Queue => (QUEUES as readonly string[]).includes(name));
  // What Temporal's client has to say goes into the same log, from warnings up.
  Runtime.install({
    logger: new DefaultLogger("WARN", ({ level, message, meta }) => platform.log[level === "ERROR" ? "error" : "warn"](meta, message)),
  });
  platform.log.info({ queues: queues ?? QUEUES }, "worker starts");
  await runWorker(platform, stop.signal, { queues });
}
