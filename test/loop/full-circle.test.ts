import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import yauzl from "yauzl";
import { simulate } from "../../examples/gym/simulate.ts";
import { signLabel } from "../../lib/app/answers.ts";
import { takeIn } from "../../lib/app/intake.ts";
import { listNights } from "../../lib/app/nights.ts";
import { applySpec } from "../../lib/app/projects.ts";
import { startRun, waitForRun } from "../../lib/app/runs.ts";
import { pauseSchedule, setSchedule } from "../../lib/app/schedules.ts";
import { createServing } from "../../lib/app/serving.ts";
import { claimTasks, skipTask } from "../../lib/app/tasks.ts";
import type { Night } from "../../lib/domain/api/nights.ts";
import type { RunDetail } from "../../lib/domain/api/runs.ts";
import type { LeasedTask } from "../../lib/domain/api/tasks.ts";
import { recordingName } from "../../lib/domain/recording-id.ts";
import { specSchema } from "../../lib/domain/spec.ts";
import type { Platform } from "../../lib/platform.ts";
import { testPlatform, testWorker } from "../support/platform.ts";
import { recordingsAt } from "../support/recordings.ts";
import { testFolder } from "../support/services.ts";

/** What the scripted annotators know of a sample; undefined between two labels. */
type Truth = (recording: string, sample: number) => string | undefined;

/** Schedules by the second, so that the night comes soon. */
const SOON = { SENSORLOOP_NIGHT_MIN_SECONDS: "1" };
const ANNOTATORS = ["anna", "bert", "cleo"].map((account) => ({ account, role: "annotator" as const }));

/** Applies an example as this test wants it: one quick model, tasks, and nothing that takes time beside them. */
async function applyWith(platform: Platform, example: string, change: (spec: Record<string, unknown>) => void): Promise<void> {
  const spec = parse(await readFile(join(import.meta.dirname, "../../examples", example, "spec.yaml"), "utf8")) as Record<string, unknown>;
  for (const key of ["cluster", "describe", "synthesise", "ensemble", "evolve", "featureStore"]) delete spec[key];
  spec["models"] = [{ family: "logistic", l2: 0.0115, maxIterations: 100 }];
  spec["gate"] = { metric: "macroF1" };
  spec["retrain"] = { minLabels: 20 };
  spec["annotation"] = { tasks: { uncertain: 300, contradicted: 0, random: 30, gold: 0 }, doubtBelow: 0.95, overlap: { share: 0 } };
  change(spec);
  await applySpec(platform, { text: stringify(spec), name: "spec.yaml" }, "test");
}

/** All tasks there are, answered by three people in turns; what nothing is known of is passed on. */
async function annotate(platform: Platform, project: string, truth: Truth): Promise<number> {
  let labels = 0;
  const answer = async (task: LeasedTask, annotator: (typeof ANNOTATORS)[number]) => {
    const { id, subject, recording, from, to, version } = task;
    const said = [from, (from + to) >> 1, to - 1].map((sample) => truth(recordingName(recording), sample));
    if (said[0] === undefined || said.some((each) => each !== said[0])) return skipTask(platform, project, id, "between two", annotator);
    await signLabel(
      platform,
      project,
      { id: randomUUID(), subject, recording, from, to, class: said[0], task: id, version, seconds: 1, confirmation: false },
      annotator,
    );
    labels += 1;
  };
  for (let idle = 0; idle < ANNOTATORS.length;) {
    const annotator = ANNOTATORS[idle]!;
    const tasks = await claimTasks(platform, project, { count: 50, holding: [] }, annotator);
    if (tasks.length === 0) idle += 1;
    for (const task of tasks) await answer(task, annotator);
  }
  return labels;
}

async function nightOf(platform: Platform, project: string): Promise<Night> {
  for (;;) {
    const { items } = await listNights(platform, { project, visible: null, limit: 50 });
    const ended = items.find(({ state }) => state === "done" || state === "failed");
    if (ended) return ended;
    await sleep(100);
  }
}

/** Half of the people are labelled; annotators label what the champion doubts of the others; the night retrains on it. */
async function goRound(platform: Platform, project: string, truth: Truth) {
  await startRun(platform, project, { id: `${project}-first` }, "test");
  const first = await waitForRun(platform, `${project}-first`, { pollMs: 100 });
  expect(first.error).toBeNull();
  const labels = await annotate(platform, project, truth);
  await setSchedule(
    platform,
    project,
    { cron: "*/2 * * * * *", timezone: "Europe/Berlin", overlap: "skip", catchupMinutes: 1, jitterSeconds: 0, why: "test" },
    "test",
  );
  const night = await nightOf(platform, project);
  await pauseSchedule(platform, project, "one is enough", "test");
  const second = await waitForRun(platform, night.run ?? "", { pollMs: 100 });
  return { first, labels, night, second };
}

async function holdoutOf(platform: Platform, run: RunDetail): Promise<string> {
  const row = await platform.db
    .selectFrom("snapshot")
    .select("holdout_sha256")
    .where("id", "=", run.snapshot ?? "")
    .executeTakeFirstOrThrow();
  return row.holdout_sha256;
}

