import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { showCohorts } from "../../lib/app/cohorts.ts";
import { showDistributions } from "../../lib/app/distributions.ts";
import { applySpec } from "../../lib/app/projects.ts";
import { showSynthesis } from "../../lib/app/synthesis-report.ts";
import { fitCohorts } from "../../lib/domain/cluster/fit.ts";
import { groupOf, withNames } from "../../lib/domain/cluster/model.ts";
import { PROFILE_COLUMNS, profileValues } from "../../lib/domain/cluster/profile-columns.ts";
import { membersOf, reportOf } from "../../lib/domain/cluster/report.ts";
import type { Profile } from "../../lib/domain/profile.ts";
import { randomFor } from "../../lib/domain/random.ts";
import type { Recording } from "../../lib/domain/recording.ts";
import type { SynthesisDecision, SynthesisReport } from "../../lib/domain/synthesis/report.ts";
import type { Description } from "../../lib/domain/statistics/document.ts";
import { planFor } from "../../lib/domain/statistics/plan.ts";
import { describeRecordings } from "../../lib/domain/statistics/recordings.ts";
import { openPlatform, type Platform } from "../../lib/platform.ts";
import { record } from "../../lib/store/objects.ts";
import { insertClustering } from "../../lib/store/repositories/cohorts.ts";
import { stateProfiles } from "../../lib/store/repositories/profiles.ts";
import { closeAfterwards } from "../support/leftovers.ts";
import { testConfig } from "../support/services.ts";
import { insertModel, specText } from "./world.ts";

let platform: Platform;
beforeAll(async () => {
  platform = openPlatform(await testConfig({ SENSORLOOP_LOG_LEVEL: "silent" }));
  closeAfterwards(async () => platform[Symbol.asyncDispose]());
  await applySpec(platform, { text: specText("gym"), name: "spec.yaml" }, "test");
  // Brings the snapshot `gym-snapshot` with it.
  await insertModel(platform.db, { id: "m", project: "gym", slot: "gym/all/acc" });
});

/** What a run's stage `cluster` leaves in its row. */
async function endCluster(run: string, detail: object, reason: string | null, secondsAgo: number): Promise<void> {
  const { db } = platform;
  const ended_at = new Date(Date.now() - secondsAgo * 1000);
  await db
    .insertInto("run")
    .values({ id: run, project: "gym", spec_version: 1, seed: 1, state: "done", params: "{}", requested_by: "t" })
    .execute();
  await db
    .insertInto("stage")
    .values({ run, name: "cluster", state: "done", started_at: ended_at, ended_at, reason, detail: JSON.stringify(detail) })
    .execute();
}

describe("the cohorts of a project", () => {
  it("are nobody's before a run has looked", async () => {
    expect(await showCohorts(platform, "gym")).toMatchObject({ clustering: null, reason: null, cohorts: [], members: [] });
  });

  it("are told with what their people have in common, and each person with profile and side", async () => {
    const random = randomFor(4);
    const people = Array.from({ length: 24 }, (_, index) => {
      const young = index < 12;
      const profile: Profile = {
        age: (young ? 20 : 60) + random.below(4),
        sex: young ? "female" : "male",
        level: young ? "athlete" : "beginner",
        weightKg: (young ? 60 : 90) + random.below(5),
        heightCm: (young ? 165 : 182) + random.below(5),
      };
      return { subject: `b${String(index).padStart(2, "0")}`, profile, side: index % 4 === 0 ? ("holdout" as const) : ("train" as const) };
    });
    const fitted = fitCohorts(
      people.map(({ subject, profile, side }) => ({ id: subject, training: side === "train", values: profileValues(profile) })),
      "profile",
      PROFILE_COLUMNS,
      { least: 2, most: 4, minSubjects: 8 },
      1,
    );
    const partition = fitted.partition!;
    const model = withNames(partition, ["c1", "c2"], 2);
    const placed = people.map(({ subject, profile, side }) => ({
      ...{ subject, side, place: null },
      group: groupOf(partition.space, partition.groups, profileValues(profile)),
    }));
    const id = randomUUID();
    await insertClustering(platform.db, {
      ...{ id, project: "gym", snapshot: "gym-snapshot", inputSha256: "0".repeat(64), model },
      report: reportOf(model, placed, fitted),
      members: membersOf(model, placed),
    });
    await stateProfiles(
      platform.db,
      "gym",
      new Date(),
      people.map(({ subject, profile }) => ({ person: subject, profile })),
    );
    await endCluster("run-1", { clustering: id }, null, 60);

    const { by, cohorts, members } = await showCohorts(platform, "gym");
    expect(by).toBe("profile");
    expect(cohorts.map(({ subjects, training: learned, holdout }) => [subjects, learned, holdout])).toEqual([
      [12, 9, 3],
      [12, 9, 3],
    ]);
    expect(cohorts.map(({ centre }) => centre).join(" / ")).toMatch(
      /female.*athlete.*\/.*male.*beginner|male.*beginner.*\/.*female.*athlete/,
    );
    expect(members).toHaveLength(24);
    expect(members[0]).toMatchObject({
      subject: "b00",
      side: "holdout",
      profile: { sex: "female", heightCm: people[0]!.profile.heightCm },
    });
    expect(members[0]?.cohort).not.toBe(members.at(-1)?.cohort);
  });

  it("are one again when a later run says so, with its reason", async () => {
    await endCluster("run-2", { clustering: null }, "everyone is one cohort: too few people", 5);
    expect(await showCohorts(platform, "gym")).toMatchObject({ cohorts: [], reason: "everyone is one cohort: too few people" });
  });
});

