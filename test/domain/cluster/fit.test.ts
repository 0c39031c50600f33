import { describe, expect, it } from "vitest";
import { fitCohorts, type Person } from "../../../lib/domain/cluster/fit.ts";
import { groupOf, type Partition } from "../../../lib/domain/cluster/model.ts";
import { PROFILE_COLUMNS, profileValues } from "../../../lib/domain/cluster/profile-columns.ts";
import { settle } from "../../../lib/domain/cluster/k-means.ts";
import { silhouettesOf } from "../../../lib/domain/cluster/partition.ts";
import { permutation, randomFor } from "../../../lib/domain/random.ts";
import { BOUNDS, columnsOf, person, planted, THREE } from "./people.ts";

const COLUMNS = columnsOf("a", "b");
const fit = (people: readonly Person[], columns = COLUMNS, bounds = BOUNDS) => fitCohorts(people, "profile", columns, bounds, 1);
const groupsOf = (people: readonly Person[], { space, groups }: Partition) => people.map(({ values }) => groupOf(space, groups, values));

function need(partition: Partition | null): Partition {
  if (!partition) throw new Error("there are no cohorts");
  return partition;
}

describe("how many cohorts there are", () => {
  it.each([2, 3, 4, 5])("%i planted groups are found, each whole and alone", (count) => {
    const centres = [...THREE, [24, 24] as const, [30, 8] as const].slice(0, count);
    const people = planted(centres, 12);
    const { partition, reason } = fit(people);
    expect(reason).toBeNull();
    const found = groupsOf(people, need(partition));
    expect(new Set(found).size).toBe(count);
    for (let group = 0; group < count; group++) expect(new Set(found.slice(group * 12, group * 12 + 12)).size).toBe(1);
  });

  it("stays within the spec's bounds, also where the people would divide otherwise", () => {
    const two = planted(THREE.slice(0, 2), 15);
    expect(fit(two, COLUMNS, { ...BOUNDS, least: 3, most: 5 }).tried.map(({ groups }) => groups)).toEqual([3, 4, 5]);
    expect(need(fit(planted(THREE, 15), COLUMNS, { ...BOUNDS, most: 2 }).partition).groups).toHaveLength(2);
  });

  it.each([
    ["normal", 20, 2],
    ["normal", 40, 4],
    ["even", 30, 3],
    ["even", 60, 2],
  ] as const)("none in %s noise, %i people in %i columns, and says so", (kind, count, width) => {
    const names = Array.from({ length: width }, (_, column) => `c${column}`);
    let cohorts = 0;
    for (let seed = 0; seed < 4; seed++) {
      const random = randomFor(seed, 5);
      const draw = () => (kind === "normal" ? random.normal() : random.uniform());
      const people = Array.from({ length: count }, (_, index) =>
        person(`p${index}`, Object.fromEntries(names.map((name) => [name, draw()]))),
      );
      const { partition, reason, tried } = fit(people, columnsOf(...names));
      // The floor alone would not do: noise in few dimensions looks like groups.
      expect(Math.max(...tried.map(({ silhouette }) => silhouette))).toBeGreaterThan(0.1);
      if (partition) cohorts++;
      else expect(reason).toMatch(/^no structure: the best mean silhouette is 0\.\d\d, and points without any may reach 0\.\d\d$/);
    }
    // A test at 5 % may fail once in four.
    expect(cohorts).toBeLessThanOrEqual(1);
  });

  it("none with fewer training people than asked for, nor where nothing is known of enough of them", () => {
    const three = planted(THREE, 1);
    expect(fit(three).reason).toBe("3 training subjects are fewer than 4");
    expect(fit(planted(THREE, 5).map((one) => ({ ...one, training: false }))).reason).toBe("0 training subjects are fewer than 4");
    const silent = planted(THREE, 5).map((one, index) => (index % 5 === 0 ? one : person(one.id, { a: null })));
    expect(fit(silent).reason).toBe("something is known of 3 of 15 training subjects, fewer than 4");
  });

  it("none where everybody is the same", () => {
    const same = Array.from({ length: 10 }, (_, index) => person(`p${index}`, { a: 3, b: 4 }));
    expect(fit(same)).toMatchObject({ partition: null, reason: "the training subjects do not differ in any field of their profiles" });
  });
});

