import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { createCleanActivities } from "../../activities/clean.ts";
import { createSnapshotActivities, readManifest } from "../../activities/snapshot.ts";
import { createStageActivities } from "../../activities/stage.ts";
import { createWindowActivities, shardsOf } from "../../activities/window.ts";
import { eraseSubject } from "../../lib/app/erasure.ts";
import { takeIn } from "../../lib/app/intake.ts";
import { importLabels } from "../../lib/app/label-import.ts";
import { exportLabels, listLabels, showAgreement } from "../../lib/app/labels.ts";
import { applySpec } from "../../lib/app/projects.ts";
import { startRun } from "../../lib/app/runs.ts";
import { LABEL_FORMATS } from "../../lib/domain/api/labels.ts";
import { SensorloopError } from "../../lib/domain/errors.ts";
import { decodeWindowShard, SPLITS } from "../../lib/domain/window-shard.ts";
import { openPlatform, type Platform } from "../../lib/platform.ts";
import { append } from "../../lib/store/journal.ts";
import { rebuild } from "../../lib/store/journal-rebuild.ts";
import { countLabelsSince } from "../../lib/store/repositories/labels.ts";
import { attempt } from "../support/attempt.ts";
import { closeAfterwards } from "../support/leftovers.ts";
import { testConfig, testFolder } from "../support/services.ts";
import { insertModel } from "./world.ts";

const PROJECT = "walks";
const PEOPLE = Array.from({ length: 10 }, (_, index) => `p${index}`);
/** Their files say nothing. */
const UNLABELLED = ["q0", "q1"];
const spec = (classes: string) => `
project: ${PROJECT}
title: Walks
rateHz: 10
files:
  - match: "\\\\.csv$"
    subject: { column: person }
    rateHz: 10
    label: { column: label }
    channels: { x: { sensor: acc } }
labels: { classes: [${classes}], map: { strolling: walk } }
windows: { kind: sliding, seconds: 1, overlap: 0.5 }
features: { groups: [{ channels: [x], formulas: [level] }] }
`;

/** Its runs stay in the outbox, and no annotation workflow is told: everything is done by this test's hands. */
let platform: Platform;
/** Recordings by person. */
const recordings = new Map<string, { subject: string; recording: string }>();

beforeAll(async () => {
  const open = openPlatform(await testConfig({ SENSORLOOP_LOG_LEVEL: "silent" }));
  closeAfterwards(async () => open[Symbol.asyncDispose]());
  platform = { ...open, temporal: () => Promise.reject(new SensorloopError("TEMPORAL_UNAVAILABLE", "away")) };
  await applySpec(platform, { text: spec('rest, walk, "=1+1"'), name: "spec.yaml" }, "test");
  const path = join(await testFolder(), "walks.csv");
  const rows = [...PEOPLE, ...UNLABELLED].flatMap((person) =>
    Array.from({ length: 60 }, (_, at) => `${person},${Math.sin(at)},${PEOPLE.includes(person) ? (at < 30 ? "rest" : "walk") : ""}`),
  );
  await writeFile(path, `person,x,label\n${rows.join("\n")}\n`);
  await takeIn(platform, PROJECT, { name: "walks.csv", path }, "test");
});

/** A run up to its windows, each as one line of text; and what its log warns of. */
async function windows() {
  const id = randomUUID();
  const run = await startRun(platform, PROJECT, { id }, "test");
  const context = { run: id, project: PROJECT, specVersion: run.specVersion, seed: run.seed };
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
  const lines: string[] = [];
  for (const ref of await shardsOf(platform.db, windowSet)) {
    const shard = decodeWindowShard(new Uint8Array(await readFile(await platform.objects.fetch(ref))));
    for (let row = 0; row < shard.windows; row++) {
      const [subject, recording] = [shard.subjects[shard.subject[row]!]!, shard.recordings[shard.recording[row]!]!];
      recordings.set(subject, { subject, recording });
      lines.push([subject, shard.from[row], shard.classes[shard.label[row]!] ?? null, SPLITS[shard.split[row]!]].join(" "));
    }
  }
  const { db } = platform;
  const stage = await db.selectFrom("stage").selectAll().where("run", "=", id).where("name", "=", "snapshot").executeTakeFirstOrThrow();
  const warnings = await db
    .selectFrom("run_log")
    .select("message")
    .where("run", "=", id)
    .where("level", "=", "warn")
    .orderBy("id")
    .execute();
  const row = await db.selectFrom("snapshot").selectAll().where("id", "=", snapshot).executeTakeFirstOrThrow();
  const retake = () => attempt(() => createSnapshotActivities(platform).takeSnapshot(context));
  return { lines: lines.sort(), stage: stage.state, warnings: warnings.map(({ message }) => message), row, retake };
}
const people = async () => {
  const rows = await platform.db.selectFrom("subject").selectAll().where("project", "=", PROJECT).execute();
  return new Map(rows.map((row) => [row.external_id, row.biometric_id]));
};
const csv = (...rows: string[]) => ({ format: "csv" as const, text: ["subject,recording,from,to,class,by", ...rows].join("\n") });

