import { layersOf } from "../domain/architecture.ts";
import { shapeOf } from "../domain/artifact-input.ts";
import { tensorsOf } from "../domain/layers.ts";
import { applyScaling, fitInputScaling, rowScaling } from "../domain/scaling.ts";
import type { NetworkGenome } from "../domain/spec.ts";
import { loadBackend } from "./backend.ts";
import type { BackendName } from "./backend.ts";
import { eagerStep } from "./eager-step.ts";
import { graphStep } from "./graph/graph-step.ts";
import { initialWeights } from "./initialise.ts";
import type { Learner } from "./learner.ts";
import { logisticStep } from "./logistic-step.ts";
import { openScorer } from "./scorer.ts";
import type { TrainingStep } from "./training-step.ts";
import type { LabelledRows } from "./window-rows.ts";

interface NetworkOptions {
  readonly genome: NetworkGenome;
  /** Their values are scaled in place. */
  readonly rows: LabelledRows;
  readonly validation: LabelledRows | null;
  readonly seed: number;
  readonly backend?: BackendName;
  readonly threads: number;
}

/**
 * A network that learns on TensorFlow, from rows that are scaled by their own z-score.
 * @throws SensorloopError TENSORFLOW_UNAVAILABLE, SPEC_INVALID
 */
export async function networkLearner({ genome, rows, validation, seed, backend: wanted, threads }: NetworkOptions): Promise<Learner> {
  const backend = await loadBackend({ wanted, threads });
  const { tf } = backend;
  const { labels, classes } = rows;
  const input = shapeOf(rows.input);
  const layers = layersOf(genome, input, classes.length);
  const tensors = tensorsOf(layers);
  const scaling = fitInputScaling(rows.values, input);
  const scaled = (values: Float32Array) => applyScaling(rowScaling(scaling, input), values, values);
  const values = scaled(rows.values);
  const asked = validation && scaled(validation.values);
  const scorer = asked && (await openScorer(backend, layers, input));
  const shape = { input, classes: classes.length, width: values.length / labels.length };
  const step: TrainingStep =
    genome.family === "logistic"
      ? logisticStep({ tf, genome, rows: { values, labels }, ...shape })
      : await (backend.name === "native" ? graphStep : eagerStep)({
          tf,
          genome,
          layers,
          tensors,
          rows: { values, labels },
          seed,
          ...shape,
        });
  return {
    ...(genome.family === "logistic"
      ? { epochs: genome.maxIterations, unit: "iteration" as const }
      : { epochs: genome.epochs, unit: "epoch" as const }),
    backend,
    start: (state) => step.load(state ?? { weights: initialWeights(tensors, seed) }),
    epoch: (epoch) => step.epoch(epoch),
    state: () => step.state(),
    answers: () => asked && scorer!.score(step.weights(), asked),
    learned: () => ({
      scaling: { mean: [...scaling.mean], sd: [...scaling.sd], clip: scaling.clip },
      tensors,
      weights: step.weights(),
    }),
    dispose: () => {
      step.dispose();
      scorer?.dispose();
    },
  };
}
