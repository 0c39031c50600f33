import type { Tensor1D } from "@tensorflow/tfjs";
import { outputsOf, tensorsOf, weightCount, widthOf } from "../domain/layers.ts";
import type { InputShape, Layer } from "../domain/layers.ts";
import type { Backend, Tensorflow } from "./backend.ts";
import { leaseNetwork } from "./graph/leases.ts";
import { createNetwork, exampleShape } from "./network.ts";
import { take } from "./take.ts";

/** Values in one batch of TensorFlow's: small enough for the caches, large enough that calls don't count. */
const BATCH_VALUES = 500_000;

/** Answers scaled rows on TensorFlow; without it there is `forwardPass`. */
export interface Scorer {
  /** Class probabilities, row-major [rows, classes], of rows of values. */
  score(weights: Float32Array, values: Float32Array): Float32Array;
  dispose(): void;
}

/**
 * A scorer on this back end. On the native one the graph answers, a row alone in 30 us and many at the speed of their
 * products; elsewhere operation by operation.
 */
export async function openScorer({ name, tf }: Backend, layers: readonly Layer[], input: InputShape): Promise<Scorer> {
  const { load, answer, dispose } = name === "native" ? await onGraph(tf, layers, input) : byOperations(tf, layers, input);
  const width = widthOf(input);
  const classes = outputsOf(layers);
  const rowsAtOnce = Math.max(1, Math.floor(BATCH_VALUES / width));
  const score: Scorer["score"] = (weights, values) => {
    const count = values.length / width;
    const probabilities = new Float32Array(count * classes);
    load(weights);
    for (let first = 0; first < count; first += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, count - first);
      // A copy: the native back end keeps the memory of the array that a tensor is made from.
      probabilities.set(answer(values.slice(first * width, (first + rows) * width), rows), first * classes);
    }
    return probabilities;
  };
  return { score, dispose };
}

interface Answering {
  load(weights: Float32Array): void;
  answer(values: Float32Array, rows: number): Float32Array;
  dispose(): void;
}

async function onGraph(tf: Tensorflow, layers: readonly Layer[], input: InputShape): Promise<Answering> {
  const { session, giveBack } = await leaseNetwork(tf, { layers, input, training: null }, ["load", "serve"]);
  const width = widthOf(input);
  return {
    load: (weights) => void session.run("load", { weights: { values: weights.slice(), shape: [weights.length] } }),
    answer: (values, rows) => session.run("serve", { values: { values, shape: [rows, width] } })["probabilities"]!,
    dispose: giveBack,
  };
}

function byOperations(tf: Tensorflow, layers: readonly Layer[], input: InputShape): Answering {
  const tensors = tensorsOf(layers);
  const network = createNetwork(tf, layers, tensors);
  const { trained } = weightCount(tensors);
  let parts: readonly [Tensor1D, Tensor1D] | null = null;
  const dispose = () => tf.dispose(parts ? [...parts] : []);
  return {
    load: (weights) => {
      dispose();
      parts = [tf.tensor1d(weights.slice(0, trained)), tf.tensor1d(weights.slice(trained))];
    },
    answer: (values, rows) =>
      take(
        tf.tidy(() => {
          const x = tf.tensor(values, [rows, ...exampleShape(input)]);
          return tf.softmax(network.forward(network.unpack(...parts!), x, null).logits);
        }),
      ),
    dispose,
  };
}
