import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { createCleanActivities } from "../../activities/clean.ts";
import { createClusterActivities, type Clustered } from "../../activities/cluster.ts";
import { createSnapshotActivities, readManifest } from "../../activities/snapshot.ts";
import { createStageActivities } from "../../activities/stage.ts";
import { createWindowActivities } from "../../activities/window.ts";
import { simulate } from "../../examples/gym/simulate.ts";
import { takeIn } from "../../lib/app/intake.ts";
import { listJournal } from "../../lib/app/journal.ts";
import { listSubjects, setProfile } from "../../lib/app/profiles.ts";
import { startRun } from "../../lib/app/runs.ts";
import { assignCohort } from "../../lib/domain/cluster/model.ts";
import { SensorloopError } from "../../lib/domain/errors.ts";
import type { RunContext } from "../../lib/domain/stages.ts";
import { openPlatform, type Platform } from "../../lib/platform.ts";
import { findClustering, subjectsOfCohort } from "../../lib/store/repositories/cohorts.ts";
import { profilesOf } from "../../lib/store/repositories/profiles.ts";
import { attempt } from "../support/attempt.ts";
import { applyExample } from "../support/example.ts";
import { closeAfterwards } from "../support/leftovers.ts";
import { testConfig, testFolder } from "../support/services.ts";

const PROJECT = "gym";
const PEOPLE = 16;
let platform: Platform;
/** Its runs stay in the outbox: no workflow takes them out of this test's hands. */
let cutOff: Platform;
let first: Clustered & { context: RunContext & { snapshot: string; windowSet: string } };

/** A run, stage by stage up to its cohorts; nothing of it goes through a workflow. */
async function runTo(id: string, set: Record<string, boolean | number | string> = {}): Promise<typeof first> {
  const run = await startRun(cutOff, PROJECT, { id, set }, "test");
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
  const found = { ...context, snapshot, windowSet };
  return { ...(await attempt(() => createClusterActivities(platform).clusterSubjects(found))), context: found };
}
const stageOf = (run: string) =>
  platform.db.selectFrom("stage").selectAll().where("run", "=", run).where("name", "=", "cluster").executeTakeFirstOrThrow();

beforeAll(async () => {
  platform = openPlatform(await testConfig());
  cutOff = { ...platform, temporal: () => Promise.reject(new SensorloopError("TEMPORAL_UNAVAILABLE", "away")) };
  closeAfterwards(async () => platform[Symbol.asyncDispose]());
  await applyExample(platform, PROJECT, ["cluster"]);
  const folder = await testFolder();
  const { files } = await simulate({ folder, subjects: PEOPLE, seed: 5, setSeconds: 6, restSeconds: 1 });
  const damaged = join(folder, "late", "profiles.csv");
  await mkdir(join(folder, "late"));
  await writeFile(damaged, "person,age,sex,level,weight_kg,height_cm\nnobody-yet,30,F,athlete,60,170\nsomeone,300,F,athlete,60,170\n");
  for (const path of [...files, damaged]) await takeIn(platform, PROJECT, { name: relative(folder, path), path }, "test");
  first = await runTo("first", { "files[1].rules.maxBadShare": 0.5 });
}, 180_000);

describe("profiles on their way in", () => {
  it("are rows of the table as soon as their file is clean; a bad one is in quarantine with line and reason", async () => {
    const { items } = await listSubjects(platform, PROJECT, { limit: 100 });
    expect(items).toHaveLength(PEOPLE + 1);
    expect(items.find(({ subject }) => subject === "nobody-yet")).toMatchObject({
      age: 30,
      sex: "female",
      level: "athlete",
      weightKg: 60,
      cohort: null,
    });
    const refused = await platform.db
      .selectFrom("quarantine")
      .selectAll()
      .where("rule", "=", "range")
      .where("column", "=", "age")
      .execute();
    expect(refused).toMatchObject([{ line: 3, reason: "age: 300 years are outside 0 to 130" }]);
  });

  it("are no part of the snapshot", async () => {
    const { manifest } = await platform.db
      .selectFrom("snapshot")
      .select("manifest")
      .where("id", "=", first.context.snapshot)
      .executeTakeFirstOrThrow();
    const { parts } = await readManifest(platform, manifest);
    expect(parts.filter(({ name }) => name.includes("profiles"))).toEqual([]);
    expect(parts.length).toBeGreaterThanOrEqual(PEOPLE);
  });
});

