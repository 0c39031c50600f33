import { sql } from "kysely";
import { beforeAll, describe, expect, it } from "vitest";
import { featureStatistics, joinFeatures, latestFeatures, listFeatureSets } from "../../lib/app/features.ts";
import { applySpec } from "../../lib/app/projects.ts";
import { randomFor, type Random } from "../../lib/domain/random.ts";
import { writeFeatures } from "../../lib/store/feature-writer.ts";
import { openDatabase } from "../../lib/store/database.ts";
import type { Platform } from "../../lib/platform.ts";
import { specText } from "../app/world.ts";
import { testDatabase } from "../support/services.ts";

const SETS = { fresh: 3, kept: null, other: 30 } as const;
type SetName = keyof typeof SETS;
const NAMES = Object.keys(SETS) as SetName[];
const SUBJECTS = ["ann", "bob", "eve"];
const DAY = 86_400_000;
const START = Date.UTC(2025, 0, 1);

let platform: Platform;
beforeAll(async () => {
  const db = openDatabase(await testDatabase());
  platform = { db } as Platform;
  return () => db.destroy();
});

async function newProject(project: string): Promise<void> {
  const sets = NAMES.map((name) => `    ${name}: { from: labels${SETS[name] === null ? "" : `, maxAgeDays: ${SETS[name]}`} }`).join("\n");
  await applySpec(platform, { text: `${specText(project)}featureStore:\n  sets:\n${sets}\n`, name: "spec.yaml" }, "test");
  for (const id of SUBJECTS)
    await platform.db
      .insertInto("subject")
      .values({ project, biometric_id: id, external_id: `name of ${id}` })
      .execute();
}

interface Stored {
  readonly set: SetName;
  readonly version: number;
  readonly subject: string;
  readonly eventMs: number;
  readonly createdMs: number;
  readonly values: readonly (number | null)[];
}

const namesOf = (version: number) => ["a", "b", `only-${version}`];

/** Writes as the pipeline does, at a moment of the past: what the clock said is put back to it. */
async function writeAt(
  project: string,
  createdMs: number,
  set: SetName,
  version: number,
  rows: readonly Pick<Stored, "subject" | "eventMs" | "values">[],
) {
  await platform.db.transaction().execute(async (tx) => {
    await writeFeatures(tx, project, { name: set, names: namesOf(version), definition: { version } }, [rows], "test");
    for (const table of ["feature_row", "feature_set"])
      await sql`update ${sql.table(table)} set created_at = ${new Date(createdMs)} where project = ${project} and created_at > '2026-01-01'`.execute(
        tx,
      );
  });
}

/** A hundred days in which rows arrive in batches: late, again, corrected, several sets, names that change. */
async function history(project: string, random: Random): Promise<Stored[]> {
  const stored: Stored[] = [];
  const versions = { fresh: 1, kept: 1, other: 1 };
  let clock = START;
  for (let batch = 0; batch < 24; batch++) {
    clock += (1 + random.below(8)) * DAY;
    const set = NAMES[random.below(3)]!;
    if (random.below(6) === 0) versions[set]++;
    const rows = Array.from({ length: 1 + random.below(8) }, () => ({
      subject: SUBJECTS[random.below(3)]!,
      // On whole half days, so that times are often equal; some far in the past, some after they were written.
      eventMs: clock - (random.below(24) - 2) * (DAY / 2),
      values: Array.from({ length: 3 }, () => (random.below(5) === 0 ? null : random.below(3))),
    }));
    const version = versions[set];
    await writeAt(project, clock, set, version, rows);
    for (const row of new Map(rows.map((each) => [`${each.subject} ${each.eventMs}`, each])).values()) {
      const before = newest(
        stored.filter(
          (each) => each.set === set && each.version === version && each.subject === row.subject && each.eventMs === row.eventMs,
        ),
      );
      if (before && JSON.stringify(before.values) === JSON.stringify(row.values)) continue;
      stored.push({ set, version, createdMs: clock, ...row });
    }
  }
  return stored;
}

function newest(rows: readonly Stored[]): Stored | undefined {
  return rows.toSorted((a, b) => a.eventMs - b.eventMs || a.createdMs - b.createdMs).at(-1);
}

/** What the store has to answer, by looking at every row. */
function bruteForce(stored: readonly Stored[], asked: readonly { subject: string; atMs: number }[], asOfMs: number | null) {
  const horizon = Math.max(asOfMs ?? -Infinity, ...asked.map(({ atMs }) => atMs));
  const versionOf = (set: SetName) =>
    Math.max(0, ...stored.filter((row) => row.set === set && row.createdMs <= horizon).map((row) => row.version));
  const sets = NAMES.toSorted().map((set) => ({ set, version: versionOf(set) }));
  return asked.map(({ subject, atMs }) =>
    sets.flatMap(({ set, version }) => {
      if (version === 0) return [];
      const known = Math.max(atMs, asOfMs ?? -Infinity);
      const row = newest(
        stored.filter(
          (each) =>
            each.set === set && each.version === version && each.subject === subject && each.eventMs <= atMs && each.createdMs <= known,
        ),
      );
      const oldest = SETS[set] === null ? -Infinity : atMs - SETS[set] * DAY;
      return row && row.eventMs >= oldest ? row.values : [null, null, null];
    }),
  );
}

