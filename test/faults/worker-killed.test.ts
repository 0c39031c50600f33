import { relative } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { simulate } from "../../examples/gym/simulate.ts";
import { takeIn } from "../../lib/app/intake.ts";
import { startRun } from "../../lib/app/runs.ts";
import type { Platform } from "../../lib/platform.ts";
import { applyExample } from "../support/example.ts";
import { testPlatform } from "../support/platform.ts";
import { testFolder } from "../support/services.ts";
import { startWorkerProcess } from "../support/worker-process.ts";
import { shardsOf } from "../../activities/window.ts";
import type { Genome } from "../../lib/domain/spec.ts";

/** Long enough for a checkpoint to be saved before the kill, short enough for a test. */
const EPOCHS = 3_000;

let platform: Platform;
beforeAll(async () => {
  platform = await testPlatform();
  await applyExample(platform, "gym");
  const folder = await testFolder();
  const { files } = await simulate({ folder, subjects: 8, seed: 5 });
  for (const path of files) await takeIn(platform, "gym", { name: relative(folder, path), path }, "test");
});

describe("a worker that is killed", () => {
  it("F01: in the middle of a training costs the time since the last checkpoint, and not one bit of the result", async () => {
    const optimizer = { kind: "adam", learningRate: 0.001 };
    const models = [{ family: "mlp", units: [32], activation: "relu", dropout: 0.2, batch: 32, epochs: EPOCHS, optimizer }];
    const floors = { accuracy: 0.1, macroF1: 0.1 };
    await startRun(platform, "gym", { id: "killed", set: { models, "gate.floors": floors } }, "test");
    const first = startWorkerProcess(platform.config);
    await expect.poll(async () => (await trial())?.checkpoint, { timeout: 90_000, interval: 300 }).toBeTruthy();
    await first.kill();
    const before = await trial();
    expect(before).toMatchObject({ state: "training" });

    startWorkerProcess(platform.config);
    await expect.poll(async () => (await trial())?.state, { timeout: 120_000, interval: 500 }).toBe("trained");
    const log = await platform.db.selectFrom("run_log").select("message").where("run", "=", "killed").where("message", "like", "%goes on after epoch%").execute();
    expect(log.length).toBeGreaterThan(0);

    const killed = await trial();
    const paths = await Promise.all((await shardsOf(platform.db, killed?.window_set ?? "")).map((shard) => platform.objects.fetch(shard)));
    await using whole = await platform.compute.run("train-model", {
      genome: killed?.genome as Genome, shards: paths, fit: ["train"], seed: 1, checkpoint: null, checkpointEverySeconds: 1e6,
    });
    expect(killed?.training?.["weightsSha256"]).toBe(whole.output.weights.sha256);
  }, 300_000);
});

async function trial() {
  return platform.db.selectFrom("model").selectAll().where("run", "=", "killed").where("fitted_on", "=", "train").executeTakeFirst();
}
