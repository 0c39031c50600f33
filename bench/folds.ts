import type { Spec } from "../lib/domain/spec.ts";
import type { SplitUnit } from "../lib/domain/split.ts";
import type { BenchContext } from "./harness.ts";
import { figuresOf, fit, learn, pooled, score, type Contender, type Learned } from "./learn.ts";
import { round } from "./harness.ts";
import type { Outcomes } from "../lib/domain/outcomes.ts";
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

export interface CrossValidated {
  /** Everybody's answers, each by a model that never saw them. */
  readonly outcomes: Outcomes;
  /** How often validation chose what. */
  readonly chosen: Readonly<Record<string, number>>;
  readonly folds: readonly Learned[];
}

/** Learns anew for each fold, choice of the model included. */
export async function crossValidate(context: BenchContext, study: Study, folds: readonly (readonly string[])[]): Promise<CrossValidated> {
  const learned = await inLanes(folds, async (holdout, index) => {
    const found = await learn(study, study.splitBy({ holdout: [...holdout] }));
    context.say(`fold ${index + 1} of ${folds.length}: ${found.chosen.name}, accuracy ${round(figuresOf(found.outcomes, false).accuracy.value)}`);
    return found;
  });
  const chosen: Record<string, number> = {};
  for (const { chosen: contender } of learned) chosen[contender.name] = (chosen[contender.name] ?? 0) + 1;
  return { outcomes: pooled(learned.map(({ outcomes }) => outcomes)), chosen, folds: learned };
}

/** Answers of one contender, fitted anew for each fold without a choice. */
export async function crossFit(study: Study, folds: readonly (readonly string[])[], contenders: readonly Contender[]): Promise<Outcomes[]> {
  const answers = await inLanes(folds, async (holdout) => {
    const spec = study.splitBy({ holdout: [...holdout] });
    const shards = await study.windows(spec);
    return Promise.all(contenders.map(async ({ genomes }) => answersOf(study, spec, genomes, shards)));
  });
  return contenders.map((_, index) => pooled(answers.map((fold) => fold[index]!)));
}

async function answersOf(study: Study, spec: Spec, genomes: Contender["genomes"], shards: readonly string[]): Promise<Outcomes> {
  return (await score(study, spec, await fit(study, spec, genomes, shards), shards, "holdout")).outcomes;
}

/**
 * The same genomes where windows are split at random, so that the same people (or sets) stand on both sides: the figure
 * that must never be reported as how new people fare, and how far it is off.
 * @param holdout share of the windows
 */
export async function leakingTwin(study: Study, { genomes, name }: Contender, holdout: number) {
  const spec = study.splitBy({ by: "random", holdout });
  const { accuracy, macroF1, windows } = figuresOf(await answersOf(study, spec, genomes, await study.windows(spec)), true);
  return { LEAKING: true, split: "random: the same people on both sides", model: name, accuracy: accuracy.value, macroF1: macroF1.value, windows };
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