describe("labels on their way into training", () => {
  it("change the next snapshot, the windows they touch and no others, and no side of the split", async () => {
    const before = await windows();
    const ids = await people();
    const [labelled, corrected] = [ids.get("q0")!, before.lines.find((line) => line.endsWith("holdout"))!.split(" ")[0]!];
    const at = ({ subject, recording }: { subject: string; recording: string }, from: number, to: number) =>
      `${subject},${recording},${from},${to},walk,`;
    expect(before.row.labels).toBeNull();
    expect(before.lines.filter((line) => line.startsWith(labelled))).toHaveLength(11);

    await importLabels(platform, PROJECT, csv(at(recordings.get(labelled)!, 20, 30)), "ann");
    const after = await windows();
    // The label's own window, and the two that half of it lies in.
    const touched = [15, 20, 25].map((from) => [`${labelled} ${from}  unlabelled`, `${labelled} ${from} walk train`] as const);
    expect(after.lines).toEqual(before.lines.map((line) => touched.find(([old]) => old === line)?.[1] ?? line).sort());
    expect(after.row.id).not.toBe(before.row.id);
    expect(after.row.holdout_sha256).toBe(before.row.holdout_sha256);
    const { labels } = await readManifest(platform, after.row.manifest);
    expect(labels?.key).toBe(after.row.labels);

    const again = await windows();
    expect([again.row.id, again.stage]).toEqual([after.row.id, "reused"]);

    await importLabels(platform, PROJECT, csv(at(recordings.get(corrected)!, 0, 30)), "ann");
    expect((await again.retake()).snapshot, "another attempt hears what the first did").toBe(again.row.id);
    const changed = await windows();
    expect(changed.lines.filter((line) => line.startsWith(corrected) && line.includes("rest"))).toEqual([]);
    expect(changed.row.holdout_sha256).not.toBe(before.row.holdout_sha256);
  });

  it("are left out, and the run's log says so, where their class or recording is gone", async () => {
    const subject = (await people()).get("q1")!;
    const { recording } = recordings.get(subject)!;
    const sign = (name: string, where: string) =>
      platform.db.transaction().execute((tx) =>
        append(tx, {
          kind: "label.signed",
          actor: "ann",
          project: PROJECT,
          payload: {
            ...{ label: randomUUID(), subject, recording: where, from: 0, to: 20, rateHz: 10, class: name, authority: "expert" },
            ...{ task: null, supersedes: null, seconds: null },
          },
        }),
      );
    await sign("hop", recording);
    await sign("walk", "erased~000000000000");
    const run = await windows();
    expect(run.warnings).toEqual([
      "1 labels by the class 'hop', which the spec has no longer, are left out",
      "labels on 1 recordings that are not in the data are left out",
    ]);
    expect(run.lines.filter((line) => line.startsWith(subject)).every((line) => line.endsWith("unlabelled"))).toBe(true);
  });
});

