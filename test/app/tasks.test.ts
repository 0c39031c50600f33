import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { beforeAll, expect, it } from "vitest";
import { claimTasks, listTasks, makeTasks, showAnnotation, showTask, skipTask } from "../../lib/app/tasks.ts";
import { openPlatform, type Platform } from "../../lib/platform.ts";
import { countNewLabels, heardUntil, labelsBetween, lastTraining } from "../../lib/store/repositories/label-progress.ts";
import { standingByRecording } from "../../lib/store/repositories/labels.ts";
import { clock, queueState } from "../../lib/store/repositories/task-care.ts";
import { returnLeases } from "../../lib/store/repositories/leases.ts";
import { countNew, findTrainingBefore, trainingData } from "../../lib/store/repositories/training-data.ts";
import { closeAfterwards } from "../support/leftovers.ts";
import { testConfig } from "../support/services.ts";
import { annotatedProject, annotator, answer, engineer, putTasks } from "./annotation-world.ts";

let platform: Platform;
const [ann, bob, cem] = [annotator("ann"), annotator("bob"), annotator("cem")];

beforeAll(async () => {
  platform = openPlatform(await testConfig({ SENSORLOOP_LOG_LEVEL: "silent" }));
  closeAfterwards(async () => platform[Symbol.asyncDispose]());
});

const claim = (project: string, actor = ann, count = 3, holding: string[] = []) => claimTasks(platform, project, { count, holding }, actor);
const idsOf = (tasks: readonly { id: string }[]) => tasks.map(({ id }) => id);
/** Makes the leases of a project end now. */
const expire = (project: string) =>
  sql`update lease set until = now() from task where task.id = lease.task and task.project = ${project}`.execute(platform.db);

it("gives each of fifty annotators other tasks, and all of them in the end", async () => {
  await annotatedProject(platform, "crowd");
  const ids = await putTasks(platform, "crowd", 90);
  const given: string[] = [];
  await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const actor = annotator(`worker-${index}`);
      for (let tasks = await claim("crowd", actor); tasks.length > 0; tasks = await claim("crowd", actor)) {
        for (const task of tasks) await answer(platform, "crowd", task, actor);
        given.push(...idsOf(tasks));
      }
    }),
  );
  expect(given.toSorted()).toEqual(ids.toSorted());
  expect((await listTasks(platform, "crowd", { state: "done", limit: 200 })).items).toHaveLength(90);
});

it("leases in the queue's order, to nobody else until the lease ends, and keeps what the client holds", async () => {
  await annotatedProject(platform, "lease");
  const ids = await putTasks(platform, "lease", 5);
  const mine = await claim("lease");
  expect(idsOf(mine)).toEqual(ids.slice(0, 3));
  expect(idsOf(await claim("lease", bob))).toEqual(ids.slice(3));
  await expire("lease");
  expect(await returnLeases(platform.db, "lease")).toBe(5);
  const kept = await claim("lease", ann, 3, [ids[2]!, ids[4]!]);
  expect(idsOf(kept).toSorted(), "the two held, and the first of the rest").toEqual([ids[0], ids[2], ids[4]].toSorted());
  expect(idsOf(await claim("lease", bob, 5))).toEqual([ids[1], ids[3]]);
  await sleep(5);
  const renewed = await claim("lease", ann, 3, idsOf(kept));
  expect(idsOf(renewed).toSorted()).toEqual(idsOf(kept).toSorted());
  expect(Math.min(...renewed.map(({ until }) => Date.parse(until)))).toBeGreaterThan(
    Math.max(...kept.map(({ until }) => Date.parse(until))),
  );
  expect(idsOf(await claim("lease", ann, 9)).toSorted(), "a page that has forgotten them gets them again").toEqual(idsOf(kept).toSorted());
});

it("returns what others have answered meanwhile to nobody who held it", async () => {
  await annotatedProject(platform, "lost");
  const [id] = await putTasks(platform, "lost", 1);
  const [task] = await claim("lost");
  await expire("lost");
  const [again] = await claim("lost", bob);
  expect(again?.id).toBe(id);
  await answer(platform, "lost", task!, ann);
  expect(await claim("lost", bob, 3, [id!])).toEqual([]);
});