const BASE = { kind: "rows", rateHz: 1, channels: ["pulse", "rest"], classes: ["low", "high"], bins: 16, lags: 0 } as const;

/** Thirty people with 40 rows of one class each; the classes' means are `means`. */
function* recordings(seed: number, means: readonly [number, number]): Generator<Recording> {
  for (let person = 0; person < 30; person++) {
    const random = randomFor(seed, person);
    const label = BASE.classes[person % 2]!;
    const values = (mean: number) => Float32Array.from({ length: 40 }, () => mean + 8 * random.normal());
    yield {
      ...{ subject: `p${person}`, recording: `r${person}`, rateHz: 1, startUs: 0, length: 40, stretches: [[0, 40]] },
      channels: new Map([
        ["pulse", values(means[person % 2]!)],
        ["rest", values(3)],
      ]),
      labels: [{ label, from: 0, to: 40 }],
    };
  }
}

describe("the distributions of a project", () => {
  it("are none before a run has described it", async () => {
    expect(await showDistributions(platform, "gym", {})).toMatchObject({ snapshot: null, channels: [], classes: [] });
    expect(await showSynthesis(platform, "gym")).toEqual({ synthesis: null });
  });

  it("show a channel by class, real beside what was made up from the same snapshot", async () => {
    const { db, objects } = platform;
    const real = await describeRecordings(
      () => recordings(1, [60, 80]),
      BASE,
      () => "all",
    );
    const statistics: Description = await describeRecordings(
      () => recordings(2, [61, 79]),
      BASE,
      () => "all",
      planFor(real),
    );
    const put = await objects.putBytes("gym", "snapshot", Buffer.from(JSON.stringify(real)));
    const check = { class: "low", of: "pulse", real: 60, synthetic: 61, tolerance: 2 };
    const report: SynthesisReport = {
      ...{ format: 1, seed: 1, people: [], recordings: 30, rows: 1200, rowsPerSecond: 1e5, windows: 30 },
      leftOut: [{ class: "high", cohort: "c2", reason: "it has one person" }],
      ...{ mended: [], shortened: [] },
      fidelity: {
        ...{ passed: 1, failed: 1 },
        checks: [
          { ...check, statistic: "mean", pass: true },
          { ...check, statistic: "sd", pass: false },
        ],
      },
      ...{ privacy: null, transfer: null, statistics },
    };
    const decision: SynthesisDecision = { asked: "never", joins: false, reason: "the spec keeps made-up windows out", macroF1: null };
    const common = { project: "gym", snapshot: "gym-snapshot", input_sha256: "0".repeat(64) };
    await db.transaction().execute(async (tx) => {
      await record(tx, [put]);
      await tx
        .insertInto("description")
        .values({ ...common, object: put.key })
        .execute();
      await tx
        .insertInto("synthesis")
        .values({ ...common, id: randomUUID(), object: null, report: JSON.stringify(report), decision: JSON.stringify(decision) })
        .execute();
    });

    const { by, channel, cohort, classes } = await showDistributions(platform, "gym", {});
    // Rows of this project are examples already: what was described are their features.
    expect({ by, channel, cohort }).toEqual({ by: "feature", channel: "pulse", cohort: "all" });
    const [low, high] = classes;
    expect([low?.label, high?.label]).toEqual(["low", "high"]);
    expect(low?.real.mean).toBeCloseTo(60, 0);
    expect(low?.synthetic?.mean).toBeCloseTo(61, 0);
    expect(low?.real.count).toBe(600);
    expect(low?.real.counts.reduce((sum, count) => sum + count, 0)).toBe(600);
    expect(low?.real.edges).toHaveLength((low?.real.counts.length ?? 0) + 1);
    expect(low?.real.quantiles[3]).toBeCloseTo(60, -1);

    const { synthesis } = await showSynthesis(platform, "gym");
    expect(synthesis?.fidelity.checks.map(({ statistic }) => statistic)).toEqual(["sd", "mean"]);
    expect(synthesis?.notes).toEqual(["'high' of cohort 'c2': it has one person."]);
    expect(synthesis?.decision).toEqual({ joins: false, reason: decision.reason });
  });

  it("are refused for a channel or a cohort that is not described", async () => {
    await expect(showDistributions(platform, "gym", { channel: "ax" })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(showDistributions(platform, "gym", { cohort: "c9" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
