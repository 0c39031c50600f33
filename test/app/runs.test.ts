import { WorkflowNotFoundError } from "@temporalio/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { applySpec, showProject } from "../../lib/app/projects.ts";
import { replayQuarantine } from "../../lib/app/quarantine.ts";
import { approveRun, cancelRun, listRuns, showRun, startPending, startRun, waitForRun } from "../../lib/app/runs.ts";
import { workflowId } from "../../lib/domain/ids.ts";
import { openPlatform, type Platform } from "../../lib/platform.ts";
import { testPlatform } from "../support/platform.ts";
import { specText } from "./world.ts";

let platform: Platform;
/** The same database, with Temporal where nothing listens: what an outage looks like from here. */
let cutOff: Platform;

beforeAll(async () => {
  platform = await testPlatform();
  const nowhere = { ...platform.config.temporal, address: "127.0.0.1:1" };
  cutOff = openPlatform({ ...platform.config, temporal: nowhere, log: { level: "silent" } }, { connectMs: 300 });
  await applySpec(platform, { text: specText("gym"), name: "spec.yaml" }, "test");
});
afterAll(() => cutOff[Symbol.asyncDispose]());

const describeRun = async (run: string) => (await platform.temporal()).workflow.getHandle(workflowId.run(run)).describe();

