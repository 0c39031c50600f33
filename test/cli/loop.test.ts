import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { simulate } from "../../examples/gym/simulate.ts";
import type { RunDetail } from "../../lib/domain/api/runs.ts";
import type { Platform } from "../../lib/platform.ts";
import { testPlatform, testWorker } from "../support/platform.ts";
import { testFolder } from "../support/services.ts";
import { environmentOf } from "../support/worker-process.ts";
import { asProcess, inProcess, type Ended } from "./command.ts";

/** The whole loop as a person at a terminal closes it, on ten simulated people. */
describe("sensorloop, from recordings to an answer", () => {
  let platform: Platform;
  let home: string;
  let data: string;
  const call = (...args: string[]): Promise<Ended> => inProcess([...args, "--json"], environmentOf(platform.config));
  const spawned = (...args: string[]): Promise<Ended> => asProcess([...args, "--json"], environmentOf(platform.config));
  const ask = async <Shape>(...args: string[]): Promise<Shape> => {
    const ended = await call(...args);
    expect(ended.code, `${args.join(" ")}: ${ended.stderr}`).toBe(0);
    return ended.json<Shape>();
  };

  beforeAll(async () => {
    platform = await testPlatform();
    testWorker(platform);
    home = await testFolder();
    data = join(home, "gym");
    await simulate({ folder: data, subjects: 10, seed: 4 });
    writeFileSync(join(data, "notes.txt"), "nothing to learn from\n");
  });

  let run: RunDetail;
  it("applies the example, takes a folder in and follows the run to its end", { timeout: 300_000 }, async () => {
    const ended = await spawned(
      "run",
      "start",
      "gym",
      "--data",
      data,
      "--set",
      "models=[{family: logistic, l2: 0.05}]",
      "--set",
      "gate.floors={accuracy: 0.4}",
      "--set",
      "evolve.sensors=all",
      "--seed",
      "5",
      "--wait",
    );
    expect(ended.stderr).toContain("applied examples/gym/spec.yaml");
    expect(ended.stderr).toContain("1 of 15 files");
    expect(ended.stderr).toMatch(/clean +done/);
    expect(ended.code, ended.stderr).toBe(0);
    run = ended.json<RunDetail>();
    expect(run).toMatchObject({ project: "gym", state: "done", seed: 5, decision: { promoted: true, rule: "first" } });
    expect(run.stages.find((stage) => stage.name === "clean")!.rowsQuarantined).toBeGreaterThan(0);
    expect(run.metrics!.accuracy.value).toBeGreaterThan(0.5);
    expect(Object.keys(run)).toEqual(
      expect.arrayContaining(["run", "state", "snapshot", "stages", "candidate", "champion", "decision", "metrics"]),
    );
  });

  it("keeps the project's own spec as it was: `--set` made a version for that run alone", async () => {
    const { items } = await ask<{ items: { id: string; specVersion: number }[] }>("project", "list");
    expect(items).toMatchObject([{ id: "gym", specVersion: 1 }]);
    expect(run.specVersion).not.toBe(1);
    const shown = await ask<{ spec: { text: string } }>("project", "show", "gym");
    expect(shown.spec.text).toContain("family: mlp");
  });

  it("lists files, snapshots and what is in quarantine, with file, line and rule", async () => {
    const files = await ask<{ items: { name: string; state: string }[] }>("data", "list", "gym");
    expect(files.items).toHaveLength(14);
    expect((await ask<{ items: unknown[] }>("data", "snapshots", "gym")).items).toHaveLength(1);
    const rules = (await ask<{ items: { rule: string; rows: number }[] }>("quarantine", "list", "gym")).items;
    expect(rules.reduce((sum, rule) => sum + rule.rows, 0)).toBe(run.stages.find((stage) => stage.name === "clean")!.rowsQuarantined);
    const { items } = await ask<{ items: { fileName: string; line: number; raw: string }[] }>(
      "quarantine",
      "show",
      "gym",
      "--limit",
      "200",
    );
    for (const { fileName, line, raw } of items) {
      expect(readFileSync(join(data, fileName), "utf8").split("\n")[line - 1]).toBe(raw);
    }
  });

  it("lists people, and takes what is said of one of them by hand", async () => {
    const { items } = await ask<{ items: { subject: string; age: number | null; cohort: string | null }[] }>("subject", "list", "gym");
    expect(items).toHaveLength(10);
    const { subject } = items[0]!;
    const said = await ask("subject", "profile", "gym", subject, "--age", "44", "--level", "Athlete", "--weight", "unknown");
    expect(said).toMatchObject({ subject, age: 44, level: "athlete", weightKg: null });
    expect((await ask<{ items: object[] }>("subject", "list", "gym")).items[0]).toEqual(said);
    const refused = await call("subject", "profile", "gym", subject, "--height", "1.80");
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain("heightCm: 1.8 cm are outside 40 to 260");
  });

  it("tells what is known of a person, and adds to a file what was known at its times", async () => {
    const { items: sets } = await ask<{ items: { name: string; rows: number }[] }>("feature", "list", "gym");
    expect(sets.map(({ name, rows }) => [name, rows > 0])).toEqual(
      ["labels", "motion", "motion-lately", "profile"].map((name) => [name, name !== "labels"]),
    );
    const { items: people } = await ask<{ items: { subject: string; biometricId: string }[] }>("subject", "list", "gym");
    const { subject, biometricId } = people[0]!;
    type Latest = { subject: string; sets: { set: string; eventAt: string; values: Record<string, number | null> }[] };
    const latest = await ask<Latest>("feature", "get", "gym", subject, "--set", "motion");
    expect(latest).toMatchObject({
      subject: biometricId,
      sets: [{ set: "motion", values: { "wrist.magnitude.mean": expect.any(Number) as number } }],
    });
    const file = join(home, "asked.csv");
    const { eventAt, values } = latest.sets[0]!;
    writeFileSync(file, `who,when,note\n${subject},${eventAt},=1+1\n${biometricId},2020-01-01,-1.5\nnobody,2025-12-31 08:00,\n`);
    const options = ["--subject", "who", "--time", "when", "--set", "motion", "--as-of", "2100-01-01"];
    const joined = await inProcess(["feature", "join", "gym", file, ...options], environmentOf(platform.config));
    const [header, ...lines] = joined.stdout.trim().split("\n");
    expect(header).toMatch(/^who,when,note,motion\.wrist\.magnitude\.mean,/);
    expect(lines.map((line) => line.split(",").slice(2, 4))).toEqual([
      ["'=1+1", String(values["wrist.magnitude.mean"])],
      ["-1.5", ""],
      ["", ""],
    ]);
    expect(joined.stderr).toContain("1 of 3 lines");
    writeFileSync(file, `who,when\n${subject},yesterday\n`);
    expect((await call("feature", "join", "gym", file, ...options)).json()).toMatchObject({
      error: { code: "REQUEST_INVALID", facts: { line: 2 } },
    });
    const { features } = await ask<{ features: { name: string; count: number }[] }>("feature", "statistics", "gym", "profile");
    expect(features.map(({ name }) => name)).toEqual(["age", "sex", "level", "weightKg", "heightCm"]);
  });

  it("takes the same bytes in once", async () => {
    const { items } = await ask<{ items: { known: boolean }[] }>("data", "add", "gym", data);
    expect(items).toHaveLength(14);
    expect(items.every((item) => item.known)).toBe(true);
  });

  it("signs a label, and takes a file of labels out and in again: once, with what is wrong named by line", async () => {
    type Place = { subject: string; recording: string; from: number; to: number };
    const { subject, recording, from, to } = (await ask<{ items: Place[] }>("prediction", "list", "gym", "--limit", "1")).items[0]!;
    const place = ["--subject", subject, "--recording", recording, "--from", `${from}`, "--to", `${to}`];
    const { label } = await ask<{ label: { id: string } }>("label", "add", "gym", ...place, "--class", "squat");
    expect((await call("label", "add", "gym", ...place, "--class", "squad")).json()).toMatchObject({ error: { code: "UNKNOWN_CLASS" } });
    expect(await ask("label", "list", "gym", "--standing")).toMatchObject({ items: [{ id: label.id, class: "squat" }] });
    const file = join(home, "labels.csv");
    await ask("label", "export", "gym", "--out", file);
    expect(await ask("label", "import", "gym", file)).toEqual({ added: 0, changed: 0, known: 1, refused: [] });
    writeFileSync(
      file,
      `subject,recording,from,to,class\n${subject},${recording},${from},${to},lunge\n${subject},${recording},0,1,squad\n`,
    );
    const mixed = await call("label", "import", "gym", file);
    expect(mixed.code).toBe(1);
    expect(mixed.json()).toMatchObject({ added: 1, known: 0, refused: [{ line: 3, code: "UNKNOWN_CLASS" }] });
    expect((await call("label", "import", "gym", join(home, "none.csv"))).json()).toMatchObject({ error: { code: "NO_FILES" } });
    expect(await ask("label", "agreement", "gym")).toMatchObject({ overall: { alpha: null, items: 0 }, annotators: [], estimate: null });
  });

  it("shows the champion, and leads from one of its answers to the lines it was read from", async () => {
    const champions = await ask<{ items: { model: string; slot: string }[] }>("model", "champion", "gym");
    expect(champions.items).toMatchObject([{ model: run.candidate }]);
    expect((await ask<{ items: unknown[] }>("model", "champion", "gym", "--at", "2020-01-01")).items).toEqual([]);
    const history = await ask<{ items: { model: string; kind: string; until: string | null }[] }>("model", "history", "gym");
    expect(history.items).toMatchObject([{ model: run.candidate, kind: "model.promoted", until: null }]);
    const { items } = await ask<{ items: { id: string; split: string }[] }>("prediction", "list", "gym", "--limit", "200");
    expect(new Set(items.map((item) => item.split))).toEqual(new Set(["holdout", "unlabelled"]));
    const trace = await ask<{ sources: { upload: string; name: string; lines: { from: number; to: number } }[] }>(
      "journal",
      "trace",
      items[0]!.id,
    );
    expect(trace.sources).toHaveLength(1);
    expect(trace.sources[0]!.lines.to - trace.sources[0]!.lines.from).toBeGreaterThanOrEqual(199);
    const touched = await ask<{ runs: { run: string }[]; champions: { model: string }[] }>("journal", "trace", trace.sources[0]!.upload);
    expect(touched.runs).toMatchObject([{ run: run.run }]);
    expect(touched.champions).toMatchObject([{ model: run.candidate }]);
  });

  it("answers a file that is in no project as the pipeline would have answered it", async () => {
    const folder = join(home, "new");
    const { files } = await simulate({ folder, subjects: 1, seed: 99 });
    const predicted = await ask<{
      model: string;
      items: { predicted: string; actual: string | null }[];
      metrics: { accuracy: { value: number } };
    }>("predict", "gym", files[0]!);
    expect(predicted.model).toBe(run.candidate);
    expect(predicted.items.length).toBeGreaterThan(20);
    expect(predicted.metrics.accuracy.value).toBeGreaterThan(0.3);
  });

  it("answers a request in JSON, and refuses one that is none", async () => {
    const request = join(home, "request.json");
    const seconds = (value: number) => Array.from({ length: 200 }, () => value);
    const channels = ["wrist_acc", "wrist_gyro", "ankle_acc"].flatMap((sensor) => ["x", "y", "z"].map((axis) => `${sensor}_${axis}`));
    writeFileSync(request, JSON.stringify({ windows: [Object.fromEntries(channels.map((name, index) => [name, seconds(index / 10)]))] }));
    const predicted = await ask<{ answers: { label: string; confidence: number }[] }>("predict", "gym", request);
    expect(predicted.answers).toHaveLength(1);
    writeFileSync(request, JSON.stringify({ rows: [], windows: [] }));
    const refused = await call("predict", "gym", request);
    expect(refused.code).toBe(1);
    expect(refused.json()).toMatchObject({ error: { code: "REQUEST_INVALID" } });
  });

  it("exports a model, takes it in again, and refuses one whose weights were changed", async () => {
    const folder = join(home, "model");
    await ask("model", "export", run.candidate!, folder);
    expect(await ask("model", "import", folder)).toMatchObject({ id: run.candidate });
    const weights = readFileSync(join(folder, "weights.bin"));
    weights[5]! ^= 1;
    writeFileSync(join(folder, "weights.bin"), weights);
    expect((await call("model", "import", folder)).json()).toMatchObject({ error: { code: "ARTIFACT_CORRUPT" } });
  });

  it("has nothing to roll back to after a first promotion, and says so", async () => {
    const ended = await call("model", "rollback", "gym");
    expect(ended.code).toBe(1);
    expect(ended.json()).toMatchObject({ error: { code: "CONFLICT" } });
  });

  it("adds and ends accounts and tokens, showing a secret once", async () => {
    const added = await ask<{ password: string }>("user", "add", "ada", "--role", "annotator", "--project", "gym");
    expect(added.password.length).toBeGreaterThanOrEqual(16);
    await ask("user", "add", "grace", "--role", "engineer");
    const token = await ask<{ token: { id: string }; secret: string }>(
      "token",
      "add",
      "watch 7",
      "--account",
      "ada",
      "--scope",
      "data.add",
      "--days",
      "30",
    );
    const listed = await call("token", "list");
    expect(listed.stdout).toContain(token.token.id);
    expect(listed.stdout).not.toContain(token.secret);
    await ask("token", "revoke", token.token.id);
    await ask("user", "revoke", "ada");
    const { items } = await ask<{ items: { id: string; revokedAt: string | null }[] }>("user", "list");
    expect(items.find((item) => item.id === "ada")!.revokedAt).not.toBeNull();
    expect((await call("user", "revoke", "grace")).json()).toMatchObject({ error: { code: "CONFLICT" } });
  });

  it("erases a person, says what is gone, and then knows nobody of the name", async () => {
    const { items } = await ask<{ items: { subject: string; biometricId: string }[] }>("subject", "list", "gym");
    const { subject, biometricId } = items.at(-1)!;
    const erased = await ask<{ features: number }>("subject", "erase", "gym", subject, "--why", "asked to be");
    expect(erased).toMatchObject({ subject: biometricId });
    expect(erased.features).toBeGreaterThan(0);
    expect((await ask<{ items: object[] }>("subject", "list", "gym")).items).toEqual(items.slice(0, -1));
    const again = await call("subject", "erase", "gym", subject, "--why", "asked to be");
    expect([again.code, again.json<{ error: { code: string } }>().error.code]).toEqual([1, "SUBJECT_UNKNOWN"]);
  });

  it("has all of it in the journal, by whom, and finds no difference when it is folded again", async () => {
    const { items } = await ask<{ items: { kind: string; actor: string }[] }>("journal", "list", "--limit", "200");
    // Tasks are made beside all this, whenever their workflow comes to it, and taken back where their person was erased.
    expect(new Set(items.map((item) => item.kind).filter((kind) => !kind.startsWith("task.")))).toEqual(
      new Set([
        "label.signed",
        "project.applied",
        "file.added",
        "run.requested",
        "subject.profiled",
        "subject.erased",
        "gate.judged",
        "model.promoted",
        "account.added",
        "account.revoked",
        "token.added",
        "token.revoked",
      ]),
    );
    expect(items.filter((item) => item.kind === "file.added").every((item) => item.actor.startsWith("cli:"))).toBe(true);
    expect(await ask("journal", "rebuild")).toMatchObject({ differences: [] });
  });

  it("fails with exit 1 and the run's document when a run fails", { timeout: 120_000 }, async () => {
    const bad = join(home, "bad");
    mkdirSync(join(bad, "someone"), { recursive: true });
    writeFileSync(join(bad, "someone", "session-1.csv"), "this,is,no,recording\n1,2,3,4\n");
    const ended = await spawned("run", "start", "gym", "--data", bad, "--wait");
    expect(ended.code).toBe(1);
    expect(ended.json()).toMatchObject({ state: "failed", error: { remedy: expect.stringMatching(/.+/) as string } });
  });

  it.each([
    [["run", "show", "no-such-run"], "NOT_FOUND"],
    [["run", "start", "no-such-project"], "SPEC_UNKNOWN"],
    [["run", "start", "gym", "--set", "windows.second=5"], "SPEC_INVALID"],
    [["run", "start", "gym", "--data", "/nowhere"], "NO_FILES"],
    [["data", "add", "gym"], "NO_FILES"],
    [["data", "add", "gym", "https://127.0.0.1/x.csv"], "EGRESS_REFUSED"],
    [["data", "add", "gym", "http://example.org/x.csv"], "EGRESS_REFUSED"],
    [["data", "add", "gym", "s3://No/bucket"], "REQUEST_INVALID"],
    [["model", "promote", "no-such-model"], "NOT_FOUND"],
    [["journal", "trace", "nonsense"], "NOT_FOUND"],
  ])("refuses %j with a code, exit 1 and one document", async (args, code) => {
    const ended = await call(...args);
    expect(ended.code).toBe(1);
    expect(ended.json()).toMatchObject({ error: { code } });
    expect(ended.stderr).toContain(`code: ${code}`);
  });
});
