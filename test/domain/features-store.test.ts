import { describe, expect, it } from "vitest";
import type { FeatureRow } from "../../lib/domain/features-store/feature-row.ts";
import { definitionsOf, type TrailingSet, type WindowsSet } from "../../lib/domain/features-store/definition.ts";
import { labelRows } from "../../lib/domain/features-store/label-rows.ts";
import { profileRows } from "../../lib/domain/features-store/profile-rows.ts";
import { trailingRows } from "../../lib/domain/features-store/trailing-rows.ts";
import { WindowSums } from "../../lib/domain/features-store/window-sums.ts";
import type { SensorloopError } from "../../lib/domain/errors.ts";
import { standing } from "../../lib/domain/labels/policy.ts";
import { NO_PROFILE } from "../../lib/domain/profile.ts";
import { randomFor } from "../../lib/domain/random.ts";
import { readSpec, type SpecProblem } from "../../lib/domain/spec-file.ts";
import type { WindowShard } from "../../lib/domain/window-shard.ts";

const DAY = 86_400_000;
const START = Date.UTC(2025, 5, 1);

function specText(sets: string, windows = "{ kind: sliding, seconds: 4 }"): string {
  return `
project: gym
title: Exercises
files:
  - { match: 'csv$', subject: { column: who }, channels: { x: { sensor: acc }, y: { sensor: acc } }, label: { column: label } }
labels: { classes: [squat, press] }
windows: ${windows}
features: { groups: [{ channels: [x, y], formulas: [time] }] }
featureStore: { sets: ${sets} }
`;
}

function problemsOf(sets: string): string[] {
  try {
    readSpec(specText(sets), "spec.yaml");
  } catch (error) {
    return (error as SensorloopError & { facts: { problems: SpecProblem[] } }).facts.problems.map(
      ({ path, message }) => `${path}: ${message}`,
    );
  }
  return [];
}

describe("feature sets of a spec", () => {
  it("are refused where they name what is not there", () => {
    const sets =
      "{ a: { from: windows, features: [x.maen] }, b: { from: trailing, of: none, features: [x], days: [1] }, c: { from: trailing, of: d, features: [z], days: [1] }, d: { from: trailing, of: p, features: [age, age], days: [1, 1] }, p: { from: profile } }";
    expect(problemsOf(sets)).toEqual([
      "featureStore.sets.a.features[0]: no window feature 'x.maen'; is 'x.mean' meant?",
      "featureStore.sets.b.of: no set 'none' is declared",
      "featureStore.sets.c.of: 'd' trails another set itself",
      "featureStore.sets.d.features[1]: 'age' is named twice",
      "featureStore.sets.d.days[1]: '1' is named twice",
    ]);
  });

  it("change their definition with what their values mean, and with nothing else", () => {
    const of = (sets: string, windows?: string) =>
      Object.fromEntries(definitionsOf(readSpec(specText(sets, windows), "spec.yaml")).map(({ set: _, ...each }) => [each.name, each]));
    const sets = (age: string) =>
      `{ t: { from: trailing, of: w, features: [x.mean], days: [7, 30], statistics: [mean, max] }, w: { from: windows${age} }, l: { from: labels } }`;
    const before = of(sets(""));
    expect(Object.keys(before)).toEqual(["l", "w", "t"]);
    expect(before["w"]!.names.slice(0, 2)).toEqual(["x.mean", "x.sd"]);
    expect(before["t"]!.names).toEqual(["x.mean.mean.7d", "x.mean.max.7d", "x.mean.mean.30d", "x.mean.max.30d"]);
    expect(of(sets(", maxAgeDays: 3"), "{ kind: sliding, seconds: 4, trainOverlap: 0.9, rotateDegrees: 0 }")).toEqual(before);
    const other = of(sets(""), "{ kind: sliding, seconds: 5 }");
    expect(other["l"]).toEqual(before["l"]);
    for (const name of ["w", "t"]) expect(other[name]!.definition).not.toEqual(before[name]!.definition);
  });
});

describe("rows of labels", () => {
  it("count what stands after each label, whatever superseded what, in whichever order of clocks", () => {
    const random = randomFor(11);
    for (let history = 0; history < 30; history++) {
      const labels = Array.from({ length: 25 }, (_, index) => ({
        id: `l${index}`,
        class: ["squat", "press", "gone", null][random.below(4)]!,
        supersedes: index > 0 && random.below(3) === 0 ? `l${random.below(index)}` : null,
        atMs: START + index * 10 - random.below(30) + 0.4,
      })).sort((a, b) => a.atMs - b.atMs);
      const rows = labelRows("ann", labels, ["squat", "press"]);
      expect(rows.map(({ eventMs }) => eventMs)).toEqual([...new Set(labels.map(({ atMs }) => Math.ceil(atMs)))]);
      for (const { eventMs, values } of rows) {
        const known = standing(labels.filter(({ atMs }) => atMs <= eventMs));
        expect(values).toEqual(["squat", "press"].map((name) => known.filter((label) => label.class === name).length));
      }
    }
  });
});

describe("rows of profiles", () => {
  it("are numbers, as of the newest word", () => {
    const profile = { ...NO_PROFILE, age: 41, sex: "male", level: "athlete" } as const;
    const stated = { age: "2025-06-01T00:00:00.000Z", level: "2025-06-03T00:00:00.000Z", sex: "2025-06-02T00:00:00.000Z" };
    expect(
      profileRows([
        { subject: "ann", profile, stated },
        { subject: "bob", profile: NO_PROFILE, stated: {} },
      ]),
    ).toEqual([{ subject: "ann", eventMs: START + 2 * DAY, values: [41, 1, 3, null, null] }]);
  });
});

