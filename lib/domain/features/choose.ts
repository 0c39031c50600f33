import type { FeaturesSpec, Spec } from "../spec.ts";

/** All channels a recording has once the spec's filters have run: those it brought, then those the filters made. */
export function channelsAfterFilters(spec: Pick<Spec, "files" | "filters">): string[] {
  const made = spec.filters.flatMap((filter) => ("into" in filter && filter.into) || []);
  // Not `channelsOf`: the spec's own checks compile features, and must not need the module that calls them.
  return [...new Set([...spec.files.flatMap(({ channels }) => Object.keys(channels)), ...made])];
}

/**
 * The features of a spec. Where it names none, a row is its own features and a whole recording or subject gets its summary;
 * sliding windows then have none, and only models that read signals can learn from them.
 */
export function chosenFeatures(spec: Pick<Spec, "files" | "filters" | "features" | "windows">): FeaturesSpec | undefined {
  if (spec.features) return spec.features;
  if (spec.windows.kind === "sliding") return undefined;
  const channels = channelsAfterFilters(spec);
  const formulas: FeaturesSpec["groups"][number]["formulas"] = [spec.windows.kind === "row" ? "raw" : "summary"];
  return {
    groups: [{ triplets: {}, channels, signals: ["axes"], formulas, jerk: false, correlations: false }],
    cross: [],
    bandsHz: [0, Number.MAX_VALUE],
  };
}
