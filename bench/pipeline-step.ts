import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Client, Connection } from "@temporalio/client";
import { bundleWorkflowCode, NativeConnection, Worker } from "@temporalio/worker";
import { loadPlaces } from "../lib/config.ts";
import { startTemporal } from "../stack/start-services.ts";
import { openState } from "../stack/state.ts";
import { lastJson, runCommand } from "./command.ts";
import { median, ratio, round, type Bench, type BenchContext } from "./harness.ts";
import { pythonEnvironment } from "./python.ts";
import type { emptyPipelineWorkflow } from "./step-workflow.ts";

const STEPS = 9;
const AT_ONCE = 100;
const TARGET = { stepMs: 15, atOnceSeconds: 4.5 };

const activities = {
  emptyStep: ({ done }: { readonly done: number }): Promise<{ done: number }> => Promise.resolve({ done: done + 1 }),
};
export type StepActivities = typeof activities;

/**
 * What Temporal costs a pipeline: ordinary activities on the server as the stack sets it up, one pipeline after the
 * other, then a hundred at once, all with one worker. The peer is Prefect, its flow of as many empty tasks.
 */
export const run: Bench = async (context) => {
  const { folder, quick, rounds, say } = context;
  const prefect = context.skipPeer ? null : await prefectFlows(context);
  const file = await openState(folder);
  const { cacheDir } = loadPlaces({ dataDir: folder });
  const server = await startTemporal({ file, cacheDir, report: say });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => server.stop());
  const { SENSORLOOP_TEMPORAL_ADDRESS: address, SENSORLOOP_TEMPORAL_NAMESPACE: namespace } = file.state.settings;
  const workerConnection = await NativeConnection.connect({ address });
  stack.defer(() => workerConnection.close());
  const connection = await Connection.connect({ address });
  stack.defer(() => connection.close());
  const client = new Client({ connection, namespace });
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: createRequire(import.meta.url).resolve("./step-workflow.ts"),
    logger: SILENT,
  });
  const taskQueue = "bench-steps";
  const worker = await Worker.create({ connection: workerConnection, namespace, taskQueue, workflowBundle, activities });

  const pipeline = async () => {
    const begun = performance.now();
    const workflowId = `bench/steps/${randomUUID()}`;
    const done = await client.workflow.execute<typeof emptyPipelineWorkflow>("emptyPipelineWorkflow", {
      taskQueue,
      workflowId,
      args: [{ steps: STEPS }],
    });
    if (done !== STEPS) throw new Error(`${done} of ${STEPS} steps have run`);
    return performance.now() - begun;
  };

  return await worker.runUntil(async () => {
    say(`${server.name} and a worker are up; warming up`);
    for (let i = 0; i < 3; i++) await pipeline();
    const alone: number[] = [];
    for (let i = 0; i < (quick ? 5 : 20); i++) alone.push(await pipeline());
    say(`one at a time: ${round(median(alone))} ms for ${STEPS} steps (${round(Math.min(...alone))} to ${round(Math.max(...alone))})`);
    const together: number[] = [];
    for (let i = 0; i < rounds; i++) {
      const begun = performance.now();
      await Promise.all(Array.from({ length: quick ? 10 : AT_ONCE }, pipeline));
      together.push((performance.now() - begun) / 1000);
      say(`${quick ? 10 : AT_ONCE} at once: ${round(together.at(-1)!)} s`);
    }
    const stepMs = median(alone) / STEPS;
    const atOnceSeconds = median(together);
    return {
      value: round(stepMs),
      unit: "ms/step",
      target: `<= ${TARGET.stepMs} ms a step, ${AT_ONCE} pipelines at once <= ${TARGET.atOnceSeconds} s`,
      ok: stepMs <= TARGET.stepMs && atOnceSeconds <= TARGET.atOnceSeconds,
      peer: prefect && { name: "Prefect 3.8.8", value: round(prefect.stepMs) },
      ratio: prefect && ratio(stepMs, prefect.stepMs, "lower"),
      detail: {
        steps: STEPS,
        pipelines: alone.length,
        atOnce: quick ? 10 : AT_ONCE,
        atOnceSeconds: round(atOnceSeconds),
        pipelineMs: alone.map((ms) => round(ms)),
        prefectMs: prefect?.flowMs,
      },
    };
  });
};

/** One flow after the other, on Prefect's own server for one machine; runs before ours, so that neither slows the other. */
async function prefectFlows(context: BenchContext): Promise<{ stepMs: number; flowMs: number[] }> {
  // With the FastAPI that pip picks by itself (0.165), Prefect 3.8.8 dies when it starts.
  const python = await pythonEnvironment("prefect", ["prefect==3.8.8", "fastapi<0.155"], context);
  const flows = String(context.quick ? 2 : 10);
  const outcome = await runCommand(python, [join(import.meta.dirname, "peers/steps_prefect.py"), String(STEPS), flows], {
    env: { PREFECT_HOME: join(context.folder, "prefect"), PREFECT_LOGGING_LEVEL: "ERROR", DO_NOT_TRACK: "1" },
    timeoutMs: 300_000,
  });
  const { flowMs } = lastJson<{ flowMs: number[] }>(outcome);
  context.say(`Prefect: ${round(median(flowMs))} ms for ${STEPS} steps`);
  return { stepMs: median(flowMs) / STEPS, flowMs: flowMs.map((ms) => round(ms)) };
}

const SILENT = { trace() {}, debug() {}, info() {}, warn: console.error, error: console.error, log() {} };
