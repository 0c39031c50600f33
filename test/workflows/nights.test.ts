import { randomUUID } from "node:crypto";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "kysely";
import { beforeAll, describe, expect, it } from "vitest";
import { takeIn } from "../../lib/app/intake.ts";
import { createNightActivities } from "../../activities/nights.ts";
import { askNight, cancelNight, listNights } from "../../lib/app/nights.ts";
import { applySpec } from "../../lib/app/projects.ts";
import { approveRun, cancelRun, startRun } from "../../lib/app/runs.ts";
import { backfillSchedule, pauseSchedule, resumeSchedule, setSchedule } from "../../lib/app/schedules.ts";
import { scheduleInputSchema, type Night, type ScheduleInput } from "../../lib/domain/api/nights.ts";
import { workflowId } from "../../lib/domain/ids.ts";
import { nightId, type NightContext, type NightOrder } from "../../lib/domain/nights/night-order.ts";
import type { Platform } from "../../lib/platform.ts";
import { append } from "../../lib/store/journal.ts";
import { changeNight, insertNight } from "../../lib/store/repositories/nights.ts";
import { insertRun, markStarted } from "../../lib/store/repositories/runs.ts";
import { attempt } from "../support/attempt.ts";
import { testPlatform, testWorker } from "../support/platform.ts";
import { testFolder } from "../support/services.ts";

const DAY = 86_400_000;

/** Two classes that one channel tells apart; trained in a moment. */
function specText(project: string, spec: { watch?: string; gate?: string; person?: string } = {}): string {
  const { watch = "[]", gate = "{ floors: { accuracy: 0.3, macroF1: 0.3 } }", person = "p\\d+" } = spec;
  return `
project: ${project}
title: Nights
files:
  - match: '(?<person>${person})\\.csv$'
    subject: { fileName: person }
    channels: { x: { sensor: acc, range: [-100, 100] } }
    label: { column: label }
labels: { classes: [rest, walk] }
windows: { kind: row }
models: [{ family: logistic, l2: 0.01, maxIterations: 20 }]
gate: ${gate}
retrain: { minLabels: 3, watch: ${watch} }
`;
}

/** A folder of files of this many people. */
async function people(folder: string, count: number): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (let number = 1; number <= count; number++) {
    const rows = Array.from({ length: 40 }, (_, i) => `${(i % 2 ? -5 : 5) + ((i * 7 + number * 3) % 10) / 2},${i % 2 ? "rest" : "walk"}`);
    await writeFile(join(folder, `p${number}.csv`), `x,label\n${rows.join("\n")}\n`);
  }
  return folder;
}

const schedule = (input: Partial<ScheduleInput>): ScheduleInput =>
  scheduleInputSchema.parse({ cron: "30 2 * * *", timezone: "Europe/Berlin", ...input });

let platform: Platform;
let root: string;

async function apply(text: string): Promise<void> {
  await applySpec(platform, { text, name: "spec.yaml" }, "test");
}

async function nightsOf(project: string): Promise<Night[]> {
  return (await listNights(platform, { project, visible: null, limit: 200 })).items;
}

async function runOf(project: string, id: string): Promise<string | null> {
  return (await nightsOf(project)).find((night) => night.id === id)?.run ?? null;
}

async function ended(project: string, id: string): Promise<Night> {
  const find = async () => (await nightsOf(project)).find((night) => night.id === id);
  await expect.poll(async () => (await find())?.endedAt ?? null, { timeout: 100_000, interval: 30 }).not.toBeNull();
  return (await find())!;
}

async function askAndWait(project: string, id: string): Promise<Night> {
  await askNight(platform, project, { cause: "request", why: "a test", id }, "test");
  return ended(project, id);
}

async function kindsAbout(subject: string): Promise<string[]> {
  const rows = await platform.db.selectFrom("journal").select("kind").where("subject", "=", subject).orderBy("id").execute();
  return rows.map((row) => row.kind);
}

async function sign(project: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const place = { subject: "someone", recording: "some", from: i, to: i + 1, rateHz: 50, class: "walk" };
    const payload = { label: randomUUID(), ...place, authority: "annotator" as const, task: null, supersedes: null, seconds: null };
    await platform.db.transaction().execute((tx) => append(tx, { kind: "label.signed", actor: "ann", project, payload }));
  }
}

