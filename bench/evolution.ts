import { join } from "node:path";
import { simulate } from "../examples/gym/simulate.ts";
import { canonicalJson } from "../lib/domain/canonical.ts";
import { mutate, nextGeneration } from "../lib/domain/evolution/generation.ts";
import type { Proposal, Trial } from "../lib/domain/evolution/trial.ts";
import { ranked } from "../lib/domain/evolution/trial.ts";
import { randomFor } from "../lib/domain/random.ts";
import { genomeSchema, specSchema, type EvolveSpec, type Genome, type Spec } from "../lib/domain/spec.ts";
import { median, round, type Bench } from "./harness.ts";
import { Study } from "./study.ts";

const SEEDS = 5;
const AT_LEAST = 4;
/** Changes after which a genome has forgotten where it came from: each of some ten genes was drawn several times. */
const STEPS = 60;

/** What both searches begin with: genomes that a person would write down first. */
const FIRST: readonly Genome[] = [
  {
    family: "mlp",
    units: [150, 150, 100],
    activation: "tanh",
    dropout: 0.5,
    batch: 64,
    epochs: 10,
    optimizer: { kind: "sgd", learningRate: 0.1 },
  },
  { family: "boosting", rounds: 50 },
].map((genome) => genomeSchema.parse(genome));

/**
 * Evolution against random search: the same first genomes, the same space, the same number of trials, the same data
 * (simulated exercises of people who differ), on five seeds. What is compared is what both look for: the best macro F1 on
 * validation; that of the winner on the holdout, which neither sees, is printed beside it. A genome's score is computed
 * once and shared, so that the two differ in what they try and in nothing else.
 */
export const run: Bench = async (context) => {
  const folder = join(context.folder, "people");
  await simulate({ folder, subjects: context.quick ? 10 : 24, seed: 11 });
  // Short windows of one sensor make the task hard enough for genomes to differ.
  await using study = await Study.open({ ...context, data: context.folder }, "gym", "people", {
    windows: { kind: "sliding", seconds: 1.5, overlap: 0.5, label: "majority", minShare: 0.75 },
    features: {
      groups: [{ triplets: { wrist: ["wrist_acc_x", "wrist_acc_y", "wrist_acc_z"] }, signals: ["axes", "magnitude"], formulas: ["time"] }],
    },
  });
  const trials = context.quick ? 8 : 24;
  const evolve = specSchema.shape.evolve.unwrap().parse({ generations: 100, keep: 4, mutants: 5, trials, patience: 100 });
  const shards = await study.windows(study.spec);
  const scores = new Map<string, Promise<number | null>>();
  const score = (genome: Genome): Promise<number | null> => {
    const key = canonicalJson(genome);
    if (!scores.has(key)) scores.set(key, train(study, study.spec, genome, shards));
    return scores.get(key)!;
  };
  const rounds = [];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const evolved = await evolution(evolve, seed, score);
    const drawn = await randomSearch(evolve, seed, score);
    rounds.push({
      seed,
      evolved: evolved[0]!.score,
      random: drawn[0]!.score,
      winner: evolved[0]!.genome.family,
      generation: evolved[0]!.generation,
    });
    context.say(
      `seed ${seed}: evolution ${round(evolved[0]!.score)} (${evolved[0]!.genome.family}), random search ${round(drawn[0]!.score)}`,
    );
  }
  const better = rounds.filter(({ evolved, random }) => evolved > random).length;
  return {
    value: better,
    unit: `seeds of ${SEEDS} on which evolution is better`,
    target: `>= ${AT_LEAST} at equal budget`,
    ok: better >= AT_LEAST,
    peer: { name: "random search in the same space, macro F1 on validation", value: round(median(rounds.map(({ random }) => random))) },
    ratio: null,
    detail: { trials, best: round(median(rounds.map(({ evolved }) => evolved))), rounds, trained: scores.size },
  };
};

type Scored = Trial & { readonly score: number };

async function evolution(evolve: EvolveSpec, seed: number, score: (genome: Genome) => Promise<number | null>): Promise<Scored[]> {
  const first = FIRST.map((genome): Proposal => ({ genome, origin: "spec", parents: [], mutation: null }));
  const trials: Trial[] = [];
  for (let generation = 0; trials.length < evolve.trials; generation++) {
    const proposals = nextGeneration(generation, { trials, first }, evolve, seed);
    if (proposals.length === 0) break;
    trials.push(
      ...(await tried(
        proposals.map(({ genome }) => genome),
        generation,
        score,
      )),
    );
  }
  return ranked(trials);
}

async function randomSearch(evolve: EvolveSpec, seed: number, score: (genome: Genome) => Promise<number | null>): Promise<Scored[]> {
  const drawn = new Map(FIRST.map((genome) => [canonicalJson(genome), genome]));
  for (let draw = 0; drawn.size < evolve.trials; draw++) {
    const random = randomFor(seed, 0x72616e64, draw);
    let genome = FIRST[draw % FIRST.length]!;
    for (let step = 0; step < STEPS; step++) genome = mutate(genome, random, evolve)?.genome ?? genome;
    drawn.set(canonicalJson(genome), genome);
  }
  return ranked(await tried([...drawn.values()], 0, score));
}

function tried(genomes: readonly Genome[], generation: number, score: (genome: Genome) => Promise<number | null>): Promise<Trial[]> {
  return Promise.all(genomes.map(async (genome) => ({ id: canonicalJson(genome), genome, generation, score: await score(genome) })));
}

/** Null where the genome cannot be trained, as in a run. */
async function train(study: Study, spec: Spec, genome: Genome, shards: readonly string[]): Promise<number | null> {
  try {
    await using job = await study.compute.run("train-model", {
      genome,
      shards,
      fit: ["train"],
      seed: spec.seed,
      checkpoint: null,
      checkpointEverySeconds: Number.MAX_SAFE_INTEGER,
    });
    return job.output.validation?.macroF1.value ?? null;
  } catch {
    return null;
  }
}
