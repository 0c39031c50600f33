import type { Random } from "../random.ts";
import type { EvolveSpec, Genome, SteppedGenome } from "../spec.ts";

/** What a mutant may choose from beside its own numbers. */
export type Choices = Pick<EvolveSpec, "seconds" | "rotateDegrees">;

/** One thing about a genome that can be changed. `change` gives another value and says which; null where there is none. */
export interface Gene<G extends Genome = Genome> {
  readonly name: string;
  change(genome: G, random: Random, choices: Choices): { readonly genome: G; readonly text: string } | null;
}

/** The genes of a genome's family. */
export function genesOf(genome: Genome): readonly Gene[] {
  return [...(FAMILIES[genome.family] as readonly Gene[]), ...CUT];
}

/** A gene whose value is one of a list; a step goes to a neighbour, so that a good value is not lost by one unlucky draw. */
function ladder<G extends Genome>(
  name: string,
  rungs: readonly number[],
  get: (genome: G) => number,
  set: (genome: G, value: number) => G,
): Gene<G> {
  return {
    name,
    change(genome, random) {
      const now = get(genome);
      const nearest = rungs.reduce((best, rung, index) => (Math.abs(rung - now) < Math.abs(rungs[best]! - now) ? index : best), 0);
      const reachable = [nearest - 2, nearest - 1, nearest, nearest + 1, nearest + 2].filter(
        (index) => rungs[index] !== undefined && rungs[index] !== now,
      );
      if (reachable.length === 0) return null;
      const value = rungs[reachable[random.below(reachable.length)]!]!;
      return { genome: set(genome, value), text: `${name} ${now} → ${value}` };
    },
  };
}

function option<G extends Genome, Value extends string | boolean>(
  name: string,
  values: readonly Value[],
  get: (genome: G) => Value,
  set: (genome: G, value: Value) => G,
): Gene<G> {
  return {
    name,
    change(genome, random) {
      const others = values.filter((value) => value !== get(genome));
      const value = others[random.below(others.length)]!;
      return { genome: set(genome, value), text: `${name} ${get(genome)} → ${value}` };
    },
  };
}

const UNITS = [16, 32, 48, 64, 100, 128, 150, 192, 256, 384, 512];
const FILTERS = [16, 24, 32, 48, 64, 96, 128];
const KERNELS = [3, 5, 7, 9, 11];
const DROPOUTS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
const RATES = [0.0002, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.03, 0.1, 0.3];

/** Changes one number of a list, adds one, or takes one away. */
function layers<G extends Genome>(
  name: string,
  rungs: readonly number[],
  most: number,
  get: (genome: G) => readonly number[],
  set: (genome: G, values: readonly number[]) => G,
): readonly Gene<G>[] {
  const told = (values: readonly number[]) => `[${values.join(", ")}]`;
  const changed = (genome: G, values: readonly number[]) => ({
    genome: set(genome, values),
    text: `${name} ${told(get(genome))} → ${told(values)}`,
  });
  return [
    {
      name,
      change(genome, random, choices) {
        const values = get(genome);
        if (values.length === 0) return null;
        const at = random.below(values.length);
        const one = ladder<G>(
          name,
          rungs,
          () => values[at]!,
          (same) => same,
        );
        const step = one.change(genome, random, choices);
        const value = step && Number(step.text.split(" ").at(-1));
        return value === null ? null : changed(genome, values.with(at, value));
      },
    },
    {
      name: `${name} count`,
      change(genome, random) {
        const values = get(genome);
        const at = random.below(values.length + 1);
        const grow = values.length < most && (values.length <= 1 || random.uniform() < 0.5);
        if (grow) return changed(genome, values.toSpliced(at, 0, values[Math.min(at, values.length - 1)] ?? rungs[2]!));
        return values.length > 1 ? changed(genome, values.toSpliced(at % values.length, 1)) : null;
      },
    },
  ];
}

const stepped = <G extends SteppedGenome>(): readonly Gene<G>[] => [
  ladder<G>(
    "dropout",
    DROPOUTS,
    (genome) => genome.dropout,
    (genome, dropout) => ({ ...genome, dropout }),
  ),
  ladder<G>(
    "batch",
    [16, 32, 64, 128, 256],
    (genome) => genome.batch,
    (genome, batch) => ({ ...genome, batch }),
  ),
  ladder<G>(
    "epochs",
    [5, 8, 10, 15, 20, 30],
    (genome) => genome.epochs,
    (genome, epochs) => ({ ...genome, epochs }),
  ),
  ladder<G>(
    "label smoothing",
    [0, 0.05, 0.1],
    (genome) => genome.labelSmoothing,
    (genome, labelSmoothing) => ({ ...genome, labelSmoothing }),
  ),
  ladder<G>(
    "learning rate",
    RATES,
    (genome) => genome.optimizer.learningRate,
    (genome, learningRate) => ({ ...genome, optimizer: { ...genome.optimizer, learningRate } }),
  ),
  ladder<G>(
    "momentum",
    [0, 0.5, 0.8, 0.9, 0.95],
    (genome) => genome.optimizer.momentum,
    (genome, momentum) => ({ ...genome, optimizer: { ...genome.optimizer, momentum } }),
  ),
  ladder<G>(
    "weight decay",
    [0, 0.0001, 0.001, 0.005, 0.02, 0.05],
    (genome) => genome.optimizer.weightDecay,
    (genome, weightDecay) => ({ ...genome, optimizer: { ...genome.optimizer, weightDecay } }),
  ),
  {
    name: "optimiser",
    change(genome) {
      // The two need rates a factor of about fifty apart (0.1 and 0.002 are their usual ones).
      const kind = genome.optimizer.kind === "sgd" ? "adam" : "sgd";
      const learningRate = kind === "adam" ? 0.002 : 0.1;
      return {
        genome: { ...genome, optimizer: { ...genome.optimizer, kind, learningRate } },
        text: `optimiser ${genome.optimizer.kind} → ${kind} at ${learningRate}`,
      };
    },
  },
];

