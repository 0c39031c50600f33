import { join } from "node:path";
import type { Connection } from "@temporalio/client";
import type { Config } from "../lib/config.ts";
import { answersWeb } from "./probes.ts";
import type { ServicePlan } from "./service.ts";

const REPOSITORY = join(import.meta.dirname, "..");
/** The queues a worker of this machine takes work from, and which kind of task each carries (1 workflow, 2 activity). */
const QUEUES = { orchestration: 1, data: 2, ml: 2 } as const;

/** The worker is ready when Temporal has seen this very process ask for work on each of its queues. */
export function workerPlan({ dataDir, temporal }: Config, connect: () => Promise<Connection>): ServicePlan {
  return {
    name: "worker",
    command: own("activities/worker.ts", dataDir),
    answers: async (pid) => {
      const { workflowService } = await connect();
      const seen = Object.entries(QUEUES).map(async ([name, taskQueueType]) => {
        const { pollers } = await workflowService.describeTaskQueue({ namespace: temporal.namespace, taskQueue: { name }, taskQueueType });
        return (pollers ?? []).some((poller) => poller.identity?.startsWith(`${pid}@`));
      });
      return (await Promise.all(seen)).every(Boolean);
    },
    readyWithinMs: 90_000,
    stopSignal: "SIGTERM",
    // Ten seconds for what is in hand, and a little to say so.
    stopWithinMs: 14_000,
  };
}

export function apiPlan(config: Config): ServicePlan {
  return {
    name: "api",
    command: own("web/api/server.ts", config.dataDir),
    answers: () => answersWeb(config),
    readyWithinMs: 60_000,
    stopSignal: "SIGTERM",
    stopWithinMs: 14_000,
  };
}

function own(file: string, dataDir: string): ServicePlan["command"] {
  return {
    file: process.execPath,
    args: ["--disable-warning=ExperimentalWarning", join(REPOSITORY, file)],
    env: { SENSORLOOP_DATA_DIR: dataDir },
    cwd: REPOSITORY,
  };
}
