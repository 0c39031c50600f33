import { describe, expect, it } from "vitest";
import { fitCohorts, type Person } from "../../../lib/domain/cluster/fit.ts";
import { assignCohort, groupOf, readClusteringModel, type ClusteringModel } from "../../../lib/domain/cluster/model.ts";
import { nameCohorts, type Earlier } from "../../../lib/domain/cluster/names.ts";
import { cohortWords } from "../../../lib/domain/cluster/words.ts";
import { profileValues } from "../../../lib/domain/cluster/profile-columns.ts";
import { NO_PROFILE } from "../../../lib/domain/profile.ts";
import { BOUNDS, columnsOf, person, planted, THREE } from "./people.ts";

const COLUMNS = columnsOf("a", "b");

/** Clusters and names, as a run does; what the next one starts from. */
function run(people: readonly Person[], earlier: Earlier | null = null, seed = 1): Earlier {
  const { partition } = fitCohorts(people, "statistics", COLUMNS, BOUNDS, seed);
  if (!partition) throw new Error("there are no cohorts");
  const groups = new Map(people.map(({ id, values }) => [id, groupOf(partition.space, partition.groups, values)]));
  const model = nameCohorts(partition, groups, earlier);
  return { model, members: new Map([...groups].map(([id, group]) => [id, group === null ? "all" : model.cohorts[group]!.name])) };
}
const names = ({ model }: { model: ClusteringModel }) => model.cohorts.map(({ name }) => name).sort();

describe("names of cohorts", () => {
  const people = planted(THREE, 10);
  const first = run(people);

  it("begin with c1 and are none of `all`", () => {
    expect(names(first)).toEqual(["c1", "c2", "c3"]);
  });

  it("stay when somebody joins, the order or the seed changes: nobody is called otherwise", () => {
    const joined = run([person("a-new-one", { a: 13, b: 7 }), ...people.toReversed()], first, 77);
    for (const [id, name] of first.members) expect(joined.members.get(id)).toBe(name);
    expect(joined.members.get("a-new-one")).toBe(first.members.get("g1-000"));
  });

  it("stay with most of the people when a group falls in two; the other half gets a new one", () => {
    const split = people.map(({ id, values }, index) => person(id, index >= 25 ? { a: values["a"]!, b: values["b"]! + 14 } : values));
    const after = run(split, first);
    expect(names(after)).toEqual(["c1", "c2", "c3", "c4"]);
    expect(after.members.get("g2-000")).toBe(first.members.get("g2-000"));
    expect(after.members.get("g2-009")).toBe("c4");
  });

  it("are never given twice: a cohort that went and one that came share none", () => {
    const two = run(people.slice(0, 20), first);
    expect(names(two)).toHaveLength(2);
    const others = planted([[-30, -30]], 10, 1, 9).map(({ id, values }) => person(`new-${id}`, values));
    const after = run([...people.slice(0, 20), ...others], two);
    expect(names(after)).toContain("c4");
    expect(after.model.named).toBe(4);
  });

  it("go by what is typical where nobody is the same", () => {
    const strangers = planted(THREE, 12, 1, 33).map(({ id, values }) => person(`s-${id}`, values));
    const after = run(strangers, first);
    expect(names(after)).toEqual(["c1", "c2", "c3"]);
    for (const group of [0, 1, 2]) expect(after.members.get(`s-g${group}-000`)).toBe(first.members.get(`g${group}-000`));
  });

  it("are new where the groups are others altogether", () => {
    const across = people.map(({ id }, index) =>
      person(
        id,
        planted(
          [
            [0, 0],
            [20, 0],
          ],
          15,
        )[(index % 2) * 15 + (index >> 1)]!.values,
      ),
    );
    const after = run(across, first);
    expect(after.model.cohorts.map(({ name }) => name).filter((name) => ["c1", "c2", "c3"].includes(name)).length).toBeLessThan(2);
  });
});

describe("assignment", () => {
  const people = planted(THREE, 10);
  const { model, members } = run(people);

  it("gives everyone who was there the cohort they are in", () => {
    for (const { id, values } of people) expect(assignCohort(model, { statistics: values })).toBe(members.get(id));
  });

  it("is the same after the model was stored", () => {
    const stored = readClusteringModel(JSON.parse(JSON.stringify(model)));
    for (const { id, values } of people) expect(assignCohort(stored, { statistics: values })).toBe(members.get(id));
  });

  it("is `all` where nothing is known that the cohorts are made by", () => {
    expect(assignCohort(model, {})).toBe("all");
    expect(assignCohort(model, { statistics: { a: null } })).toBe("all");
    expect(assignCohort(model, { profile: { ...NO_PROFILE, age: 30 } })).toBe("all");
  });

  it("refuses a stored model that it cannot read", () => {
    expect(() => readClusteringModel({ ...model, format: 2 })).toThrow(expect.objectContaining({ code: "FORMAT_TOO_NEW" }));
    const edited = { ...model, space: { ...model.space, columns: model.space.columns.map((column) => ({ ...column, spread: 0 })) } };
    expect(() => readClusteringModel(edited)).toThrow(expect.objectContaining({ code: "FORMAT_TOO_NEW" }));
  });
});

describe("words for a cohort", () => {
  it("say what is typical of its people", () => {
    const crowd = (from: number, values: object) =>
      Array.from({ length: 8 }, (_, index) => person(`p${from + index}`, profileValues({ ...NO_PROFILE, ...values })));
    const crowds = [
      ...crowd(0, { age: 30, sex: "female", heightCm: 168, weightKg: 63, level: "enthusiast" }),
      ...crowd(8, { age: 80, sex: "male", heightCm: 171 }),
    ];
    const columns = columnsOf("ageBracket", "level", "weightKg", "heightCm", "female", "male");
    const { partition } = fitCohorts(crowds, "profile", columns, BOUNDS, 1);
    const words = [...cohortWords(nameCohorts(partition!, new Map(), null)).values()];
    expect(words).toContain("26-35, 100 % female, 168 cm");
    expect(words).toContain("75+, 100 % male, 171 cm");
  });
});
