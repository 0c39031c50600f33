import type { Kysely } from "kysely";
import { beforeAll, describe, expect, it } from "vitest";
import { NO_PROFILE, type Profile } from "../../lib/domain/profile.ts";
import { openDatabase, type Database } from "../../lib/store/database.ts";
import { profilesOf, stateProfiles } from "../../lib/store/repositories/profiles.ts";
import { testDatabase } from "../support/services.ts";

let db: Kysely<Database>;
beforeAll(async () => {
  db = openDatabase(await testDatabase());
  return () => db.destroy();
});

const day = (number: number) => new Date(Date.UTC(2025, 0, number));
let projects = 0;

/** What is known of a person after things were said of them, in this order. */
async function after(...said: [at: number, profile: Partial<Profile>][]): Promise<Profile | undefined> {
  const project = `p${projects++}`;
  for (const [at, profile] of said) await stateProfiles(db, project, day(at), [{ person: "x", profile }]);
  return (await profilesOf(db, project)).get("x");
}

describe("what is said of a person", () => {
  it("is kept field by field; what was not said is unknown", async () => {
    expect(await after([1, { age: 31, sex: "female", weightKg: 61.5 }])).toEqual({ ...NO_PROFILE, age: 31, sex: "female", weightKg: 61.5 });
    expect(await after([1, {}])).toEqual(NO_PROFILE);
  });

  it("is the newest word on each field, whichever comes first", async () => {
    const said: [number, Partial<Profile>][] = [
      [1, { age: 30, level: "beginner" }],
      [2, { age: 31 }],
      [3, { weightKg: 70 }],
    ];
    const known = { ...NO_PROFILE, age: 31, level: "beginner", weightKg: 70 };
    for (const order of [
      [0, 1, 2],
      [2, 0, 1],
      [1, 2, 0],
      [2, 1, 0],
    ])
      expect(await after(...order.map((index) => said[index]!))).toEqual(known);
  });

  it("stays taken back when an older file is read again, and comes back with a newer one", async () => {
    expect(await after([1, { age: 30, sex: "male" }], [2, { age: null }], [1, { age: 30, sex: "male" }])).toEqual({
      ...NO_PROFILE,
      sex: "male",
    });
    expect(await after([1, { age: 30 }], [2, { age: null }], [3, { age: 33 }])).toEqual({ ...NO_PROFILE, age: 33 });
  });

  it("is of one project, and of many people at once", async () => {
    const people = Array.from({ length: 500 }, (_, index) => ({ person: `p${index}`, profile: { age: index % 90 } }));
    await stateProfiles(db, "many", day(1), people);
    expect((await profilesOf(db, "many")).size).toBe(500);
    expect((await profilesOf(db, "others")).size).toBe(0);
  });

  it("waits for nobody when two files name the same people in another order", async () => {
    const people = Array.from({ length: 200 }, (_, index) => ({ person: `p${index}`, profile: { age: 20 } }));
    await Promise.all(
      Array.from({ length: 6 }, (_, index) => stateProfiles(db, "both", day(index + 1), index % 2 ? people : people.toReversed())),
    );
    expect((await profilesOf(db, "both")).size).toBe(200);
  });
});
