import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from "@temporalio/worker";
import { DeterminismViolationError } from "@temporalio/workflow";
import { beforeAll, describe, expect, it } from "vitest";
import * as workflows from "../../workflows/index.ts";
import { bundleWorkflows } from "../../workflows/bundle.ts";

const HISTORIES = join(import.meta.dirname, "../histories");
const names = (await readdir(HISTORIES)).filter((name) => name.endsWith(".json"));

beforeAll(() => {
  Runtime.install({ logger: new DefaultLogger("ERROR", () => {}) });
});

async function replay(workflowBundle: { code: string }, name: string): Promise<void> {
  const { workflowId, ...history } = JSON.parse(await readFile(join(HISTORIES, name), "utf8")) as { workflowId: string };
  await Worker.runReplayHistory({ workflowBundle }, history, workflowId);
}

describe("saved histories", () => {
  it("exist for every workflow type", () => {
    const saved = new Set(names.map((name) => name.split(".")[0]));
    expect(Object.keys(workflows).filter((name) => name.endsWith("Workflow") && !saved.has(name))).toEqual([]);
  });

  it.each(names)("F12: %s replays on the workflows of today", async (name) => {
    await replay(await bundleWorkflows(), name);
  });

  it("F12: a workflow that does its steps in another order is caught", async () => {
    const changed = await bundleWorkflowCode({
      workflowsPath: join(import.meta.dirname, "changed-pipeline.ts"),
      logger: new DefaultLogger("ERROR", () => {}),
    });
    const name = names.find((candidate) => candidate.startsWith("trainingPipelineWorkflow.promoted"));
    await expect(replay(changed, name ?? "none")).rejects.toThrow(DeterminismViolationError);
  });
});
