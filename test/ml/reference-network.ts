import type { Scalar, Tensor, Tensor2D, Tensor4D } from "@tensorflow/tfjs";
import { layersOf } from "../../lib/domain/architecture.ts";
import { sizeOf, tensorsOf, widthOf } from "../../lib/domain/layers.ts";
import type { InputShape, Layer, TensorShape } from "../../lib/domain/layers.ts";
import { randomFor } from "../../lib/domain/random.ts";
import { genomeSchema } from "../../lib/domain/spec.ts";
import type { Genome, NetworkGenome, SteppedGenome } from "../../lib/domain/spec.ts";
import type { Tensorflow } from "../../lib/ml/backend.ts";
import { initialWeights } from "../../lib/ml/initialise.ts";
import { exampleShape } from "../../lib/ml/network.ts";

export const CLASSES = 3;
export const FEATURES: InputShape = { kind: "features", width: 7 };
export const SIGNAL: InputShape = { kind: "signal", samples: 13, channels: 3 };
export const BOTH: InputShape = { kind: "both", samples: 13, channels: 3, width: 6 };

export function genomeOf<Family extends Genome["family"]>(family: Family, fields: object): Extract<Genome, { family: Family }> {
  return genomeSchema.parse({ family, ...fields }) as Extract<Genome, { family: Family }>;
}

/** Small networks that have every kind of layer among them, without dropout. */
export const STEPPED: readonly (readonly [string, SteppedGenome, InputShape])[] = [
  ["an mlp with tanh", genomeOf("mlp", { units: [6, 5], dropout: 0 }), FEATURES],
  ["an mlp with relu", genomeOf("mlp", { units: [6, 5], activation: "relu", dropout: 0 }), FEATURES],
  ["a cnn", genomeOf("cnn", { convolutions: convolutions([4, 4, 1], [5, 3, 2]), dropout: 0 }), SIGNAL],
  [
    "a cnn with normalisation and a dense layer",
    genomeOf("cnn", { convolutions: convolutions([4, 5, 3], [3, 2, 1]), batchNorm: true, dense: [4], dropout: 0 }),
    SIGNAL,
  ],
  [
    "a cnn with a branch for features",
    genomeOf("cnn", { convolutions: convolutions([4, 3, 1]), features: { units: 3, dropout: 0 }, dense: [4], dropout: 0 }),
    BOTH,
  ],
];
export const NETWORKS: readonly (readonly [string, NetworkGenome, InputShape])[] = [
  ["logistic regression", genomeOf("logistic", {}), FEATURES],
  ...STEPPED,
];

function convolutions(...layers: readonly (readonly [filters: number, kernel: number, pool: number])[]) {
  return layers.map(([filters, kernel, pool]) => ({ filters, kernel, pool }));
}

/** A network with weights, and rows with a class each, all random. */
export interface Prepared {
  readonly layers: readonly Layer[];
  readonly tensors: readonly TensorShape[];
  readonly input: InputShape;
  readonly weights: Float32Array;
  /** Row-major. */
  readonly values: Float32Array;
  readonly labels: Int32Array;
}

export function prepare(genome: NetworkGenome, input: InputShape, rows = 5): Prepared {
  const layers = layersOf(genome, input, CLASSES);
  const tensors = tensorsOf(layers);
  const random = randomFor(7);
  const values = Float32Array.from({ length: rows * widthOf(input) }, () => random.normal());
  const labels = Int32Array.from({ length: rows }, () => random.below(CLASSES));
  // Away from zero, so that biases, scales and running statistics count.
  const weights = initialWeights(tensors, 11).map((value) => value + 0.1 + 0.05 * random.uniform());
  return { layers, tensors, input, weights, values, labels };
}

export function oneHot(labels: Int32Array): Float32Array {
  const targets = new Float32Array(labels.length * CLASSES);
  for (const [row, label] of labels.entries()) targets[row * CLASSES + label] = 1;
  return targets;
}

export function worstDifference(one: Float32Array, other: Float32Array): number {
  if (one.length !== other.length) throw new RangeError(`${one.length} values beside ${other.length}`);
  return one.reduce((most, value, index) => Math.max(most, Math.abs(value - other[index]!)), 0);
}

/**
 * Gradient of the summed cross-entropy by the trained tensors, flat, as tfjs's tape has it; normalisation by the batch
 * itself.
 * @param masks one for each dropout layer, row-major
 */
export function gradientByTape(tf: Tensorflow, prepared: Prepared, masks: readonly Float32Array[] = []): Float32Array {
  const { layers, tensors, values, labels, weights, input } = prepared;
  return tf.tidy(() => {
    const named = tensors.filter(({ role }) => role === "trained");
    const shaped = named.map(({ offset, shape }) => tf.tensor(weights.slice(offset, offset + sizeOf(shape)), [...shape]));
    const rows = tf.tensor(values, [labels.length, ...exampleShape(input)]);
    const targets = tf.tensor2d(oneHot(labels), [labels.length, CLASSES]);
    const loss = (...given: Tensor[]): Scalar => {
      const tensorsByName = new Map(named.map(({ name }, index) => [name, given[index]!]));
      const logits = layersByTape(tf, layers, tensorsByName, rows, masks.values());
      return tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), targets)));
    };
    const gradients = tf
      .grads(loss)(shaped)
      .map((one) => tf.reshape(one, [-1]));
    return tf.concat(gradients).dataSync() as Float32Array;
  });
}

/** The same network from tfjs's own operations, which its tape can differentiate. */
function layersByTape(
  tf: Tensorflow,
  layers: readonly Layer[],
  weights: ReadonlyMap<string, Tensor>,
  input: Tensor,
  masks: Iterator<Float32Array>,
): Tensor {
  let values = input;
  for (const layer of layers) {
    if (layer.kind === "dense") {
      values = tf.add(tf.matMul(values, weights.get(`${layer.name}/weights`)!), weights.get(`${layer.name}/bias`)!);
    } else if (layer.kind === "convolution") {
      values = tf.conv2d(values as Tensor4D, tf.expandDims(weights.get(`${layer.name}/weights`)!, 0), 1, "same");
      if (layer.bias) values = tf.add(values, weights.get(`${layer.name}/bias`)!);
    } else if (layer.kind === "normalise") {
      const { mean, variance } = tf.moments(values, [0, 1, 2]);
      const standard = tf.div(tf.sub(values, mean), tf.sqrt(tf.add(variance, 1e-3)));
      values = tf.add(tf.mul(standard, weights.get(`${layer.name}/scale`)!), weights.get(`${layer.name}/shift`)!);
    } else if (layer.kind === "activation") {
      values = layer.activation === "tanh" ? tf.tanh(values) : tf.relu(values);
    } else if (layer.kind === "pool") {
      values = tf.maxPool(values as Tensor4D, [1, layer.size], [1, layer.size], "valid");
    } else if (layer.kind === "global-pool") {
      values = tf.concat([tf.mean(values, [1, 2]), tf.max(values, [1, 2])], 1);
    } else if (layer.kind === "dropout") {
      values = tf.mul(values, tf.tensor(masks.next().value!, values.shape));
    } else {
      const [signal, features] = tf.split(values as Tensor2D, [layer.samples * layer.channels, layer.width], 1);
      const grid = tf.reshape(signal!, [-1, 1, layer.samples, layer.channels]);
      const left = layersByTape(tf, layer.signal, weights, grid, masks);
      values = tf.concat([left, layersByTape(tf, layer.features, weights, features!, masks)], 1);
    }
  }
  return values;
}
