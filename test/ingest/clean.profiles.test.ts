import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { crossChecks } from "../../lib/domain/spec-cross-checks.ts";
import { ageBracket, AGE_BRACKETS } from "../../lib/domain/profile.ts";
import { readSpec } from "../../lib/domain/spec-file.ts";
import { clean, counts, smallSpec, table, type Cleaning } from "./corpus.ts";

const HEADER = "who,years,sex,level,kg,cm";
const people = (files: object = {}) =>
  smallSpec(
    {
      role: "profiles",
      subject: { column: "who" },
      profile: { age: "years", sex: "sex", level: "level", weightKg: "kg", heightCm: "cm" },
      channels: {},
      ...{ recording: undefined, time: undefined, label: undefined },
      rules: { maxBadShare: 1 },
      ...files,
    },
    { features: undefined, models: [{ family: "cnn", convolutions: [{ filters: 2, kernel: 3 }] }] },
  );
const cleanPeople = (rows: readonly string[], files: object = {}) =>
  clean(table(rows, HEADER), { spec: people(files), name: "people.csv" });

/** What the file says, by the name it has for each person. */
function said({ file, subjects }: Cleaning): Record<string, unknown> {
  const names = new Map(subjects.map(({ external, biometric }) => [biometric, external]));
  const lines = file.profiles ? readFileSync(file.profiles.path, "utf8").trimEnd().split("\n") : [];
  return Object.fromEntries(
    lines.map((line) => {
      const { person, profile } = JSON.parse(line) as { person: string; profile: object };
      return [names.get(person) ?? person, profile];
    }),
  );
}

describe("a file of people", () => {
  it("says who they are, in any case and with F and M; what is left empty is unknown", async () => {
    const cleaning = await cleanPeople(["anna,31,F,Athlete,61.5,172", "ben, 75 ,male,BEGINNER,,", "cleo,,Other,,80,180.5", "dora,,,,,"]);
    expect(said(cleaning)).toEqual({
      anna: { age: 31, sex: "female", level: "athlete", weightKg: 61.5, heightCm: 172 },
      ben: { age: 75, sex: "male", level: "beginner" },
      cleo: { sex: "other", weightKg: 80, heightCm: 180.5 },
      dora: {},
    });
    expect(counts(cleaning)).toEqual({ in: 4, ok: 4, bad: 0, twice: 0 });
  });

  it("makes no Parquet, no recording and no class", async () => {
    const { file } = await cleanPeople(["anna,31,F,athlete,61.5,172"]);
    expect(file).toMatchObject({
      state: "clean",
      parquet: null,
      pieces: null,
      profiles: { count: 1 },
      detail: { recordings: 0, classes: {} },
    });
  });

  it.each([
    ["anna,131,F,athlete,61,172", "range", "years", "years: 131 years are outside 0 to 130"],
    ["anna,-1,F,athlete,61,172", "range", "years", "years: -1 years are outside 0 to 130"],
    ["anna,31.5,F,athlete,61,172", "type", "years", "years: '31.5' is no whole number of years"],
    ["anna,old,F,athlete,61,172", "type", "years", "years: 'old' is no number"],
    ["anna,0x1F,F,athlete,61,172", "type", "years", "years: '0x1F' is no number"],
    ["anna,31,woman,athlete,61,172", "vocabulary", "sex", "sex: 'woman' is none of female, male, other"],
    ["anna,31,femal,athlete,61,172", "vocabulary", "sex", "sex: 'femal' is none of female, male, other (is 'female' meant?)"],
    ["anna,31,F,pro,61,172", "vocabulary", "level", "level: 'pro' is none of beginner, intermediate, enthusiast, athlete"],
    ["anna,31,constructor,athlete,61,172", "vocabulary", "sex", "sex: 'constructor' is none of female, male, other"],
    ['anna,31,F,athlete,"61,5",172', "type", "kg", "kg: '61,5' is no number; decimals are written with a point"],
    ["anna,31,F,athlete,NaN,172", "finite", "kg", "kg: 'NaN' is no measured number"],
    ["anna,31,F,athlete,1.9,172", "range", "kg", "kg: 1.9 kg are outside 2 to 400"],
    ["anna,31,F,athlete,61,1.72", "range", "cm", "cm: 1.72 cm are outside 40 to 260"],
    [",31,F,athlete,61,172", "null", "who", "who is missing: nobody knows whose row this is"],
    ["anna,31,F,athlete,61", "structure", null, "5 cells where 6 belong, 1 too few"],
  ])("refuses %s: %s", async (row, rule, column, reason) => {
    const cleaning = await cleanPeople(["zoe,20,F,athlete,60,170", row, "yan,20,M,athlete,60,170"]);
    expect(cleaning.quarantine).toEqual([{ line: 3, rule, column, reason, raw: row }]);
    expect(Object.keys(said(cleaning))).toEqual(["zoe", "yan"]);
  });

  it("says a thing once: again is a repetition, something else a conflict", async () => {
    const cleaning = await cleanPeople(["07,31,F,athlete,61,172", "7,31,female,Athlete,61.0,172", "7,32,F,athlete,61,172"]);
    expect(counts(cleaning)).toEqual({ in: 3, ok: 1, bad: 1, twice: 1 });
    expect(cleaning.quarantine).toMatchObject([{ line: 4, rule: "conflict" }]);
    expect(said(cleaning)).toMatchObject({ 7: { age: 31 } });
  });

  it("is refused as a whole where too many rows break a rule, and by another header", async () => {
    const spoilt = await cleanPeople(["anna,31,F,athlete,61,172", "ben,999,M,athlete,61,172"], { rules: {} });
    expect(spoilt.file).toMatchObject({ state: "refused", profiles: null, error: { code: "TOO_MANY_BAD_ROWS" } });
    const other = await clean(table(["anna,31"], "who,years"), { spec: people(), name: "people.csv" });
    expect(other.file).toMatchObject({
      state: "refused",
      error: { code: "HEADER_MISMATCH", facts: { missing: ["sex", "level", "kg", "cm"] } },
    });
  });

  it("may have words of its own for nothing, and rows that are not wanted", async () => {
    const cleaning = await cleanPeople(["anna,n/a,F,athlete,-,172", "ben,31,M,athlete,60,180"], {
      format: { nulls: ["n/a", "-"] },
      only: { sex: ["F"] },
    });
    expect(said(cleaning)).toEqual({ anna: { sex: "female", level: "athlete", heightCm: 172 } });
    expect(cleaning.file.leftOut).toBe(1);
  });
});

