import { channelsAfterFilters, chosenFeatures } from "../features/choose.ts";
import { compileFeatures } from "../features/compile.ts";
import { PROFILE_FIELDS } from "../profile.ts";
import type { FeatureSetSpec } from "../spec-annotation.ts";
import type { Spec } from "../spec.ts";
import { windowSamples } from "../windows.ts";
import type { FeatureSetDefinition } from "./feature-row.ts";

export type WindowsSet = Extract<FeatureSetSpec, { from: "windows" }>;
export type TrailingSet = Extract<FeatureSetSpec, { from: "trailing" }>;

/** A set of window features that names none has this many, the first. */
const FIRST = 50;

/** Names of what is computed of a window, in the order of the spec. @throws SensorloopError SPEC_INVALID */
export function windowFeatureNames(spec: Spec): readonly string[] {
  const chosen = chosenFeatures(spec);
  const samples = windowSamples(spec.windows, spec.rateHz);
  return chosen ? compileFeatures(chosen, channelsAfterFilters(spec), spec.rateHz, samples || 1).names : [];
}

/** Names of a set's values, in their order. @throws SensorloopError SPEC_INVALID */
export function namesOfSet(spec: Spec, set: FeatureSetSpec): readonly string[] {
  switch (set.from) {
    case "windows":
      return set.features ?? windowFeatureNames(spec).slice(0, FIRST);
    case "profile":
      return PROFILE_FIELDS;
    case "labels":
      return spec.labels.classes;
    case "trailing":
      return set.features.flatMap((feature) => trailingColumns(set).map(({ days, statistic }) => `${feature}.${statistic}.${days}d`));
  }
}

/** What a trailing set has of each feature, in order. */
export function trailingColumns({ days, statistics }: TrailingSet): { days: number; statistic: TrailingSet["statistics"][number] }[] {
  return days.flatMap((each) => statistics.map((statistic) => ({ days: each, statistic })));
}

/**
 * The sets of a spec, each as it would be written: by name, those that others are made of first. The greatest age is no part of a
 * definition: it says what is done with a row, not what is in it.
 * @throws SensorloopError SPEC_INVALID
 */
export function definitionsOf(spec: Spec): (FeatureSetDefinition & { readonly set: FeatureSetSpec })[] {
  const sets = Object.entries(spec.featureStore?.sets ?? {});
  return sets
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .toSorted(([, a], [, b]) => Number(a.from === "trailing") - Number(b.from === "trailing"))
    .map(([name, set]) => ({ name, set, names: namesOfSet(spec, set), definition: definitionOf(spec, set) }));
}

function definitionOf(spec: Spec, set: FeatureSetSpec): Record<string, unknown> {
  const { maxAgeDays: _, ...said } = set;
  if (set.from === "trailing") {
    const base = spec.featureStore?.sets[set.of];
    return base ? { ...said, of: { name: set.of, ...definitionOf(spec, base) } } : said;
  }
  if (set.from !== "windows") return said;
  const { rateHz, filters, features } = spec;
  return { ...said, rateHz, filters, features: features ?? null, windows: windowsAsked(spec) };
}

/** Extra windows for training are no part of the store. */
function windowsAsked({ windows }: Spec): Record<string, unknown> {
  if (windows.kind !== "sliding") return { ...windows };
  const { trainOverlap: _, rotateDegrees: __, ...asked } = windows;
  return asked;
}