describe("clusterSubjects", () => {
  it("puts everyone of the snapshot into a cohort, the held out too, and assignment says the same", async () => {
    expect(first.clustering).not.toBeNull();
    const { model, report } = (await findClustering(platform.db, PROJECT))!;
    expect(first.cohorts.reduce((sum, { subjects }) => sum + subjects, 0) + report.unplaced).toBe(PEOPLE);
    expect(report.cohorts.reduce((sum, { holdout }) => sum + holdout, 0)).toBeGreaterThan(0);
    const profiles = await profilesOf(platform.db, PROJECT);
    for (const { name, subjects } of first.cohorts) {
      const members = await subjectsOfCohort(platform.db, first.clustering!, name);
      expect(members).toHaveLength(subjects);
      for (const subject of members) expect(assignCohort(model, { profile: profiles.get(subject) })).toBe(name);
    }
    expect(await subjectsOfCohort(platform.db, first.clustering!, "all")).toHaveLength(PEOPLE);
    expect(await stageOf("first")).toMatchObject({
      state: "done",
      rows_in: PEOPLE,
      detail: { by: "profile", clustering: first.clustering },
    });
  });

  it("finds its result again; with another profile it works anew and nobody's cohort is called otherwise", async () => {
    const again = await runTo("again", { "files[1].rules.maxBadShare": 0.5 });
    expect(again).toMatchObject({ clustering: first.clustering, cohorts: first.cohorts });
    expect(await stageOf("again")).toMatchObject({ state: "reused", reused_from: "first" });

    const { items } = await listSubjects(platform, PROJECT, { limit: 1 });
    const before = items[0]!;
    const known = await setProfile(platform, PROJECT, before.subject, { weightKg: "unknown", level: " Athlete " }, "ann");
    expect(known).toMatchObject({ weightKg: null, level: "athlete", age: before.age });
    const anew = await runTo("anew", { "files[1].rules.maxBadShare": 0.5 });
    expect(anew.clustering).not.toBe(first.clustering);
    const members = async ({ clustering }: Clustered) =>
      platform.db
        .selectFrom("cohort_member")
        .select(["subject", "cohort"])
        .where("clustering", "=", clustering)
        .orderBy("subject")
        .execute();
    const others = (rows: { subject: string }[]) => rows.filter(({ subject }) => subject !== before.biometricId);
    expect(others(await members(anew))).toEqual(others(await members(first)));
  });

  it("keeps one cohort and says why, where the people are too few or the spec does not ask", async () => {
    const few = await runTo("few", { "files[1].rules.maxBadShare": 0.5, "cluster.minSubjects": 1000 });
    const training = first.cohorts.reduce((sum, cohort) => sum + cohort.training, 0);
    expect(few).toMatchObject({ clustering: null, cohorts: [{ name: "all", subjects: PEOPLE, training }] });
    expect((await stageOf("few")).reason).toBe(`everyone is one cohort: ${training} training subjects are fewer than 1000`);
    await applyExample(platform, PROJECT);
    const skipped = await runTo("skipped", { "files[1].rules.maxBadShare": 0.5 });
    expect(skipped).toMatchObject({ clustering: null, cohorts: [{ name: "all", subjects: PEOPLE, training }] });
    expect(await stageOf("skipped")).toMatchObject({ state: "skipped" });
  });
});

describe("what is said of a person by hand", () => {
  it("is in the journal by whom, of whom and what kind of thing, without a value", async () => {
    const { items } = await listJournal(platform, { kind: "subject.profiled", limit: 10, visible: null });
    const { items: people } = await listSubjects(platform, PROJECT, { limit: 1 });
    expect(items).toMatchObject([
      { actor: "ann", project: PROJECT, subject: people[0]!.biometricId, payload: { fields: ["level", "weightKg"] } },
    ]);
    expect(JSON.stringify(items)).not.toMatch(/athlete/i);
  });

  it("is refused where it cannot be true, is nothing, or is of nobody", async () => {
    const say = (who: string, texts: object) => setProfile(platform, PROJECT, who, texts, "ann");
    await expect(say("nobody-yet", { age: "131" })).rejects.toMatchObject({
      code: "REQUEST_INVALID",
      message: expect.stringMatching(/131 years/) as string,
    });
    await expect(say("nobody-yet", { sex: "f", heightCm: "1.70" })).rejects.toMatchObject({
      code: "REQUEST_INVALID",
      facts: { field: "heightCm" },
    });
    await expect(say("nobody-yet", {})).rejects.toMatchObject({ code: "REQUEST_INVALID" });
    await expect(say("no-such-person", { age: "30" })).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await listJournal(platform, { kind: "subject.profiled", limit: 10, visible: null })).items).toHaveLength(1);
  });
});
