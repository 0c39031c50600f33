import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { sql } from "kysely";
import { beforeAll, describe, expect, it } from "vitest";
import { simulate } from "../../examples/gym/simulate.ts";
import type { RunDetail } from "../../lib/domain/api/runs.ts";
import { workflowId } from "../../lib/domain/ids.ts";
import { joinFeatures, latestFeatures, listFeatureSets } from "../../lib/app/features.ts";
import { claimTasks } from "../../lib/app/tasks.ts";
import { takeIn } from "../../lib/app/intake.ts";
import { approveRun, showRun, startRun, waitForRun } from "../../lib/app/runs.ts";
import type { Spec } from "../../lib/domain/spec.ts";
import type { Platform } from "../../lib/platform.ts";
import { readShard } from "../../lib/ml/window-rows.ts";
import { append } from "../../lib/store/journal.ts";
import { rebuild } from "../../lib/store/journal-rebuild.ts";
import { findProject, findSpec, keepSpec } from "../../lib/store/repositories/projects.ts";
import { createFeatureActivities } from "../../activities/features.ts";
import { createChooseTasksActivities } from "../../activities/choose-tasks.ts";
import { readManifest } from "../../activities/snapshot.ts";
import { shardsOf } from "../../activities/window.ts";
import { attempt } from "../support/attempt.ts";
import { applyExample } from "../support/example.ts";
import { testPlatform, testWorker } from "../support/platform.ts";
import { testFolder } from "../support/services.ts";

/** A short training and a low bar: these tests are about the way, not the model. */
const QUICK = { "models[1].epochs": 3, "gate.floors.accuracy": 0.3, "gate.floors.macroF1": 0.3 };

let platform: Platform;
let first: RunDetail;

async function runToEnd(id: string, set = {}): Promise<RunDetail> {
  await startRun(platform, "gym", { id, set }, "test");
  return waitForRun(platform, id, { pollMs: 200 });
}

beforeAll(async () => {
  platform = await testPlatform();
  testWorker(platform);
  await applyExample(platform, "gym", ["annotation", "featureStore"]);
  const folder = await testFolder();
  const { files } = await simulate({ folder, subjects: 12, seed: 3 });
  for (const path of files) await takeIn(platform, "gym", { name: relative(folder, path), path }, "test");
  first = await runToEnd("first", QUICK);
}, 180_000);

