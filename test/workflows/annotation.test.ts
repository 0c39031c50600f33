import { sql } from "kysely";
import { SMTPServer } from "smtp-server";
import { beforeAll, expect, it } from "vitest";
import { createAnnotationActivities } from "../../activities/annotation.ts";
import { signLabel } from "../../lib/app/answers.ts";
import { listJournal } from "../../lib/app/journal.ts";
import { claimTasks, showTask } from "../../lib/app/tasks.ts";
import { listNights } from "../../lib/app/nights.ts";
import { startAnnotations } from "../../lib/app/wake-annotation.ts";
import { workflowId } from "../../lib/domain/ids.ts";
import type { Platform } from "../../lib/platform.ts";
import { annotatedProject, annotator, answer, putTasks, RECORDING } from "../app/annotation-world.ts";
import { insertRun, markStarted } from "../../lib/store/repositories/runs.ts";
import { closeAfterwards } from "../support/leftovers.ts";
import { listenOnLoopback } from "../support/loopback.ts";
import { testPlatform, testWorker } from "../support/platform.ts";

let platform: Platform;
const POLL = { timeout: 30_000, interval: 30 };
/** 0.3 seconds, in the hours of the spec. */
const MOMENT = 0.3 / 3600;
const [ann, bob, cem] = [annotator("ann"), annotator("bob"), annotator("cem")];

const journal = async (project: string, kind: string) => (await listJournal(platform, { project, kind, visible: null, limit: 50 })).items;
const handle = async (project: string) => (await platform.temporal()).workflow.getHandle(workflowId.annotation(project));

/** What a mail server that says nothing still owes a greeting; null once it speaks. */
let owed: (() => void)[] | null = [];
let mails = 0;

async function signThree(project: string): Promise<void> {
  for (const from of [0, 100, 200]) {
    const label = { id: crypto.randomUUID(), subject: "s1", recording: RECORDING, from, to: from + 50, class: "rest", confirmation: false };
    await signLabel(platform, project, label, ann);
  }
}

beforeAll(async () => {
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onConnect: (_session, greet) => (owed ? void owed.push(greet) : greet()),
    onData(stream, _session, done) {
      mails++;
      stream.resume().on("end", () => done());
    },
  });
  const mail = await listenOnLoopback(smtp.server);
  closeAfterwards(() => mail.close());
  platform = await testPlatform({ SENSORLOOP_LOG_LEVEL: "silent", SENSORLOOP_SMTP_URL: `smtp://127.0.0.1:${mail.port}` });
  testWorker(platform);
});

/** Shorter than any spec may say. */
async function hurry(project: string, hours: { remindHours: number; escalateHours: number }): Promise<void> {
  await sql`update spec set body = jsonb_set(body, '{annotation}', (body -> 'annotation') || ${JSON.stringify(hours)}::jsonb)
            where project = ${project}`.execute(platform.db);
}

it("returns a lease that ran out, brings to the front what waits too long, settles by majority what nobody decides, and ends", async () => {
  await annotatedProject(platform, "slow", { leaseMinutes: 0.005 });
  await hurry("slow", { remindHours: MOMENT, escalateHours: 3 * MOMENT });
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

it("asks for a retraining once when enough labels are new, told by the labels themselves, while a mail server says nothing", async () => {
  await annotatedProject(platform, "ready", {}, "retrain: { atLabels: 3 }\nnotify: { mail: [a@example.org] }\n");
  const [task] = await putTasks(platform, "ready", 1, { from_sample: 900, to_sample: 910 });
  await sql`update task set created_at = now() - interval '30 hours' where id = ${task}`.execute(platform.db);
  await signThree("ready");
  await expect.poll(() => owed?.length, POLL).toBeGreaterThan(0);
  await expect.poll(async () => (await journal("ready", "night.asked")).map((entry) => entry.payload["cause"]), POLL).toEqual(["labels"]);
  const owing = owed;
  owed = null;
  for (const greet of owing ?? []) greet();
  await expect.poll(() => mails, POLL).toBe(1);
  await answer(platform, "ready", { id: task!, from: 900, to: 910 }, ann);
  await (await handle("ready")).signal("labelled");
  await (await handle("ready")).result();
  const { rows } = await sql<{ cause: string }>`select cause from night where project = 'ready'`.execute(platform.db);
  expect(rows).toEqual([{ cause: "labels" }]);
});

it("asks again for a night that was skipped beside a run, as soon as that has ended without learning from the labels", async () => {
  await annotatedProject(platform, "beside", {}, "retrain: { atLabels: 3 }\n");
  const { askForRetraining } = createAnnotationActivities(platform);
  const params = { kind: "training" as const };
  await insertRun(platform.db, { id: "beside-run", project: "beside", specVersion: 1, seed: 1, requestedBy: "eve", params });
  await markStarted(platform.db, "beside-run");
  await signThree("beside");
  const reasons = async () =>
    (await listNights(platform, { project: "beside", visible: null, limit: 9 })).items.map((night) => night.reason);
  const busy = "run beside-run of eve is queued";
  await expect.poll(reasons, POLL).toEqual([busy]);
  expect(await askForRetraining({ project: "beside" })).toEqual({ asked: false });
  await platform.db.updateTable("run").set({ state: "failed" }).where("id", "=", "beside-run").execute();
  for (let times = 1; times <= 2; times++) expect(await askForRetraining({ project: "beside" })).toEqual({ asked: true });
  await expect.poll(reasons, POLL).toEqual(["the project has no files yet", busy]);
});
