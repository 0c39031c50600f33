import type { Spec } from "../lib/domain/spec.ts";
import type { SplitUnit } from "../lib/domain/split.ts";
import { round, type BenchContext } from "./harness.ts";
import { figuresOf, fitAll, pooled, type Figures, type Fitted } from "./learn.ts";
import type { Study } from "./study.ts";

/** Folds under way at once: while one waits for its longest training, the other's jobs fill the cores. */
const LANES = 2;

/**
 * Deals units out to folds, as names of holdouts. Units with the same samples stay together; units of one class come one
 * after another, so that each fold gets its share of every class.
 * @param classOf where a unit has one class, as a set of an exercise has
 */
export function dealFolds(units: readonly SplitUnit[], count: number, classOf: (unit: SplitUnit) => string = () => ""): string[][] {
  const groups = [...Map.groupBy(units, (unit) => unit.bond ?? unit.id).values()].map((group) => ({
    names: group.map(({ name }) => name),
    key: `${classOf(group[0]!)}\0${group[0]!.rank}`,
  }));
  const folds: string[][] = Array.from({ length: Math.min(count, groups.length) }, () => []);
  const line = groups.toSorted((one, other) => (one.key < other.key ? -1 : 1));
  for (const [index, { names }] of line.entries()) folds[index % folds.length]!.push(...names);
  return folds;
}

export interface Fold {
  /** The spec's models and, last, what the spec answers with. */
  readonly fitted: readonly Fitted[];
  readonly shards: readonly string[];
}

export interface CrossValidated {
  /** What the spec answers with: its only model, or the mean of all. */
  readonly answer: Figures;
  /** The same by model, and which of them won. */
  readonly models: Readonly<Record<string, Figures>>;
  readonly winner: string;
  readonly folds: readonly Fold[];
}

/** Everybody answered once, by models that never saw them: everything is fitted anew for each fold. */
export async function crossValidate(
  context: BenchContext,
  study: Study,
  folds: readonly (readonly string[])[],
  spec: Spec = study.spec,
): Promise<CrossValidated> {
  const done = await inLanes(folds, async (names, index): Promise<Fold> => {
    const split = { ...spec, split: { ...spec.split, holdout: [...names] } };
    const shards = await study.windows(split);
    const fitted = await fitAll(study, split, shards);
    const accuracies = fitted.map(({ name, outcomes }) => `${name} ${round(figuresOf(outcomes, false).accuracy.value)}`);
    context.say(`fold ${index + 1} of ${folds.length}: ${accuracies.join(", ")}`);
    return { fitted, shards };
  });
  const models = figuresByName(
    done.map(({ fitted }) => fitted),
    false,
  );
  const entries = Object.entries(models);
  const [winner] = entries.reduce((best, entry) => (entry[1].accuracy.value > best[1].accuracy.value ? entry : best));
  return { answer: entries.at(-1)![1], models, winner, folds: done };
}

/**
 * The same models where windows are split at random, so that the same people (or sets) stand on both sides: the figure
 * that must never be reported as how new people fare, printed to show how far it is off.
 * @param holdout share of the windows
 */
export async function leakingTwin(study: Study, holdout: number, spec: Spec = study.spec) {
  const random: Spec = { ...spec, split: { ...spec.split, by: "random", holdout } };
  const models = figuresByName([await fitAll(study, random, await study.windows(random))], true);
  const accuracies = Object.entries(models).map(([name, { accuracy }]) => [name, round(accuracy.value)]);
  return { LEAKING: "windows split at random: the same people or sets on both sides", accuracy: Object.fromEntries(accuracies) };
}

function figuresByName(folds: readonly (readonly Fitted[])[], leaking: boolean): Record<string, Figures> {
  return Object.fromEntries(
    folds[0]!.map(({ name }, index) => [name, figuresOf(pooled(folds.map((fitted) => fitted[index]!.outcomes)), leaking)]),
  );
}

async function inLanes<Item, Result>(items: readonly Item[], work: (item: Item, index: number) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index]!, index);
  };
  await Promise.all(Array.from({ length: Math.min(LANES, items.length) }, lane));
  return results;
}