/** A run that a person has asked for, of whose workflow Temporal knows nothing. */
async function putRun(project: string, id: string, requestedBy = "eve"): Promise<void> {
  const run = { id, project, specVersion: 1, seed: 1, requestedBy, params: { kind: "training" as const } };
  await platform.db.transaction().execute(async (tx) => {
    await insertRun(tx, run);
    await markStarted(tx, run.id);
  });
}

async function endRun(id: string): Promise<void> {
  await platform.db.updateTable("run").set({ state: "cancelled" }).where("id", "=", id).execute();
}

async function runState(id: string): Promise<string | undefined> {
  return (await platform.db.selectFrom("run").select("state").where("id", "=", id).executeTakeFirst())?.state;
}

/** A night under way whose workflow is none, with its run. */
async function putNight(project: string, id: string): Promise<{ context: NightContext; run: string }> {
  const context: NightContext = { project, cause: "request", night: id, dueAt: new Date().toISOString(), by: "test", after: null };
  const row = { id, project, cause: context.cause, dueAt: new Date(context.dueAt), by: "test" };
  await insertNight(platform.db, { ...row, state: "running", detail: { workflow: `night/${id}` } });
  await putRun(project, `${id}-run`, `night/${id}`);
  await changeNight(platform.db, id, { run: `${id}-run` });
  return { context, run: `${id}-run` };
}

/** Keeps nights at the question whether they are worth it for as long as `work` takes. */
async function whileJudging(work: () => Promise<void>): Promise<void> {
  await platform.db.transaction().execute(async (tx) => {
    await sql`lock table label in access exclusive mode`.execute(tx);
    await work();
  });
}

async function begun(project: string, id: string): Promise<void> {
  const state = async () => (await nightsOf(project)).find((night) => night.id === id)?.state;
  await expect.poll(state, { timeout: 30_000, interval: 20 }).toBe("running");
}

beforeAll(async () => {
  root = await testFolder();
  platform = await testPlatform({ SENSORLOOP_WATCH_DIRS: root, SENSORLOOP_NIGHT_MIN_SECONDS: "1" });
  testWorker(platform);
}, 120_000);

