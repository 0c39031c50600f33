import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXERCISE_NAMES } from "../../examples/gym/motion.ts";
import { simulate as simulateGym } from "../../examples/gym/simulate.ts";
import { simulate as simulatePulse } from "../../examples/resting-pulse/simulate.ts";
import type { Simulate, Simulated } from "../../examples/simulation.ts";
import { PROFILE_FIELDS, readProfileField } from "../../lib/domain/profile.ts";

const home = mkdtempSync(join(tmpdir(), "simulators-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
let folders = 0;
const newFolder = () => join(home, String(folders++));

/** Names and contents of all files, as one hash. */
async function hashOf(simulate: Simulate, options: { subjects: number; seed: number }): Promise<string> {
  const folder = newFolder();
  const { files } = await simulate({ folder, ...options });
  const hash = createHash("sha256");
  for (const file of files) hash.update(relative(folder, file)).update(readFileSync(file));
  return hash.digest("hex");
}
const rowsOf = (file: string) =>
  readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split(","));

describe.each([
  ["gym", simulateGym],
  ["resting-pulse", simulatePulse],
] as const)("the simulator of %s", (_, simulate) => {
  it("writes the same bytes for the same seed, and others for another", async () => {
    const first = await hashOf(simulate, { subjects: 4, seed: 7 });
    expect(await hashOf(simulate, { subjects: 4, seed: 7 })).toBe(first);
    expect(await hashOf(simulate, { subjects: 4, seed: 8 })).not.toBe(first);
  });

  it("draws the same first people however many are asked for", async () => {
    const few = await simulate({ folder: newFolder(), subjects: 2, seed: 3 });
    const more = await simulate({ folder: newFolder(), subjects: 3, seed: 3 });
    expect(readFileSync(more.files[0]!, "utf8")).toContain(readFileSync(few.files[0]!, "utf8").split("\n").slice(1, 50).join("\n"));
  });

  it("counts its rows and bytes right", async () => {
    const { files, rows, bytes } = await simulate({ folder: newFolder(), subjects: 4, seed: 1 });
    const texts = files.map((file) => readFileSync(file, "utf8"));
    expect(rows).toBe(texts.reduce((sum, text) => sum + text.trimEnd().split("\n").length - 1, 0));
    expect(bytes).toBe(texts.reduce((sum, text) => sum + text.length, 0));
  });
});

describe("resting pulse", () => {
  let people: { kind: string; mean: number; sd: number }[];
  beforeAll(async () => {
    const { files } = await simulatePulse({ folder: newFolder(), subjects: 3_000, seed: 5, subjectsPerFile: 2_000 });
    expect(files.map((file) => file.split(/[\\/]/).at(-1))).toEqual(["ts_data_1.csv", "ts_data_2.csv"]);
    const byPerson = new Map<string, { kind: string; values: number[] }>();
    for (const file of files) {
      const [header, ...rows] = rowsOf(file);
      expect(header).toEqual(["datetime", "pulse", "category", "ts_number"]);
      for (const [, pulse, kind, person] of rows as [string, string, string, string][]) {
        expect(pulse).toMatch(/^\d+\.0$/);
        const known = byPerson.get(person) ?? { kind, values: [] };
        byPerson.set(person, known);
        known.values.push(Number(pulse));
      }
    }
    people = [...byPerson.values()].map(({ kind, values }) => ({ kind, ...momentsOf(values), days: values.length }));
    expect(people).toHaveLength(3_000);
    expect(people.every((person) => "days" in person && person.days === 90)).toBe(true);
  });

  it("has three classes alike in number", () => {
    for (const kind of ["pro_athlete", "athlete", "non_athlete"]) {
      // 1,000 expected, standard error 26.
      expect(Math.abs(people.filter((person) => person.kind === kind).length - 1000)).toBeLessThan(110);
    }
  });

  it.each([
    ["pro_athlete", 50, 3],
    ["athlete", 65, 5],
    ["non_athlete", 80, 5],
  ])("gives %s means of N(%d, %d)", (kind, mean, sd) => {
    const found = momentsOf(people.filter((person) => person.kind === kind).map((person) => person.mean));
    expect(found.mean).toBeCloseTo(mean, -0.3);
    expect(Math.abs(found.mean - mean)).toBeLessThan((4 * sd) / Math.sqrt(1000));
    expect(Math.abs(found.sd - sd)).toBeLessThan(0.1 * sd);
  });

  it("gives people standard deviations of |N(1, 2)|", () => {
    // Mean of the folded normal: sd*sqrt(2/pi)*exp(-mean^2/(2 sd^2)) + mean*(1 - 2*Phi(-mean/sd)) = 1.791; rounding adds a little.
    const { mean } = momentsOf(people.map((person) => person.sd));
    expect(mean).toBeGreaterThan(1.75);
    expect(mean).toBeLessThan(1.95);
  });
});

describe("the gym", () => {
  let gym: Simulated;
  let folder: string;
  beforeAll(async () => {
    folder = newFolder();
    gym = await simulateGym({ folder, subjects: 12, seed: 1 });
  });

  it("gives everyone a folder with a labelled session, and every third one without labels", () => {
    const names = gym.files.map((file) => relative(folder, file).replaceAll("\\", "/"));
    expect(names.filter((name) => name.endsWith("session-1.csv"))).toHaveLength(12);
    expect(names.filter((name) => name.endsWith("session-2.csv"))).toHaveLength(4);
    expect(names.slice(0, -1).every((name) => /^[a-z][a-z0-9-]*\/session-\d\.csv$/.test(name))).toBe(true);
    for (const file of gym.files.filter((name) => name.endsWith("session-2.csv"))) {
      expect(
        new Set(
          rowsOf(file)
            .slice(1)
            .map((cells) => cells.at(-1)),
        ),
      ).toEqual(new Set([""]));
    }
  });

  it("has each exercise equally often, at 50 Hz, with rests between", () => {
    const rows = rowsOf(gym.files[0]!).slice(1);
    const counts = Map.groupBy(rows, (cells) => cells.at(-1)!);
    for (const name of EXERCISE_NAMES) expect(counts.get(name)).toHaveLength(600);
    expect(counts.get("")).toHaveLength(700);
    expect(Number(rows[50]![0]) - Number(rows[0]![0])).toBe(1000);
  });

  it("has people who differ: in tempo and in how their sensors sit", () => {
    const lunges = gym.files
      .filter((file) => file.endsWith("session-1.csv"))
      .map((file) => rowsOf(file).filter((cells) => cells.length === 11 && cells.at(-1) === "biceps-curl"));
    const places = lunges.map((rows) => momentsOf(rows.map((cells) => Number(cells[7])).filter(Number.isFinite)).mean);
    expect(momentsOf(places).sd).toBeGreaterThan(0.03);
    const speeds = lunges.map((rows) => momentsOf(rows.map((cells) => Number(cells[5])).filter(Number.isFinite)).sd);
    expect(momentsOf(speeds).sd / momentsOf(speeds).mean).toBeGreaterThan(0.08);
  });

  it("says in its last file who they are, as cleaning reads it", () => {
    const [header, ...people] = rowsOf(gym.files.at(-1)!);
    expect(header).toEqual(["person", "age", "sex", "level", "weight_kg", "height_cm"]);
    const folders = new Set(gym.files.slice(0, -1).map((file) => relative(folder, file).split(/[\\/]/)[0]));
    expect(new Set(people.map(([person]) => person))).toEqual(folders);
    for (const [, ...fields] of people) {
      for (const [index, text] of fields.entries()) {
        if (text !== "") expect(readProfileField(PROFILE_FIELDS[index]!, text)).toHaveProperty("value");
      }
    }
    const ages = people.flatMap(([, age]) => (age ? [Number(age)] : []));
    expect(Math.max(...ages) - Math.min(...ages)).toBeGreaterThan(30);
  });

  it("is physical: a sensor at rest feels 1 g", () => {
    const rests = rowsOf(gym.files[0]!)
      .slice(1)
      .filter((cells) => cells.at(-1) === "" && cells.length === 11);
    const lengths = rests.map((cells) => Math.hypot(Number(cells[7]), Number(cells[8]), Number(cells[9])));
    expect(momentsOf(lengths).mean).toBeCloseTo(1, 1);
  });

  it("damages a few rows of a few files, far fewer than a file is refused for", () => {
    const damaged = gym.files.slice(0, -1).map((file) =>
      rowsOf(file)
        .slice(1)
        .filter(
          (cells) =>
            cells.length !== 11 ||
            cells.slice(1, 10).some((cell) => cell === "" || !(Math.abs(Number(cell)) < 100)) ||
            cells[0] === "0" ||
            cells[10] === "juggling",
        ),
    );
    expect(damaged.filter((rows) => rows.length > 0).length).toBeGreaterThanOrEqual(2);
    for (const rows of damaged) expect(rows.length).toBeLessThanOrEqual(7);
    expect(damaged.some((rows) => rows.length >= 6)).toBe(true);
  });
});

function momentsOf(values: readonly number[]): { mean: number; sd: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, sd: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)) };
}
