import { relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { simulate } from "../../examples/gym/simulate.ts";
import { runWorker } from "../../activities/worker.ts";
import { takeIn } from "../../lib/app/intake.ts";
import { startPending, startRun, waitForRun } from "../../lib/app/runs.ts";
import { workflowId } from "../../lib/domain/ids.ts";
import { openPlatform, type Platform } from "../../lib/platform.ts";
import { applyExample } from "../support/example.ts";
import { startOwnStack, type OwnStack } from "../support/own-stack.ts";
import { tcpFaultProxy } from "../support/tcp-fault-proxy.ts";
import { testFolder } from "../support/services.ts";

const QUICK = { "models[1].epochs": 1, "gate.floors": { accuracy: 0.1, macroF1: 0.1 } };

let stack: OwnStack;
let platform: Platform;
beforeAll(async () => {
  stack = await startOwnStack();
  platform = openPlatform(stack.config);
  await applyExample(platform, "gym");
  const folder = await testFolder();
  const { files } = await simulate({ folder, subjects: 8, seed: 7 });
  for (const path of files) await takeIn(platform, "gym", { name: relative(folder, path), path }, "test");
  return async () => {
    await platform[Symbol.asyncDispose]();
    await stack[Symbol.asyncDispose]();
  };
});

/** A worker that lives as long as the block. */
function work(on: Platform): AsyncDisposable {
  const stop = new AbortController();
  const working = runWorker(on, stop.signal, { maxCachedWorkflows: 0 });
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await working;
    },
  };
}

describe("services that go away", () => {
  it("F11: a request while Temporal is down is kept, started exactly once when it is back, and survives a restart in the middle", async () => {
    await stack.temporal.stop();
    const accepted = await startRun(platform, "gym", { id: "outage", set: QUICK }, "test");
    expect(accepted.state).toBe("queued");
    await stack.temporal.start();
    await expect
      .poll(
        async () => {
          await Promise.all([1, 2, 3].map(() => startPending(platform).catch(() => 0)));
          return (await platform.db.selectFrom("run").select("started_workflow").where("id", "=", "outage").executeTakeFirst())
            ?.started_workflow;
        },
        { timeout: 30_000, interval: 200 },
      )
      .toBe(true);
    await using _worker = work(platform);
    await expect.poll(async () => (await stages("outage"))["stage"], { timeout: 30_000, interval: 50 }).toBeDefined();
    stack.temporal.kill();
    const run = await waitForRun(platform, "outage");
    expect(run.state).toBe("done");
    const client = await platform.temporal();
    const list = [];
    for await (const workflow of client.workflow.list({ query: `WorkflowId = "${workflowId.run("outage")}"` })) list.push(workflow);
    expect(list).toHaveLength(1);
  }, 180_000);

  it("F05: a commit whose answer is lost is found again, not done again", async () => {
    await using proxy = await tcpFaultProxy(stack.postgres.port);
    const url = new URL(stack.config.database.url);
    url.port = String(proxy.port);
    const shaky = openPlatform({ ...stack.config, database: { url: url.href } });
    try {
      // Few, and not in a row: an activity that fails time after time waits longer and longer before it tries again.
      proxy.set({ kind: "drop-reply", after: "commit", times: 3, every: 3 });
      await using _worker = work(shaky);
      await startRun(platform, "gym", { id: "commits", set: { ...QUICK, "files[0].rules.maxBadShare": 0.07 } }, "test");
      const run = await waitForRun(platform, "commits");
      expect(proxy.faults).toBe(3);
      expect(run.state).toBe("done");
      const cleanings = await platform.db
        .selectFrom("cleaning")
        .innerJoin("run_file", "run_file.file", "cleaning.file")
        .select(["cleaning.file", "input_sha256", "rows_in", "rows_ok", "rows_quarantined", "rows_duplicate"])
        .where("run_file.run", "=", "commits")
        .execute();
      expect(new Set(cleanings.map((row) => `${row.file}${row.input_sha256}`)).size).toBe(cleanings.length);
      expect(cleanings.every((row) => row.rows_in === row.rows_ok + row.rows_quarantined + row.rows_duplicate)).toBe(true);
      expect(
        await platform.db.selectFrom("journal").select("id").where("kind", "=", "gate.judged").where("subject", "=", "commits").execute(),
      ).toHaveLength(1);
    } finally {
      await shaky[Symbol.asyncDispose]();
    }
  }, 180_000);

  it("a run goes on after Postgres was killed in the middle of it", async () => {
    await using _worker = work(platform);
    await startRun(platform, "gym", { id: "postgres", set: { ...QUICK, "files[0].rules.maxBadShare": 0.08 } }, "test");
    await expect.poll(async () => (await stages("postgres"))["clean"], { timeout: 60_000, interval: 20 }).toBeDefined();
    stack.postgres.kill();
    await sleep(1_000);
    await expect
      .poll(async () => (await waitForRun(platform, "postgres").catch(() => null))?.state, { timeout: 150_000, interval: 500 })
      .toBe("done");
  }, 240_000);
});

async function stages(run: string): Promise<Record<string, string>> {
  const rows = await platform.db.selectFrom("stage").select(["name", "state"]).where("run", "=", run).execute();
  return Object.fromEntries(rows.filter((row) => row.state !== "planned").map((row) => [row.name, row.state]));
}
