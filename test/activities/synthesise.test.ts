import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { createCleanActivities } from "../../activities/clean.ts";
import { createDescribeActivities } from "../../activities/describe.ts";
import { createSnapshotActivities } from "../../activities/snapshot.ts";
import { createStageActivities } from "../../activities/stage.ts";
import { createSynthesiseActivities } from "../../activities/synthesise.ts";
import { createTrainActivities } from "../../activities/train.ts";
import { createWindowActivities, shardsOf } from "../../activities/window.ts";
import { simulate } from "../../examples/gym/simulate.ts";
import { takeIn } from "../../lib/app/intake.ts";
import { startRun } from "../../lib/app/runs.ts";
import { streamSynthetic, type StreamOptions } from "../../lib/app/synthesis.ts";
import { SensorloopError } from "../../lib/domain/errors.ts";
import { isSynthetic } from "../../lib/domain/recording-id.ts";
import { genomeSchema } from "../../lib/domain/spec.ts";
import type { RunContext } from "../../lib/domain/stages.ts";
import { decodeWindowShard, SPLITS } from "../../lib/domain/window-shard.ts";
import { openPlatform, type Platform } from "../../lib/platform.ts";
import { findSpec } from "../../lib/store/repositories/projects.ts";
import { attempt } from "../support/attempt.ts";
import { applyExample } from "../support/example.ts";
import { closeAfterwards } from "../support/leftovers.ts";
import { testConfig, testFolder } from "../support/services.ts";

const PROJECT = "gym";
let platform: Platform;
/** Its runs stay in the outbox: no workflow takes them out of this test's hands. */
let cutOff: Platform;

/** A run, stage by stage up to its windows; nothing of it goes through a workflow. */
async function runToWindows(id: string): Promise<RunContext & { snapshot: string; windowSet: string }> {
  const run = await startRun(cutOff, PROJECT, { id, set: {} }, "test");
  const context: RunContext = { run: id, project: PROJECT, specVersion: run.specVersion, seed: run.seed };
  await attempt(() => createStageActivities(platform).stageUploads(context));
  const { planCleaning, cleanChunk, closeCleaning } = createCleanActivities(platform);
  const { chunks } = await attempt(() => planCleaning(context));
  for (let chunk = 0; chunk < chunks; chunk++) await attempt(() => cleanChunk({ ...context, chunk }));
  await attempt(() => closeCleaning(context));
  const { snapshot } = await attempt(() => createSnapshotActivities(platform).takeSnapshot(context));
  const { planWindows, windowShard, closeWindows } = createWindowActivities(platform);
  const inWindow = { ...context, snapshot, stage: "window" as const };
  const { windowSet, shards } = await attempt(() => planWindows(inWindow));
  for (let shard = 0; shard < shards; shard++) await attempt(() => windowShard({ ...inWindow, windowSet, shard }));
  await attempt(() => closeWindows({ ...inWindow, windowSet }));
  return { ...context, snapshot, windowSet };
}

async function described(context: Awaited<ReturnType<typeof runToWindows>>) {
  const { describeSnapshot } = createDescribeActivities(platform);
  return attempt(() => describeSnapshot({ ...context, clustering: null }));
}

async function synthesised(context: Awaited<ReturnType<typeof runToWindows>>, description: string | null) {
  const { synthesise } = createSynthesiseActivities(platform);
  return attempt(() => synthesise({ ...context, description }));
}

const stageOf = (run: string, name: string) =>
  platform.db.selectFrom("stage").selectAll().where("run", "=", run).where("name", "=", name).executeTakeFirstOrThrow();
const countOf = async (table: "description" | "synthesis") =>
  Number(
    (
      await platform.db
        .selectFrom(table)
        .select(({ fn }) => fn.countAll().as("count"))
        .executeTakeFirstOrThrow()
    ).count,
  );