const isoOf = (ms: number) => new Date(ms).toISOString();
const questions = (random: Random, count: number) =>
  Array.from({ length: count }, () => ({
    subject: random.below(20) === 0 ? "nobody" : SUBJECTS[random.below(3)]!,
    atMs: START + random.below(260) * (DAY / 2) - random.below(2),
  }));

async function join(project: string, asked: readonly { subject: string; atMs: number }[], asOfMs: number | null) {
  const rows = asked.map(({ subject, atMs }) => ({ subject, at: isoOf(atMs) }));
  return joinFeatures(platform, project, { rows, ...(asOfMs !== null && { asOf: isoOf(asOfMs) }) });
}

describe("the feature store", () => {
  it("joins as brute force does, serves what it joins, and never tells what came later", async () => {
    for (const seed of [1, 2, 3, 4]) {
      const random = randomFor(seed);
      const project = `random-${seed}`;
      await newProject(project);
      const stored = await history(project, random);
      for (const asOfMs of [null, START + 40 * DAY, START + 120 * DAY]) {
        const asked = questions(random, 150);
        expect((await join(project, asked, asOfMs)).rows.map(({ values }) => values)).toEqual(bruteForce(stored, asked, asOfMs));
      }
      const asked = questions(random, 60).filter(({ subject }) => subject !== "nobody");
      for (const question of asked) {
        const served = await latestFeatures(platform, project, question.subject, { at: isoOf(question.atMs) });
        const values = served.sets.flatMap((set) => Object.values(set.values));
        expect(values).toEqual(bruteForce(stored, [question], null)[0]);
        expect([values]).toEqual((await join(project, [question], null)).rows.map((row) => row.values));
      }

      // The same history again, half a year later and with other values, and corrections of what was: nothing may change.
      const before = [await join(project, asked, null), await join(project, asked, START + 110 * DAY)];
      const later = START + 180 * DAY;
      const moved = (row: Stored) => ({ ...row, eventMs: row.eventMs + 180 * DAY, values: [7, 7, 7] });
      for (const set of NAMES) {
        const rows = stored.filter((row) => row.set === set);
        await writeAt(
          project,
          later,
          set,
          9,
          rows.flatMap((row) => [moved(row), { ...row, values: [8, 8, 8] }]),
        );
      }
      expect([await join(project, asked, null), await join(project, asked, START + 110 * DAY)]).toEqual(before);
      const now = await join(project, [{ subject: "ann", atMs: later }], null);
      expect(now.columns).toEqual(NAMES.toSorted().flatMap((set) => namesOf(9).map((name) => `${set}.${name}`)));
    }
  });

  it("writes what is new, once, whoever writes at the same time, and nothing of made-up people", async () => {
    await newProject("once");
    const set = { name: "kept", names: ["a", "b"], definition: { from: "labels" } };
    const row = { subject: "ann", eventMs: START + 0.2, values: [1, NaN] };
    const write = (values: ArrayLike<number | null>, definition = set) =>
      platform.db.transaction().execute((tx) =>
        writeFeatures(
          tx,
          "once",
          definition,
          [
            [
              { ...row, values },
              { ...row, subject: "synthetic-1" },
            ],
          ],
          "test",
        ),
      );
    expect(
      await platform.db.transaction().execute((tx) => writeFeatures(tx, "once", set, [[{ ...row, subject: "synthetic-1" }]], "test")),
    ).toMatchObject({ version: 0, written: 0 });
    const racing = await Promise.all(Array.from({ length: 6 }, () => write(row.values)));
    expect(racing.reduce((sum, { written }) => sum + written, 0)).toBe(1);
    expect(await write(Float64Array.of(1, NaN))).toEqual({ version: 1, written: 0, known: 1 });
    expect(await write([1, 2])).toEqual({ version: 1, written: 1, known: 0 });
    expect(await write([1, NaN])).toEqual({ version: 1, written: 1, known: 0 });
    expect(await write([1, NaN], { ...set, definition: { from: "profile" } })).toEqual({ version: 2, written: 1, known: 0 });
    const rows = await platform.db
      .selectFrom("feature_row")
      .select(["subject", "version", "event_at", "created_at", "values"])
      .where("project", "=", "once")
      .orderBy("version")
      .orderBy("created_at")
      .execute();
    expect(rows.map(({ subject, version, event_at, values }) => ({ subject, version, event_at, values }))).toEqual(
      [
        [1, null],
        [1, 2],
        [1, null],
        [1, null],
      ].map((values, index) => ({ subject: "ann", version: index < 3 ? 1 : 2, event_at: new Date(START + 1), values })),
    );
    expect(new Set(rows.map((each) => each.created_at.getTime())).size).toBeGreaterThanOrEqual(3);
  });

  it("gives rows the time at which they can be read, not that at which they were made", async () => {
    await newProject("slow");
    const set = { name: "kept", names: ["a"], definition: { from: "labels" } };
    const readable: { made: number; readAt: string; values: unknown }[] = [];
    async function* slowly() {
      yield [{ subject: "ann", eventMs: START, values: [1] }];
      await new Promise((resolve) => setTimeout(resolve, 60));
      const { sets } = await latestFeatures(platform, "slow", "ann", { sets: ["kept"] });
      readable.push({ made: 1, readAt: isoOf(Date.now()), values: sets[0]!.values });
      await new Promise((resolve) => setTimeout(resolve, 20));
      yield [{ subject: "bob", eventMs: START, values: [2] }];
    }
    const write = (values: number[]) =>
      platform.db
        .transaction()
        .execute((tx) =>
          writeFeatures(tx, "slow", set, values.length > 0 ? [[{ subject: "ann", eventMs: START, values }]] : slowly(), "test"),
        );
    // Of a version that is there already, and of one that is new.
    await write([0]);
    await write([]);
    const [between] = readable;
    expect(between).toMatchObject({ values: { a: 0 } });
    const joined = await joinFeatures(platform, "slow", { rows: [{ subject: "ann", at: between!.readAt }] });
    expect(joined.rows[0]!.values[joined.columns.indexOf("kept.a")]).toBe(0);
    expect((await latestFeatures(platform, "slow", "bob", { sets: ["kept"] })).sets[0]!.values).toEqual({ a: 2 });
  });

  it("keeps every recording of one moment, whichever batch it comes in, and the same ones again are nothing new", async () => {
    await newProject("together");
    const set = { name: "kept", names: ["a"], definition: { from: "labels" } };
    const row = (recording: string, eventMs: number, value: number) => ({ subject: "ann", recording, eventMs, values: [value] });
    const [a, b, c, d] = [row("a", START, 1), row("b", START, 2), row("c", START, 3), row("d", START + 1, 4)];
    const write = (...batches: (typeof a)[][]) =>
      platform.db.transaction().execute((tx) => writeFeatures(tx, "together", set, batches, "test"));
    expect(await write([a, d], [b], [c])).toEqual({ version: 1, written: 4, known: 0 });
    expect(await write([c], [b, a, d])).toEqual({ version: 1, written: 0, known: 4 });
    const rows = await platform.db
      .selectFrom("feature_row")
      .select(["event_at", "values"])
      .where("project", "=", "together")
      .orderBy("event_at")
      .execute();
    expect(rows.map(({ event_at, values }) => [event_at.getTime() - START, ...values])).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
    ]);
  });

  it("counts, sums up and dates what it has", async () => {
    await newProject("sums");
    await writeAt("sums", START, "fresh", 1, [
      { subject: "ann", eventMs: START, values: [1, null, 5] },
      { subject: "ann", eventMs: START + DAY, values: [2, null, 5] },
      { subject: "bob", eventMs: START, values: [4, 1, 5] },
      { subject: "eve", eventMs: START - DAY, values: [9, null, 5] },
    ]);
    const [fresh, kept] = await listFeatureSets(platform, "sums");
    expect(fresh).toEqual({
      ...{ name: "fresh", version: 1, from: "labels", names: namesOf(1), rows: 4, subjects: 3, stale: true },
      ...{ newestEventAt: isoOf(START + DAY), newestCreatedAt: isoOf(START) },
    });
    expect(kept).toMatchObject({ name: "kept", version: 0, rows: 0, subjects: 0, newestEventAt: null, stale: false });
    const { features } = await featureStatistics(platform, "sums", "fresh");
    expect(features).toEqual([
      { name: "a", count: 3, missing: 0, mean: 5, sd: Math.sqrt(13), min: 2, max: 9 },
      { name: "b", count: 1, missing: 2, mean: 1, sd: null, min: 1, max: 1 },
      { name: "only-1", count: 3, missing: 0, mean: 5, sd: 0, min: 5, max: 5 },
    ]);
    expect((await featureStatistics(platform, "sums", "kept")).features).toEqual([]);
  });

  it("says what is missing: a subject, a set, a store", async () => {
    await newProject("asked");
    await applySpec(platform, { text: specText("off"), name: "spec.yaml" }, "test");
    await expect(latestFeatures(platform, "asked", "nobody")).rejects.toMatchObject({ code: "SUBJECT_UNKNOWN" });
    await expect(latestFeatures(platform, "asked", "ann", { sets: ["kept", "none"] })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(latestFeatures(platform, "off", "ann")).rejects.toMatchObject({ code: "FEATURES_OFF" });
    await expect(listFeatureSets(platform, "never")).rejects.toMatchObject({ code: "SPEC_UNKNOWN" });
    expect((await latestFeatures(platform, "asked", "ann", { sets: ["kept"] })).sets).toEqual([
      { set: "kept", version: 0, eventAt: null, createdAt: null, stale: false, values: {} },
    ]);
  });
});
