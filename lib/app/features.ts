import type { FeatureSet, FeatureStatistics, Joined, JoinRequest, LatestFeatures } from "../domain/api/features.ts";
import { SensorloopError } from "../domain/errors.ts";
import type { Platform } from "../platform.ts";
import * as store from "../store/repositories/features.ts";
import { findSpec } from "../store/repositories/projects.ts";
import type { Db } from "../store/repositories/rows.ts";
import { needProject } from "./projects.ts";

/** What the newest spec declares, filled or not. @throws SensorloopError SPEC_UNKNOWN, FEATURES_OFF */
export async function listFeatureSets({ db }: Pick<Platform, "db">, project: string): Promise<FeatureSet[]> {
  await needSets(db, project, []);
  return store.listFeatureSets(db, project);
}

/** @throws SensorloopError SPEC_UNKNOWN, FEATURES_OFF, NOT_FOUND */
export async function featureStatistics({ db }: Pick<Platform, "db">, project: string, set: string): Promise<FeatureStatistics> {
  await needSets(db, project, [set]);
  return { set, features: await store.featureStatistics(db, project, set) };
}

/**
 * What serving is told of a subject: one query, and further ones only to say why it found nothing.
 * @param subject biometric id
 * @throws SensorloopError SPEC_UNKNOWN, FEATURES_OFF, NOT_FOUND for a set that is not declared, SUBJECT_UNKNOWN
 */
export async function latestFeatures(
  { db }: Pick<Platform, "db">,
  project: string,
  subject: string,
  asked: { readonly sets?: readonly string[]; readonly at?: string } = {},
): Promise<LatestFeatures> {
  const sets = await store.latestFeatures(db, project, subject, asked);
  if (sets.length === 0 || (asked.sets && sets.length < new Set(asked.sets).size)) {
    await needSets(db, project, asked.sets ?? []);
    throw new SensorloopError("SUBJECT_UNKNOWN", `project '${project}' has no subject '${subject}'`, { facts: { subject } });
  }
  return { project, subject, sets };
}

export interface FeatureQuestions {
  readonly rows: readonly JoinRequest["rows"][number][];
  readonly sets?: readonly string[];
  readonly asOf?: string;
}

/**
 * The values that were known of each subject at each moment, in columns `set.feature`. Someone of whom nothing was known
 * then, or who does not exist, has nulls.
 * @param rows subjects by biometric id; any number
 * @throws SensorloopError SPEC_UNKNOWN, FEATURES_OFF, NOT_FOUND for a set that is not declared
 */
export async function joinFeatures({ db }: Pick<Platform, "db">, project: string, { rows, sets, asOf }: FeatureQuestions): Promise<Joined> {
  await needSets(db, project, sets ?? []);
  const joined = await store.joinFeatures(db, project, rows, { sets, asOf });
  const columns = joined.flatMap(({ name, names }) => names.map((feature) => `${name}.${feature}`));
  const values = rows.map((_, row) => joined.flatMap((set) => set.values[row] ?? set.names.map(() => null)));
  return { columns, rows: rows.map(({ subject, at }, row) => ({ subject, at, values: values[row]! })) };
}

async function needSets(db: Db, project: string, sets: readonly string[]): Promise<void> {
  const { specVersion } = await needProject(db, project);
  const declared = (await findSpec(db, project, specVersion))?.body.featureStore?.sets;
  if (!declared) throw new SensorloopError("FEATURES_OFF", `the spec of '${project}' declares no feature sets`, { facts: { project } });
  const missing = sets.find((name) => !Object.hasOwn(declared, name));
  if (missing === undefined) return;
  const facts = { set: missing, sets: Object.keys(declared) };
  throw new SensorloopError("NOT_FOUND", `the spec of '${project}' declares no feature set '${missing}'`, { facts });
}
