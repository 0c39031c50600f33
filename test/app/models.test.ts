import { beforeAll, describe, expect, it } from "vitest";
import { compareModels } from "../../lib/app/comparison.ts";
import { listChampions, listModels, listReigns, listSlots, promoteModel, rollbackModel, showLineage } from "../../lib/app/models.ts";
import { applySpec } from "../../lib/app/projects.ts";
import { encodeOutcomes, type Outcomes } from "../../lib/domain/outcomes.ts";
import { openPlatform, type Platform } from "../../lib/platform.ts";
import { record } from "../../lib/store/objects.ts";
import { closeAfterwards } from "../support/leftovers.ts";
import { testConfig } from "../support/services.ts";
import { insertModel, specText } from "./world.ts";

const SLOT = "gym/all/acc+gyro";
let platform: Platform;

beforeAll(async () => {
  platform = openPlatform(await testConfig({ SENSORLOOP_LOG_LEVEL: "silent" }));
  closeAfterwards(async () => platform[Symbol.asyncDispose]());
  await applySpec(platform, { text: specText("gym"), name: "spec.yaml" }, "test");
});

/** Gives a model's evaluation its answers: people with as many windows each, wrong where `wrong` says so. */
async function answer(model: string, wrong: (person: number, window: number) => boolean, people = 12, each = 20): Promise<void> {
  const { db, objects } = platform;
  const count = people * each;
  const actual = Int32Array.from({ length: count }, (_, at) => at % 2);
  const subject = Int32Array.from({ length: count }, (_, at) => Math.floor(at / each));
  const outcomes: Outcomes = {
    classes: ["rest", "walk"],
    subjects: Array.from({ length: people }, (_, person) => `p${person}`),
    subject,
    actual,
    predicted: actual.map((label, at) => (wrong(subject[at]!, at % each) ? 1 - label : label)),
    confidence: new Float32Array(count).fill(0.9),
  };
  const put = await objects.putBytes("gym", "model", encodeOutcomes(outcomes));
  await db.transaction().execute(async (tx) => {
    await record(tx, [put]);
    await tx.updateTable("evaluation").set({ outcomes: put.key }).where("model", "=", model).execute();
  });
}

const validated = (model: string, score: number, more: object = {}) =>
  platform.db
    .updateTable("model")
    .set({ validation: JSON.stringify({ macroF1: { value: score, low: score - 0.01, high: score + 0.01 } }), ...more })
    .where("id", "=", model)
    .execute();

describe("the comparison of two models", () => {
  it("is paired by person, with intervals, over all people and not only the worst listed", async () => {
    for (const id of ["old", "new"]) await insertModel(platform.db, { id, project: "gym", slot: SLOT });
    await answer("old", (person, window) => window < person);
    await answer("new", (person, window) => window < person - 1);
    const { comparable, accuracy, macroF1, subjects, better, worse, equal, perClass } = await compareModels(platform, "old", "new");
    expect(comparable).toBe(true);
    expect(accuracy?.value).toBeCloseTo(11 / 240, 12);
    expect(accuracy?.low).toBeGreaterThan(0);
    expect(macroF1?.low).toBeGreaterThan(0);
    expect([better, worse, equal]).toEqual([11, 0, 1]);
    expect(subjects).toHaveLength(12);
    expect(subjects[0]).toMatchObject({ windows: 20, b: expect.closeTo((subjects[0]?.a ?? 0) + 0.05, 12) });
    // The one class that both evaluations list.
    expect(perClass).toMatchObject([{ label: "rest", difference: { low: expect.any(Number) } }]);
  });

  it("is refused in words where the two did not answer the same windows", async () => {
    await insertModel(platform.db, { id: "shorter", project: "gym", slot: SLOT });
    await answer("shorter", () => false, 11);
    const { comparable, reason, macroF1 } = await compareModels(platform, "old", "shorter");
    expect({ comparable, macroF1 }).toEqual({ comparable: false, macroF1: null });
    expect(reason).toContain("one answered 240 windows, the other 220");
  });

  it("is by person, each on windows of its own, where the two cut recordings otherwise; other people are still refused", async () => {
    const sliding = specText("cuts").replace(
      "{ kind: row }",
      "{ kind: sliding, seconds: 2, overlap: 0 }\nfeatures: { groups: [{ channels: [x], formulas: [time] }] }\nrateHz: 50",
    );
    await applySpec(platform, { text: sliding, name: "spec.yaml" }, "test");
    await platform.db
      .insertInto("run")
      .values({ id: "cut-run", project: "cuts", spec_version: 1, seed: 1, state: "done", params: "{}", requested_by: "t" })
      .execute();
    const cut = JSON.stringify({ family: "logistic", l2: 0.001, maxIterations: 200, cut: { seconds: 4 } });
    for (const [id, people, each, more] of [
      ["short", 12, 20, {}],
      ["long", 12, 10, { genome: cut }],
      ["fewer", 11, 10, { genome: cut }],
    ] as const) {
      await insertModel(platform.db, { id, project: "cuts", slot: "cuts/all/acc" });
      await validated(id, 0.9, { run: "cut-run", ...more });
      await answer(id, (person, window) => window < person - (each === 20 ? 0 : 1), people, each);
    }
    const { comparable, paired, accuracy, subjects } = await compareModels(platform, "short", "long");
    expect({ comparable, paired }).toEqual({ comparable: true, paired: "people" });
    // Of 240 windows 66 are wrong, of 120 windows 55: each model is measured on its own.
    expect(accuracy?.value).toBeCloseTo(65 / 120 - 174 / 240, 12);
    expect(accuracy?.low).toBeLessThan(accuracy?.value ?? 0);
    expect(subjects).toContainEqual({ subject: "p11", windows: 20, a: 9 / 20, b: 0 });
    expect(await compareModels(platform, "short", "fewer")).toMatchObject({ comparable: false, reason: expect.stringContaining("of p11") });
  });

  it("of a model that came without its answers has plain differences and no interval", async () => {
    await insertModel(platform.db, { id: "imported", project: "gym", slot: SLOT, accuracy: 0.8 });
    const { accuracy } = await compareModels(platform, "old", "imported");
    expect(accuracy).toEqual({ value: expect.closeTo(-0.1, 12), low: null, high: null });
  });
});

