import { relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { simulate } from "../../examples/gym/simulate.ts";
import { takeIn } from "../../lib/app/intake.ts";
import { cancelRun, startRun, waitForRun } from "../../lib/app/runs.ts";
import type { Platform } from "../../lib/platform.ts";
import { sweep } from "../../lib/store/sweep.ts";
import { applyExample } from "../support/example.ts";
import { testPlatform } from "../support/platform.ts";
import { testFolder } from "../support/services.ts";
import { startWorkerProcess } from "../support/worker-process.ts";
import { shardsOf } from "../../activities/window.ts";
import type { Genome } from "../../lib/domain/spec.ts";

/** Many times as long as what must pass before the kill (a second to the first checkpoint), on the fastest machine, too. */
const EPOCHS = 60;

let platform: Platform;
beforeAll(async () => {
  platform = await testPlatform({ SENSORLOOP_CHECKPOINT_SECONDS: "1" });
  await applyExample(platform, "gym");
  const folder = await testFolder();
  const { files } = await simulate({ folder, subjects: 8, seed: 5 });
  for (const path of files) await takeIn(platform, "gym", { name: relative(folder, path), path }, "test");
});

describe("a worker that is killed", () => {
  it("F01: in the middle of a training costs the time since the last checkpoint, and not one bit of the result", async () => {
    const optimizer = { kind: "adam", learningRate: 0.001 };
    const models = [{ family: "mlp", units: [800, 800], activation: "relu", dropout: 0.2, batch: 8, epochs: EPOCHS, optimizer }];
    const floors = { accuracy: 0.1, macroF1: 0.1 };
    await startRun(platform, "gym", { id: "killed", set: { models, "gate.floors": floors } }, "test");
    const first = startWorkerProcess(platform.config);
    await expect.poll(async () => (await trial())?.checkpoint, { timeout: 150_000, interval: 20 }).toBeTruthy();
    await first.kill();
    const before = await trial();
    expect(before).toMatchObject({ state: "training" });

    startWorkerProcess(platform.config);
    await expect.poll(async () => (await trial())?.state, { timeout: 300_000, interval: 100 }).toBe("trained");
    const log = await platform.db
      .selectFrom("run_log")
      .select("message")
      .where("run", "=", "killed")
      .where("message", "like", "%goes on after epoch%")
      .execute();
    expect(log.length).toBeGreaterThan(0);

    const killed = await trial();
    await cancelRun(platform, "killed", "the rest is not asked", "test");
    await waitForRun(platform, "killed");
    const paths = await Promise.all((await shardsOf(platform.db, killed?.window_set ?? "")).map((shard) => platform.objects.fetch(shard)));
    await using whole = await platform.compute.run("train-model", {
      genome: killed?.genome as Genome,
      shards: paths,
      fit: ["train"],
      seed: 1,
      checkpoint: null,
      checkpointEverySeconds: 1e6,
    });
    expect(killed?.training?.["weightsSha256"]).toBe(whole.output.weights.sha256);
  }, 600_000);

  it("F02, F03: while files are staged and cleaned leaves nothing half done, frozen or dead, and every row counted once", async () => {
    await startRun(
      platform,
      "gym",
      { id: "shaken", set: { "models[1].epochs": 1, "files[0].rules.maxBadShare": 0.06, "gate.floors": { accuracy: 0.1, macroF1: 0.1 } } },
      "test",
    );
    const frozen = startWorkerProcess(platform.config);
    // Not `running`: on a fast machine that may be over between two looks.
    await expect.poll(() => stageState("clean"), { timeout: 60_000, interval: 20 }).toBeDefined();
    frozen.freeze();
    const killed = startWorkerProcess(platform.config);
    await sleep(1_500 + Math.random() * 2_000);
    await killed.kill();
    startWorkerProcess(platform.config);
    await expect.poll(() => stageState("train"), { timeout: 150_000, interval: 200 }).toMatch(/done|running|reused/);
    frozen.thaw();
    const run = await waitForRun(platform, "shaken");
    expect(run.state).toBe("done");
    await sleep(2_000);

    const cleanings = await platform.db.selectFrom("cleaning").selectAll().execute();
    const files = await platform.db.selectFrom("file").select("id").where("state", "=", "staged").execute();
    const current = new Set(
      (await platform.db.selectFrom("run_file").select("file").where("run", "=", "shaken").execute()).map((row) => row.file),
    );
    expect(current.size).toBe(files.length);
    const newest = new Map(cleanings.sort((a, b) => +a.created_at - +b.created_at).map((row) => [row.file, row]));
    expect([...newest.values()].reduce((sum, row) => sum + row.rows_in, 0)).toBe(
      run.stages.find((stage) => stage.name === "clean")?.rowsIn,
    );
    expect(new Set(cleanings.map((row) => `${row.file} ${row.input_sha256}`)).size).toBe(cleanings.length);
    // What a late attempt put and could not publish is nobody's, and goes with the next sweep.
    const unnamed = async () => {
      await sweep(platform.db, platform.objects, -60_000);
      const named = new Set((await platform.db.selectFrom("object").select("key").execute()).map((row) => row.key));
      const stored: string[] = [];
      for await (const item of platform.objects.list("")) stored.push(item.key);
      return { unnamed: stored.filter((key) => !named.has(key)), missing: [...named].filter((key) => !stored.includes(key)) };
    };
    await expect.poll(unnamed, { timeout: 60_000, interval: 1_000 }).toEqual({ unnamed: [], missing: [] });
  }, 600_000);
});

async function stageState(name: string): Promise<string | undefined> {
  const row = await platform.db.selectFrom("stage").select("state").where("run", "=", "shaken").where("name", "=", name).executeTakeFirst();
  return row?.state;
}

async function trial() {
  return platform.db.selectFrom("model").selectAll().where("run", "=", "killed").where("fitted_on", "=", "train").executeTakeFirst();
}
