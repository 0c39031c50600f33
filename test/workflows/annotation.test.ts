import { sql } from "kysely";
import { beforeAll, expect, it } from "vitest";
import { signLabel } from "../../lib/app/answers.ts";
import { listJournal } from "../../lib/app/journal.ts";
import { claimTasks, showTask } from "../../lib/app/tasks.ts";
import { startAnnotations } from "../../lib/app/wake-annotation.ts";
import { workflowId } from "../../lib/domain/ids.ts";
import type { Platform } from "../../lib/platform.ts";
import { annotatedProject, annotator, answer, putTasks } from "../app/annotation-world.ts";
import { testPlatform, testWorker } from "../support/platform.ts";

let platform: Platform;
const POLL = { timeout: 30_000, interval: 30 };
/** 0.3 seconds, in the hours of the spec. */
const MOMENT = 0.3 / 3600;
const [ann, bob, cem] = [annotator("ann"), annotator("bob"), annotator("cem")];

const journal = async (project: string, kind: string) => (await listJournal(platform, { project, kind, visible: null, limit: 50 })).items;
const handle = async (project: string) => (await platform.temporal()).workflow.getHandle(workflowId.annotation(project));

beforeAll(async () => {
  platform = await testPlatform({ SENSORLOOP_LOG_LEVEL: "silent" });
  testWorker(platform);
});

it("returns a lease that ran out, brings to the front what waits too long, settles by majority what nobody decides, and ends", async () => {
  await annotatedProject(platform, "slow", { leaseMinutes: 0.005, remindHours: MOMENT, escalateHours: 3 * MOMENT });
  const [first, second] = await putTasks(platform, "slow", 2, { wanted: 3 });
  const place = { from: 30, to: 40 };
  for (const [actor, name] of [
    [ann, "walk"],
    [bob, "walk"],
    [cem, "rest"],
  ] as const)
    await answer(platform, "slow", { id: second!, ...place }, actor, { class: name });
  const [held] = await claimTasks(platform, "slow", { count: 1, holding: [] }, ann);
  expect(held?.id).toBe(first);
  await startAnnotations(platform);
  await expect
    .poll(async () => (await platform.db.selectFrom("lease").selectAll().where("task", "=", first!).execute()).length, POLL)
    .toBe(0);
  await expect.poll(async () => (await (await handle("slow")).query("queue")) as unknown, POLL).toMatchObject({ open: 1, leased: 0 });
  await expect
    .poll(async () => (await journal("slow", "task.escalated")).map((entry) => entry.payload["task"]).toSorted(), POLL)
    .toEqual([first, second].toSorted());
  await expect
    .poll(async () => (await showTask(platform, "slow", second!, ann)).task, POLL)
    .toMatchObject({ state: "done", outcome: "walk" });
  expect((await journal("slow", "task.settled")).map((entry) => entry.payload["how"])).toEqual(["majority"]);
  await putTasks(platform, "slow", 1, { from_sample: 900, to_sample: 910 });
  expect((await claimTasks(platform, "slow", { count: 1, holding: [] }, bob))[0]?.id, "the oldest first").toBe(first);
  for (const actor of [ann, bob, cem]) await answer(platform, "slow", { id: first!, from: 0, to: 10 }, actor);
  const [rest] = await claimTasks(platform, "slow", { count: 1, holding: [] }, ann);
  await answer(platform, "slow", rest!, ann);
  expect(await (await handle("slow")).result()).toMatchObject({ open: 0, adjudicate: 0 });
});

it("asks for a retraining once when enough labels are new, told by the labels themselves", async () => {
  await annotatedProject(platform, "ready", {}, "retrain: { atLabels: 3 }\n");
  for (const from of [0, 100, 200]) {
    const label = { id: crypto.randomUUID(), subject: "s1", recording: "walk-1", from, to: from + 50, class: "rest", confirmation: false };
    await signLabel(platform, "ready", label, ann);
  }
  await expect.poll(async () => (await journal("ready", "night.asked")).map((entry) => entry.payload["cause"]), POLL).toEqual(["labels"]);
  await startAnnotations(platform);
  await (await handle("ready")).result();
  const { rows } = await sql<{ cause: string }>`select cause from night where project = 'ready'`.execute(platform.db);
  expect(rows).toEqual([{ cause: "labels" }]);
});
