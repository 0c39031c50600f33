import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { Client, Connection } from "@temporalio/client";
import { bundleWorkflowCode, NativeConnection, Worker } from "@temporalio/worker";
import { loadConfig, loadPlaces } from "../lib/config.ts";
import { startTemporal } from "../stack/start-services.ts";
import { openState } from "../stack/state.ts";
import { median, round, type Bench } from "./harness.ts";
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
 * other, then a hundred at once, all with one worker. Its peers (Prefect 120 ms a step, Airflow 1.1 s) are not run.
 */
export const run: Bench = async ({ folder, quick, rounds, say }) => {
  const file = await openState(folder);
  const { cacheDir } = loadPlaces({ dataDir: folder });
  await using server = await startTemporal({ file, cacheDir, report: say });
  const { temporal } = loadConfig({ dataDir: folder, env: { ...OTHERS, ...file.state.settings } });
  await using connection = closing(await NativeConnection.connect({ address: temporal.address }));
  await using clientConnection = closing(await Connection.connect({ address: temporal.address }));
  const client = new Client({ connection: clientConnection.it, namespace: temporal.namespace });
  const workflowBundle = await bundleWorkflowCode({ workflowsPath: createRequire(import.meta.url).resolve("./step-workflow.ts"), logger: SILENT });
  const taskQueue = "bench-steps";
  const worker = await Worker.create({ connection: connection.it, namespace: temporal.namespace, taskQueue, workflowBundle, activities });

  const pipeline = async () => {
    const begun = performance.now();
    const workflowId = `bench/steps/${randomUUID()}`;
    const done = await client.workflow.execute<typeof emptyPipelineWorkflow>("emptyPipelineWorkflow", { taskQueue, workflowId, args: [{ steps: STEPS }] });
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
      peer: null,
      ratio: null,
      detail: { steps: STEPS, pipelines: alone.length, atOnce: quick ? 10 : AT_ONCE, atOnceSeconds: round(atOnceSeconds), pipelineMs: alone.map((ms) => round(ms)) },
    };
  });
};

const SILENT = { trace() {}, debug() {}, info() {}, warn: console.error, error: console.error, log() {} };

function closing<T extends { close(): Promise<void> }>(it: T): AsyncDisposable & { readonly it: T } {
  return { it, [Symbol.asyncDispose]: () => it.close() };
}
