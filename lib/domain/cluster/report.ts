import { z } from "zod";
import { EVERYONE } from "../evolution/slots.ts";
import { SPLITS, type Split } from "../window-shard.ts";
import type { Fitted } from "./fit.ts";
import type { ClusteringModel } from "./model.ts";
import { cohortWords } from "./words.ts";

/** Most people whose places are kept for the map; a page that shows more shows a cloud. */
const MAPPED = 2_000;

/** What pages tell of a clustering: `clustering.detail`. */
export const clusteringReportSchema = z.object({
  by: z.enum(["profile", "statistics"]),
  /** Mean silhouette over the training people. */
  silhouette: z.number(),
  /** Silhouette that the same search seldom surpasses on points without groups; this one had to. */
  withoutGroups: z.number().nullable(),
  tried: z.array(z.object({ groups: z.int(), silhouette: z.number() })),
  /** People of whom nothing is known that the cohorts are made by; they are served by `all`. */
  unplaced: z.int(),
  cohorts: z.array(
    z.object({
      cohort: z.string(),
      subjects: z.int(),
      training: z.int(),
      holdout: z.int(),
      silhouette: z.number(),
      /** What is typical of its training people, in words. */
      centre: z.string(),
    }),
  ),
  /** By biometric id; at most 2,000. `place` on the two main directions, where people were compared by signals. */
  people: z.record(z.string(), z.object({ side: z.enum(SPLITS).nullable(), place: z.tuple([z.number(), z.number()]).nullable() })),
});
export type ClusteringReport = z.infer<typeof clusteringReportSchema>;

/** A person with their side of the split and their group; null = in none. */
export interface PlacedPerson {
  readonly subject: string;
  readonly side: Split | null;
  readonly group: number | null;
  readonly place: readonly [number, number] | null;
}

export function reportOf(
  model: ClusteringModel,
  people: readonly PlacedPerson[],
  { tried, withoutGroups }: Pick<Fitted, "tried" | "withoutGroups">,
): ClusteringReport {
  const words = cohortWords(model);
  return {
    by: model.by,
    silhouette: model.silhouette,
    withoutGroups,
    tried: [...tried],
    unplaced: people.filter(({ group }) => group === null).length,
    cohorts: model.cohorts.map(({ name, silhouette }, index) => {
      const own = people.filter(({ group }) => group === index);
      const on = (wanted: Split) => own.filter(({ side }) => side === wanted).length;
      const counts = { subjects: own.length, training: on("train"), holdout: on("holdout") };
      return { cohort: name, ...counts, silhouette, centre: words.get(name) ?? "" };
    }),
    people: Object.fromEntries(
      people.slice(0, MAPPED).map(({ subject, side, place }) => [subject, { side, place: place && [place[0], place[1]] }]),
    ),
  };
}

/** Where each person belongs: the name of a cohort, or `all`. */
export function membersOf(
  model: ClusteringModel,
  people: readonly PlacedPerson[],
): { readonly subject: string; readonly cohort: string }[] {
  return people.map(({ subject, group }) => ({ subject, cohort: group === null ? EVERYONE : model.cohorts[group]!.name }));
}