async function stream(options: Partial<StreamOptions>) {
  const { spec_version: version } = await platform.db.selectFrom("project").selectAll().where("id", "=", PROJECT).executeTakeFirstOrThrow();
  const { body } = (await findSpec(platform.db, PROJECT, version))!;
  return streamSynthetic(platform, PROJECT, body, { as: "files", seed: 1, ...options }, "test");
}

let first: Awaited<ReturnType<typeof runToWindows>>;

beforeAll(async () => {
  platform = openPlatform(await testConfig());
  cutOff = { ...platform, temporal: () => Promise.reject(new SensorloopError("TEMPORAL_UNAVAILABLE", "away")) };
  closeAfterwards(async () => platform[Symbol.asyncDispose]());
  await applyExample(platform, PROJECT, ["describe", "synthesise"]);
  const folder = await testFolder();
  const { files } = await simulate({ folder, subjects: 9, seed: 3, setSeconds: 8, restSeconds: 1 });
  for (const path of files) await takeIn(platform, PROJECT, { name: relative(folder, path), path }, "test");
  first = await runToWindows("first");
});

describe("describe and synthesise", () => {
  let description: string;

  it("describe the training people once, and find the document again", async () => {
    await expect(stream({})).rejects.toMatchObject({ code: "NOT_FOUND" });
    description = (await described(first)).description!;
    const { splits } = await platform.db.selectFrom("snapshot").select("splits").where("id", "=", first.snapshot).executeTakeFirstOrThrow();
    expect(await stageOf("first", "describe")).toMatchObject({ state: "done", detail: { people: splits["train"], through: "recordings" } });
    const again = await runToWindows("again");
    expect(again.snapshot).toBe(first.snapshot);
    expect(await described(again)).toEqual({ description });
    expect(await stageOf("again", "describe")).toMatchObject({ state: "reused", reused_from: "first" });
    expect(await countOf("description")).toBe(1);
  });

  it("make people up, judge them, and write down why they join the training or not", async () => {
    const { synthesis, joins } = await synthesised(first, description);
    const row = await platform.db.selectFrom("synthesis").selectAll().where("id", "=", synthesis!).executeTakeFirstOrThrow();
    const { real, both } = row.decision["macroF1"] as { real: number; both: number };
    expect(row.decision).toMatchObject({ asked: "if-better", joins });
    expect(joins).toBe(both >= real && (row.report["privacy"] as { pass: boolean }).pass);
    expect(row.object).not.toBeNull();
    expect(await stageOf("first", "synthesise")).toMatchObject({ state: "done", detail: { synthesis, people: 6, decision: row.decision } });
    expect(await synthesised({ ...first, run: "again" }, description)).toEqual({ synthesis, joins });
    expect(await stageOf("again", "synthesise")).toMatchObject({ state: "reused" });
    expect(await countOf("synthesis")).toBe(1);
  });

  it("teach a cohort's models by the made-up people of that cohort alone, and everyone's by all", async () => {
    const { db } = platform;
    const { id: synthesis, object, report } = await db.selectFrom("synthesis").selectAll().executeTakeFirstOrThrow();
    const ref = await db.selectFrom("object").select(["key", "sha256", "bytes"]).where("key", "=", object!).executeTakeFirstOrThrow();
    const shard = decodeWindowShard(new Uint8Array(await readFile(await platform.objects.fetch(ref))));
    const people = report["people"] as { id: string; cohort: string }[];
    expect([...shard.subjects].sort()).toEqual(people.map(({ id }) => id).sort());
    // Half of them as if they had been made up for another cohort.
    const moved = people.map((person, index) => ({ ...person, cohort: index % 2 ? "runners" : "walkers" }));
    await db
      .updateTable("synthesis")
      .set({ report: JSON.stringify({ ...report, people: moved }) })
      .where("id", "=", synthesis)
      .execute();
    const windowsOf = (cohort: string) => {
      const ids = new Set(moved.filter((person) => cohort === "all" || person.cohort === cohort).map(({ id }) => id));
      return shard.subject.reduce((sum, subject) => sum + (ids.has(shard.subjects[subject]!) ? 1 : 0), 0);
    };
    const { trainModel } = createTrainActivities(platform);
    const rows: Record<string, number> = {};
    const genome = genomeSchema.parse({ family: "logistic", maxIterations: 2 });
    for (const [cohort, joined] of [
      ["none", null],
      ["all", synthesis],
      ["walkers", synthesis],
    ] as const) {
      const slot = `gym/${cohort}/ankle-acc+wrist-acc+wrist-gyro`;
      const model = `model-${cohort}`;
      const { run, snapshot, windowSet } = first;
      await db
        .insertInto("model")
        .values({
          ...{ id: model, project: PROJECT, slot, run, snapshot, window_set: windowSet, family: "logistic", state: "training" },
          ...{ genome: JSON.stringify(genome), fitted_on: "train" },
        })
        .execute();
      const sensors = ["wrist-acc", "wrist-gyro", "ankle-acc"];
      const search = { ...first, slot, cohort, sensors, clustering: null, synthesis: joined };
      await attempt(() => trainModel({ ...search, model }));
      const { training } = await db.selectFrom("model").select("training").where("id", "=", model).executeTakeFirstOrThrow();
      rows[cohort] = Number(training!["rows"]);
    }
    expect(windowsOf("walkers")).toBeGreaterThan(0);
    expect(windowsOf("walkers")).toBeLessThan(windowsOf("all"));
    expect(rows["all"]! - rows["none"]!).toBe(windowsOf("all"));
    expect(rows["walkers"]! - rows["none"]!).toBe(windowsOf("walkers"));
  });

  it("are skipped where there is nothing to make up from", async () => {
    expect(await synthesised({ ...first, run: "again" }, null)).toEqual({ synthesis: null, joins: false });
    expect(await stageOf("again", "synthesise")).toMatchObject({ state: "skipped" });
  });
});