describe("the leaderboard", () => {
  it("goes by validation, page by page, a refit beside its trial and those without a figure last", async () => {
    const slot = "gym/c1/acc";
    for (const id of ["t1", "t2", "t3", "t4", "refit"]) await insertModel(platform.db, { id, project: "gym", slot });
    await validated("t1", 0.7);
    await validated("t2", 0.9);
    await validated("t3", 0.8);
    await platform.db
      .updateTable("model")
      .set({ origin: "refit", parents: ["t2"] })
      .where("id", "=", "refit")
      .execute();
    const seen: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await listModels(platform, "gym", { slot, order: "best", limit: 2, after });
      seen.push(...page.items.map(({ id }) => id));
      if (page.next === null) break;
      after = page.next;
    }
    expect(seen).toEqual(["t2", "refit", "t3", "t1", "t4"]);
    const [, refit] = (await listModels(platform, "gym", { slot, order: "best", limit: 5 })).items;
    expect(refit).toMatchObject({ validation: { value: 0.9 }, origin: "refit", parents: ["t2"], failure: null });
  });

  it("says of a failed trial why", async () => {
    await insertModel(platform.db, { id: "broken", project: "gym", slot: "gym/c2/acc", state: "failed" });
    const error = { code: "TRAINING_DIVERGED", message: "the loss became infinite" };
    await platform.db
      .updateTable("model")
      .set({ error: JSON.stringify(error) })
      .where("id", "=", "broken")
      .execute();
    expect((await listModels(platform, "gym", { slot: "gym/c2/acc", limit: 5 })).items[0]?.failure).toEqual(error);
  });
});

describe("a slot", () => {
  it("stands in the list with its parts: those with a champion first, then those for everybody", async () => {
    await promoteModel(platform, "t2", { why: "best" }, "ann");
    const slots = await listSlots(platform, "gym");
    expect(slots.map(({ slot }) => slot)).toEqual(["gym/c1/acc", SLOT, "gym/c2/acc"]);
    expect(slots[0]).toMatchObject({ cohort: "c1", sensors: ["acc"], champion: "t2", models: 5 });
    expect(slots[1]).toMatchObject({ sensors: ["acc", "gyro"], champion: null });
  });

  it("shows what a run tried in it: also a trial that an earlier run had trained, in the generation it was tried in", async () => {
    const slot = "gym/c3/acc";
    const { db } = platform;
    for (const [id, run] of [
      ["known", "run-1"],
      ["fresh", "run-2"],
      ["elsewhere", "run-1"],
    ] as const) {
      await insertModel(db, { id, project: "gym", slot });
      await db
        .updateTable("model")
        .set({ run, parents: id === "fresh" ? ["known"] : [] })
        .where("id", "=", id)
        .execute();
    }
    await db
      .insertInto("run_trial")
      .values([
        { run: "run-2", slot, model: "known", generation: 1 },
        { run: "run-2", slot, model: "fresh", generation: 2 },
      ])
      .execute();
    const { models } = await showLineage(platform, "gym", { slot, run: "run-2" });
    expect(models.map(({ id, generation }) => [id, generation])).toEqual([
      ["known", 1],
      ["fresh", 2],
    ]);
    const newest = await showLineage(platform, "gym", { slot });
    expect(new Set(newest.runs)).toEqual(new Set(["run-1", "run-2"]));
    expect(await showLineage(platform, "gym", { slot: "gym/none/acc" })).toEqual({ slot: "gym/none/acc", run: null, runs: [], models: [] });
  });

  it("has a history: who served when, how and why, and who it was at a time", async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    const before = new Date().toISOString();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await promoteModel(platform, "t3", { why: "we prefer it" }, "ann");
    await rollbackModel(platform, "gym", { slot: "gym/c1/acc", why: "it was worse" }, "bob");
    const reigns = await listReigns(platform, "gym", { slot: "gym/c1/acc" });
    expect(reigns.map(({ model, kind, by, why }) => [model, kind, by, why])).toEqual([
      ["t2", "model.rolled-back", "bob", "it was worse"],
      ["t3", "model.promoted", "ann", "we prefer it"],
      ["t2", "model.promoted", "ann", "best"],
    ]);
    expect(reigns[0]?.until).toBeNull();
    expect(reigns[1]?.until).toBe(reigns[0]?.since);
    expect((await listChampions(platform, "gym", { slot: "gym/c1/acc", at: before }))[0]?.model).toBe("t2");
    const [now] = await listChampions(platform, "gym", { slot: "gym/c1/acc" });
    expect(now).toMatchObject({ model: "t2", accuracy: { value: 0.9, low: null, high: null } });
  });
});
