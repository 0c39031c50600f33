import { describe, expect, it } from "vitest";
import { randomFor } from "../../lib/domain/random.ts";
import type { Recording } from "../../lib/domain/recording.ts";
import {
  autocorrelationOf,
  cellOf,
  correlationOf,
  EVERYBODY,
  parseDescription,
  type Description,
} from "../../lib/domain/statistics/document.ts";
import { mergeDescriptions } from "../../lib/domain/statistics/merge.ts";
import { planFor, type Plan } from "../../lib/domain/statistics/plan.ts";
import { describeRecordings } from "../../lib/domain/statistics/recordings.ts";
import { normalSource } from "../../lib/domain/synthesis/normal.ts";

const BASE: Omit<Plan, "binnings"> = { kind: "signals", rateHz: 10, channels: ["x", "y"], classes: ["walk", "sit"], bins: 16, lags: 5 };

interface Row {
  readonly label: string;
  readonly x: number;
  readonly y: number;
}

function recordingOf(subject: string, rows: readonly Row[], number = 1): Recording {
  const labels = rows.map(({ label }, at) => ({ label, from: at, to: at + 1 }));
  const spans = labels.reduce<{ label: string; from: number; to: number }[]>((found, label) => {
    const last = found.at(-1);
    if (last?.label === label.label) last.to = label.to;
    else found.push({ ...label });
    return found;
  }, []);
  const column = (name: "x" | "y") => Float32Array.from(rows, (row) => row[name]);
  return {
    subject,
    recording: `${subject}-${number}`,
    rateHz: 10,
    startUs: 0,
    length: rows.length,
    channels: new Map([
      ["x", column("x")],
      ["y", column("y")],
    ]),
    stretches: [[0, rows.length]],
    labels: spans,
  };
}

/** People who differ, with two classes each; some values are missing. */
function crowd(people: number): Recording[] {
  return Array.from({ length: people }, (_, person) => {
    const random = randomFor(9, person);
    const normal = normalSource(random);
    const [mean, sd] = [1000 + 5 * normal(), 1 + random.uniform()];
    const rows = Array.from({ length: 200 }, (__, at): Row => {
      const x = mean + sd * normal();
      return { label: at < 120 ? "walk" : "sit", x: random.uniform() < 0.05 ? NaN : x, y: 0.5 * x + normal() };
    });
    return recordingOf(`person-${person}`, rows);
  });
}

const described = (recordings: readonly Recording[], cohortOf = () => EVERYBODY, plan?: Plan) =>
  describeRecordings(() => recordings, BASE, cohortOf, plan);

/** All numbers of a document by their path. */
function* numbersIn(value: unknown, path = ""): Generator<[string, number]> {
  if (typeof value === "number") yield [path, value];
  else if (value && typeof value === "object") for (const [key, item] of Object.entries(value)) yield* numbersIn(item, `${path}.${key}`);
}

function expectSame(left: Description, right: Description): void {
  const other = new Map(numbersIn(right));
  const numbers = [...numbersIn(left)];
  expect(numbers).toHaveLength(other.size);
  for (const [path, value] of numbers) {
    if (/counts|count|rows|people$|nulls/.test(path)) expect([path, value]).toEqual([path, other.get(path)]);
    else expect(Math.abs(value - other.get(path)!), path).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(value)));
  }
}

