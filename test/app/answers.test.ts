import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { adjudicate, signLabel, withdrawLabel } from "../../lib/app/answers.ts";
import { listJournal } from "../../lib/app/journal.ts";
import { listLabels } from "../../lib/app/labels.ts";
import { showTask } from "../../lib/app/tasks.ts";
import type { AddLabel, Label } from "../../lib/domain/api/labels.ts";
import { SensorloopError } from "../../lib/domain/errors.ts";
import { openPlatform, type Platform } from "../../lib/platform.ts";
import { rebuild } from "../../lib/store/journal-rebuild.ts";
import { closeAfterwards } from "../support/leftovers.ts";
import { testConfig } from "../support/services.ts";
import { annotatedProject, annotator, answer, engineer, putTasks, SAMPLES } from "./annotation-world.ts";

let platform: Platform;
const [ann, bob, cem, eve] = [annotator("ann"), annotator("bob"), annotator("cem"), annotator("eve")];

beforeAll(async () => {
  platform = openPlatform(await testConfig({ SENSORLOOP_LOG_LEVEL: "silent" }));
  closeAfterwards(async () => platform[Symbol.asyncDispose]());
});

async function tasksOf(project: string, count: number, wanted = 1) {
  await annotatedProject(platform, project);
  const ids = await putTasks(platform, project, count, { wanted });
  return ids.map((id, index) => ({ id, from: 30 * index, to: 30 * index + 10 }));
}

async function failure(promise: Promise<unknown>): Promise<SensorloopError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof SensorloopError)) throw new Error(`expected a SensorloopError, got ${String(error)}`);
  return error;
}