type Family<F extends Genome["family"]> = Extract<Genome, { family: F }>;

const FAMILIES: { readonly [F in Genome["family"]]: readonly Gene<Family<F>>[] } = {
  logistic: [
    ladder(
      "l2",
      [0, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.02, 0.05, 0.1],
      (genome) => genome.l2,
      (genome, l2) => ({ ...genome, l2 }),
    ),
  ],
  mlp: [
    ...layers<Family<"mlp">>(
      "units",
      UNITS,
      4,
      (genome) => genome.units,
      (genome, units) => ({ ...genome, units: [...units] }),
    ),
    option<Family<"mlp">, "tanh" | "relu">(
      "activation",
      ["tanh", "relu"],
      (genome) => genome.activation,
      (genome, activation) => ({ ...genome, activation }),
    ),
    ladder<Family<"mlp">>(
      "input dropout",
      [0, 0.05, 0.1, 0.2],
      (genome) => genome.inputDropout,
      (genome, inputDropout) => ({ ...genome, inputDropout }),
    ),
    ...stepped<Family<"mlp">>(),
  ],
  cnn: [
    ...layers<Family<"cnn">>(
      "filters",
      FILTERS,
      4,
      (genome) => genome.convolutions.map(({ filters }) => filters),
      (genome, filters) => ({
        ...genome,
        convolutions: filters.map((count, index) => ({ ...(genome.convolutions[index] ?? genome.convolutions.at(-1)!), filters: count })),
      }),
    ),
    ...layers<Family<"cnn">>(
      "kernels",
      KERNELS,
      0,
      (genome) => genome.convolutions.map(({ kernel }) => kernel),
      (genome, kernels) => ({
        ...genome,
        convolutions: genome.convolutions.map((convolution, index) => ({ ...convolution, kernel: kernels[index] ?? convolution.kernel })),
      }),
    ).slice(0, 1),
    option<Family<"cnn">, boolean>(
      "batch norm",
      [true, false],
      (genome) => genome.batchNorm,
      (genome, batchNorm) => ({ ...genome, batchNorm }),
    ),
    ...stepped<Family<"cnn">>(),
  ],
  boosting: [
    ladder(
      "rounds",
      [50, 100, 150, 250, 400],
      (genome) => genome.rounds,
      (genome, rounds) => ({ ...genome, rounds }),
    ),
    ladder(
      "leaves",
      [3, 5, 7, 11, 15, 31],
      (genome) => genome.leaves,
      (genome, leaves) => ({ ...genome, leaves }),
    ),
    ladder(
      "learning rate",
      [0.02, 0.05, 0.08, 0.12, 0.2],
      (genome) => genome.learningRate,
      (genome, learningRate) => ({ ...genome, learningRate }),
    ),
    ladder(
      "column share",
      [0.1, 0.2, 0.3, 0.5, 0.8, 1],
      (genome) => genome.columnShare,
      (genome, columnShare) => ({ ...genome, columnShare }),
    ),
    ladder(
      "rows of a leaf",
      [5, 10, 20, 40, 80],
      (genome) => genome.minLeafRows,
      (genome, minLeafRows) => ({ ...genome, minLeafRows }),
    ),
  ],
  forest: [
    ladder(
      "trees",
      [100, 200, 300, 500],
      (genome) => genome.trees,
      (genome, trees) => ({ ...genome, trees }),
    ),
    ladder(
      "depth",
      [6, 10, 16, 24, 32],
      (genome) => genome.maxDepth,
      (genome, maxDepth) => ({ ...genome, maxDepth }),
    ),
    ladder(
      "rows of a leaf",
      [1, 2, 4, 8],
      (genome) => genome.minLeafRows,
      (genome, minLeafRows) => ({ ...genome, minLeafRows }),
    ),
    ladder(
      "column share",
      [0.02, 0.05, 0.1, 0.2, 0.4],
      (genome) => genome.columnShare ?? 0.05,
      (genome, columnShare) => ({ ...genome, columnShare }),
    ),
  ],
};

/** The window and the augmentation, within what the spec allows. */
const CUT: readonly Gene[] = [cutGene("window", "seconds", "s"), cutGene("rotation", "rotateDegrees", "°")];

function cutGene(name: string, field: keyof Choices, unit: string): Gene {
  return {
    name,
    change(genome, random, choices) {
      const now = genome.cut?.[field];
      const others = choices[field].filter((value) => value !== now);
      if (others.length === 0) return null;
      const value = others[random.below(others.length)]!;
      return { genome: { ...genome, cut: { ...genome.cut, [field]: value } }, text: `${name} ${now ?? "as the spec"} → ${value} ${unit}` };
    },
  };
}
