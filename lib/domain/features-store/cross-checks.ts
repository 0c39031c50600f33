import { nearMiss } from "../near-miss.ts";
import type { FeatureSetSpec } from "../spec-annotation.ts";
import type { Spec } from "../spec.ts";
import { namesOfSet, windowFeatureNames } from "./definition.ts";

interface Problem {
  readonly path: (string | number)[];
  readonly message: string;
}

/** A row of a trailing set is as wide as what it sums up, times statistics and days. */
const MOST_VALUES = 1_000;

/** What the feature store asks of the rest of the spec, and its sets of each other. */
export function* checkFeatureStore(spec: Spec): Generator<Problem> {
  for (const [name, set] of Object.entries(spec.featureStore?.sets ?? {})) {
    const path = ["featureStore", "sets", name];
    if (set.from === "windows") yield* checkWindows(spec, set, path);
    if (set.from === "trailing") yield* checkTrailing(spec, set, path);
  }
}

function* checkWindows(spec: Spec, set: Extract<FeatureSetSpec, { from: "windows" }>, path: (string | number)[]): Generator<Problem> {
  const known = computed(spec);
  // Features that cannot be computed at all are told of where they are named.
  if (known === null) return;
  if (known.length === 0) yield { path, message: "there are no window features: `features` are missing from the spec" };
  else yield* checkNames(set.features ?? [], known, [...path, "features"], "no window feature");
}

function* checkTrailing(spec: Spec, set: Extract<FeatureSetSpec, { from: "trailing" }>, path: (string | number)[]): Generator<Problem> {
  const sets = spec.featureStore!.sets;
  const base = Object.hasOwn(sets, set.of) ? sets[set.of] : undefined;
  if (!base) yield { path: [...path, "of"], message: `no set '${set.of}' is declared` };
  else if (base.from === "trailing") yield { path: [...path, "of"], message: `'${set.of}' trails another set itself` };
  else if (base.from !== "windows" || base.features || computed(spec) !== null)
    yield* checkNames(set.features, namesOfSet(spec, base), [...path, "features"], `'${set.of}' has no feature`);
  yield* checkNames(set.days.map(String), set.days.map(String), [...path, "days"], "");
  yield* checkNames(set.statistics, set.statistics, [...path, "statistics"], "");
  const values = set.features.length * set.days.length * set.statistics.length;
  if (values > MOST_VALUES) yield { path, message: `makes ${values} values a row, and at most ${MOST_VALUES} are kept` };
}

function* checkNames(names: readonly string[], known: readonly string[], path: (string | number)[], missing: string): Generator<Problem> {
  for (const [index, name] of names.entries()) {
    const near = known.includes(name) ? undefined : nearMiss(name, known);
    if (!known.includes(name)) yield { path: [...path, index], message: `${missing} '${name}'${near ? `; is '${near}' meant?` : ""}` };
    if (names.indexOf(name) !== index) yield { path: [...path, index], message: `'${name}' is named twice` };
  }
}

/** Null where the features of the spec are wrong themselves. */
function computed(spec: Spec): readonly string[] | null {
  try {
    return windowFeatureNames(spec);
  } catch {
    return null;
  }
}