describe("trainingPipelineWorkflow", () => {
  it("takes raw files to a promoted model, stage by stage", () => {
    expect(first.error).toBeNull();
    expect(first.state).toBe("done");
    expect(first.decision).toMatchObject({ promoted: true, rule: "first" });
    const states = Object.fromEntries(first.stages.map((stage) => [stage.name, stage.state]));
    expect(states).toEqual({
      stage: "done",
      clean: "done",
      snapshot: "done",
      window: "done",
      cluster: "skipped",
      describe: "skipped",
      synthesise: "skipped",
      train: "done",
      evaluate: "done",
      decide: "done",
      promote: "done",
      score: "done",
      features: "done",
    });
    expect(first.metrics?.accuracy.value).toBeGreaterThan(0.5);
    expect(first.metrics?.accuracy.value).toBeLessThan(1);
  });

  it("counts every row of every file once", async () => {
    const rows = await platform.db
      .selectFrom("cleaning")
      .innerJoin("file", "file.id", "cleaning.file")
      .select(["rows_in", "rows_ok", "rows_quarantined", "rows_duplicate", "scan"])
      .execute();
    for (const row of rows) {
      expect(row.rows_ok + row.rows_quarantined + row.rows_duplicate).toBe(row.rows_in);
      const { lines, headerLines, blankCount } = row.scan as { lines: number; headerLines: number; blankCount: number };
      expect(row.rows_in).toBe(lines - headerLines - blankCount);
    }
    const clean = first.stages.find((stage) => stage.name === "clean");
    expect(clean?.rowsIn).toBe(rows.reduce((sum, row) => sum + row.rows_in, 0));
  });

  it("scores the holdout and the recordings without labels, each answer traceable to its window", async () => {
    const predictions = await platform.db
      .selectFrom("prediction")
      .selectAll()
      .where("model", "=", first.candidate ?? "")
      .execute();
    const holdout = predictions.filter((row) => row.split === "holdout");
    expect(holdout.length).toBe(first.metrics?.windows);
    const right = holdout.filter((row) => row.actual === row.predicted).length;
    expect(right / holdout.length).toBeCloseTo(first.metrics?.accuracy.value ?? -1, 6);
    const unlabelled = predictions.filter((row) => row.split === "unlabelled");
    expect(unlabelled.length).toBeGreaterThan(0);
    expect(unlabelled.every((row) => row.actual === null && row.confidence > 0 && row.confidence <= 1)).toBe(true);
    const subjects = new Set((await platform.db.selectFrom("subject").select("biometric_id").execute()).map((row) => row.biometric_id));
    expect(predictions.every((row) => subjects.has(row.subject) && row.window_to > row.window_from)).toBe(true);
  });

  it("leaves a queue for annotators: of each kind no more than the spec wants, no window twice, neighbours never in a row", async () => {
    const tasks = await platform.db
      .selectFrom("task")
      .selectAll()
      .where("model", "=", first.candidate ?? "")
      .orderBy("rank")
      .execute();
    const of = (reason: string) => tasks.filter((task) => task.reason === reason);
    for (const [reason, most] of Object.entries({ uncertain: 60, contradicted: 40, random: 20, gold: 5 }))
      expect([of(reason).length > 0, of(reason).length <= most], reason).toEqual([true, true]);
    expect(of("disagreement"), "there was no champion before").toEqual([]);
    expect(of("uncertain").every((task) => task.confidence < 0.8)).toBe(true);
    expect(of("contradicted").every((task) => task.claimed !== null && task.claimed !== task.predicted)).toBe(true);
    expect(of("gold").every((task) => task.gold !== null && task.wanted === 1)).toBe(true);
    expect(tasks.some((task) => task.wanted === 2)).toBe(true);
    const near = (a: (typeof tasks)[number], b: (typeof tasks)[number], gap: number) =>
      a.recording === b.recording && a.subject === b.subject && a.from_sample < b.to_sample + gap && b.from_sample < a.to_sample + gap;
    for (const [index, task] of tasks.entries()) {
      expect(tasks.slice(index + 1).some((other) => near(task, other, 0))).toBe(false);
      if (index > 0) expect(near(task, tasks[index - 1]!, 200)).toBe(false);
    }
    const made = await platform.db.selectFrom("journal").select("payload").where("kind", "=", "task.made").execute();
    expect(made.reduce((sum, { payload }) => sum + Number(payload["tasks"]), 0)).toBe(tasks.length);
  });

  it("leaves feature sets that say what the windows say", async () => {
    const { db, objects } = platform;
    const { id: windowSet } = await db.selectFrom("window_set").select("id").executeTakeFirstOrThrow();
    const sets = await listFeatureSets(platform, "gym");
    expect(sets.map(({ name, version, rows }) => [name, version, rows > 0])).toEqual([
      ["labels", 0, false],
      ["motion", 1, true],
      ["motion-lately", 1, true],
      ["profile", 1, true],
    ]);
    const expected = new Map<string, { sum: number; count: number; endMs: number }>();
    for (const object of await shardsOf(db, windowSet)) {
      const shard = await readShard(await objects.fetch(object));
      const place = shard.features.indexOf("wrist.magnitude.sd");
      for (let window = 0; window < shard.windows; window++) {
        if (shard.dense[window]) continue;
        const endMs = shard.startUs[window]! / 1000 + 4_000;
        const key = `${shard.subjects[shard.subject[window]!]} ${new Date(endMs).toISOString().slice(0, 10)}`;
        const before = expected.get(key) ?? { sum: 0, count: 0, endMs: 0 };
        const sum = before.sum + shard.featureValues[window * shard.features.length + place]!;
        expected.set(key, { sum, count: before.count + 1, endMs: Math.max(before.endMs, endMs) });
      }
    }
    expect(sets[1]!.rows).toBe(expected.size);
    const days = [...expected].map(([key, day]) => ({
      subject: key.split(" ")[0]!,
      at: new Date(Math.ceil(day.endMs)).toISOString(),
      ...day,
    }));
    const rows = days.map(({ subject, at }) => ({ subject, at }));
    // Nobody knew it when it happened; a training of today does.
    const joined = await joinFeatures(platform, "gym", { rows, asOf: new Date(Date.now() + 1_000).toISOString() });
    const column = joined.columns.indexOf("motion.wrist.magnitude.sd");
    for (const [place, { sum, count }] of days.entries()) expect(joined.rows[place]!.values[column]).toBeCloseTo(sum / count, 5);
    const { subject, at } = days[0]!;
    expect((await latestFeatures(platform, "gym", subject, { at })).sets.map(({ eventAt }) => eventAt)).toEqual([null, null, null, null]);
  });

  it("makes tasks once a promotion; the next takes back what nobody has begun, and asks where the two champions differ", async () => {
    const { db } = platform;
    const { chooseTasks } = createChooseTasksActivities(platform);
    const { id, slot, snapshot, window_set } = await db
      .selectFrom("model")
      .selectAll()
      .where("id", "=", first.candidate ?? "")
      .executeTakeFirstOrThrow();
    const { specVersion, seed } = first;
    const inRun = { run: "first", project: "gym", specVersion, seed, slot, cohort: "all", sensors: [], clustering: null };
    const context = { ...inRun, snapshot, windowSet: window_set, synthesis: null, model: id, before: null };
    expect(await attempt(() => chooseTasks(context))).toEqual({ made: 0 });
    const [held] = await claimTasks(platform, "gym", { count: 1, holding: [] }, { account: "ann", role: "annotator" });
    await sql`insert into run (id, project, spec_version, seed, state, requested_by) values ('later', 'gym', ${specVersion}, ${seed}, 'failed', 'test')`.execute(
      db,
    );
    await sql`
      insert into model (id, project, slot, run, snapshot, window_set, family, genome, state, fitted_on)
      select 'older', project, slot, run, snapshot, window_set, family, genome, state, fitted_on from model where id = ${id}`.execute(db);
    await sql`
      insert into prediction (project, model, snapshot, run, subject, recording, window_from, window_to, start_us, split, actual, predicted, confidence)
      select project, 'older', snapshot, run, subject, recording, window_from, window_to, start_us, split, actual, 'squat', confidence from prediction
      where model = ${id} and split = 'unlabelled'`.execute(db);
    const before = await db.selectFrom("task").select("id").execute();
    const { made } = await attempt(() => chooseTasks({ ...context, run: "later", before: "older" }));
    const after = await db.selectFrom("task").select(["id", "state", "reason", "predicted"]).execute();
    const old = new Set(before.map((task) => task.id));
    expect(after.filter((task) => old.has(task.id) && task.state !== "withdrawn").map((task) => task.id)).toEqual([held?.id]);
    const fresh = after.filter((task) => !old.has(task.id));
    expect([fresh.length, fresh.every((task) => task.state === "open")]).toEqual([made, true]);
    const disputed = fresh.filter((task) => task.reason === "disagreement");
    expect([disputed.length > 0, disputed.every((task) => task.predicted !== "squat")]).toEqual([true, true]);
  });

  it("keeps its history small: no event above 100 KB, fewer than 2,000 of them", async () => {
    const client = await platform.temporal();
    const history = await client.workflow.getHandle(workflowId.run("first")).fetchHistory();
    const sizes = (history.events ?? []).map((event) => JSON.stringify(event).length);
    expect(sizes.length).toBeLessThan(2_000);
    expect(Math.max(...sizes)).toBeLessThan(100_000);
  });

  it("makes every object that it names, with the size its row says, and names every object it made", async () => {
    const rows = await platform.db.selectFrom("object").select(["key", "bytes"]).execute();
    const stored = new Map<string, number>();
    for await (const item of platform.objects.list("")) stored.set(item.key, item.bytes);
    expect(Object.fromEntries(stored)).toEqual(Object.fromEntries(rows.map((row) => [row.key, row.bytes])));
  });

  it("computes nothing twice: the same run again reuses every stage and keeps the champion", async () => {
    const again = await runToEnd("again", QUICK);
    expect(again.state).toBe("done");
    const states = Object.fromEntries(again.stages.map((stage) => [stage.name, stage.state]));
    expect(states).toMatchObject({
      clean: "reused",
      snapshot: "reused",
      window: "reused",
      train: "reused",
      evaluate: "reused",
      promote: "skipped",
      score: "skipped",
      features: "reused",
    });
    expect(again.candidate).toBe(first.candidate);
    expect(again.decision?.promoted).toBe(false);
    expect(await platform.db.selectFrom("champion").selectAll().execute()).toMatchObject([{ model: first.candidate }]);
  });

  it("F13, F14: a late recording makes a new snapshot, the old one stays, and the same bytes under another name count once", async () => {
    const before = await platform.db.selectFrom("snapshot").selectAll().executeTakeFirstOrThrow();
    const folder = await testFolder();
    const { files } = await simulate({ folder, subjects: 13, seed: 4 });
    const late = files.findLast((file) => file.includes("session")) ?? "";
    const name = relative(folder, late);
    await takeIn(platform, "gym", { name, path: late }, "test");
    await takeIn(platform, "gym", { name: name.replace(/^[^/]+/, "zz-the-same-again"), path: late }, "test");
    const run = await runToEnd("late", QUICK);
    expect(run.state).toBe("done");
    const copies = await platform.db
      .selectFrom("file")
      .select(["state", "duplicate_of"])
      .where("name", "like", "zz-the-same-again/%")
      .execute();
    expect(copies).toMatchObject([{ state: "duplicate", duplicate_of: expect.any(String) as string }]);
    const after = await platform.db.selectFrom("snapshot").selectAll().where("id", "!=", before.id).executeTakeFirstOrThrow();
    expect(after.rows).toBeGreaterThan(before.rows);
    expect(await platform.db.selectFrom("snapshot").selectAll().where("id", "=", before.id).executeTakeFirstOrThrow()).toEqual(before);
    const sides = async (key: string) =>
      JSON.parse(await readFile(await platform.objects.fetch((await readManifest(platform, key)).split), "utf8")) as Record<string, string>;
    expect(await sides(after.manifest)).toMatchObject(await sides(before.manifest));
  });

  it("waits for a person where the gate is manual, and does what the person says", async () => {
    const set = { "models[1].epochs": 4, "gate.mode": "manual", "gate.margin": 0, "gate.floors.accuracy": 0.3, "gate.floors.macroF1": 0.3 };
    await platform.db.deleteFrom("champion").execute();
    await startRun(platform, "gym", { id: "asks", set }, "test");
    await expect.poll(async () => (await showRun(platform, "asks")).state, { timeout: 60_000, interval: 200 }).toBe("waiting");
    await approveRun(platform, "asks", { approve: false, why: "not today" }, "ada");
    const ended = await waitForRun(platform, "asks", { pollMs: 200 });
    expect(ended.decision).toMatchObject({ promoted: false, rule: "rejected" });
    expect(ended.decision?.reason).toContain("not today");
    expect(await platform.db.selectFrom("champion").selectAll().execute()).toEqual([]);
  });

  it("brings feature sets up to date: labels are counted, nothing is written twice, and other definitions are left out", async () => {
    const { db } = platform;
    const { subject } = await db.selectFrom("feature_row").select("subject").executeTakeFirstOrThrow();
    const { id: windowSet, snapshot } = await db
      .selectFrom("window_set")
      .select(["id", "snapshot"])
      .orderBy("created_at")
      .executeTakeFirstOrThrow();
    const label = { subject, recording: "r", from: 0, to: 10, rateHz: 50, authority: "annotator", task: null, seconds: null } as const;
    const [squat, taken] = [randomUUID(), randomUUID()];
    for (const signed of [
      { ...label, label: squat, class: "squat", supersedes: null },
      { ...label, label: taken, class: "lunge", supersedes: null },
      { ...label, label: randomUUID(), class: null, supersedes: taken },
    ])
      await db.transaction().execute((tx) => append(tx, { kind: "label.signed", actor: "ada", project: "gym", payload: signed }));
    const context = {
      run: "first",
      project: "gym",
      specVersion: (await findProject(db, "gym"))!.specVersion,
      seed: 1,
      snapshot,
      windowSet,
    };
    const materialise = async (specVersion = context.specVersion) => {
      await attempt(() => createFeatureActivities(platform).materialiseFeatures({ ...context, specVersion }));
      return (await showRun(platform, "first")).stages.find(({ name }) => name === "features");
    };
    const { detail } = (await materialise())!;
    expect((detail["sets"] as { name: string; written: number }[]).map(({ name, written }) => [name, written > 0])).toEqual([
      ["labels", true],
      ["motion", false],
      ["profile", false],
      ["motion-lately", false],
    ]);
    const latest = await latestFeatures(platform, "gym", subject, { sets: ["labels"] });
    expect(latest.sets[0]!.values).toMatchObject({ squat: 1, lunge: 0 });

    // Other definitions than those of the project's spec, as a run has that was started with --set.
    const spec = (await findSpec(db, "gym", context.specVersion))!;
    const body = { ...spec.body, windows: { ...spec.body.windows, seconds: 3 } } as Spec;
    const other = await keepSpec(db, { project: "gym", sha256: "0".repeat(64), text: spec.text, body });
    expect(await materialise(other)).toMatchObject({ state: "skipped" });
    expect(await materialise()).toMatchObject({ state: "reused" });
  });

  it("leaves a journal from which the projections can be rebuilt without a difference", async () => {
    // The test above took the champion away behind the journal's back: exactly that must show.
    const { differences } = await rebuild(platform.db, { apply: true });
    expect(differences).toHaveLength(1);
    expect((await rebuild(platform.db)).differences).toEqual([]);
  });
});
