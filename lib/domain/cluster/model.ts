import { z } from "zod";
import { SensorloopError } from "../errors.ts";
import { EVERYONE } from "../evolution/slots.ts";
import { idSchema } from "../ids.ts";
import type { Profile } from "../profile.ts";
import { nearest } from "./k-means.ts";
import { profileValues } from "./profile-columns.ts";
import { place, spaceSchema, type Values } from "./space.ts";

const FORMAT = 1;

const groupSchema = z.object({
  /** Its place in the space; a person belongs to the nearest. */
  centre: z.array(z.number()),
  /** Mean of each column over its training people, in the column's own unit; null where it is known of none of them. */
  typical: z.record(z.string(), z.number().nullable()),
  /** Mean over its people. */
  silhouette: z.number(),
});

/** Groups that were found, not yet named. */
const partitionSchema = z.object({
  /** What people are compared by. */
  by: z.enum(["profile", "statistics"]),
  space: spaceSchema,
  /** Mean over all people it was fitted on. */
  silhouette: z.number(),
  groups: z.array(groupSchema).min(2),
});
export type Partition = z.infer<typeof partitionSchema>;

/** Named cohorts: all that is needed to say where a person belongs, without clustering again. */
const clusteringModelSchema = partitionSchema.omit({ groups: true }).extend({
  format: z.literal(FORMAT),
  cohorts: z.array(groupSchema.extend({ name: idSchema })).min(2),
  /** Highest number that a cohort of the project has had in its name. */
  named: z.int(),
});
export type ClusteringModel = z.infer<typeof clusteringModelSchema>;

/** @throws SensorloopError FORMAT_TOO_NEW where the stored model is of another format, or no model */
export function readClusteringModel(stored: unknown): ClusteringModel {
  const read = clusteringModelSchema.safeParse(stored);
  if (read.success) return read.data;
  const format = (stored as { format?: unknown } | null)?.format;
  throw new SensorloopError("FORMAT_TOO_NEW", `a clustering of format ${JSON.stringify(format)} cannot be read, only ${FORMAT}`, {
    facts: { format },
  });
}

export function withNames({ groups, ...partition }: Partition, names: readonly string[], named: number): ClusteringModel {
  return { ...partition, format: FORMAT, cohorts: groups.map((group, index) => ({ ...group, name: names[index]! })), named };
}

/** What is known of a person; a model reads what it was made by. */
export interface KnownOfPerson {
  readonly profile?: Profile | null;
  /** As `statisticsOf` gives them. */
  readonly statistics?: Values | null;
}

/** The cohort of a person, who need not have been there when it was made; `all` where nothing is known that it asks for. */
export function assignCohort(model: ClusteringModel, { profile, statistics }: KnownOfPerson): string {
  const values = model.by === "profile" ? profile && profileValues(profile) : statistics;
  const index = values ? groupOf(model.space, model.cohorts, values) : null;
  return index === null ? EVERYONE : model.cohorts[index]!.name;
}

/** Index of the group whose centre is nearest; null where nothing is known of the person. */
export function groupOf(
  space: Partition["space"],
  groups: readonly { readonly centre: readonly number[] }[],
  values: Values,
): number | null {
  const point = place(space, values);
  const centres = groups.map(({ centre }) => centre);
  return point && nearest(centres, point);
}
