import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Job, JobControl } from "../compute/job.ts";
import { fitCohorts, type Fitted } from "../domain/cluster/fit.ts";
import { groupOf, type Partition } from "../domain/cluster/model.ts";
import { PROFILE_COLUMNS, profileValues } from "../domain/cluster/profile-columns.ts";
import type { PlacedPerson } from "../domain/cluster/report.ts";
import { place, type Column, type Values } from "../domain/cluster/space.ts";
import { PersonStatistics } from "../domain/cluster/statistics.ts";
import type { Profile } from "../domain/profile.ts";
import { permutation, randomFor } from "../domain/random.ts";
import { isSynthetic } from "../domain/recording-id.ts";
import type { ClusterSpec } from "../domain/spec.ts";
import type { Side } from "../domain/split.ts";
import { SPLITS, type Split, type WindowShard } from "../domain/window-shard.ts";
import { readShard } from "../ml/window-rows.ts";

export interface ClusterSubjectsInput {
  /** Files of the window set. */
  readonly shards: readonly string[];
  /** JSON: subject to side; null where the split is not by subject. Names also people of whom no window is left. */
  readonly split: string | null;
  /** JSON: subject to `Profile`; may know more people than the snapshot has. */
  readonly profiles: string;
  readonly cluster: ClusterSpec;
  readonly seed: number;
}

export interface ClusterSubjectsOutput extends Omit<Fitted, "partition"> {
  readonly by: Partition["by"];
  readonly partition: Partition | null;
  /** JSON array of `PlacedPerson`, by subject. */
  readonly people: string;
}

/** Training people from whom the telling statistics are chosen: more would change the choice little, and cost memory for each. */
const ASKED = 1_000;
const ASKING = 4;

/** Finds cohorts among the training subjects of a window set and says for every subject which is theirs. */
export const run: Job<ClusterSubjectsInput, ClusterSubjectsOutput> = async (input, control) => {
  const sides = await sidesOf(input);
  const training = [...sides].filter(([, side]) => side === "train").map(([subject]) => subject);
  const profiles = new Map(Object.entries(JSON.parse(await readFile(input.profiles, "utf8")) as Record<string, Profile>));
  const profiled = training.filter((subject) => Object.values(profiles.get(subject) ?? {}).some((value) => value !== null));
  const asked = input.cluster.by;
  const by = asked !== "auto" ? asked : 2 * profiled.length > training.length ? "profile" : "statistics";
  const { columns, valuesOf } =
    by === "profile"
      ? { columns: PROFILE_COLUMNS, valuesOf: (subject: string): Values => profileValuesOf(profiles.get(subject)) }
      : await statisticsOfPeople(input, sides, control);
  const people = [...sides].map(([id, side]) => ({ id, side, training: side === "train", values: valuesOf(id) }));
  const { partition, ...fitted } = fitCohorts(people, by, columns, input.cluster, input.seed);
  const placed = people.map(({ id, side, values }): PlacedPerson => {
    const point = partition && partition.by === "statistics" ? place(partition.space, values) : null;
    const group = partition && groupOf(partition.space, partition.groups, values);
    return { subject: id, side, group, place: point && [point[0]!, point[1] ?? 0] };
  });
  const path = join(control.folder, "people.json");
  await writeFile(path, JSON.stringify(placed));
  return { by, partition, ...fitted, people: path };
};

/**
 * Everybody by subject, ascending. Whoever has a training window is of the training, however the split was made; but a
 * made-up person is on no side: they are assigned, and have no say.
 */
async function sidesOf({ shards, split }: ClusterSubjectsInput): Promise<Map<string, Split | null>> {
  const sides = new Map<string, Split | null>();
  const put = (subject: string, side: Split) => {
    if (isSynthetic(subject)) return void sides.set(subject, null);
    const before = sides.get(subject) ?? null;
    if (before === null || SPLITS.indexOf(side) < SPLITS.indexOf(before)) sides.set(subject, side);
  };
  if (split)
    for (const [subject, side] of Object.entries(JSON.parse(await readFile(split, "utf8")) as Record<string, Side>)) put(subject, side);
  for (const path of shards) {
    const shard = await readShard(path);
    for (let window = 0; window < shard.windows; window++) put(shard.subjects[shard.subject[window]!]!, SPLITS[shard.split[window]!]!);
  }
  return new Map([...sides].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function profileValuesOf(profile: Profile | undefined): Values {
  return profile ? profileValues(profile) : {};
}

/**
 * Twice over the shards: first to choose, by some of the training people, what tells people apart; then to take just that
 * from everybody. Of training people only training windows count, so that nothing of a holdout moves a centre.
 */
async function statisticsOfPeople(
  { shards, seed }: ClusterSubjectsInput,
  sides: ReadonlyMap<string, Split | null>,
  control: JobControl,
): Promise<{ columns: readonly Column[]; valuesOf: (subject: string) => Values }> {
  const training = [...sides].filter(([, side]) => side === "train").map(([subject]) => subject);
  const some = permutation(randomFor(seed, ASKING), training.length).subarray(0, ASKED);
  const asked = new Set([...some].map((index) => training[index]!));
  const first = await gather(shards, null, (subject, split) => split === "train" && asked.has(subject));
  control.progress({ done: 1, total: 2, unit: "passes" });
  const { columns, names } = first?.telling() ?? { columns: [], names: [] };
  const all = await gather(shards, names, (subject, split) => split === "train" || sides.get(subject) !== "train");
  control.progress({ done: 2, total: 2, unit: "passes" });
  return { columns, valuesOf: (subject) => all?.of(subject) ?? {} };
}

async function gather(
  shards: readonly string[],
  names: readonly string[] | null,
  wanted: (subject: string, split: Split) => boolean,
): Promise<PersonStatistics | null> {
  let statistics: PersonStatistics | null = null;
  for (const path of shards) {
    const shard = await readShard(path);
    const source = windowValues(shard);
    statistics ??= new PersonStatistics(names ?? source.names);
    const columns = statistics.names.map((name) => source.names.indexOf(name));
    const values = new Float64Array(columns.length);
    for (let window = 0; window < shard.windows; window++) {
      const subject = shard.subjects[shard.subject[window]!]!;
      if (shard.dense[window] !== 0 || !wanted(subject, SPLITS[shard.split[window]!]!)) continue;
      for (const [place, column] of columns.entries()) values[place] = source.valueOf(window, column);
      statistics.add(subject, values);
    }
  }
  return statistics;
}

/** The features of a shard's windows; where there are none, mean and standard deviation of each channel in a window. */
function windowValues({ features, featureValues, channels, samples, signals }: WindowShard): {
  readonly names: readonly string[];
  valueOf(window: number, column: number): number;
} {
  if (features.length > 0) return { names: features, valueOf: (window, column) => featureValues[window * features.length + column]! };
  const names = channels.flatMap((channel) => [`${channel} level`, `${channel} movement`]);
  const valueOf = (window: number, column: number) => {
    const channel = column >> 1;
    let sum = 0;
    let squares = 0;
    for (let sample = 0; sample < samples; sample++) {
      const value = signals[(window * samples + sample) * channels.length + channel]!;
      sum += value;
      squares += value * value;
    }
    const mean = sum / samples;
    return column % 2 === 0 ? mean : Math.sqrt(Math.max(0, squares / samples - mean * mean));
  };
  return { names: samples > 0 ? names : [], valueOf };
}
