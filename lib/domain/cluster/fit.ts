import type { ClusterSpec } from "../spec.ts";
import { permutation, randomFor } from "../random.ts";
import { nearest, settle, type Point } from "./k-means.ts";
import type { Partition } from "./model.ts";
import { bestPartition, silhouettesOf, silhouetteWithoutGroups, type BestPartition } from "./partition.ts";
import { fitSpace, place, type Column, type Values } from "./space.ts";

export interface Person {
  readonly id: string;
  /** Whether a model may learn from them; nobody else has a say in where the cohorts lie. */
  readonly training: boolean;
  readonly values: Values;
}

export interface Fitted {
  /** Null: everyone is one cohort, for `reason`. */
  readonly partition: Partition | null;
  readonly reason: string | null;
  readonly tried: BestPartition["tried"];
  /** Silhouette to beat: what points without groups seldom surpass. Null where it did not come to that. */
  readonly withoutGroups: number | null;
}

/** Mean silhouette below which there is no structure at all. */
const LEAST_SILHOUETTE = 0.1;
/** People among whom the number of cohorts is looked for; a silhouette compares everyone with everyone. */
const SAMPLE = 500;
const SAMPLING = 3;

/**
 * Finds cohorts among the training people, as many as the spec allows and the people have. Where nobody differs enough,
 * or too few are known, there is none, and the reason is said. The order of the people does not matter.
 */
export function fitCohorts(
  people: readonly Person[],
  by: Partition["by"],
  columns: readonly Column[],
  spec: Pick<ClusterSpec, "least" | "most" | "minSubjects">,
  seed: number,
): Fitted {
  const training = people.filter((person) => person.training).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const space = fitSpace(
    training.map(({ values }) => values),
    columns,
    by === "statistics",
  );
  const known = training.flatMap(({ values }) => {
    const point = space && place(space, values);
    return point ? [{ values, point }] : [];
  });
  if (training.length < spec.minSubjects) return one(`${training.length} training subjects are fewer than ${spec.minSubjects}`);
  if (!space) return one(`the training subjects do not differ in any ${by === "profile" ? "field of their profiles" : "statistic"}`);
  if (known.length < spec.minSubjects)
    return one(`something is known of ${known.length} of ${training.length} training subjects, fewer than ${spec.minSubjects}`);
  const points = known.map(({ point }) => point);
  const sample = sampleOf(points, seed);
  const found = bestPartition(sample, spec, seed);
  if (!found) return one(`the training subjects do not divide into ${spec.least} groups of two or more`);
  if (found.highest < LEAST_SILHOUETTE)
    return one(`no structure: the best mean silhouette is ${text(found.highest)}, below ${LEAST_SILHOUETTE}`, found.tried);
  const withoutGroups = silhouetteWithoutGroups(sample, spec, seed);
  if (found.highest <= withoutGroups) {
    const reason = `no structure: the best mean silhouette is ${text(found.highest)}, and points without any may reach ${text(withoutGroups)}`;
    return one(reason, found.tried, withoutGroups);
  }
  const { centres, labels } = settle(points, found.centres, 2);
  const sampled = Int32Array.from(sample, (point) => nearest(centres, point));
  const silhouettes = silhouettesOf(sample, sampled, centres.length);
  const groups = centres.map((centre, index) => {
    const members = known.filter((_, at) => labels[at] === index).map(({ values }) => values);
    const typical = Object.fromEntries(space.columns.map(({ name }) => [name, meanOf(members.map((values) => values[name]))]));
    return { centre: [...centre], typical, silhouette: meanOf([...silhouettes.filter((_, at) => sampled[at] === index)]) ?? 0 };
  });
  return { partition: { by, space, silhouette: found.silhouette, groups }, reason: null, tried: found.tried, withoutGroups };
}

function one(reason: string, tried: Fitted["tried"] = [], withoutGroups: number | null = null): Fitted {
  return { partition: null, reason, tried, withoutGroups };
}

function sampleOf(points: readonly Point[], seed: number): readonly Point[] {
  if (points.length <= SAMPLE) return points;
  return [...permutation(randomFor(seed, SAMPLING), points.length).subarray(0, SAMPLE)].map((index) => points[index]!);
}

function meanOf(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value) => typeof value === "number");
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

function text(silhouette: number): string {
  return silhouette.toFixed(2);
}
