import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../lib/domain/canonical.ts";
import { mutate, nextGeneration, whyOver, type History } from "../../lib/domain/evolution/generation.ts";
import { slotsOf } from "../../lib/domain/evolution/slots.ts";
import { ranked, type Trial } from "../../lib/domain/evolution/trial.ts";
import { randomFor } from "../../lib/domain/random.ts";
import { genomeSchema, specSchema, type EvolveSpec, type Genome } from "../../lib/domain/spec.ts";

const genome = (value: object): Genome => genomeSchema.parse(value);
const MLP = genome({ family: "mlp" });
const CNN = genome({ family: "cnn", convolutions: [{ filters: 32, kernel: 5 }] });
const FAMILIES = [MLP, CNN, genome({ family: "logistic" }), genome({ family: "boosting" }), genome({ family: "forest" })];

const specOf = (more: object) =>
  specSchema.parse({
    project: "gym",
    title: "t",
    files: [{ match: ".", subject: { column: "id" }, channels: { x: { sensor: "acc" }, y: { sensor: "gyro" }, z: { sensor: "heart" } } }],
    labels: { classes: ["a", "b"] },
    windows: { kind: "sliding", seconds: 2 },
    features: { groups: [{ triplets: { t: ["x", "y", "z"] }, formulas: ["time"] }] },
    ...more,
  });
const evolve = (more: object = {}): EvolveSpec => specOf({ evolve: { seconds: [2, 4], rotateDegrees: [0, 25], ...more } }).evolve!;
const first = FAMILIES.map((each) => ({ genome: each, origin: "spec" as const, parents: [], mutation: null }));
const trial = (id: string, score: number | null, generation = 0, each: Genome = MLP): Trial => ({ id, genome: each, generation, score });

/** Plays a search whose scores depend on the genome alone. */
function search(settings: EvolveSpec, seed: number, until: number): Trial[] {
  const trials: Trial[] = [];
  for (let generation = 0; generation < until; generation++) {
    for (const { genome: each } of nextGeneration(generation, { trials, first }, settings, seed)) {
      const key = canonicalJson(each);
      trials.push(trial(key, key.length % 97, generation, each));
    }
  }
  return trials;
}

describe("mutating a genome", () => {
  it.each(FAMILIES)("gives another valid genome of the same family and says what was changed: $family", (parent) => {
    const seen = new Set<string>();
    for (let draw = 0; draw < 300; draw++) {
      const mutant = mutate(parent, randomFor(7, draw), { seconds: [2, 4], rotateDegrees: [0, 25] });
      if (!mutant) continue;
      expect(genomeSchema.parse(mutant.genome)).toEqual(mutant.genome);
      expect(mutant.genome.family).toBe(parent.family);
      expect(canonicalJson(mutant.genome)).not.toBe(canonicalJson(parent));
      for (const text of mutant.text.split("; ")) seen.add(text.split(" ")[0]!);
    }
    expect(seen.size).toBeGreaterThan(2);
    expect(seen).toContain("window");
    expect(seen).toContain("rotation");
  });

  it("leaves window and rotation alone where the spec offers none", () => {
    for (let draw = 0; draw < 200; draw++)
      expect(mutate(MLP, randomFor(3, draw), { seconds: [], rotateDegrees: [] })?.genome.cut).toBeUndefined();
  });

  it("stays valid however long the line of descent", () => {
    let current: Genome = CNN;
    for (let step = 0; step < 500; step++)
      current = mutate(current, randomFor(11, step), { seconds: [2], rotateDegrees: [25] })?.genome ?? current;
    expect(genomeSchema.safeParse(current).success).toBe(true);
  });
});

