import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "kysely";
import { beforeAll, describe, expect, it } from "vitest";
import { createHealth } from "../../lib/app/health.ts";
import { exportModel, importModel } from "../../lib/app/model-transfer.ts";
import { promoteModel, rollbackModel } from "../../lib/app/models.ts";
import { applySpec } from "../../lib/app/projects.ts";
import { createServing, type Serving } from "../../lib/app/serving.ts";
import { layersOf } from "../../lib/domain/architecture.ts";
import { tensorsOf, weightCount } from "../../lib/domain/layers.ts";
import { writeModel } from "../../lib/ml/model-files.ts";
import { openPlatform, type Platform } from "../../lib/platform.ts";
import { record } from "../../lib/store/objects.ts";
import { closeAfterwards } from "../support/leftovers.ts";
import { testConfig, testFolder } from "../support/services.ts";
import { insertModel, specText } from "./world.ts";

const SLOT = "gym/all/acc";
let platform: Platform;
let serving: Serving;
let folder: string;

beforeAll(async () => {
  platform = openPlatform(await testConfig({ SENSORLOOP_LOG_LEVEL: "silent" }));
  closeAfterwards(async () => platform[Symbol.asyncDispose]());
  folder = await testFolder();
  serving = createServing(platform);
  await applySpec(platform, { text: specText("gym"), name: "spec.yaml" }, "test");
});

/** Above 0 it says `walk`, or, turned round, `rest`. */
async function trained(id: string, sign: 1 | -1): Promise<string> {
  const genome = { family: "logistic", l2: 0.001, maxIterations: 200 } as const;
  const tensors = tensorsOf(layersOf(genome, { kind: "features", width: 1 }, 2));
  const weights = new Float32Array(weightCount(tensors).all);
  weights.set([-5 * sign, 5 * sign]);
  const training = { backend: "cpu", threads: 1, seed: 1, epochs: 1, rows: 10, seconds: 1 } as const;
  const files = await writeModel(
    await mkdtemp(join(folder, "model-")),
    { genome, classes: ["rest", "walk"], input: { kind: "features", names: ["x"] }, scaling: { mean: [0], sd: [1], clip: 10 }, training },
    tensors,
    weights,
  );
  await insertModel(platform.db, { id, project: "gym", slot: SLOT });
  const artifact = await platform.objects.putFile("gym", "model", files.artifact.path);
  const bytes = await platform.objects.putFile("gym", "model", files.weights.path);
  await platform.db.transaction().execute(async (tx) => {
    await record(tx, [artifact, bytes]);
    await tx.updateTable("model").set({ artifact: artifact.key, weights: bytes.key }).where("id", "=", id).execute();
  });
  return id;
}

const ask = async (x: number) => {
  const { model, answers } = await serving.predict("gym", { rows: [{ x }] });
  return [model, answers[0]?.label];
};
/** A promotion is served a second later at most. */
const soon = () => new Promise((resolve) => setTimeout(resolve, 1_100));

