import { sql } from "kysely";
import { beforeAll, expect, it } from "vitest";
import { overviews } from "../../lib/app/overview.ts";
import { applySpec } from "../../lib/app/projects.ts";
import { openPlatform, type Platform } from "../../lib/platform.ts";
import { append } from "../../lib/store/journal.ts";
import { insertNight } from "../../lib/store/repositories/nights.ts";
import { closeAfterwards } from "../support/leftovers.ts";
import { testConfig } from "../support/services.ts";
import { annotatedProject, annotator, answer, putTasks } from "./annotation-world.ts";
import { specText } from "./world.ts";

let platform: Platform;
beforeAll(async () => {
  platform = openPlatform(await testConfig({ SENSORLOOP_LOG_LEVEL: "silent" }));
  closeAfterwards(() => platform[Symbol.asyncDispose]());
});

async function loopOf(project: string) {
  const [overview] = await overviews(platform, { project, visible: null });
  const station = (name: string) => overview!.stations.find((one) => one.name === name);
  return { ...overview!, annotate: station("annotate"), retrain: station("retrain") };
}

it("tells of annotators where the spec has them, and not otherwise", async () => {
  await applySpec(platform, { text: specText("plain"), name: "spec.yaml" }, "test");
  const { annotation, annotate, nights } = await loopOf("plain");
  expect({ annotation, nights }).toEqual({ annotation: null, nights: { last: null, nextAt: null, paused: false } });
  expect(annotate).toMatchObject({ state: "planned", count: 0 });
});

it("counts what waits for people, and asks for a look where someone has to decide", async () => {
  await annotatedProject(platform, "queue");
  const [first, second, third] = await putTasks(platform, "queue", 3);
  expect(await loopOf("queue")).toMatchObject({
    annotate: { count: 3, unit: "tasks", state: "idle", at: null },
    annotation: { open: 3, adjudicate: 0, labels: 0, gainPerHundred: null },
  });
  await answer(platform, "queue", { id: third!, from: 60, to: 70 }, annotator("ann"));
  expect(await loopOf("queue")).toMatchObject({ annotate: { count: 2, state: "done", at: expect.any(String) }, annotation: { labels: 1 } });
  await sql`update task set state = 'adjudicate' where id = ${first}`.execute(platform.db);
  await sql`update task set escalated_at = now() where id = ${second}`.execute(platform.db);
  const { annotate, annotation } = await loopOf("queue");
  expect(annotate).toMatchObject({ count: 1, state: "attention", note: "1 sample waits for a decision; 1 sample has waited for too long" });
  expect(annotation?.oldestAt).toEqual(expect.any(String));
});

it("says what the last night came to, what its labels bought, and when the next is, unless nights are paused", async () => {
  await annotatedProject(platform, "turning");
  const at = (hoursAgo: number) => new Date(Date.now() - hoursAgo * 3_600_000);
  const common = { project: "turning", cause: "clock", by: "test" } as const;
  await insertNight(platform.db, { ...common, id: "n1", dueAt: at(30), state: "done", detail: { promoted: true } });
  const gain = { labels: 50, metric: "macroF1", before: 0.9, chosen: 0.92, random: null, note: null };
  await sql`update night set gain = ${JSON.stringify(gain)}::jsonb where id = 'n1'`.execute(platform.db);
  await insertNight(platform.db, { ...common, id: "n2", dueAt: at(6), state: "failed", reason: "TRAINING_DIVERGED" });
  await insertNight(platform.db, { ...common, id: "n3", dueAt: at(0), state: "asked" });
  const schedule = {
    cron: "30 2 * * *",
    timezone: "Europe/Berlin",
    overlap: "skip",
    catchupMinutes: 60,
    jitterSeconds: 0,
    why: "",
  } as const;
  const decide = (event: { kind: "schedule.set"; payload: typeof schedule } | { kind: "schedule.paused"; payload: { why: string } }) =>
    platform.db.transaction().execute((tx) => append(tx, { ...event, actor: "test", project: "turning" }));
  await decide({ kind: "schedule.set", payload: schedule });
  const { nights, annotation, retrain } = await loopOf("turning");
  expect(nights).toMatchObject({ last: { id: "n2" }, paused: false });
  expect(new Date(nights.nextAt ?? 0).getTime()).toBeGreaterThan(Date.now());
  expect(annotation?.gainPerHundred).toBeCloseTo(4, 9);
  expect(retrain).toMatchObject({ count: 2, state: "attention", note: "TRAINING_DIVERGED" });
  await decide({ kind: "schedule.paused", payload: { why: "holidays" } });
  expect((await loopOf("turning")).nights).toMatchObject({ nextAt: null, paused: true });
});

it("says of stations that a run under way has not come to how they stood after the run before", async () => {
  await applySpec(platform, { text: specText("again"), name: "spec.yaml" }, "test");
  const add = async (id: string, state: string, stages: readonly string[]) => {
    await sql`insert into run (id, project, spec_version, seed, state, requested_by) values (${id}, 'again', 1, 1, ${state}, 'test')`.execute(
      platform.db,
    );
    for (const stage of stages)
      await sql`insert into stage (run, name, state, rows_in, ended_at) values (${id}, ${stage}, 'done', 210, now())`.execute(platform.db);
  };
  await add("again-1", "done", ["snapshot", "train", "evaluate"]);
  await add("again-2", "running", ["snapshot"]);
  const { stations } = await loopOf("again");
  expect(stations.find(({ name }) => name === "evaluate")).toMatchObject({ count: 210, state: "done", at: expect.any(String) });
});