it("passes a task on for good, and lets as many have it at once as answers are wanted", async () => {
  await annotatedProject(platform, "pass");
  const [id] = await putTasks(platform, "pass", 1, { wanted: 2 });
  const holders = await Promise.all([ann, bob, cem].map((actor) => claim("pass", actor)));
  expect(holders.flat()).toHaveLength(2);
  await expire("pass");
  await skipTask(platform, "pass", id!, "too short", ann);
  expect(await claim("pass", ann)).toEqual([]);
  const [task] = await claim("pass", bob);
  await answer(platform, "pass", task!, bob);
  expect(await claim("pass", bob), "answered once").toEqual([]);
  expect(idsOf(await claim("pass", cem))).toEqual([id]);
});

it("tells nobody that a sample is gold before it is done, nor its answer ever", async () => {
  await annotatedProject(platform, "gold");
  const [id] = await putTasks(platform, "gold", 1, { reason: "gold", gold: "walk" });
  const [task] = await claim("gold");
  const seen = [
    task,
    await showTask(platform, "gold", id!, engineer),
    await listTasks(platform, "gold", { limit: 9 }),
    await showAnnotation(platform, "gold", ann),
  ];
  expect(JSON.stringify(seen)).not.toContain('gold":"walk');
  expect(JSON.stringify(seen).replaceAll('"project":"gold"', "")).not.toContain('"gold"');
  expect((await listTasks(platform, "gold", { reason: "gold", limit: 9 })).items).toEqual([]);
  expect((await listTasks(platform, "gold", { reason: "random", limit: 9 })).items).toHaveLength(1);
  await answer(platform, "gold", task!, ann);
  expect((await listTasks(platform, "gold", { reason: "gold", limit: 9 })).items).toHaveLength(1);
});

it("learns from no answer to a gold sample, nor counts it as a label or in the estimate of the champion", async () => {
  const { db } = platform;
  await annotatedProject(platform, "truth");
  const tasks = (ids: readonly string[], first: number) =>
    ids.map((id, index) => ({ id, from: 30 * (first + index), to: 30 * (first + index) + 10 }));
  const drawn = tasks(await putTasks(platform, "truth", 4, { reason: "random" }), 0);
  const [gold] = await putTasks(platform, "truth", 1, { reason: "gold", gold: "rest", from_sample: 600, to_sample: 610 });
  await answer(platform, "truth", { id: gold!, from: 600, to: 610 }, ann);
  expect((await showAnnotation(platform, "truth", ann)).estimate).toBeNull();
  for (const [index, task] of drawn.entries()) await answer(platform, "truth", task, ann, { class: index === 0 ? "walk" : "rest" });

  const learned = [];
  for await (const labels of standingByRecording(db, "truth")) learned.push(...labels);
  const [past, now] = [new Date(0), new Date(Date.now() + 1_000)];
  const counts = [
    learned.length,
    await countNewLabels(db, "truth"),
    (await countNew(db, "truth", { labels: past, files: past }, now)).labels,
    (await trainingData(db, { project: "truth", specVersion: 1 })).labels,
    (await labelsBetween(db, "truth", past, now)).filter(({ reason }) => reason === "random").length,
  ];
  expect(counts).toEqual([4, 4, 4, 4, 4]);
  const { estimate } = await showAnnotation(platform, "truth", ann);
  // By hand, of Wilson's formula: 3 of 4.
  expect(estimate).toMatchObject({ answered: 4, accuracy: { value: 0.75 } });
  expect([estimate!.accuracy.low, estimate!.accuracy.high].map((bound) => bound.toFixed(3))).toEqual(["0.301", "0.954"]);
});

