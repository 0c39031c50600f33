import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { beforeAll, describe, expect, it } from "vitest";
import { adjudicate, signLabel, withdrawLabel, type Signer } from "../../lib/app/answers.ts";
import { listJournal } from "../../lib/app/journal.ts";
import { eraseSubject } from "../../lib/app/erasure.ts";
import { importLabels } from "../../lib/app/label-import.ts";
import { exportLabels, listLabels } from "../../lib/app/labels.ts";
import { setProfile } from "../../lib/app/profiles.ts";
import { claimTasks, showTask } from "../../lib/app/tasks.ts";
import type { AddLabel, Label } from "../../lib/domain/api/labels.ts";
import { SensorloopError } from "../../lib/domain/errors.ts";
import { openPlatform, type Platform } from "../../lib/platform.ts";
import { writeFeatures } from "../../lib/store/feature-writer.ts";
import { rebuild } from "../../lib/store/journal-rebuild.ts";
import { labelsOfRecording } from "../../lib/store/repositories/labels.ts";
import { closeAfterwards } from "../support/leftovers.ts";
import { testConfig } from "../support/services.ts";
import { annotatedProject, annotator, answer, engineer, putTasks, SAMPLES, RECORDING } from "./annotation-world.ts";

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
    const place = { project: "agree", subject: "s1", recording: RECORDING };
    const said = async (reader: string) => [
      (await labelsOfRecording(platform.db, place, reader)).length,
      (await exportLabels(platform, "agree", { format: "csv", reader })).labels,
      (await listJournal(platform, { project: "agree", kind: "label.signed", visible: null, limit: 9, reader })).items[0]!.payload["class"],
    ];
    expect([await said("bob"), await said("ann")]).toEqual([
      [0, 0, undefined],
      [1, 1, "walk"],
    ]);
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

  it("takes no answer to another task with it: only its own is held", async () => {
    const [task, other] = await tasksOf("leave", 2);
    const { label } = await answer(platform, "leave", other!, ann);
    const { code, facts } = await failure(answer(platform, "leave", task!, ann, { supersedes: label.id }));
    expect([code, facts["task"]]).toEqual(["REQUEST_INVALID", other!.id]);
    expect((await showTask(platform, "leave", other!.id, ann)).task).toMatchObject({ state: "done", answers: 1 });
  });

  it("is corrected by a file, and so is what its task came to, once however often the file is sent", async () => {
    const [task] = await tasksOf("mend", 1);
    const { label } = await answer(platform, "mend", task!, ann);
    const exported = await exportLabels(platform, "mend", { format: "label-studio" });
    const file = { format: "label-studio" as const, text: exported.text.replace('["walk"]', '["rest"]') };
    expect(await importLabels(platform, "mend", file, "ada")).toEqual({ added: 0, changed: 1, known: 0, refused: [] });
    const { task: settled, answers } = await showTask(platform, "mend", task!.id, ann);
    expect([settled.outcome, settled.answers]).toEqual(["rest", 1]);
    expect(answers).toMatchObject([{ class: "rest", by: "ann", supersedes: label.id, authority: "annotator" }]);
    for (const again of [file, exported])
      expect(await importLabels(platform, "mend", again, "ada")).toMatchObject({ changed: 0, known: 1 });

    // Another round in the same file, which knows the first id only; then one that somebody here was before.
    const moved = { ...file, text: file.text.replace('"end":10', '"end":8') };
    expect(await importLabels(platform, "mend", moved, "ada")).toMatchObject({ changed: 1, refused: [] });
    const [standing] = (await showTask(platform, "mend", task!.id, ann)).answers;
    expect(standing).toMatchObject({ to: 8, supersedes: answers[0]!.id });
    await answer(platform, "mend", task!, ann, { class: "walk", supersedes: standing!.id });
    const late = await importLabels(platform, "mend", { ...file, text: file.text.replace('"end":10', '"end":9') }, "ada");
    expect([late.changed, late.refused.map(({ code }) => code)]).toEqual([0, ["CONFLICT"]]);
    const weaker = { format: "csv" as const, text: `id,subject,recording,from,to,class,by\n${label.id},s1,walk-1,0,10,rest,bob` };
    expect((await importLabels(platform, "mend", weaker, "ada")).known, "said once by whoever").toBe(1);
    expect((await rebuild(platform.db)).differences.filter((difference) => difference.table === "label")).toEqual([]);
  });
});

