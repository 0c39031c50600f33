import { measure } from "../domain/metrics.ts";
import type { Metrics } from "../domain/metrics-schema.ts";
import type { Genome } from "../domain/spec.ts";
import type { BackendName } from "./backend.ts";
import type { Learner } from "./learner.ts";
import { networkLearner } from "./network-learner.ts";
import { bestOf } from "../domain/score/predictor.ts";
import { treeLearner } from "./trees/tree-learner.ts";
import type { LabelledRows } from "./window-rows.ts";

interface LearnerOptions {
  readonly genome: Genome;
  /** Their values are scaled in place. */
  readonly rows: LabelledRows;
  readonly validation: LabelledRows | null;
  readonly seed: number;
  readonly backend?: BackendName;
  readonly threads?: number;
}

/** The learner of a genome's family. @throws SensorloopError TENSORFLOW_UNAVAILABLE, SPEC_INVALID */
export async function learnerOf({ genome, rows, validation, seed, backend, threads = 1 }: LearnerOptions): Promise<Learner> {
  if (genome.family === "boosting" || genome.family === "forest") return treeLearner({ genome, rows, validation, seed });
  return await networkLearner({ genome, rows, validation, seed, backend, threads });
}

/**
 * What a genome makes of some rows on others, all in memory and without a model to keep. Neither is changed.
 * @throws SensorloopError TENSORFLOW_UNAVAILABLE, TRAINING_DIVERGED
 */
export async function learnAndMeasure(genome: Genome, from: LabelledRows, to: LabelledRows, seed: number): Promise<Metrics> {
  const { classes, subjects, subject, labels: actual } = to;
  const { classes: predicted, confidence } = bestOf(await learnAndAnswer(genome, from, to, seed), classes.length);
  return measure({ classes, subjects, subject, actual, predicted, confidence }, { leaking: false, seed });
}

/** Class probabilities of `to` by what a genome learns from `from`, row-major. Neither is changed. */
export async function learnAndAnswer(genome: Genome, from: LabelledRows, to: LabelledRows, seed: number): Promise<Float32Array> {
  const learner = await learnerOf({ genome, rows: copied(from), validation: copied(to), seed });
  try {
    learner.start(null);
    for (let epoch = 0; epoch < learner.epochs; epoch++) if ((await learner.epoch(epoch)).finished) break;
    return learner.answers()!;
  } finally {
    learner.dispose();
  }
}

/** Learners scale their rows in place. */
function copied(rows: LabelledRows): LabelledRows {
  return { ...rows, values: rows.values.slice() };
}
