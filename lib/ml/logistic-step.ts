import { setImmediate as nextTurn } from "node:timers/promises";
import { SensorloopError } from "../domain/errors.ts";
import type { Genome } from "../domain/spec.ts";
import type { Tensorflow } from "./backend.ts";
import { iterateLbfgs, startLbfgs } from "./lbfgs.ts";
import type { Evaluation, LbfgsState } from "./lbfgs.ts";
import { take } from "./take.ts";
import type { EpochResult, TrainingRows, TrainingState, TrainingStep } from "./training-step.ts";

interface LogisticOptions {
  readonly tf: Tensorflow;
  readonly genome: Extract<Genome, { family: "logistic" }>;
  readonly width: number;
  readonly classes: number;
  readonly rows: TrainingRows;
}

/**
 * Multinomial logistic regression: mean cross-entropy + l2/2 |W|^2, the bias left free. An epoch is one iteration of
 * L-BFGS. TensorFlow does the two products with the data, in float32; all else is kept in double precision. The loss is
 * convex, so it starts from zero and no seed enters.
 */
export function logisticStep({ tf, genome, width, classes, rows }: LogisticOptions): TrainingStep {
  const count = rows.labels.length;
  const size = width * classes;
  const values = tf.tensor2d(rows.values, [count, width]);
  const slopes = new Float32Array(count * classes);
  let right = 0;

  const evaluate = (point: Float64Array): Evaluation => {
    const scores = take(tf.tidy(() => tf.matMul(values, tf.tensor2d(Float32Array.from(point.subarray(0, size)), [width, classes]))));
    const gradient = new Float64Array(point.length);
    const result = crossEntropy(scores, point.subarray(size), rows.labels, slopes, gradient.subarray(size));
    right = result.right;
    const products = take(tf.tidy(() => tf.matMul(values, tf.tensor2d(slopes.slice(), [count, classes]), true, false)));
    let penalty = 0;
    for (let index = 0; index < size; index += 1) {
      gradient[index] = products[index]! + genome.l2 * point[index]!;
      penalty += point[index]! * point[index]!;
    }
    return { loss: result.loss + 0.5 * genome.l2 * penalty, gradient };
  };

  let state: LbfgsState = { point: new Float64Array(size + classes), loss: NaN, gradient: new Float64Array(0), steps: [], changes: [] };
  const epoch = async (number: number): Promise<EpochResult> => {
    if (Number.isNaN(state.loss)) state = startLbfgs(evaluate, state.point);
    const next = iterateLbfgs(evaluate, state);
    if (!Number.isFinite(next.state.loss)) {
      throw new SensorloopError("TRAINING_DIVERGED", `the training loss became ${next.state.loss} in iteration ${number + 1}`, {
        facts: { epoch: number + 1 },
      });
    }
    state = next.state;
    await nextTurn();
    return { loss: state.loss, accuracy: right / count, finished: next.finished };
  };
  const weights = () => Float32Array.from(state.point);
  const save = (): TrainingState => ({
    weights: weights(),
    point: state.point,
    loss: Float64Array.of(state.loss),
    gradient: state.gradient,
    ...Object.fromEntries(state.steps.map((step, index) => [`step-${index}`, step])),
    ...Object.fromEntries(state.changes.map((change, index) => [`change-${index}`, change])),
  });
  const load = (given: TrainingState) => {
    if (!given["point"]) return;
    const series = (name: string) =>
      Object.keys(given)
        .filter((key) => key.startsWith(`${name}-`))
        .map((_, index) => Float64Array.from(given[`${name}-${index}`]!));
    const [point, gradient] = [Float64Array.from(given["point"]), Float64Array.from(given["gradient"]!)];
    state = { point, loss: given["loss"]![0]!, gradient, steps: series("step"), changes: series("change") };
  };
  return { load, epoch, state: save, weights, dispose: () => values.dispose() };
}

/**
 * Mean cross-entropy of softmax(scores + bias); writes its gradient by the scores to `slopes` and adds up that by the bias.
 */
function crossEntropy(
  scores: ArrayLike<number>,
  bias: Float64Array,
  labels: Int32Array,
  slopes: Float32Array,
  biasSlopes: Float64Array,
): { readonly loss: number; readonly right: number } {
  const classes = bias.length;
  const count = labels.length;
  const shares = new Float64Array(classes);
  let loss = 0;
  let right = 0;
  for (let row = 0, at = 0; row < count; row += 1, at += classes) {
    let highest = -Infinity;
    let best = 0;
    for (let index = 0; index < classes; index += 1) {
      const score = scores[at + index]! + bias[index]!;
      shares[index] = score;
      if (score > highest) {
        highest = score;
        best = index;
      }
    }
    const label = labels[row]!;
    if (best === label) right += 1;
    const labelScore = shares[label]!;
    let sum = 0;
    for (let index = 0; index < classes; index += 1) sum += shares[index] = Math.exp(shares[index]! - highest);
    loss += Math.log(sum) + highest - labelScore;
    for (let index = 0; index < classes; index += 1) {
      const slope = (shares[index]! / sum - (index === label ? 1 : 0)) / count;
      slopes[at + index] = slope;
      biasSlopes[index]! += slope;
    }
  }
  return { loss: loss / count, right };
}
