import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { groupOf } from "../../lib/domain/cluster/model.ts";
import type { PlacedPerson } from "../../lib/domain/cluster/report.ts";
import { NO_PROFILE, type Profile } from "../../lib/domain/profile.ts";
import { randomFor } from "../../lib/domain/random.ts";
import { isSynthetic, SYNTHETIC_PREFIX } from "../../lib/domain/recording-id.ts";
import type { Split } from "../../lib/domain/window-shard.ts";
import { run, type ClusterSubjectsInput } from "../../lib/store/cluster-job.ts";
import { recordingControl, syntheticShard, temporaryFolder, writeShard, type SyntheticOptions } from "../ml/synthetic-windows.ts";

const PEOPLE = 36;
const cluster = { by: "auto" as const, least: 2, most: 6, minSubjects: 8 };
/** The last third of the people are held out. */
const side = (subject: number): Split => (subject < 24 ? "train" : "holdout");

interface World extends Partial<Omit<SyntheticOptions, "split">> {
  readonly profiles?: Readonly<Record<string, Profile>>;
  readonly split?: Readonly<Record<string, string>>;
}

/** Windows of people of whom every second sits far off along feature 1. */
async function inputOf({ profiles = {}, split, change, ...options }: World = {}): Promise<ClusterSubjectsInput> {
  const folder = await temporaryFolder();
  const files = { profiles: join(folder, "profiles.json"), split: join(folder, "split.json") };
  await writeFile(files.profiles, JSON.stringify(profiles));
  if (split) await writeFile(files.split, JSON.stringify(split));
  const shard = syntheticShard({
    windows: PEOPLE * 12,
    subjects: PEOPLE,
    features: 4,
    change: (made) => {
      made.split = Uint8Array.from(made.subject, (subject) => (side(subject) === "train" ? 0 : 2));
      for (let window = 0; window < made.windows; window++) if (made.subject[window]! % 2 === 1) made.featureValues[window * 4 + 1]! += 40;
      change?.(made);
    },
    ...options,
  });
  return { shards: [await writeShard(shard)], split: split ? files.split : null, profiles: files.profiles, cluster, seed: 1 };
}

async function cohortsOf(input: ClusterSubjectsInput) {
  const output = await run(input, await recordingControl());
  return { ...output, people: JSON.parse(await readFile(output.people, "utf8")) as PlacedPerson[] };
}
const groupsByParity = (people: readonly PlacedPerson[]) =>
  [0, 1].map(
    (parity) => new Set(people.filter(({ subject }) => (Number(subject.split("-")[1]) - 1) % 2 === parity).map(({ group }) => group)),
  );