describe("who has a say", () => {
  it("is the training: whatever the others are, scaling and centres keep every bit", () => {
    const training = planted(THREE, 10);
    const { partition } = fit(training);
    const others = [
      person("h1", { a: 1e6, b: -1e6 }, false),
      person("h2", { a: 3, b: 900 }, false),
      ...planted([[50, 50]], 30).map((one) => ({ ...one, training: false })),
    ];
    expect(fit([...others, ...training]).partition).toEqual(need(partition));
  });

  it("is not the order in which people come", () => {
    const people = planted(THREE, 10);
    const shuffled = [...permutation(randomFor(9), people.length)].map((index) => people[index]!);
    expect(fit(shuffled)).toEqual(fit(people));
  });

  it("is nobody alone: someone unlike all others joins the nearest, and no cohort has one person", () => {
    const people = [...planted(THREE.slice(0, 2), 10), person("z", { a: 16, b: 60 })];
    const partition = need(fit(people).partition);
    const found = groupsOf(people, partition);
    expect(partition.groups).toHaveLength(2);
    expect(found.at(-1)).toBe(found[10]);
  });
});

describe("columns", () => {
  it("that are constant or empty are left out, and change nothing", () => {
    const people = planted(THREE, 8).map(({ id, values }) => person(id, { ...values, same: 7, none: null, odd: Number.NaN }));
    const partition = need(fit(people, columnsOf("a", "b", "same", "none", "odd")).partition);
    expect(partition).toEqual(need(fit(planted(THREE, 8)).partition));
    expect(partition.space.columns.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  it("that are unknown of somebody are taken for the mean, so they go by what is known", () => {
    const people = planted(THREE, 10);
    const partition = need(fit(people).partition);
    const far = groupOf(partition.space, partition.groups, people[15]!.values);
    expect(groupOf(partition.space, partition.groups, { a: 14 })).toBe(far);
    expect(groupOf(partition.space, partition.groups, { a: 14, b: null })).toBe(far);
    expect(groupOf(partition.space, partition.groups, { other: 1 })).toBeNull();
  });

  it("count alike whatever their unit", () => {
    const grams = planted(THREE, 10).map(({ id, values }) => person(id, { ...values, b: 1000 * values["b"]! }));
    const people = planted(THREE, 10);
    expect(groupsOf(grams, need(fit(grams).partition))).toEqual(groupsOf(people, need(fit(people).partition)));
  });
});

describe("profiles", () => {
  const profile = (age: number | null, sex: "female" | "male" | "other" | null) => ({
    age,
    sex,
    level: null,
    weightKg: null,
    heightCm: null,
  });

  it("make cohorts of words: young women and old men", () => {
    const random = randomFor(4);
    const people = Array.from({ length: 24 }, (_, index) =>
      person(
        `p${String(index).padStart(2, "0")}`,
        profileValues(index % 2 === 0 ? profile(18 + random.below(8), "female") : profile(56 + random.below(10), "male")),
      ),
    );
    const partition = need(fitCohorts(people, "profile", PROFILE_COLUMNS, BOUNDS, 1).partition);
    expect(new Set(groupsOf(people, partition).filter((_, index) => index % 2 === 0))).toHaveProperty("size", 1);
    expect(groupOf(partition.space, partition.groups, profileValues(profile(null, "male")))).toBe(groupsOf(people, partition)[1]);
  });

  it("keep the few who say a rare word among the others", () => {
    const random = randomFor(6);
    const people = Array.from({ length: 40 }, (_, index) =>
      person(`p${index}`, {
        ...profileValues(profile(null, index === 7 ? "male" : "female")),
        heightCm: (index % 2 === 0 ? 160 : 185) + random.normal(),
      }),
    );
    const partition = need(fitCohorts(people, "profile", PROFILE_COLUMNS, BOUNDS, 1).partition);
    expect(groupsOf(people, partition)[7]).toBe(groupsOf(people, partition)[9]);
  });
});

describe("a silhouette", () => {
  it("is Rousseeuw's, worked out by hand", () => {
    const points = [0, 1, 5, 7, 20].map((x) => Float64Array.of(x));
    // 0: a = 1, b = (5 + 7) / 2 = 6; 1: a = 1, b = 5; 5: a = 2, b = 4.5; 7: a = 2, b = 6.5; 20 is alone.
    expect([...silhouettesOf(points, Int32Array.of(0, 0, 1, 1, 2), 3)]).toEqual([5 / 6, 4 / 5, 2.5 / 4.5, 4.5 / 6.5, 0]);
  });

  it("of groups at one place is 0, not a division by nothing", () => {
    const points = [0, 0, 0, 0].map(() => Float64Array.of(1));
    expect([...silhouettesOf(points, Int32Array.of(0, 0, 1, 1), 2)]).toEqual([0, 0, 0, 0]);
  });
});

describe("moving centres", () => {
  it("gives up those with too few people, the smallest first, and ends with everybody at the nearest", () => {
    const points = [0, 1, 2, 30, 31, 32, 100].map((x) => Float64Array.of(x));
    const { centres, labels } = settle(points, [Float64Array.of(0), Float64Array.of(30), Float64Array.of(100)], 2);
    expect(centres).toHaveLength(2);
    expect([...labels.slice(3, 7)].every((label) => label === labels[6])).toBe(true);
  });
});