async function expectBetter(platform: Platform, project: string, { first, labels, night, second }: Awaited<ReturnType<typeof goRound>>) {
  expect(labels).toBeGreaterThan(50);
  expect(night).toMatchObject({ cause: "clock", state: "done", promoted: true, labels });
  // Of what was answered, that on people who are trained on, and as much at random.
  expect(night.gain).toMatchObject({ before: expect.any(Number), chosen: expect.any(Number) });
  expect(night.gain!.labels).toBeLessThan(labels);
  expect(await holdoutOf(platform, second)).toBe(await holdoutOf(platform, first));
  expect(second.decision?.champion).toBe(first.candidate);
  expect(second.metrics!.macroF1.value).toBeGreaterThan(first.metrics!.macroF1.value);
  // Who serves now says so with its answers; an empty window is a question like any other.
  const serving = createServing(platform);
  const spec = specSchema.parse(
    (
      await platform.db
        .selectFrom("spec")
        .select("body")
        .where("project", "=", project)
        .orderBy("version", "desc")
        .executeTakeFirstOrThrow()
    ).body,
  );
  const seconds = spec.windows.kind === "sliding" ? spec.windows.seconds : 1;
  const channels = spec.files.flatMap(({ channels: each }) => Object.keys(each));
  const window = Object.fromEntries(channels.map((name) => [name, new Array<number>(Math.round(seconds * spec.rateHz)).fill(0.5)]));
  expect((await serving.predict(project, { windows: [window] })).model).toBe(second.candidate);
}

describe("the full circle", () => {
  it("makes a better model of what people said of the simulated demo's doubtful windows", { timeout: 300_000 }, async () => {
    const platform = await testPlatform(SOON);
    testWorker(platform);
    await applyWith(platform, "gym", (spec) => {
      (spec["files"] as Record<string, unknown>[])[0]!["recording"] = { fileName: "person" };
      spec["windows"] = { kind: "sliding", seconds: 1.5, overlap: 0.5, label: "majority", minShare: 0.75 };
      spec["features"] = {
        groups: [
          { triplets: { wrist: ["wrist_acc_x", "wrist_acc_y", "wrist_acc_z"] }, signals: ["axes", "magnitude"], formulas: ["time"] },
        ],
      };
    });
    const folder = await testFolder();
    const { files } = await simulate({ folder, subjects: 40, seed: 11, setSeconds: 9 });
    const known = new Map<string, string[]>();
    const sessions = files.filter((path) => path.endsWith("session-1.csv"));
    for (const [index, path] of sessions.entries()) {
      const name = relative(folder, path);
      const [header = "", ...lines] = (await readFile(path, "utf8")).trimEnd().split("\n");
      const bare = index % 2 === 0 ? lines : lines.map((line) => `${line.slice(0, line.lastIndexOf(","))},`);
      if (index % 2 === 1) known.set(basename(dirname(path)), lines);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, `${[header, ...bare].join("\n")}\n`);
      await takeIn(platform, "gym", { name, path }, "test");
    }
    const truth: Truth = (recording, sample) => {
      const line = known.get(recording)?.[sample];
      return line?.slice(line.lastIndexOf(",") + 1) || undefined;
    };
    await expectBetter(platform, "gym", await goRound(platform, "gym", truth));
  });

  const har = recordingsAt("uci_har_raw", "hapt_raw.zip");
  it.skipIf(har === undefined)("does so on real recordings, where these are on this machine", { timeout: 600_000 }, async () => {
    const platform = await testPlatform(SOON);
    testWorker(platform);
    const said = (await textIn(har!, /RawData\/labels\.txt$/))
      .trim()
      .split("\n")
      .map((line) => line.trim().split(/\s+/).map(Number));
    const classes = ["walking", "upstairs", "downstairs", "sitting", "standing", "lying"];
    await applyWith(platform, "har", (spec) => {
      spec["windows"] = { kind: "sliding", seconds: 2.56, overlap: 0.5, label: "interval" };
      // The nine official test people, and six of the other twenty-one.
      const labelled = [2, 4, 9, 10, 12, 13, 18, 20, 24, 1, 3, 5, 6, 7, 8].map(String);
      const intervals = (spec["files"] as Record<string, unknown>[]).find(({ role }) => role === "intervals")!;
      intervals["only"] = { user: labelled };
    });
    await takeIn(platform, "har", { name: "hapt_raw.zip", path: har! }, "test");
    const truth: Truth = (recording, sample) => {
      const span = said.find(([experiment, , , from, to]) => String(experiment) === recording && from! - 1 <= sample && sample < to!);
      return span && classes[span[2]! - 1];
    };
    await expectBetter(platform, "har", await goRound(platform, "har", truth));
  });
});

/** The text of one file of an archive. */
function textIn(archive: string, name: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    yauzl.open(archive, { lazyEntries: true }, (failed, zip) => {
      if (failed) return reject(failed);
      zip.on("error", reject);
      zip.on("entry", (entry: yauzl.Entry) => {
        if (!name.test(entry.fileName)) return zip.readEntry();
        zip.openReadStream(entry, (error, stream) => {
          if (error) return reject(error);
          const chunks: Buffer[] = [];
          stream.on("data", (chunk: Buffer) => chunks.push(chunk));
          stream.on("error", reject);
          stream.on("end", () => {
            zip.close();
            resolve(Buffer.concat(chunks).toString("utf8"));
          });
        });
      });
      zip.readEntry();
    });
  });
}
