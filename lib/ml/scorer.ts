import type { Tensor1D } from "@tensorflow/tfjs";
import { sizeOf, widthOf, weightCount } from "../domain/layers.ts";
import type { InputShape, Layer, TensorShape } from "../domain/layers.ts";
import type { Tensorflow } from "./backend.ts";
import { createNetwork } from "./network.ts";
import { take } from "./take.ts";

/** Values in one batch of TensorFlow's: small enough for the caches, large enough that calls don't count. */
const BATCH_VALUES = 500_000;

/** Class probabilities of scaled rows, row-major [rows, classes]. */
export type Scorer = (weights: Float32Array, values: Float32Array) => Float32Array;

/** Scores many rows at once on TensorFlow; for one row, or without it, there is `forwardPass`. */
export function tensorflowScorer(tf: Tensorflow, layers: readonly Layer[], tensors: readonly TensorShape[], input: InputShape): Scorer {
  const network = createNetwork(tf, layers, tensors);
  const { trained } = weightCount(tensors);
  const width = widthOf(input);
  const rowsAtOnce = Math.max(1, Math.floor(BATCH_VALUES / width));
  const example = input.kind === "features" ? [input.width] : [1, input.samples, input.channels];
  const classes = sizeOf(tensors.find(({ name }) => name === "output/bias")!.shape);
  return (weights, values) => {
    const count = values.length / width;
    const probabilities = new Float32Array(count * classes);
    // Copies: the native back end keeps the memory of the arrays that tensors are made from.
    const [parameters, statistics] = [tf.tensor1d(weights.slice(0, trained)), tf.tensor1d(weights.slice(trained))] as [Tensor1D, Tensor1D];
    for (let first = 0; first < count; first += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, count - first);
      const batch = tf.tidy(() => {
        const x = tf.tensor(values.slice(first * width, (first + rows) * width), [rows, ...example]);
        return tf.softmax(network.forward(network.unpack(parameters, statistics), x, null).logits);
      });
      probabilities.set(take(batch), first * classes);
    }
    tf.dispose([parameters, statistics]);
    return probabilities;
  };
}

/** Index of the highest of each row, and its value. Of equal ones the first. */
export function bestOf(probabilities: Float32Array, classes: number): { readonly classes: Int32Array; readonly confidence: Float32Array } {
  const count = probabilities.length / classes;
  const best = new Int32Array(count);
  const confidence = new Float32Array(count);
  for (let row = 0; row < count; row += 1) {
    const from = row * classes;
    let index = 0;
    for (let other = 1; other < classes; other += 1) if (probabilities[from + other]! > probabilities[from + index]!) index = other;
    best[row] = index;
    confidence[row] = probabilities[from + index]!;
  }
  return { classes: best, confidence };
}
