import { setImmediate as nextTurn } from "node:timers/promises";
import { columnCount } from "../../domain/artifact-input.ts";
import { SensorloopError } from "../../domain/errors.ts";
import type { TreeGenome } from "../../domain/spec.ts";
import { floatsOf, modelOf, outputsOf, packTrees } from "../../domain/trees/tree-tensors.ts";
import type { TreeModel } from "../../domain/trees/tree-model.ts";
import { joinTrees, MOST_NODES, type Trees } from "../../domain/trees/trees.ts";
import type { Learner } from "../learner.ts";
import type { LabelledRows } from "../window-rows.ts";
import { Ballot } from "./ballot.ts";
import { boosting } from "./boosting.ts";
import { forest } from "./forest.ts";

interface TreeOptions {
  readonly genome: TreeGenome;
  readonly rows: LabelledRows;
  readonly validation: LabelledRows | null;
  readonly seed: number;
}

/** Trees that learn, in plain TypeScript; an epoch is a round of boosting or a tree of a forest. Values are read unscaled. */
export function treeLearner({ genome, rows, validation, seed }: TreeOptions): Learner {
  const { family } = genome;
  const width = columnCount(rows.input);
  const classes = rows.classes.length;
  const ground = { values: rows.values, width, labels: rows.labels, classes };
  const method = genome.family === "boosting" ? boosting(genome, ground, seed) : forest(genome, ground, seed);
  const outputs = outputsOf({ genome, classes });
  const ballot = validation && new Ballot(family, validation.values, width, method.base);
  const grown: Trees[] = [];
  let places = 0;

  const take = (trees: Trees) => {
    grown.push(trees);
    places += trees.feature.length + trees.value.length;
    ballot?.add({ family, trees, base: method.base });
    if (places > MOST_NODES) {
      throw new SensorloopError("OUT_OF_MEMORY", `the trees have grown to ${places} numbers, more than the ${MOST_NODES} allowed`, {
        facts: { trees: grown.length, numbers: places },
      });
    }
  };
  const model = (): TreeModel => ({ family, trees: joinTrees(grown, outputs), base: method.base });

  return {
    ...(genome.family === "boosting" ? { epochs: genome.rounds, unit: "round" as const } : { epochs: genome.trees, unit: "tree" as const }),
    backend: null,
    start: (state) => {
      if (!state) return;
      const { trees } = modelOf(state as Parameters<typeof modelOf>[0], { genome, classes, width });
      method.replay(trees);
      take(trees);
    },
    epoch: async (epoch) => {
      const { trees, loss, accuracy } = method.round(epoch);
      take(trees);
      await nextTurn();
      return { loss, accuracy, finished: false };
    },
    state: () => floatsOf(model()),
    answers: () => ballot && ballot.probabilities(new Float32Array(ballot.rows * classes)),
    learned: () => ({ scaling: null, ...packTrees(model()) }),
    dispose: () => {},
  };
}