describe("made-up recordings that are streamed in", () => {
  it("arrive as files of the spec's own format, at the rate asked for", async () => {
    const begun = performance.now();
    const sent = await stream({ people: 2, secondsPerClass: 8, rate: 4000 });
    expect(sent).toMatchObject({ people: 2, rows: sent.files * 400 });
    expect((performance.now() - begun) / 1000).toBeGreaterThanOrEqual(sent.rows / 4000 - 0.01);
    await expect(stream({ as: "batches" })).rejects.toMatchObject({ code: "REQUEST_INVALID" });
  });

  it("are cleaned and windowed like others, are on no side of the split, and are never described", async () => {
    const before = await platform.db.selectFrom("snapshot").selectAll().where("id", "=", first.snapshot).executeTakeFirstOrThrow();
    const run = await runToWindows("with-synthetic");
    const after = await platform.db.selectFrom("snapshot").selectAll().where("id", "=", run.snapshot).executeTakeFirstOrThrow();
    expect(after.subjects).toBe(before.subjects + 2);
    expect(after.splits).toEqual(before.splits);
    expect((await stageOf("with-synthetic", "clean")).rows_quarantined).toBe((await stageOf("first", "clean")).rows_quarantined);
    let synthetic = 0;
    for (const ref of await shardsOf(platform.db, run.windowSet)) {
      const shard = decodeWindowShard(new Uint8Array(await readFile(await platform.objects.fetch(ref))));
      for (let window = 0; window < shard.windows; window++) {
        if (!isSynthetic(shard.subjects[shard.subject[window]!]!)) continue;
        synthetic++;
        expect(isSynthetic(shard.recordings[shard.recording[window]!]!)).toBe(true);
        expect([SPLITS[shard.split[window]!], shard.dense[window]]).toEqual(["unlabelled", 0]);
      }
    }
    expect(synthetic).toBeGreaterThan(10);
    await described(run);
    const [one, two] = await platform.db
      .selectFrom("description")
      .innerJoin("object", "object.key", "description.object")
      .select("object.sha256")
      .execute();
    expect(two).toEqual(one);
  });
});
