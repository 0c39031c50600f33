import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { simulate } from "../../examples/gym/simulate.ts";
import { refOf } from "../../activities/object-of.ts";
import { takeIn } from "../../lib/app/intake.ts";
import { startRun, waitForRun } from "../../lib/app/runs.ts";
import { artifactSchema, type Artifact } from "../../lib/domain/artifact.ts";
import type { RunDetail } from "../../lib/domain/api/runs.ts";
import { workflowId } from "../../lib/domain/ids.ts";
import type { Platform } from "../../lib/platform.ts";
import { applyExample } from "../support/example.ts";
import { testPlatform, testWorker } from "../support/platform.ts";
import { testFolder } from "../support/services.ts";
import { startWorkerProcess } from "../support/worker-process.ts";

/** Two slots, two generations, families that train in a moment; one genome cannot be trained. */
const SEARCH = {
  models: [
    { family: "logistic", maxIterations: 20 },
    { family: "boosting", rounds: 10 },
    {
      family: "mlp",
      units: [64, 64],
      activation: "relu",
      epochs: 5,
      optimizer: { kind: "sgd", learningRate: 10, momentum: 0.9999, schedule: "constant" },
    },
  ],
  evolve: { generations: 2, keep: 2, mutants: 2, trials: 6, minutes: 10, sensors: [["wrist-acc", "wrist-gyro"]], cohortSubjects: null },
  ensemble: 2,
  "gate.floors.accuracy": 0.3,
  "gate.floors.macroF1": 0.3,
};

async function platformWithPeople(): Promise<Platform> {
  const platform = await testPlatform();
  await applyExample(platform, "gym");
  const folder = await testFolder();
  const { files } = await simulate({ folder, subjects: 10, seed: 3 });
  for (const path of files) await takeIn(platform, "gym", { name: relative(folder, path), path }, "test");
  return platform;
}

/** Who was tried in which generation; the ids say everything that a trial depends on. */
async function trialsOf(platform: Platform, run: string) {
  const rows = await platform.db.selectFrom("run_trial").select(["slot", "model", "generation"]).where("run", "=", run).execute();
  return rows.map(({ slot, model, generation }) => `${slot} ${generation} ${model}`).sort();
}

async function artifactOf({ db, objects }: Platform, model: string | null): Promise<Artifact> {
  const { artifact } = await db
    .selectFrom("model")
    .select("artifact")
    .where("id", "=", model ?? "")
    .executeTakeFirstOrThrow();
  return artifactSchema.parse(JSON.parse(await readFile(await objects.fetch(await refOf(db, artifact ?? "")), "utf8")));
}

let platform: Platform;
let run: RunDetail;

beforeAll(async () => {
  platform = await platformWithPeople();
  testWorker(platform);
  await startRun(platform, "gym", { id: "search", set: SEARCH }, "test");
  run = await waitForRun(platform, "search", { pollMs: 200 });
}, 240_000);