describe("an erased person", () => {
  it("is in no later snapshot, comes back with no file, and no import can label them", async () => {
    const labelled = (await windows()).lines.find((line) => line.endsWith("train"))!.split(" ")[0]!;
    await importLabels(platform, PROJECT, csv(`${labelled},${recordings.get(labelled)!.recording},0,10,walk,bob`), "eve");
    const before = await windows();
    const gone = [labelled, before.lines.findLast((line) => line.endsWith("holdout"))!.split(" ")[0]!];
    const names = new Map([...(await people())].map(([name, id]) => [id, name]));
    for (const subject of gone) await eraseSubject(platform, PROJECT, names.get(subject)!, "asked to be", "ada");
    const after = await windows();
    expect(after.lines).toEqual(before.lines.filter((line) => !gone.some((subject) => line.startsWith(subject))));
    expect(after.row.subjects).toBe(before.row.subjects - 2);
    expect(after.warnings).toContain("2 recordings of 2 erased people are left out");
    expect([(await windows()).stage, (await windows()).row.id]).toEqual(["reused", after.row.id]);

    const path = join(await testFolder(), "again.csv");
    await writeFile(path, `person,x,label\n${names.get(gone[0]!)},1,rest\nsomebody,1,rest\n`);
    await takeIn(platform, PROJECT, { name: "again.csv", path }, "test");
    expect((await windows()).row.subjects).toBe(after.row.subjects + 1);
    const known = await people();
    expect([known.has("somebody"), ...gone.map((subject) => known.has(names.get(subject)!))]).toEqual([true, false, false]);

    const { recording } = recordings.get(gone[0]!)!;
    const file = csv(`${gone[0]},${recording},0,10,walk,bob`, `${names.get(gone[0]!)},${recording},0,10,walk,bob`);
    const { added, refused } = await importLabels(platform, PROJECT, file, "eve");
    expect([added, refused.map(({ code }) => code)]).toEqual([0, ["SUBJECT_UNKNOWN", "SUBJECT_UNKNOWN"]]);
    const exported = JSON.parse((await exportLabels(platform, PROJECT, { format: "json" })).text) as { labels: { subject: string }[] };
    expect(exported.labels.filter(({ subject }) => gone.includes(subject))).toEqual([]);
  });
});

describe("labels of others", () => {
  it("are signed one by one: the good ones are in, the bad ones are named with line and code, and a second time adds none", async () => {
    const subject = (await people()).get("q1")!;
    const { recording } = recordings.get(subject)!;
    await insertModel(platform.db, { id: "m", project: PROJECT, slot: `${PROJECT}/all/acc` });
    await platform.db
      .insertInto("champion")
      .values({ project: PROJECT, slot: `${PROJECT}/all/acc`, model: "m", since: new Date(), journal_id: 1 })
      .execute();
    await platform.db
      .insertInto("prediction")
      .values({
        ...{ project: PROJECT, model: "m", snapshot: `${PROJECT}-snapshot`, run: "r", subject, recording, split: "unlabelled" },
        ...{ window_from: 50, window_to: 60, start_us: 0, actual: null, predicted: "walk", confidence: 0.5 },
      })
      .execute();
    const file = csv(
      "q1,q1-unknown,0,10,walk,bob",
      `${subject},${recording},0,10,Walk,bob`,
      `nobody,${recording},0,10,walk,bob`,
      `${subject},${recording},500,510,walk,bob`,
      `${subject},${recording},10,10,walk,bob`,
      `${subject},${recording},ten,20,walk,bob`,
      `${subject},${recording},0,10`,
      `${subject},${recording},40,50,strolling,bob`,
      `${subject},${recording},40,50,walk,bob`,
      `${subject},${recording},50,60,'=1+1,bob`,
    );
    const imported = await importLabels(platform, PROJECT, file, "eve");
    expect(imported).toMatchObject({ added: 3, known: 1 });
    expect(imported.refused.map(({ line, code }) => `${line} ${code}`)).toEqual([
      "3 UNKNOWN_CLASS",
      "4 SUBJECT_UNKNOWN",
      "5 INTERVAL_OUTSIDE",
      "6 REQUEST_INVALID",
      "7 REQUEST_INVALID",
      "8 REQUEST_INVALID",
    ]);
    expect(imported.refused[0]!.message).toContain("is 'walk' meant?");
    expect(await importLabels(platform, PROJECT, file, "eve")).toMatchObject({ added: 0, known: 4 });
    const { items } = await listLabels(platform, PROJECT, { limit: 50, by: "bob", standing: true });
    expect(items.map(({ from, class: name, authority }) => `${from} ${name} ${authority}`).sort()).toEqual([
      "0 walk annotator",
      "40 walk annotator",
      "50 =1+1 annotator",
    ]);
    const { actor } = await platform.db.selectFrom("journal").select("actor").where("subject", "=", items[0]!.id).executeTakeFirstOrThrow();
    expect(actor).toBe("eve");
    await expect(importLabels(platform, PROJECT, { format: "csv", text: "subject,from\n" }, "eve")).rejects.toMatchObject({
      code: "HEADER_MISMATCH",
      facts: { missing: ["recording", "to", "class"] },
    });
  });

  it("come back as they went out, in every format, and belong to one project", async () => {
    const { items } = await listLabels(platform, PROJECT, { limit: 200, standing: true });
    await applySpec(platform, { text: spec("rest, walk").replaceAll(PROJECT, "other"), name: "spec.yaml" }, "test");
    for (const format of LABEL_FORMATS) {
      const { text, labels } = await exportLabels(platform, PROJECT, { format });
      expect(labels).toBe(items.length);
      const back = await importLabels(platform, PROJECT, { format, text }, "eve");
      expect([back.added, back.known]).toEqual([0, items.filter(({ class: name }) => name !== "hop").length]);
      expect(back.refused.map(({ code }) => code)).toEqual(["UNKNOWN_CLASS"]);
    }
    const [long] = await platform.db.selectFrom("label").selectAll().where("project", "=", PROJECT).limit(1).execute();
    await platform.db
      .insertInto("label")
      .values(
        Array.from({ length: 33 }, () => ({
          ...long!,
          project: "other",
          id: randomUUID(),
          class: "x".repeat(1_000_000),
          supersedes: null,
        })),
      )
      .execute();
    await expect(exportLabels(platform, "other", { format: "csv" })).rejects.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
    await platform.db.deleteFrom("label").where("project", "=", "other").execute();
    const strangers = await exportLabels(platform, PROJECT, { format: "csv" });
    expect((await importLabels(platform, "other", strangers, "eve")).added).toBe(0);
  });

  it("thousands at a time, twice at once, are there once, and the journal says the same", async () => {
    const subject = (await people()).get("p0")!;
    const since = new Date();
    const rows = Array.from({ length: 6_000 }, (_, index) => `${subject},p0,${index},${index + 10},walk,carl`);
    const both = await Promise.all([
      importLabels(platform, PROJECT, csv(...rows), "eve"),
      importLabels(platform, PROJECT, csv(...rows), "fred"),
    ]);
    expect(both.map(({ added }) => added).reduce((sum, added) => sum + added)).toBe(6_000);
    expect(both.map(({ known }) => known).reduce((sum, known) => sum + known)).toBe(6_000);
    expect(await countLabelsSince(platform.db, PROJECT, new Date(since.getTime() - 1))).toBe(6_000);
    // The champion and what it was measured on were put there by hand.
    const { differences } = await rebuild(platform.db);
    expect(differences.filter(({ table }) => table === "label")).toEqual([]);
  });
});