describe("trailing rows", () => {
  const set: TrailingSet = {
    from: "trailing",
    of: "w",
    features: ["b"],
    days: [2, 5],
    statistics: ["mean", "sd", "min", "max", "last", "count"],
  };
  const statisticsOf = (values: number[]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    if (values.length === 0) return [null, null, null, null, null, 0];
    return [
      mean,
      values.length < 2 ? null : Math.sqrt(squares / (values.length - 1)),
      Math.min(...values),
      Math.max(...values),
      values.at(-1)!,
      values.length,
    ];
  };

  it.each([false, true])("sum up the days behind each row, and nothing that came after it (by day: %s)", (byDay) => {
    const random = randomFor(5, Number(byDay));
    const times = [...new Set(Array.from({ length: 60 }, () => START + random.below(80) * (DAY / 4)))].sort((a, b) => a - b);
    const rows = times.map((eventMs): FeatureRow => ({
      subject: "ann",
      eventMs,
      values: [9, random.below(6) === 0 ? null : random.below(10)],
    }));
    const made = trailingRows(rows, set, [1], byDay);
    for (const [index, row] of made.entries()) {
      const expected = set.days.flatMap((days) => {
        const within = rows.slice(0, index + 1).filter(({ eventMs }) => eventMs > row.eventMs - days * DAY);
        const day = ({ eventMs }: FeatureRow) => new Date(eventMs - 1).toISOString().slice(0, 10);
        const counted = byDay
          ? within.filter((each, place) => place === within.length - 1 || day(within[place + 1]!) !== day(each))
          : within;
        return statisticsOf(counted.map(({ values }) => values[1]!).filter((value) => value !== null));
      });
      expect(row.values).toHaveLength(expected.length);
      for (const [place, value] of expected.entries())
        if (value === null) expect(row.values[place]).toBeNull();
        else expect(row.values[place]).toBeCloseTo(value, 9);
    }
    // What came later changes nothing of what was.
    expect(trailingRows(rows.slice(0, 20), set, [1], byDay)).toEqual(made.slice(0, 20));
  });
});

/** Windows of four seconds at 50 Hz: [subject, recording, start in ms, value, dense]. */
function shardOf(windows: readonly (readonly [string, string, number, number, boolean?])[]): WindowShard {
  const names = (place: 0 | 1) => [...new Set(windows.map((window) => window[place]))];
  const [subjects, recordings] = [names(0), names(1)];
  return {
    ...emptyShard(),
    windows: windows.length,
    subjects,
    recordings,
    features: ["other", "x.mean"],
    rateHz: 50,
    subject: Int32Array.from(windows, ([subject]) => subjects.indexOf(subject)),
    recording: Int32Array.from(windows, ([, recording]) => recordings.indexOf(recording)),
    dense: Uint8Array.from(windows, (window) => Number(window[4] ?? false)),
    from: Int32Array.from(windows, () => 0),
    to: Int32Array.from(windows, () => 200),
    startUs: Float64Array.from(windows, ([, , startMs]) => startMs * 1000),
    featureValues: Float32Array.from(windows.flatMap(([, , , value]) => [0, value])),
  };
}

function emptyShard(): WindowShard {
  const empty = {
    subject: [],
    recording: [],
    label: [],
    split: [],
    dense: [],
    from: [],
    to: [],
    startUs: [],
    featureValues: [],
    signals: [],
  };
  return { ...empty, classes: [], channels: [], samples: 0 } as unknown as WindowShard;
}

describe("rows of windows", () => {
  const shards = [
    shardOf([
      ["ann", "r1", START + 1_000, 1],
      ["ann", "r1", START + 2_000, 100, true],
      ["ann", "r1", START + DAY - 4_000, 2],
      ["ann", "r1", START + DAY - 3_999, NaN],
      ["ann", "r2", 0, 8],
      ["ann", "r2", 2_000, 10],
      ["synthetic-1", "synthetic-r", START, 7],
    ]),
    shardOf([["ann", "r3", START + 5_000, 6]]),
  ];
  const rowsOf = (set: Partial<WindowsSet>) => {
    const sums = new WindowSums({ from: "windows", per: "day", statistic: "mean", ...set }, ["x.mean"]);
    for (const shard of shards) sums.add(shard, (_, recording) => (recording === "r2" ? START + 3 * DAY : null));
    return [...sums.take()].map(({ subject, eventMs, values }) => [subject, eventMs - START, ...Array.from(values)]);
  };

  it("sum up a day by the samples' clock, across shards, to the end of its last window", () => {
    expect(rowsOf({})).toEqual([
      ["ann", DAY, 3],
      ["ann", DAY + 1, null],
      ["ann", 3 * DAY, 9],
    ]);
    expect(rowsOf({ statistic: "last" })[0]).toEqual(["ann", DAY, 2]);
    expect(rowsOf({ statistic: "count" }).map((row) => row[2])).toEqual([3, 0, 2]);
  });

  it("name the recording that they sum up, so that those of one moment can be told apart; days have none", () => {
    const namesOf = (per: WindowsSet["per"]) => {
      const sums = new WindowSums({ from: "windows", per, statistic: "mean" }, ["x.mean"]);
      for (const shard of shards) sums.add(shard, () => START);
      return [...sums.take()].map(({ eventMs, recording }) => [eventMs - START, recording]);
    };
    expect(namesOf("recording")).toEqual([
      [0, "r1"],
      [0, "r2"],
      [0, "r3"],
    ]);
    expect(namesOf("day")).toEqual([[0, undefined]]);
  });

  it("sum up a recording; one without a clock happened when it was sent", () => {
    expect(rowsOf({ per: "recording", statistic: "max" })).toEqual([
      ["ann", DAY + 1, 2],
      ["ann", 3 * DAY, 10],
      ["ann", 9_000, 6],
    ]);
  });
});
