import { canonicalJson } from "../canonical.ts";
import { randomFor, type Random } from "../random.ts";
import type { EvolveSpec, Genome } from "../spec.ts";
import { genesOf, type Choices } from "./genes.ts";
import { ranked, type Proposal, type Trial } from "./trial.ts";

/** Draws of one mutant before the search takes it that its neighbourhood is known. */
const DRAWS = 50;
/** Chance of one more change in the same mutant, so that a search can leave a place where every single step is worse. */
const ONE_MORE = 0.4;

export interface History {
  /** All trials of this search so far, and no others. */
  readonly trials: readonly Trial[];
  /** The genomes the search began with (those of the spec, then the best of earlier runs). */
  readonly first: readonly Proposal[];
}

/**
 * The genomes of a generation. Generation 0 is `first`; each later one changes genomes drawn from the `keep` best known
 * trials, the better ones more often. Depends on the history and the seed alone: a search that was killed anywhere goes
 * on to the same next generation. No genome is proposed twice.
 */
export function nextGeneration(generation: number, history: History, evolve: EvolveSpec, seed: number): Proposal[] {
  const earlier = history.trials.filter((trial) => trial.generation < generation);
  const known = new Set(earlier.map((trial) => canonicalJson(trial.genome)));
  const room = evolve.trials - earlier.length;
  const proposals: Proposal[] = [];
  const add = (proposal: Proposal) => {
    const key = canonicalJson(proposal.genome);
    if (known.has(key) || proposals.length >= room) return false;
    known.add(key);
    proposals.push(proposal);
    return true;
  };
  if (generation === 0) {
    for (const proposal of history.first) add(proposal);
    return proposals;
  }
  const parents = ranked(earlier).slice(0, evolve.keep);
  if (parents.length === 0) return [];
  for (let mutant = 0; mutant < evolve.mutants; mutant++) {
    const random = randomFor(seed, 0x65766f, generation, mutant);
    for (let draw = 0; draw < DRAWS; draw++) {
      const parent = parents[Math.min(random.below(parents.length), random.below(parents.length))]!;
      const changed = mutate(parent.genome, random, evolve);
      if (changed && add({ genome: changed.genome, origin: "mutant", parents: [parent.id], mutation: changed.text })) break;
    }
  }
  return proposals;
}

/** One change or a few; null where the genome has nothing to change. */
export function mutate(genome: Genome, random: Random, choices: Choices): { readonly genome: Genome; readonly text: string } | null {
  const texts: string[] = [];
  let changed = genome;
  do {
    const genes = genesOf(changed);
    const change = genes[random.below(genes.length)]!.change(changed, random, choices);
    if (!change) continue;
    changed = change.genome;
    texts.push(change.text);
  } while (random.uniform() < ONE_MORE);
  return texts.length === 0 || canonicalJson(changed) === canonicalJson(genome) ? null : { genome: changed, text: texts.join("; ") };
}

/**
 * Why a search is over before this generation, or null. A search without a trial that could be trained is not the
 * business of this function: its reason is in the trials.
 * @param minutes since it began
 */
export function whyOver(generation: number, trials: readonly Trial[], evolve: EvolveSpec, minutes: number): string | null {
  if (generation === 0) return null;
  if (generation >= evolve.generations) return `all ${evolve.generations} generations are done`;
  if (trials.length >= evolve.trials) return `the budget of ${evolve.trials} trials is spent`;
  if (minutes >= evolve.minutes) return `the budget of ${evolve.minutes} minutes is spent`;
  const best = ranked(trials)[0];
  if (best && generation - 1 - best.generation >= evolve.patience) return `no better genome in ${evolve.patience} generations`;
  return null;
}