describe("retrainWorkflow", { timeout: 150_000 }, () => {
  it("takes in what lies in a watched folder, trains, promotes, and says so; meanwhile no other night trains", async () => {
    const watch = `[{ folder: ${await people(join(root, "loop"), 10)} }]`;
    await apply(specText("loop", { watch, gate: "{ mode: manual, floors: { accuracy: 0.3, macroF1: 0.3 } }" }));
    await askNight(platform, "loop", { cause: "request", why: "a test", id: "loop-1" }, "test");
    const state = async () =>
      (await platform.db.selectFrom("run").select("state").where("requested_by", "=", "night/loop-1").executeTakeFirst())?.state;
    await expect.poll(state, { timeout: 100_000, interval: 30 }).toBe("waiting");
    const run = (await runOf("loop", "loop-1"))!;
    await expect(startRun(platform, "loop", {}, "eve")).rejects.toMatchObject({
      code: "CONFLICT",
      message: `night 'loop-1' trains with run ${run}; wait until it has ended, or cancel it`,
    });
    const beside = await askAndWait("loop", "loop-2");
    expect(beside).toMatchObject({ state: "skipped", reason: `night 'loop-1' is under way with run ${run}` });

    await approveRun(platform, run, { approve: true, why: "fine" }, "test");
    const night = await ended("loop", "loop-1");
    expect(night).toMatchObject({ state: "done", promoted: true, files: 10, labels: 0, cause: "request", by: "test", run });
    expect(night.reason).toMatch(/^promoted: /);
    expect(await kindsAbout("loop-1")).toEqual(["night.asked", "night.ended"]);
  });

  it("skips what has nothing new, and what has too little, with the numbers; the same content again is no file", async () => {
    await copyFile(join(root, "loop/p1.csv"), join(root, "loop/p99.csv"));
    const run = (await runOf("loop", "loop-1"))!;
    expect(await askAndWait("loop", "loop-3")).toMatchObject({
      state: "skipped",
      reason: `nothing has changed since run ${run}: the same 10 files, no standing labels and spec`,
    });
    await sign("loop", 2);
    expect(await askAndWait("loop", "loop-4")).toMatchObject({
      state: "skipped",
      reason: `2 new labels of the 3 it takes, and no new file, since run ${run}`,
      labels: 2,
      run: null,
    });
  });

  it("skips a night beside a run of people, which it names, also where it was started after the night was opened", async () => {
    const skipped = { state: "skipped", reason: "run by-hand of eve is queued" };
    await putRun("loop", "by-hand");
    expect(await askAndWait("loop", "loop-5")).toMatchObject(skipped);
    await endRun("by-hand");
    await writeFile(join(root, "loop/p50.csv"), `x,label\n${"1,rest\n2,walk\n".repeat(30)}`);
    await whileJudging(async () => {
      await askNight(platform, "loop", { cause: "request", why: "a test", id: "loop-6" }, "test");
      await begun("loop", "loop-6");
      await putRun("loop", "by-hand-2");
    });
    expect(await ended("loop", "loop-6")).toMatchObject({ ...skipped, reason: "run by-hand-2 of eve is queued", files: 1, run: null });
    await endRun("by-hand-2");
  });

  it("fails with the pipeline's code; a place that may not be watched is told of and stops nobody", async () => {
    const folder = await people(join(root, "broken"), 1);
    await apply(specText("broken", { watch: `[{ folder: /etc }, { folder: ${folder} }]` }));
    const night = await askAndWait("broken", "broken-1");
    expect(night.state).toBe("failed");
    expect(night.reason).toMatch(/\((SPLIT_IMPOSSIBLE|TOO_LITTLE_DATA)\)/);
    expect(night.reason).toMatch(/'\/etc' may not be watched: it lies in none of SENSORLOOP_WATCH_DIRS/);
  });

  it("ends as cancelled when somebody cancels its run", async () => {
    const watch = `[{ folder: ${await people(join(root, "stopped"), 10)} }]`;
    await apply(specText("stopped", { watch, gate: "{ mode: manual, floors: { accuracy: 0.3, macroF1: 0.3 } }" }));
    await askNight(platform, "stopped", { cause: "request", why: "", id: "stopped-1" }, "test");
    const cancelled = async () => {
      const run = await runOf("stopped", "stopped-1");
      // Between its row and its workflow there is nothing to cancel.
      const { state } =
        (await platform.db
          .selectFrom("run")
          .select("state")
          .where("id", "=", run ?? "")
          .executeTakeFirst()) ?? {};
      return state === "running" && (await cancelRun(platform, run!, "enough", "eve")) !== undefined;
    };
    await expect.poll(cancelled, { timeout: 100_000, interval: 20 }).toBe(true);
    expect(await ended("stopped", "stopped-1")).toMatchObject({ state: "cancelled", promoted: null });
  });
});