describe("the spec of a file of people", () => {
  const problems = (files: object) =>
    [...crossChecks({ ...people(), files: [{ ...people().files[0]!, ...files }] })].map(({ path }) => path.join("."));

  it("names at least one column, and nothing that is measured over time", () => {
    expect(problems({})).toEqual([]);
    expect(problems({ profile: {} })).toEqual(["files.0.profile"]);
    expect(problems({ channels: { x: { sensor: "acc", scale: 1, nulls: "keep" } }, label: { column: "sex" } })).toEqual([
      "files.0.channels",
      "files.0.label",
    ]);
    expect(problems({ role: "intervals", interval: { from: "years", to: "kg", unit: "s", base: 1 }, label: { column: "sex" } })).toEqual([
      "files.0.profile",
    ]);
  });

  it("names columns that are there, where the spec itself says which are", () => {
    const text = `project: p
title: t
files:
  - match: people
    role: profiles
    format: { headerRows: 0, columns: [who, years] }
    subject: { column: who }
    profile: { age: years, sex: gender }
labels: { classes: [a, b] }
windows: { kind: row }
`;
    expect(() => readSpec(text, "spec.yaml")).toThrow(/files.*profile/);
    expect(readSpec(text.replace(", sex: gender", ""), "spec.yaml").files[0]?.role).toBe("profiles");
  });
});

describe("age brackets", () => {
  it.each([
    [0, "under 18"],
    [17, "under 18"],
    [18, "18-25"],
    [25, "18-25"],
    [26, "26-35"],
    [65, "56-65"],
    [66, "66-74"],
    [74, "66-74"],
    [75, "75+"],
    [130, "75+"],
  ])("put %i into %s", (age, name) => expect(AGE_BRACKETS[ageBracket(age)]).toBe(name));
});