describe("statistics of recordings", () => {
  it("say of a class what its rows say, people's differences apart from their rows'", async () => {
    const rows = (values: readonly number[]): Row[] => values.map((x) => ({ label: "walk", x, y: -2 * x }));
    const document = await described([recordingOf("a", rows([1, 3])), recordingOf("b", rows([11, 15])), recordingOf("b", rows([13]), 2)]);
    const cell = cellOf(document, "walk")!;
    const { x } = cell.channels;
    expect(cell).toMatchObject({ rows: 5, people: 2, recordings: 3, spans: 3 });
    expect(x).toMatchObject({ count: 5, nulls: 0, mean: 8.6, min: 1, max: 15, whole: true });
    expect(x!.sd).toBeCloseTo(Math.sqrt((7.6 ** 2 + 5.6 ** 2 + 2.4 ** 2 + 6.4 ** 2 + 4.4 ** 2) / 5), 12);
    expect(x!.people.mean).toMatchObject({ count: 2, mean: 7.5, sd: 5.5, min: 2, max: 13 });
    expect(x!.people.sd.min).toBe(1);
    expect(x!.people.sd.max).toBeCloseTo(Math.sqrt(8 / 3), 12);
    expect(correlationOf(document, cell, 0, 1)).toBeCloseTo(-1, 12);
    expect(cellOf(document, "sit")).toBeUndefined();
    expect(document.cohorts).toEqual([{ name: "all", people: 2, classes: [2] }]);
  });

  it("merge to what describing at once gives: counts exactly, the rest to 1e-9", async () => {
    const people = crowd(30);
    const whole = await described(people);
    const plan = planFor(whole);
    const parts = await Promise.all(
      [people.slice(0, 4), people.slice(4, 19), people.slice(19)].map((part) => described(part, undefined, plan)),
    );
    expectSame(parts.reduce(mergeDescriptions), whole);
    expectSame(parts.toReversed().reduce(mergeDescriptions), whole);
  });

  it("of everybody are the sum of the cohorts'", async () => {
    const people = crowd(12);
    const apart = await described(people, ((subject: string) => (Number(subject.slice(7)) % 3 === 0 ? "c1" : "c2")) as () => string);
    expect(apart.cohorts).toEqual([
      { name: "all", people: 12, classes: [0, 12] },
      { name: "c1", people: 4, classes: [0, 4] },
      { name: "c2", people: 8, classes: [0, 8] },
    ]);
    expectSame(
      { ...apart, cells: apart.cells.filter(({ cohort }) => cohort === EVERYBODY), cohorts: apart.cohorts.slice(0, 1) },
      await described(people),
    );
  });

  it("are not merged across different bins", async () => {
    const people = crowd(6);
    const [left, right] = await Promise.all([described(people.slice(0, 3)), described(people.slice(3))]);
    expect(() => mergeDescriptions(left, right)).toThrow(expect.objectContaining({ code: "CONFLICT" }) as Error);
  });

  it("know a channel that is constant, and a class with a single row", async () => {
    const rows = Array.from({ length: 40 }, (_, at): Row => ({ label: at === 39 ? "sit" : "walk", x: 0.1, y: at }));
    const document = parseDescription(JSON.parse(JSON.stringify(await described([recordingOf("a", rows)]))));
    const walk = cellOf(document, "walk")!;
    expect(walk.channels["x"]).toMatchObject({ sd: 0, quantiles: Array(7).fill(Math.fround(0.1)) });
    expect(autocorrelationOf(walk.channels["x"]!)).toEqual([]);
    expect(correlationOf(document, walk, 0, 1)).toBe(0);
    const sit = cellOf(document, "sit")!;
    expect(sit.channels["y"]).toMatchObject({ count: 1, mean: 39, sd: 0, min: 39, max: 39 });
    expect(sit.channels["y"]!.people.sd.count).toBe(0);
  });

  it("find the autocorrelation of an alternating signal, never across a gap", async () => {
    const rows = Array.from({ length: 20 }, (_, at): Row => ({ label: "walk", x: at % 2, y: at % 2 }));
    const recording = recordingOf("a", rows);
    const split: Recording = {
      ...recording,
      stretches: [
        [0, 4],
        [4, 20],
      ],
    };
    const lags = (await described([split])).cells[0]!.channels["x"]!.lags;
    expect(lags.counts).toEqual([20, 18, 16, 14, 12, 11]);
    expect(autocorrelationOf((await described([recording])).cells[0]!.channels["x"]!).map(Math.round)).toEqual([1, -1, 1, -1, 1, -1]);
  });

  it("in another format are refused, each with its reason", async () => {
    const document = await described(crowd(3));
    const refusal = (changed: object | null) => () => parseDescription(changed && { ...document, ...changed });
    expect(refusal({})).not.toThrow();
    expect(refusal({ format: 0 })).toThrow(expect.objectContaining({ code: "FORMAT_TOO_OLD" }) as Error);
    expect(refusal({ format: 2 })).toThrow(expect.objectContaining({ code: "FORMAT_TOO_NEW" }) as Error);
    expect(refusal({ format: undefined })).toThrow(expect.objectContaining({ code: "OBJECT_CORRUPT" }) as Error);
    expect(refusal({ cells: [{ ...document.cells[0]!, channels: {} }] })).toThrow(
      expect.objectContaining({ code: "OBJECT_CORRUPT" }) as Error,
    );
    expect(refusal(null)).toThrow(expect.objectContaining({ code: "OBJECT_CORRUPT" }) as Error);
  });
});