describe("a label without a task", () => {
  const label: AddLabel = { id: randomUUID(), subject: "s1", recording: RECORDING, from: 0, to: 100, class: "walk", confirmation: false };
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

  it("asks about predictions that imported labels are against, as many as the spec wants, and not who said so", async () => {
    await annotatedProject(platform, "bulk", { tasks: { contradicted: 3 }, doubtBelow: 0.8 });
    const sure = { confidence: 0.9 };
    await platform.db.updateTable("prediction").set(sure).where("project", "=", "bulk").where("window_from", "<", 20).execute();
    const rows = [
      "0,12,walk,annotator,ann",
      "20,30,walk,annotator,ann",
      "40,50,rest,user,ann",
      "60,70,walk,expert,eve",
      "100,400,walk,user,ann",
      "500,503,walk,user,ann",
    ];
    const text = ["subject,recording,from,to,class,authority,by", ...rows.map((row) => `s1,walk-1,${row}`)].join("\n");
    expect((await importLabels(platform, "bulk", { format: "csv", text }, "ada")).added).toBe(6);
    const tasks = await platform.db.selectFrom("task").selectAll().where("project", "=", "bulk").orderBy("from_sample").execute();
    expect(tasks.map((task) => [task.reason, task.claimed, task.from_sample])).toEqual(
      [0, 100, 110].map((from) => ["contradicted", "walk", from]),
    );
    const offered = (actor: Signer) => claimTasks(platform, "bulk", { count: 9, holding: [] }, actor);
    expect([(await offered(ann)).length, (await offered(bob)).length]).toEqual([0, 3]);
  });

  async function bodyWithout(project: string): Promise<string> {
    const { body } = await platform.db.selectFrom("spec").select("body").where("project", "=", project).executeTakeFirstOrThrow();
    return JSON.stringify({ ...body, annotation: undefined });
  }
});

describe("of an erased person", () => {
  it("nothing is kept, asked, signed or taken in, and the journal says the same", async () => {
    const [open, done, shared] = await tasksOf("gone", 3, 1);
    const { db } = platform;
    const own = await answer(platform, "gone", done!, ann);
    await db.updateTable("task").set({ state: "adjudicate" }).where("id", "=", shared!.id).execute();
    await setProfile(platform, "gone", "someone", { age: "33" }, "ada");
    await db
      .insertInto("object")
      .values({ key: "gone/signal/1", project: "gone", kind: "signal", sha256: "0".repeat(64), bytes: 1 })
      .execute();
    await db
      .insertInto("signal")
      .values({
        project: "gone",
        snapshot: "s",
        subject: "s1",
        recording: RECORDING,
        object: "gone/signal/1",
        samples: 9,
        rate_hz: 1,
        start_us: 0,
        detail: "{}",
      })
      .execute();
    const features = { name: "f", names: ["a"], definition: {} };
    const write = () =>
      db.transaction().execute((tx) => writeFeatures(tx, "gone", features, [[{ subject: "s1", eventMs: 0, values: [1] }]], "test"));
    await write();

    expect((await failure(eraseSubject(platform, "gone", "someone", " ", "ada"))).code).toBe("REQUEST_INVALID");
    const erased = await eraseSubject(platform, "gone", "someone", "asked to be", "ada");
    expect(erased).toEqual({ subject: "s1", tasks: 2, features: 1, predictions: SAMPLES / 10, signals: 1, profile: true });
    for (const name of ["s1", "someone"])
      expect((await failure(eraseSubject(platform, "gone", name, "again", "ada"))).code).toBe("SUBJECT_UNKNOWN");
    const left = await Promise.all(
      (["prediction", "feature_row", "profile", "signal", "subject", "object"] as const).map(async (table) => {
        const rows =
          await sql`select from ${sql.table(table)} where project = 'gone' ${table === "object" ? sql`and kind = 'signal'` : sql``}`.execute(
            db,
          );
        return rows.rows.length;
      }),
    );
    expect(left).toEqual([0, 0, 0, 0, 0, 0]);

    const codes = await Promise.all(
      [
        answer(platform, "gone", open!, ann),
        answer(platform, "gone", done!, bob, { version: 1 }),
        withdrawLabel(platform, "gone", own.label.id, randomUUID(), ann),
        adjudicate(platform, "gone", done!.id, { id: randomUUID(), class: "rest", version: own.task!.version }, eve),
        setProfile(platform, "gone", "s1", { age: "34" }, "ada"),
      ].map(async (attempt) => (await failure(attempt)).code),
    );
    expect(codes).toEqual(["SUBJECT_UNKNOWN", "SUBJECT_UNKNOWN", "SUBJECT_UNKNOWN", "SUBJECT_UNKNOWN", "NOT_FOUND"]);
    expect(await write()).toMatchObject({ written: 0 });
    await putTasks(platform, "gone", 2);
    expect((await db.selectFrom("task").select("state").where("project", "=", "gone").execute()).map(({ state }) => state).sort()).toEqual([
      "done",
      "withdrawn",
      "withdrawn",
    ]);
    expect((await rebuild(db)).differences.filter(({ table }) => table === "erased_subject" || table === "label")).toEqual([]);
  });
});