describe("a run", () => {
  it("is written, journalled and started under its own id, with the context the workflow wants", async () => {
    const run = await startRun(platform, "gym", { seed: 7 }, "ann");
    expect(run).toMatchObject({ state: "queued", seed: 7, specVersion: 1, requestedBy: "ann", workflowStarted: true, kind: "training" });
    const { type, status } = await describeRun(run.run);
    expect([type, status.name]).toEqual(["trainingPipelineWorkflow", "RUNNING"]);
    const history = await (await platform.temporal()).workflow.getHandle(workflowId.run(run.run)).fetchHistory();
    const data = history.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data;
    expect(JSON.parse(Buffer.from(data as Uint8Array).toString())).toEqual({ run: run.run, project: "gym", specVersion: 1, seed: 7 });
    const events = await platform.db.selectFrom("journal").select(["kind", "actor"]).where("subject", "=", run.run).execute();
    expect(events).toEqual([{ kind: "run.requested", actor: "ann" }]);
  });

  it("F05: asked for twice under one id is one run; asked for something else is refused", async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => startRun(platform, "gym", { id: "my-run", set: { "gate.margin": 0.1 } }, "ann")),
    );
    expect(new Set(answers.map(({ run }) => run))).toEqual(new Set(["my-run"]));
    expect(await platform.db.selectFrom("journal").select("id").where("subject", "=", "my-run").execute()).toHaveLength(1);
    await expect(startRun(platform, "gym", { id: "my-run" }, "ann")).rejects.toMatchObject({ code: "CONFLICT" });
  });

  it("is done again with its own spec, seed and settings, also after the project's spec has moved on", async () => {
    await applySpec(platform, { text: specText("walks"), name: "spec.yaml" }, "test");
    const first = await startRun(platform, "walks", { id: "first", seed: 11, set: { "gate.margin": 0.05 } }, "ann");
    await applySpec(platform, { text: specText("walks", "A newer title"), name: "spec.yaml" }, "test");
    const again = await startRun(platform, "walks", { again: "first" }, "bob");
    expect(again).toMatchObject({ seed: 11, specVersion: first.specVersion, requestedBy: "bob", params: { set: { "gate.margin": 0.05 } } });
    expect(again.run).not.toBe("first");
    await expect(startRun(platform, "walks", { again: "first", seed: 1 }, "bob")).rejects.toMatchObject({ code: "REQUEST_INVALID" });
    await expect(startRun(platform, "walks", { again: "nothing" }, "bob")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(startRun(platform, "gym", { again: "first" }, "bob")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("changes the spec for itself alone with `set`, and refuses a change that makes no spec", async () => {
    const run = await startRun(platform, "gym", { set: { "gate.mode": "manual", "windows.kind": "row" } }, "ann");
    const spec = await platform.db
      .selectFrom("spec")
      .selectAll()
      .where("project", "=", "gym")
      .where("version", "=", run.specVersion)
      .executeTakeFirstOrThrow();
    expect(spec.body.gate.mode).toBe("manual");
    expect((await showProject(platform, "gym")).spec.version).toBe(1);
    const again = await startRun(platform, "gym", { set: { "gate.mode": "manual", "windows.kind": "row" } }, "ann");
    expect(again.specVersion).toBe(run.specVersion);
    expect(again.before).toEqual({ run: run.run, changes: [] });
    await expect(startRun(platform, "gym", { set: { "gate.mood": "manual" } }, "ann")).rejects.toMatchObject({ code: "SPEC_INVALID" });
    await expect(startRun(platform, "gym", { set: { project: "other" } }, "ann")).rejects.toMatchObject({ code: "SPEC_INVALID" });
    await expect(startRun(platform, "nobody", {}, "ann")).rejects.toMatchObject({ code: "SPEC_UNKNOWN" });
    await expect(startRun(platform, "gym", { uploads: ["00000000-0000-4000-8000-000000000000"] }, "ann")).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });

  it("F11: asked for while Temporal is away waits in the outbox, and is started exactly once when it is back", async () => {
    const runs = await Promise.all(Array.from({ length: 3 }, () => startRun(cutOff, "gym", {}, "ann")));
    expect(runs.map((run) => [run.state, run.workflowStarted])).toEqual(runs.map(() => ["queued", false]));
    await expect(startPending(cutOff)).rejects.toMatchObject({ code: "TEMPORAL_UNAVAILABLE" });
    await expect(describeRun(runs[0]?.run ?? "")).rejects.toBeInstanceOf(WorkflowNotFoundError);
    // Several processes look into the outbox at the same moment.
    await Promise.all(Array.from({ length: 4 }, () => startPending(platform)));
    for (const { run } of runs) {
      expect((await showRun(platform, run)).workflowStarted).toBe(true);
      const client = await platform.temporal();
      const found: string[] = [];
      for (let tries = 0; tries < 40 && found.length === 0; tries++) {
        for await (const { runId } of client.workflow.list({ query: `WorkflowId = "${workflowId.run(run)}"` })) found.push(runId);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect(found).toHaveLength(1);
    }
    expect(await startPending(platform)).toBe(0);
  });

  it("F05: started by Temporal with the answer lost is not started again", async () => {
    const { run } = await startRun(platform, "gym", {}, "ann");
    const { runId } = await describeRun(run);
    await platform.db.updateTable("run").set({ started_workflow: false }).where("id", "=", run).execute();
    expect(await startPending(platform)).toBe(1);
    expect((await describeRun(run)).runId).toBe(runId);
    expect((await showRun(platform, run)).workflowStarted).toBe(true);
  });

  it("cancelled in the outbox never starts; cancelled while it runs, its workflow is asked to stop", async () => {
    const waiting = await startRun(cutOff, "gym", {}, "ann");
    const ended = await cancelRun(cutOff, waiting.run, "not today", "ann");
    expect([ended.state, ended.error?.code]).toEqual(["cancelled", "CANCELLED"]);
    await startPending(platform);
    await expect(describeRun(waiting.run)).rejects.toBeInstanceOf(WorkflowNotFoundError);
    await expect(cancelRun(platform, waiting.run, "", "ann")).rejects.toMatchObject({ code: "CONFLICT" });

    const { run } = await startRun(platform, "gym", {}, "ann");
    await cancelRun(platform, run, "", "ann");
    const history = await (await platform.temporal()).workflow.getHandle(workflowId.run(run)).fetchHistory();
    expect(history.events?.some((event) => event.workflowExecutionCancelRequestedEventAttributes)).toBe(true);
  });

  it("that does not wait for approval refuses one", async () => {
    const { run } = await startRun(platform, "gym", {}, "ann");
    await expect(approveRun(platform, run, { approve: true, why: "" }, "ann")).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(approveRun(platform, "no-such", { approve: true, why: "" }, "ann")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("can be waited for: its changes are told, and its end is the answer", async () => {
    const { run } = await startRun(cutOff, "gym", {}, "ann");
    const states: string[] = [];
    const waiting = waitForRun(platform, run, { pollMs: 20, onChange: ({ state }) => states.push(state) });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await cancelRun(cutOff, run, "", "ann");
    expect((await waiting).state).toBe("cancelled");
    expect(states).toEqual(["queued", "cancelled"]);
  });

  it("lists show replays for what they are", async () => {
    const { run, state, moved } = await replayQuarantine(platform, "gym", "ann");
    expect([state, moved]).toEqual(["queued", null]);
    expect((await describeRun(run)).type).toBe("quarantineReplayWorkflow");
    const [newest] = (await listRuns(platform, { visible: null, limit: 1 })).items;
    expect([newest?.run, newest?.kind]).toEqual([run, "replay"]);
  });
});
