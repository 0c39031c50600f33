import { hostname } from "node:os";
import { Connection } from "@temporalio/client";
import { loadConfig } from "../lib/config.ts";

/** Exit 0 when a worker of this host has asked Temporal for work of the queue within two minutes: worker-health.ts QUEUE */
const queue = process.argv[2] ?? "orchestration";
const ACTIVITIES = 2;
/** A poll lasts a minute at most. */
const WITHIN_MS = 120_000;

const { temporal } = loadConfig();
const connection = await Connection.connect({
  address: temporal.address,
  apiKey: temporal.apiKey,
  tls: temporal.tls,
  connectTimeout: 5_000,
});
const { pollers } = await connection.workflowService.describeTaskQueue({
  namespace: temporal.namespace,
  taskQueue: { name: queue },
  taskQueueType: ACTIVITIES,
});
await connection.close();
const here = (pollers ?? []).filter(({ identity }) => identity?.endsWith(`@${hostname()}`));
const latest = Math.max(0, ...here.map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000));
if (Date.now() - latest > WITHIN_MS) {
  console.error(`no worker of ${hostname()} polls ${queue}`);
  process.exitCode = 1;
}
