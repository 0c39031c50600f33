import { randomBytes } from "node:crypto";
import { temporal as proto } from "@temporalio/proto";
import { DefaultLogger, Runtime } from "@temporalio/worker";
import { runWorker } from "../../activities/worker.ts";
import { openPlatform, type Platform } from "../../lib/platform.ts";
import type { Settings } from "../../stack/state.ts";
import { closeAfterwards } from "./leftovers.ts";
import { temporalConnection, testConfig } from "./services.ts";

/** A platform of the file's own: database, bucket, folders and a Temporal namespace. Closed after its last test. */
export async function testPlatform(env: Settings = {}): Promise<Platform> {
  const namespace = await testNamespace();
  const platform = openPlatform(await testConfig({ SENSORLOOP_TEMPORAL_NAMESPACE: namespace, ...env }));
  closeAfterwards(async () => platform[Symbol.asyncDispose]());
  return platform;
}

/** Task queues have fixed names, so files that run workflows at the same time are kept apart by namespaces. */
async function testNamespace(): Promise<string> {
  const connection = await temporalConnection();
  const namespace = `test-${randomBytes(6).toString("hex")}`;
  const workflowExecutionRetentionPeriod = proto.api.workflowservice.v1.RegisterNamespaceRequest.fromObject({
    workflowExecutionRetentionPeriod: { seconds: 86_400 },
  }).workflowExecutionRetentionPeriod;
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod });
  return namespace;
}

let quiet = false;

/** A worker in this process, on all queues; every task replays from the beginning, so that nondeterminism shows at once. */
export function testWorker(platform: Platform): void {
  if (!quiet) Runtime.install({ logger: new DefaultLogger("ERROR") });
  quiet = true;
  const stop = new AbortController();
  const working = runWorker(platform, stop.signal, { maxCachedWorkflows: 0 });
  closeAfterwards(async () => {
    stop.abort();
    await working;
  });
}