describe("the next generation", () => {
  it("is the same whenever it is asked for, also when some of its own trials have run", () => {
    const settings = evolve({ generations: 5, mutants: 6 });
    const trials = search(settings, 5, 3);
    const history = (given: readonly Trial[]): History => ({ trials: given, first });
    const planned = nextGeneration(2, history(trials.filter((each) => each.generation < 2)), settings, 5);
    expect(planned.length).toBe(6);
    expect(nextGeneration(2, history(trials), settings, 5)).toEqual(planned);
    expect(nextGeneration(2, history(trials.toReversed()), settings, 5)).toEqual(planned);
    expect(nextGeneration(2, history(trials), settings, 6)).not.toEqual(planned);
  });

  it("comes from the best trials known, of any generation", () => {
    const trials = [trial("weak", 0.2), trial("best", 0.9, 0, CNN), trial("failed", null), trial("good", 0.8, 1)];
    const parents = new Set(
      nextGeneration(2, { trials, first }, evolve({ keep: 2, mutants: 40, trials: 200 }), 1).flatMap((proposal) => proposal.parents),
    );
    expect(parents).toEqual(new Set(["best", "good"]));
  });

  it("never proposes a genome twice, nor more than the budget has left", () => {
    const trials = search(evolve({ generations: 30, mutants: 5, trials: 60 }), 9, 30);
    expect(trials.length).toBe(60);
    expect(new Set(trials.map((each) => canonicalJson(each.genome))).size).toBe(60);
  });

  it("is empty where nothing could be trained", () => {
    expect(nextGeneration(1, { trials: [trial("a", null), trial("b", NaN)], first }, evolve(), 1)).toEqual([]);
  });
});

describe("ranking and stopping", () => {
  it("ranks equal scores by age and id, and leaves out what failed", () => {
    const order = ranked([trial("c", 0.5, 1), trial("b", 0.5), trial("a", 0.5), trial("x", NaN), trial("y", null), trial("z", 0.6, 2)]);
    expect(order.map(({ id }) => id)).toEqual(["z", "a", "b", "c"]);
  });

  it.each([
    ["generations", { generations: 2 }, 2, [trial("a", 0.1), trial("b", 0.2, 1)], 0, /2 generations are done/],
    ["trials", { trials: 2 }, 1, [trial("a", 0.1), trial("b", 0.2)], 0, /2 trials is spent/],
    ["minutes", { minutes: 5 }, 1, [trial("a", 0.1)], 5, /5 minutes is spent/],
    ["patience", { patience: 2, generations: 9 }, 3, [trial("a", 0.9), trial("b", 0.2, 1), trial("c", 0.3, 2)], 0, /no better genome in 2/],
  ] as const)("ends by its %s", (_, settings, generation, trials, minutes, reason) => {
    expect(whyOver(generation, trials, evolve(settings), minutes)).toMatch(reason);
  });

  it("goes on while the last generation found a better one, and always runs the first", () => {
    expect(whyOver(3, [trial("a", 0.1), trial("c", 0.3, 2)], evolve({ patience: 1, generations: 9 }), 0)).toBeNull();
    expect(whyOver(0, [], evolve({ minutes: 1 }), 99)).toBeNull();
  });
});

describe("the slots of a run", () => {
  it("is one without a search: everyone, all sensors", () => {
    expect(slotsOf(specOf({}), []).slots).toEqual([{ slot: "gym/all/acc+gyro+heart", cohort: "all", sensors: ["acc", "gyro", "heart"] }]);
  });

  it("is each combination of sensors for each cohort that is large enough, most sensors first, within bounds", () => {
    const spec = specOf({ evolve: { cohortSubjects: 5, slots: 64 } });
    const { slots, left } = slotsOf(spec, [
      { name: "c1", training: 5 },
      { name: "c2", training: 4 },
    ]);
    expect(slots.length).toBe(14);
    expect(slots.slice(0, 3).map(({ slot }) => slot)).toEqual(["gym/all/acc+gyro+heart", "gym/c1/acc+gyro+heart", "gym/all/acc+gyro"]);
    expect(left).toEqual(["cohort c2 has 4 training subjects, fewer than 5: served by 'all'"]);
    const bounded = slotsOf(specOf({ evolve: { slots: 2 } }), []);
    expect(bounded.slots.length).toBe(2);
    expect(bounded.left.length).toBe(5);
  });

  it("begins with the principal one even where the spec's own list leaves it out", () => {
    const { slots } = slotsOf(specOf({ evolve: { sensors: [["heart"], ["gyro", "acc"]] } }), []);
    expect(slots.map(({ slot }) => slot)).toEqual(["gym/all/acc+gyro+heart", "gym/all/acc+gyro", "gym/all/heart"]);
  });
});