describe("the agreement of a project's annotators", () => {
  it("is that of first answers: what somebody changed after hearing of others does not count", async () => {
    const task = randomUUID();
    const { subject, recording } = recordings.get((await people()).get("q1")!)!;
    await platform.db
      .insertInto("task")
      .values({
        ...{ id: task, project: PROJECT, reason: "random", subject, recording, from_sample: 0, to_sample: 10, rate_hz: 10, start_us: 0 },
        ...{ model: "m", snapshot: "s", predicted: "walk", confidence: 0.5, claimed: null, gold: "walk", rank: 0, outcome: "walk" },
        ...{ reminded_at: null, escalated_at: null, closed_at: null },
      })
      .execute();
    const answer = async (actor: string, name: string, supersedes: string | null = null) => {
      const label = randomUUID();
      const payload = { label, subject, recording, from: 0, to: 10, rateHz: 10, class: name, task, supersedes, seconds: 2 };
      await platform.db
        .transaction()
        .execute((tx) => append(tx, { kind: "label.signed", actor, project: PROJECT, payload: { ...payload, authority: "annotator" } }));
      return label;
    };
    const first = await answer("ann", "rest");
    await answer("ben", "walk");
    await answer("ann", "walk", first);
    const { overall, annotators, confusions } = await showAgreement(platform, PROJECT);
    expect(overall.items).toBe(1);
    expect(annotators.map(({ account, agreement, gold }) => [account, agreement, gold])).toEqual([
      ["ann", 0, 0],
      ["ben", 1, 1],
    ]);
    expect(confusions).toEqual([{ a: "rest", b: "walk", count: 1 }]);
  });
});