describe("a night that ends otherwise", { timeout: 60_000 }, () => {
  it("leaves no run behind: not where its workflow was ended from outside, and not where it was cancelled while it was judged", async () => {
    await apply(specText("left"));
    const { closeNight, judgeNight } = createNightActivities(platform).runs;
    const gone = await putNight("left", "left-1");
    expect(await askAndWait("left", "left-2")).toMatchObject({ state: "skipped", reason: "the project has no files yet" });
    expect(await ended("left", "left-1")).toMatchObject({ state: "failed", reason: "its workflow was ended from outside", run: gone.run });
    expect(await runState(gone.run)).toBe("cancelled");
    expect(await kindsAbout(gone.run)).toEqual(["run.cancelled"]);

    const { context, run } = await putNight("left", "left-3");
    await closeNight({ ...context, state: "cancelled", reason: "enough", run: null, notes: [] });
    expect(await runState(run)).toBe("cancelled");
    await expect(judgeNight({ ...context, specVersion: 1 })).rejects.toMatchObject({ code: "STALE_ATTEMPT" });
  });

  it("answers the same when its beginning is tried again, and begins beside none that has made up for it", async () => {
    await apply(specText("retried"));
    const { openNight } = createNightActivities(platform).runs;
    const clock = (dueAt: Date): NightContext => {
      const order = { project: "retried", cause: "clock" as const, by: "schedule", after: null };
      return { ...order, dueAt: dueAt.toISOString(), night: nightId("retried", dueAt) };
    };
    const [due, later] = [new Date(Date.now() - 7_200_000), new Date(Date.now() - 3_600_000)];
    await putRun("retried", "retried-run");
    expect(await attempt(() => openNight(clock(due)))).toEqual({ state: "skipped" });
    await endRun("retried-run");
    expect(await attempt(() => openNight(clock(due))), "after its answer was lost").toEqual({ state: "skipped" });
    await changeNight(platform.db, clock(due).night, { state: "done" });
    expect(await attempt(() => openNight(clock(later)))).toEqual({ state: "skipped" });
    expect((await ended("retried", clock(later).night)).reason).toMatch(/^night 'retried\/.*, which began late, .* has made up for it$/);
  });

  it("is cancelled with its reason; of a backfill the others do not come, and are shown again", async () => {
    await apply(specText("stop"));
    await setSchedule(platform, "stop", schedule({ cron: "0 0 * * *", timezone: "UTC" }), "test");
    await pauseSchedule(platform, "stop", "", "test");
    const midnight = Math.floor(Date.now() / DAY) * DAY;
    const range = { from: new Date(midnight - 4 * DAY).toISOString(), to: new Date(midnight).toISOString(), parallel: 1 };
    const [first = ""] = (await backfillSchedule(platform, "stop", { ...range, dryRun: true }, "test")).nights.map((night) => night.id);
    await whileJudging(async () => {
      await backfillSchedule(platform, "stop", { ...range, dryRun: false }, "test");
      await begun("stop", first);
      await cancelNight(platform, "stop", first, "enough", "eve");
      const night = await ended("stop", first);
      expect(night).toMatchObject({ state: "cancelled", reason: "eve cancelled it: enough", run: null });
    });
    expect(await kindsAbout(first)).toEqual(["night.cancelled", "night.ended"]);
    await expect(cancelNight(platform, "stop", first, "", "eve")).rejects.toMatchObject({ code: "CONFLICT" });
    const again = await backfillSchedule(platform, "stop", { ...range, dryRun: true }, "test");
    expect(again.nights.map(({ known }) => known)).toEqual([false, false, false, false, false]);
    expect((await nightsOf("stop")).length).toBe(1);

    await changeNight(platform.db, first, { run: "its-first-run" });
    const { openNight } = createNightActivities(platform).runs;
    const context = { project: "stop", cause: "backfill" as const, night: first, dueAt: range.from, by: "eve", after: null };
    expect(await attempt(() => openNight(context))).toMatchObject({ state: "running" });
    expect(await nightsOf("stop")).toMatchObject([{ state: "running", reason: null, run: null, endedAt: null }]);
  });

  it("may be begun by another workflow, under the night's own id", async () => {
    const order: NightOrder = {
      project: "left",
      cause: "request",
      night: "left-4",
      dueAt: null,
      by: "workflow/nightly-import",
      after: null,
    };
    const start = { workflowId: workflowId.night("left-4"), taskQueue: "orchestration", args: [order] };
    const client = await platform.temporal();
    expect(await client.workflow.execute("retrainWorkflow", start)).toEqual({ night: "left-4", state: "skipped" });
    expect(await ended("left", "left-4")).toMatchObject({ cause: "request", by: "workflow/nightly-import" });
  });
});

describe("a schedule", { timeout: 120_000 }, () => {
  it("lets the next night wait for the one before, with the policy `buffer`", async () => {
    await apply(specText("buffered"));
    const all = () => nightsOf("buffered");
    await whileJudging(async () => {
      await setSchedule(platform, "buffered", schedule({ cron: "* * * * * *", timezone: "UTC", overlap: "buffer" }), "test");
      const since = async () => Date.now() - Date.parse((await all())[0]?.startedAt ?? new Date().toISOString());
      await expect.poll(since, { timeout: 30_000, interval: 50 }).toBeGreaterThan(1_700);
      expect((await all()).length).toBe(1);
    });
    await expect.poll(async () => (await all()).filter((night) => night.endedAt !== null).length, { timeout: 30_000 }).toBeGreaterThan(1);
    await pauseSchedule(platform, "buffered", "enough", "test");
    const [first, second] = (await all()).toReversed();
    expect(second).toMatchObject({ cause: "clock", state: "skipped", reason: "the project has no files yet" });
    expect(second!.startedAt! >= first!.endedAt! && first!.endedAt! > second!.dueAt).toBe(true);
  });

  it("makes up for one night at most when it is resumed, and goes on by its times", async () => {
    await apply(specText("ticking"));
    await setSchedule(platform, "ticking", schedule({ cron: "* * * * * *", timezone: "UTC" }), "test");
    const paused = await pauseSchedule(platform, "ticking", "a rest", "eve");
    await expect.poll(() => Date.now() - Date.parse(paused.setAt), { timeout: 20_000, interval: 50 }).toBeGreaterThan(3_200);
    const resumed = await resumeSchedule(platform, "ticking", "", "eve");
    const later = async () => (await nightsOf("ticking")).filter((night) => night.dueAt > resumed.setAt && night.endedAt !== null);
    await expect.poll(async () => (await later()).length, { timeout: 60_000, interval: 50 }).toBeGreaterThan(0);
    await pauseSchedule(platform, "ticking", "enough", "eve");

    const nights = await nightsOf("ticking");
    const missed = nights.filter((night) => night.dueAt > paused.setAt && night.dueAt <= resumed.setAt);
    expect(missed.map((night) => night.id)).toEqual([`ticking/${resumed.setAt.slice(0, 19)}Z`]);
    for (const night of nights) expect(night).toMatchObject({ cause: "clock", id: `ticking/${night.dueAt.replace(".000", "")}` });
  });
});

describe("backfillNightsWorkflow", { timeout: 150_000 }, () => {
  it("shows what is missing, then runs it oldest first, each night on what there was at its time", async () => {
    await apply(specText("past"));
    const folder = await people(join(root, "past"), 11);
    for (let i = 1; i <= 11; i++) await takeIn(platform, "past", { name: `p${i}.csv`, path: join(folder, `p${i}.csv`) }, "test");
    await setSchedule(platform, "past", schedule({ cron: "0 0 * * *", timezone: "UTC" }), "test");
    const midnight = Math.floor(Date.now() / DAY) * DAY;
    const sent = new Date(midnight - 1.5 * DAY);
    await platform.db
      .updateTable("upload")
      .set({ created_at: sent })
      .where("project", "=", "past")
      .where("name", "!=", "p11.csv")
      .execute();

    await sign("past", 3);
    await platform.db
      .updateTable("label")
      .set({ at: new Date(midnight - 0.5 * DAY) })
      .where("project", "=", "past")
      .execute();
    const range = { from: new Date(midnight - 2 * DAY).toISOString(), to: new Date(midnight).toISOString(), parallel: 2 };
    const dry = await backfillSchedule(platform, "past", { ...range, dryRun: true }, "test");
    const ids = [2, 1, 0].map((days) => nightId("past", new Date(midnight - days * DAY)));
    expect(dry.nights.map(({ id, known }) => [id, known])).toEqual(ids.map((id) => [id, false]));
    expect(await nightsOf("past")).toEqual([]);

    await backfillSchedule(platform, "past", { ...range, dryRun: false }, "test");
    const third = await ended("past", ids[2]!);
    const second = await ended("past", ids[1]!);
    const first = await ended("past", ids[0]!);
    expect(first).toMatchObject({ state: "skipped", cause: "backfill", reason: "the project has no files yet" });
    expect(second).toMatchObject({ state: "done", files: 10, labels: 0 });
    expect(third).toMatchObject({ state: "done", files: 0, labels: 3 });
    expect(second.startedAt! >= first.endedAt!).toBe(true);
    expect(third.startedAt! >= second.endedAt!).toBe(true);
    const files = await platform.db.selectFrom("run_file").select("file").where("run", "=", second.run!).execute();
    expect(files.length).toBe(10);
    expect((await backfillSchedule(platform, "past", { ...range, dryRun: true }, "test")).nights.every((night) => night.known)).toBe(true);
  });
});