describe("evolutionWorkflow", () => {
  it("finds a champion for each slot, the principal one told of by the run", async () => {
    expect(run.error).toBeNull();
    expect(run.state).toBe("done");
    const slots = await platform.db.selectFrom("run_slot").selectAll().orderBy("slot").execute();
    expect(slots.map(({ slot, state, decision }) => [slot, state, decision?.rule])).toEqual([
      ["gym/all/ankle-acc+wrist-acc+wrist-gyro", "done", "first"],
      ["gym/all/wrist-acc+wrist-gyro", "done", "first"],
    ]);
    const champions = await platform.db.selectFrom("champion").select(["slot", "model"]).orderBy("slot").execute();
    expect(champions).toEqual(slots.map(({ slot, candidate }) => ({ slot, model: candidate })));
    expect(run.candidate).toBe(slots[0]!.candidate);
  });

  it("lets a slot's models read the columns of its sensors only", async () => {
    const slots = await platform.db.selectFrom("run_slot").select(["slot", "candidate"]).orderBy("slot").execute();
    const [whole, wrist] = await Promise.all(slots.map(({ candidate }) => artifactOf(platform, candidate)));
    const names = ({ input }: Artifact) => (input.kind === "features" ? input.names : []);
    expect(names(whole!).some((name) => name.includes("ankle"))).toBe(true);
    expect(names(wrist!).length).toBeGreaterThan(10);
    expect(names(wrist!).filter((name) => name.includes("ankle"))).toEqual([]);
  });

  it("breeds mutants from the best trials, each with its parent and what was changed", async () => {
    const trials = await platform.db
      .selectFrom("run_trial")
      .innerJoin("model", "model.id", "run_trial.model")
      .select([
        "run_trial.slot",
        "run_trial.generation",
        "model.id",
        "model.origin",
        "model.parents",
        "model.mutation",
        "model.state",
        "model.family",
      ])
      .where("run_trial.run", "=", "search")
      .execute();
    for (const slot of new Set(trials.map((trial) => trial.slot))) {
      const here = trials.filter((trial) => trial.slot === slot);
      const trained = new Set(here.filter((trial) => trial.state === "trained" && trial.generation === 0).map((trial) => trial.id));
      expect(trained.size).toBe(2);
      const mutants = here.filter((trial) => trial.generation === 1);
      expect(mutants.length).toBe(2);
      for (const mutant of mutants) {
        expect(mutant.origin).toBe("mutant");
        expect(trained.has(mutant.parents[0]!)).toBe(true);
        expect(mutant.mutation).toContain("→");
      }
    }
  });

  it("loses a genome that diverges, with its reason, and nothing else", async () => {
    const bad = await platform.db
      .selectFrom("model")
      .select(["state", "error"])
      .where("family", "=", "mlp")
      .where("fitted_on", "=", "train")
      .execute();
    expect(bad.length).toBeGreaterThanOrEqual(2);
    for (const model of bad) expect(model).toMatchObject({ state: "failed", error: { code: "TRAINING_DIVERGED" } });
  });

  it("tries the mean of the best beside the best, and says what came of it", async () => {
    const means = await platform.db
      .selectFrom("model")
      .selectAll()
      .where("family", "=", "ensemble")
      .where("fitted_on", "=", "train")
      .execute();
    expect(means.length).toBe(2);
    for (const mean of means) {
      const members = await platform.db.selectFrom("model").selectAll().where("id", "in", mean.parents).execute();
      expect(members.length).toBe(2);
      const best = Math.max(...members.map((member) => member.validation!.macroF1.value));
      const chosen = await platform.db
        .selectFrom("run_slot")
        .innerJoin("model", "model.id", "run_slot.candidate")
        .select("model.family")
        .where("run_slot.slot", "=", mean.slot)
        .executeTakeFirstOrThrow();
      expect(chosen.family === "ensemble").toBe(mean.validation!.macroF1.value > best);
    }
  });

  it("keeps its histories small", async () => {
    const client = await platform.temporal();
    const { slot } = await platform.db.selectFrom("run_slot").select("slot").executeTakeFirstOrThrow();
    const { events } = await client.workflow.getHandle(workflowId.search("search", slot)).fetchHistory();
    expect(events!.length).toBeLessThan(2_000);
    expect(Math.max(...events!.map((event) => JSON.stringify(event).length))).toBeLessThan(100_000);
  });

  it("begins the next run with the best genomes of this one, and trains nothing twice", async () => {
    const before = await platform.db.selectFrom("model").select("id").execute();
    await startRun(platform, "gym", { id: "again", set: { ...SEARCH, models: [{ family: "logistic", maxIterations: 20 }] } }, "test");
    const again = await waitForRun(platform, "again", { pollMs: 200 });
    expect(again.state).toBe("done");
    const known = new Set(before.map((model) => model.id));
    const first = await platform.db.selectFrom("run_trial").selectAll().where("run", "=", "again").where("generation", "=", 0).execute();
    // The spec's own genome and those remembered, all of which were trained in the same slots before.
    expect(first.length).toBeGreaterThan(2);
    expect(first.filter((trial) => !known.has(trial.model))).toEqual([]);
  }, 120_000);

  it("F01: goes on to the same generations when all its workers are killed in the middle", async () => {
    const shaken = await platformWithPeople();
    await startRun(shaken, "gym", { id: "search", set: SEARCH }, "test");
    const victim = startWorkerProcess(shaken.config);
    const trials = async () => (await trialsOf(shaken, "search")).length;
    await expect.poll(trials, { timeout: 120_000, interval: 50 }).toBeGreaterThan(0);
    await sleep(Math.random() * 1_500);
    await victim.kill();
    startWorkerProcess(shaken.config);
    const ended = await waitForRun(shaken, "search", { pollMs: 300 });
    expect(ended.state).toBe("done");
    expect(await trialsOf(shaken, "search")).toEqual(await trialsOf(platform, "search"));
    expect(ended.candidate).toBe(run.candidate);
  }, 300_000);
});