it("counts a label as new until a training has heard it: one of the past has heard less, a snapshot up to its beginning", async () => {
  const { db } = platform;
  await annotatedProject(platform, "heard");
  const tasks = await putTasks(platform, "heard", 2);
  await answer(platform, "heard", { id: tasks[0]!, from: 0, to: 10 }, ann);
  const [{ at }] = (await db.selectFrom("label").select("at").where("project", "=", "heard").execute()) as [{ at: Date }];
  const before = (by: number) => new Date(at.getTime() + by);
  const train = async (id: string, params: object, started: Date) => {
    const run = { id, project: "heard", spec_version: 1, seed: 1, requested_by: "test", requested_at: before(-5_000), snapshot: "s" };
    await db
      .insertInto("run")
      .values({ ...run, state: "done", params: JSON.stringify({ kind: "training", set: {}, ...params }) })
      .execute();
    await db.insertInto("stage").values({ run: id, name: "snapshot", state: "done", started_at: started }).execute();
  };
  await train("heard-past", { before: before(-60_000).toISOString() }, before(9_000));
  expect([await countNewLabels(db, "heard"), (await lastTraining(db, "heard"))?.run]).toEqual([1, "heard-past"]);
  await train("heard-early", {}, before(-1_000));
  expect(await countNewLabels(db, "heard")).toBe(1);
  // Asked for before the label, and frozen behind it: the night after must not count it again.
  await train("heard-late", {}, before(1_000));
  expect([await countNewLabels(db, "heard"), await heardUntil(db, "heard-late")]).toEqual([0, before(1_000)]);
  const known = (await findTrainingBefore(db, "heard", before(5_000)))!;
  expect([known.run, (await countNew(db, "heard", known.asOf, before(5_000))).labels]).toEqual(["heard-late", 0]);
  expect((await findTrainingBefore(db, "heard", before(-30_000)))?.run).toBe("heard-past");
});

it("counts what waits and what was done today, and names the classes' keys and the champion", async () => {
  await annotatedProject(platform, "page", { guide: "look", hotkeys: { walk: "w" } }, "retrain: { atLabels: 50 }\n");
  await putTasks(platform, "page", 4);
  const [task] = await claim("page", ann, 2);
  await answer(platform, "page", task!, ann);
  expect(await showAnnotation(platform, "page", ann)).toMatchObject({
    ...{ enabled: true, guide: "look", expert: false, mayAdjudicate: false, gainPerHundred: null },
    classes: [
      { name: "rest", key: "1" },
      { name: "walk", key: "w" },
    ],
    queue: { open: 3, adjudicate: 0, mine: 1, doneToday: 1, doneByMeToday: 1, oldestAt: expect.any(String) as string },
    byReason: [{ reason: "uncertain", open: 3 }],
    retrain: { labels: 1, at: 50 },
    champion: { model: "page-model", slot: "page/all/acc" },
  });
});

it("makes tasks of a cell of a confusion matrix once, with no two windows in a row that follow each other", async () => {
  await annotatedProject(platform, "cell");
  await platform.db
    .updateTable("prediction")
    .set({ split: "holdout", actual: "walk" })
    .where("project", "=", "cell")
    .where("window_from", "<", 300)
    .execute();
  const cell = { model: "cell-model", split: "holdout", actual: "walk", predicted: "rest", limit: 20 } as const;
  expect(await makeTasks(platform, "cell", cell, "ada")).toEqual({ made: 20, known: 0 });
  const again = await makeTasks(platform, "cell", { ...cell, limit: 10 }, "ada");
  expect(again.known).toBeGreaterThan(0);
  const queue = await claim("cell", ann, 20);
  expect(queue.every(({ reason, claimed }) => reason === "confusion" && claimed === "walk")).toBe(true);
  expect(queue.filter(({ from }, index) => index > 0 && Math.abs(from - queue[index - 1]!.from) < 20)).toEqual([]);
});

it("is looked at again at once for what became due while it was tended, and not for what was tended", async () => {
  await annotatedProject(platform, "due");
  await putTasks(platform, "due", 1);
  await sql`update task set created_at = now() - interval '1 hour', escalated_at = now() where project = 'due'`.execute(platform.db);
  const patience = { remindHours: 1, escalateHours: 9 };
  const before = new Date(Date.now() - 60_000).toISOString();
  expect((await queueState(platform.db, "due", patience, before)).nextMs).toBe(0);
  const { nextMs } = await queueState(platform.db, "due", patience, await clock(platform.db));
  expect(nextMs, "the leftover, an hour after it was brought to the front").toBeGreaterThan(60_000);
});