describe("an answer to a task", () => {
  it("F26: of two at once one is signed and the other is told the winner, fifty times; the journal has both", async () => {
    const tasks = await tasksOf("race", 50);
    await Promise.all(
      tasks.map(async (task, index) => {
        const sent = [ann, bob].map((actor) => answer(platform, "race", task, actor, { class: index % 2 ? "rest" : "walk", version: 0 }));
        const settled = await Promise.allSettled(sent);
        const [signed] = settled.filter((each) => each.status === "fulfilled");
        const [refused] = settled.filter((each) => each.status === "rejected");
        expect(settled.map((each) => each.status).toSorted()).toEqual(["fulfilled", "rejected"]);
        const error = refused!.reason as SensorloopError;
        expect([error.code, error.status]).toEqual(["LABEL_CONFLICT", 409]);
        expect((error.facts["winner"] as Label).id).toBe(signed!.value.label.id);
        expect(error.facts["task"]).toEqual(signed!.value.task);
      }),
    );
    const kinds = async (kind: string) => (await listJournal(platform, { project: "race", kind, visible: null, limit: 200 })).items;
    const [won, lost] = [await kinds("label.signed"), await kinds("label.refused")];
    expect([won.length, lost.length, (await kinds("task.settled")).length]).toEqual([50, 50, 50]);
    expect(new Set(lost.map((entry) => entry.payload["winner"]))).toEqual(new Set(won.map((entry) => entry.payload["label"])));
    expect(await platform.db.selectFrom("task").select("id").where("project", "=", "race").where("state", "!=", "done").execute()).toEqual(
      [],
    );
    expect((await rebuild(platform.db)).differences.filter((difference) => difference.table === "label")).toEqual([]);
  });

  it("counts once however often it is sent, at once or after the task is done, and is refused once", async () => {
    const [task] = await tasksOf("twice", 1);
    const id = randomUUID();
    const sent = await Promise.all(Array.from({ length: 5 }, () => answer(platform, "twice", task!, ann, { id })));
    expect(new Set(sent.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(sent[0]).toMatchObject({ label: { id, by: "ann", stands: true }, task: { state: "done", outcome: "walk" } });
    expect(await answer(platform, "twice", task!, ann, { id })).toEqual(sent[0]);
    expect((await failure(answer(platform, "twice", task!, ann, { id, class: "rest" }))).code).toBe("CONFLICT");
    expect((await failure(answer(platform, "twice", task!, bob, { id }))).code).toBe("CONFLICT");
    const late = randomUUID();
    for (const _ of [1, 2]) expect((await failure(answer(platform, "twice", task!, bob, { id: late }))).code).toBe("LABEL_CONFLICT");
    expect((await listJournal(platform, { project: "twice", kind: "label.refused", visible: null, limit: 10 })).items).toHaveLength(1);
  });

  it("does not take the place of a label that another project has under the same id", async () => {
    const [mine] = await tasksOf("here", 1);
    const [other] = await tasksOf("there", 1);
    const id = randomUUID();
    await answer(platform, "there", other!, bob, { id });
    expect((await failure(answer(platform, "here", mine!, ann, { id }))).code).toBe("CONFLICT");
    expect(await platform.db.selectFrom("label").select("project").where("id", "=", id).execute()).toEqual([{ project: "there" }]);
  });

  it("settles with the last of those wanted where all say the same, unseen by who has not answered", async () => {
    const [task] = await tasksOf("agree", 1, 2);
    const first = await answer(platform, "agree", task!, ann);
    expect(first.task).toMatchObject({ state: "open", outcome: null });
    expect((await showTask(platform, "agree", task!.id, bob)).answers).toEqual([]);
    expect((await showTask(platform, "agree", task!.id, engineer)).answers).toEqual([]);
    expect((await showTask(platform, "agree", task!.id, ann)).answers).toHaveLength(1);
    expect((await listLabels(platform, "agree", { limit: 9 }, "bob")).items).toEqual([]);
    expect((await listLabels(platform, "agree", { limit: 9 }, "ann")).items).toHaveLength(1);
    expect((await failure(answer(platform, "agree", task!, ann, { class: "rest" }))).facts["winner"]).toMatchObject({ by: "ann" });
    expect((await answer(platform, "agree", task!, bob)).task).toMatchObject({ state: "done", outcome: "walk" });
  });

  it("goes to a person who decides where answers differ, and nobody's undo reopens what was decided", async () => {
    const [task] = await tasksOf("differ", 1, 2);
    const { label } = await answer(platform, "differ", task!, ann);
    const { task: split } = await answer(platform, "differ", task!, bob, { class: "rest" });
    expect(split?.state).toBe("adjudicate");
    const decision = { id: randomUUID(), class: "rest", version: split!.version };
    expect((await failure(adjudicate(platform, "differ", task!.id, decision, cem))).code).toBe("FORBIDDEN");
    expect((await failure(adjudicate(platform, "differ", task!.id, { ...decision, version: 0 }, eve))).code).toBe("CONFLICT");
    const decided = await adjudicate(platform, "differ", task!.id, decision, eve);
    expect(decided).toMatchObject({ label: { authority: "adjudicated", from: 0, to: 10 }, task: { state: "done", outcome: "rest" } });
    expect(await adjudicate(platform, "differ", task!.id, decision, eve)).toEqual(decided);
    expect((await failure(withdrawLabel(platform, "differ", label.id, randomUUID(), ann))).code).toBe("CONFLICT");
    expect((await failure(answer(platform, "differ", task!, cem, { version: decided.task!.version }))).facts["winner"]).toMatchObject({
      by: "eve",
    });
    const how = (await listJournal(platform, { project: "differ", kind: "task.settled", visible: null, limit: 9 })).items;
    expect(how.map((entry) => entry.payload["how"])).toEqual(["adjudicated"]);
  });

  it("is a second opinion where it says otherwise knowing the winner, and then someone decides", async () => {
    const [task] = await tasksOf("opinion", 1);
    await answer(platform, "opinion", task!, ann);
    const refused = await failure(answer(platform, "opinion", task!, bob, { class: "rest", version: 0 }));
    const { version } = refused.facts["task"] as { version: number };
    const again = await answer(platform, "opinion", task!, bob, { class: "rest", version });
    expect(again.task).toMatchObject({ state: "adjudicate", outcome: null });
  });

  it("is taken back by who gave it alone, and its task is in their hands again", async () => {
    const [task] = await tasksOf("undo", 1);
    const { label } = await answer(platform, "undo", task!, ann);
    expect((await failure(withdrawLabel(platform, "undo", label.id, randomUUID(), bob))).code).toBe("FORBIDDEN");
    const id = randomUUID();
    const undone = await withdrawLabel(platform, "undo", label.id, id, ann);
    expect(undone).toMatchObject({ label: { id, class: null, supersedes: label.id }, task: { state: "open", outcome: null } });
    expect(await withdrawLabel(platform, "undo", label.id, id, ann)).toEqual(undone);
    const { task: open, leases } = await showTask(platform, "undo", task!.id, ann);
    expect([open.answers, leases.map(({ account }) => account)]).toEqual([0, ["ann"]]);
    expect((await answer(platform, "undo", task!, ann, { class: "rest" })).task).toMatchObject({ state: "done", outcome: "rest" });
  });

  it("is corrected by a label of the same person that supersedes it, once", async () => {
    const [task] = await tasksOf("correct", 1);
    const { label } = await answer(platform, "correct", task!, ann);
    expect((await failure(answer(platform, "correct", task!, bob, { class: "rest", supersedes: label.id }))).code).toBe("FORBIDDEN");
    const [one, two] = await Promise.allSettled(
      ["rest", "rest"].map((name) => answer(platform, "correct", task!, ann, { class: name, supersedes: label.id })),
    );
    expect([one!.status, two!.status].toSorted()).toEqual(["fulfilled", "rejected"]);
    expect((await showTask(platform, "correct", task!.id, ann)).task).toMatchObject({ outcome: "rest", answers: 1 });
    const expert = await answer(platform, "correct", task!, eve, {
      supersedes: (await showTask(platform, "correct", task!.id, ann)).answers[0]!.id,
    });
    expect(expert).toMatchObject({ label: { authority: "expert" }, task: { outcome: "walk" } });
  });
});

describe("a label without a task", () => {
  const label: AddLabel = { id: randomUUID(), subject: "s1", recording: "walk-1", from: 0, to: 100, class: "walk", confirmation: false };
  const send = (change: Partial<AddLabel>, project = "free") =>
    signLabel(platform, project, { ...label, id: randomUUID(), ...change }, ann);

  beforeAll(async () => annotatedProject(platform, "free"));

  it("must name a class of the spec and lie inside a recording of a subject that is there", async () => {
    expect((await failure(send({ class: "fly" }))).code).toBe("UNKNOWN_CLASS");
    expect((await failure(send({ subject: "erased" }))).code).toBe("SUBJECT_UNKNOWN");
    expect((await failure(send({ recording: "gone" }))).code).toBe("SUBJECT_UNKNOWN");
    const outside = await failure(send({ to: SAMPLES + 1 }));
    expect([outside.code, outside.facts["samples"]]).toEqual(["INTERVAL_OUTSIDE", SAMPLES]);
    await annotatedProject(platform, "silent");
    await platform.db
      .updateTable("spec")
      .set({ body: (await bodyWithout("silent")) as never })
      .where("project", "=", "silent")
      .execute();
    expect((await failure(send({}, "silent"))).code).toBe("ANNOTATION_OFF");
  });

  it("asks others about what the model said, where a user's word is against it", async () => {
    const { label: signed } = await send({ from: 200, to: 212, confirmation: true });
    expect(signed).toMatchObject({ authority: "user", task: null });
    const tasks = await platform.db.selectFrom("task").selectAll().where("project", "=", "free").execute();
    expect(tasks).toMatchObject([{ reason: "contradicted", from_sample: 200, to_sample: 210, claimed: "walk", predicted: "rest" }]);
    await send({ from: 300, to: 310, class: "rest", confirmation: true });
    await send({ from: 400, to: 410 });
    expect(
      await platform.db.selectFrom("task").select("id").where("project", "=", "free").execute(),
      "agreed with, or doubted anyway",
    ).toHaveLength(1);
  });

  async function bodyWithout(project: string): Promise<string> {
    const { body } = await platform.db.selectFrom("spec").select("body").where("project", "=", project).executeTakeFirstOrThrow();
    return JSON.stringify({ ...body, annotation: undefined });
  }
});