describe("serving", () => {
  it("says that there is no champion before there is one", async () => {
    await expect(serving.predict("gym", { rows: [{ x: 1 }] })).rejects.toMatchObject({ code: "NO_CHAMPION" });
    await expect(serving.predict("nobody", { rows: [{ x: 1 }] })).rejects.toMatchObject({ code: "SPEC_UNKNOWN" });
  });

  it("answers with the champion, and each answer names its model and what it was asked", async () => {
    await promoteModel(platform, await trained("model-a", 1), { expected: null, why: "" }, "test");
    await soon();
    expect(await ask(2)).toEqual(["model-a", "walk"]);
    expect(await ask(-2)).toEqual(["model-a", "rest"]);
    const answer = await serving.predict("gym", { rows: [{ x: 2 }, { x: 0.001 }] });
    const [first] = answer.answers;
    expect(first?.probabilities["walk"]).toBeGreaterThan(0.99);
    expect((first?.probabilities["walk"] ?? 0) + (first?.probabilities["rest"] ?? 0)).toBeCloseTo(1, 5);
    expect(answer.inputSha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it("reads windows of samples where the spec's rows are examples of one sample", async () => {
    const { answers } = await serving.predict("gym", { windows: [{ x: [3] }, { x: [-3] }] });
    expect(answers.map(({ label }) => label)).toEqual(["walk", "rest"]);
  });

  it("refuses features the model does not know, rows without any, and windows of another length", async () => {
    await expect(serving.predict("gym", { rows: [{ x: 1, y: 2 }] })).rejects.toMatchObject({ code: "REQUEST_INVALID" });
    await expect(serving.predict("gym", { rows: [{}] })).rejects.toMatchObject({ code: "REQUEST_INVALID" });
    await expect(serving.predict("gym", { windows: [{ x: [1, 2] }] })).rejects.toMatchObject({ code: "REQUEST_INVALID" });
    await expect(serving.predict("gym", { windows: [{}] })).rejects.toMatchObject({ code: "REQUEST_INVALID" });
  });

  it("F28: a champion whose weights are damaged is refused, the one before goes on answering, and readiness says why", async () => {
    const damaged = await trained("model-b", -1);
    const { weights } = await platform.db.selectFrom("model").select("weights").where("id", "=", damaged).executeTakeFirstOrThrow();
    // The row names other bytes than those that are stored: a flipped bit, or a truncated file.
    await sql`update object set sha256 = ${"f".repeat(64)} where key = ${weights}`.execute(platform.db);
    await promoteModel(platform, damaged, { expected: "model-a", why: "" }, "test");
    await soon();
    expect(await ask(2)).toEqual(["model-a", "walk"]);
    const [status] = await serving.check();
    expect([status?.model, status?.problem?.model, status?.problem?.error.code]).toEqual(["model-a", "model-b", "OBJECT_CORRUPT"]);
    const predictor = (await createHealth(platform, serving).probe()).find(({ name }) => name === "predictor");
    expect(predictor).toMatchObject({ ok: false, message: expect.stringContaining("'model-a' answers instead") });
    // A process that begins with it has nothing to answer instead, and says so.
    await expect(createServing(platform).predict("gym", { rows: [{ x: 2 }] })).rejects.toMatchObject({ code: "OBJECT_CORRUPT" });

    await rollbackModel(platform, "gym", { why: "damaged" }, "test");
    await soon();
    expect(await ask(2)).toEqual(["model-a", "walk"]);
    expect((await serving.check())[0]?.problem).toBeNull();
  });

  it("changes to a new champion under load without a failed or wrongly attributed answer", async () => {
    await trained("model-c", -1);
    let stop = false;
    const wrong: unknown[] = [];
    let asked = 0;
    const load = Array.from({ length: 4 }, async () => {
      while (!stop) {
        const [model, label] = await ask(2).catch((error: unknown) => [error, ""]);
        if (label !== (model === "model-a" ? "walk" : model === "model-c" ? "rest" : "?")) wrong.push([model, label]);
        asked++;
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    for (const [model, expected] of [
      ["model-c", "model-a"],
      ["model-a", "model-c"],
      ["model-c", "model-a"],
    ] as const) {
      await promoteModel(platform, model, { expected, why: "" }, "test");
      await soon();
    }
    stop = true;
    await Promise.all(load);
    expect(wrong).toEqual([]);
    expect(asked).toBeGreaterThan(100);
    expect((await ask(2))[0]).toBe("model-c");
  });
});

describe("a model", () => {
  it("goes to a folder and comes back in another installation, answering the same", async () => {
    const files = await exportModel(platform, "model-a", join(folder, "export"));
    expect(files.map((file) => file.split("/").at(-1))).toEqual(["model.json", "artifact.json", "weights.bin"]);
    await using other = openPlatform(await testConfig({ SENSORLOOP_LOG_LEVEL: "silent" }));
    await applySpec(other, { text: specText("gym"), name: "spec.yaml" }, "test");
    const imported = await importModel(other, join(folder, "export"), "test");
    expect([imported.id, imported.state, imported.champion]).toEqual(["model-a", "trained", false]);
    expect((await importModel(other, join(folder, "export"), "test")).id).toBe("model-a");
    const told = await other.db
      .selectFrom("journal")
      .select(["actor", "project", "subject"])
      .where("kind", "=", "model.imported")
      .execute();
    expect(told).toEqual([{ actor: "test", project: "gym", subject: "model-a" }]);
    await promoteModel(other, "model-a", { expected: null, why: "" }, "test");
    const { answers } = await createServing(other).predict("gym", { rows: [{ x: 2 }] });
    expect(answers[0]?.label).toBe("walk");
  });

  it("F28: with a flipped bit in any of its files is not taken in", async () => {
    const source = join(folder, "export");
    await using other = openPlatform(await testConfig({ SENSORLOOP_LOG_LEVEL: "silent" }));
    await applySpec(other, { text: specText("gym"), name: "spec.yaml" }, "test");
    for (const name of ["artifact.json", "weights.bin"]) {
      const whole = await readFile(join(source, name));
      const flipped = Buffer.from(whole);
      flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] ?? 0) ^ 1;
      await writeFile(join(source, name), flipped);
      await expect(importModel(other, source, "test")).rejects.toMatchObject({ code: "ARTIFACT_CORRUPT" });
      await writeFile(join(source, name), whole.subarray(0, whole.length - 4));
      await expect(importModel(other, source, "test")).rejects.toMatchObject({ code: "ARTIFACT_CORRUPT" });
      await writeFile(join(source, name), whole);
    }
    expect(await other.db.selectFrom("model").select("id").execute()).toEqual([]);
    await expect(importModel(other, join(folder, "nowhere"), "test")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