describe("cohorts by signals", () => {
  it("are found where there is no profile, and everyone is told theirs, the held out too", async () => {
    const { by, partition, people } = await cohortsOf(await inputOf());
    expect(by).toBe("statistics");
    expect(partition?.groups).toHaveLength(2);
    expect(people).toHaveLength(PEOPLE);
    const [even, odd] = groupsByParity(people);
    expect([...even!, ...odd!].sort()).toEqual([0, 1]);
    expect(people.every(({ place }) => place !== null)).toBe(true);
    expect(people.filter(({ side: where }) => where === "train")).toHaveLength(24);
  });

  it("owe nothing to the held out: whatever these do, scaling, components and centres keep every bit", async () => {
    const { partition } = await cohortsOf(await inputOf());
    const changed = await inputOf({
      change: (shard) => {
        for (let at = 0; at < shard.featureValues.length; at++) if (shard.split[Math.floor(at / 4)] === 2) shard.featureValues[at]! *= -50;
      },
    });
    expect((await cohortsOf(changed)).partition).toEqual(partition);
  });

  it("nor, where recordings are split, to the held-out windows of people who also train", async () => {
    const mixed = (factor: number) =>
      inputOf({
        change: (shard) => {
          for (let window = 0; window < shard.windows; window++) {
            const held = Math.floor(window / PEOPLE) >= 9;
            shard.split[window] = held ? 2 : 0;
            if (held) for (let column = 0; column < 4; column++) shard.featureValues[window * 4 + column]! *= factor;
          }
        },
      });
    const [once, again] = [await cohortsOf(await mixed(1)), await cohortsOf(await mixed(1000))];
    expect(once.partition?.groups).toHaveLength(2);
    expect(again.partition).toEqual(once.partition);
    expect(again.people).toEqual(once.people);
  });

  it("nor to people who were made up, whatever the windows of theirs say: they are assigned", async () => {
    const made = (factor: number) =>
      inputOf({
        change: (shard) => {
          shard.subjects = shard.subjects.map((subject, index) => (index < 4 ? `${SYNTHETIC_PREFIX}${subject}` : subject));
          for (let window = 0; window < shard.windows; window++)
            if (shard.subject[window]! < 4) for (let column = 0; column < 4; column++) shard.featureValues[window * 4 + column]! *= factor;
        },
      });
    const [once, again] = [await cohortsOf(await made(1)), await cohortsOf(await made(100))];
    expect(once.partition?.groups).toHaveLength(2);
    expect(again.partition).toEqual(once.partition);
    const synthetic = once.people.filter(({ subject }) => isSynthetic(subject));
    expect(synthetic).toHaveLength(4);
    expect(synthetic.every(({ side: where, group }) => where === null && group !== null)).toBe(true);
  });

  it("leave out the extra windows, which repeat what the others say", async () => {
    const noisy = await inputOf({
      change: (shard) => {
        for (let window = 0; window < shard.windows; window++) {
          if (Math.floor(window / PEOPLE) % 3 > 0) continue;
          shard.dense[window] = 1;
          shard.featureValues[window * 4 + 1] = 1e6 * window;
        }
      },
    });
    const [even, odd] = groupsByParity((await cohortsOf(noisy)).people);
    expect([even!.size, odd!.size]).toEqual([1, 1]);
  });

  it("come from the signals themselves where no features were made", async () => {
    const input = await inputOf({
      features: 0,
      samples: 16,
      change: (shard) => {
        shard.split = Uint8Array.from(shard.subject, (subject) => (side(subject) === "train" ? 0 : 2));
        shard.featureValues = new Float32Array();
        for (let at = 0; at < shard.signals.length; at += 2) if (shard.subject[Math.floor(at / 32)]! % 2 === 1) shard.signals[at]! += 5;
      },
    });
    const { partition, people } = await cohortsOf(input);
    expect(partition?.space.columns.map(({ name }) => name)).toContain("channel-1 level mean");
    expect(groupsByParity(people).map((groups) => groups.size)).toEqual([1, 1]);
  });

  it("are one, with the reason, where people do not differ", async () => {
    const { partition, reason, people } = await cohortsOf(await inputOf({ change: (shard) => void shard.featureValues.fill(3) }));
    expect(partition).toBeNull();
    expect(reason).toBe("the training subjects do not differ in any statistic");
    expect(people.every(({ group }) => group === null)).toBe(true);
  });
});

describe("cohorts by profile", () => {
  const name = (index: number) => `person-${index + 1}`;
  const random = randomFor(5);
  const profileOf = (index: number): Profile => ({
    ...NO_PROFILE,
    heightCm: (index % 3 === 0 ? 190 : 160) + random.normal(),
    age: index % 3 === 0 ? 60 : 22,
  });
  const known = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [name(index), profileOf(index)]));

  it("are made where most of the training have one; whoever has none is in no cohort", async () => {
    const profiles = known(30);
    const { by, partition, people } = await cohortsOf(await inputOf({ profiles }));
    expect(by).toBe("profile");
    for (const { subject, group, place } of people) {
      const index = Number(subject.split("-")[1]) - 1;
      expect(place).toBeNull();
      if (index >= 30) expect(group).toBeNull();
      else expect(group).toBe(groupOf(partition!.space, partition!.groups, { heightCm: index % 3 === 0 ? 190 : 160 }));
    }
  });

  it("give way to signals where few have one, and say who is missing where the spec insists", async () => {
    const profiles = { ...known(6), "person-9": NO_PROFILE };
    const input = await inputOf({ profiles });
    expect((await cohortsOf(input)).by).toBe("statistics");
    const { by, reason } = await cohortsOf({ ...input, cluster: { ...cluster, by: "profile" } });
    expect({ by, reason }).toEqual({ by: "profile", reason: "something is known of 6 of 24 training subjects, fewer than 8" });
  });

  it("count people of whom no window is left, by the side the split puts them on", async () => {
    const split = {
      ...Object.fromEntries(Array.from({ length: PEOPLE }, (_, index) => [name(index), side(index)])),
      "person-99": "validation",
    };
    const { people } = await cohortsOf(await inputOf({ profiles: { ...known(30), "person-99": profileOf(0) }, split }));
    expect(people.find(({ subject }) => subject === "person-99")).toMatchObject({
      side: "validation",
      group: expect.any(Number) as number,
    });
  });
});
