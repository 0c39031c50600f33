import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from "@tensorflow/tfjs";
import { isTrained, NORMALISE_EPSILON, sizeOf, widthOf } from "../domain/layers.ts";
import type { InputShape, Layer, TensorShape } from "../domain/layers.ts";
import type { Tensorflow } from "./backend.ts";

/** Share of the old running mean and variance that a batch leaves standing; short trainings need it below Keras' .99. */
export const RUNNING_SHARE = 0.9;

/** Shape of one example as the first layer takes it: signals as [1, samples, channels], all else as a row. */
export function exampleShape(input: InputShape): number[] {
  return input.kind === "signal" ? [1, input.samples, input.channels] : [widthOf(input)];
}

/** Tensors of the network by name, as `unpack` gives them. */
export type Weights = ReadonlyMap<string, Tensor>;

/**
 * A network on TensorFlow with its backward pass written out: the tape of tfjs costs more than the arithmetic of a small
 * network. Signals are [batch, 1, samples, channels], for which oneDNN is fastest (1.2 ms against 3.2 for its transpose).
 * Everything here is to be called inside `tidy`.
 */
export interface Network {
  /** Cuts flat vectors of the trained tensors and of the statistics into named tensors. */
  unpack(parameters: Tensor1D, statistics: Tensor1D | null): Weights;
  /** Logits of a batch. In training, `masks` has a tensor for each dropout layer, in order. */
  forward(weights: Weights, input: Tensor, masks: readonly Tensor[] | null): ForwardResult;
}

export interface ForwardResult {
  readonly logits: Tensor2D;
  /** Gradient of all trained tensors, flat, from the gradient of the logits. Training only. */
  backward(slope: Tensor2D): Tensor1D;
  /** Statistics after this batch, flat; null where the network has none. Training only. */
  readonly statistics: Tensor1D | null;
}

/** What a layer did in one forward pass: its output, and how gradients go back through it. */
interface Pass {
  readonly output: Tensor;
  /** Gradient by the input, or null where `inner` is false; gradients by tensors go to `gradients`. */
  readonly back: (slope: Tensor, inner: boolean, gradients: Map<string, Tensor>) => Tensor | null;
  readonly statistics?: readonly (readonly [string, Tensor])[];
}

type Masks = Iterator<Tensor> | null;

export function createNetwork(tf: Tensorflow, layers: readonly Layer[], tensors: readonly TensorShape[]): Network {
  const trained = tensors.filter((tensor) => tensor.role === "trained");
  const kept = tensors.filter((tensor) => tensor.role === "statistic");

  const unpack: Network["unpack"] = (parameters, statistics) => {
    const weights = new Map<string, Tensor>();
    for (const [flat, shapes] of [
      [parameters, trained],
      [statistics, kept],
    ] as const) {
      if (!flat || shapes.length === 0) continue;
      const parts = tf.split(
        flat,
        shapes.map((tensor) => sizeOf(tensor.shape)),
      );
      for (const [index, { name, shape }] of shapes.entries()) {
        const onGrid = shape.length === 3 ? [1, ...shape] : [...shape];
        weights.set(name, shape.length === 1 ? parts[index]! : tf.reshape(parts[index]!, onGrid));
      }
    }
    return weights;
  };

  const forward: Network["forward"] = (weights, input, masks) => {
    const { output, back, statistics: moved = [] } = chain(tf, layers, weights, input, masks && masks.values());
    const running = new Map(moved);
    const backward = (slope: Tensor2D): Tensor1D => {
      const gradients = new Map<string, Tensor>();
      back(slope, false, gradients);
      return tf.concat1d(trained.map(({ name, shape }) => flatten(tf, gradients.get(name)!, shape)));
    };
    const statistics = masks && kept.length > 0 ? tf.concat1d(kept.map(({ name }) => running.get(name) as Tensor1D)) : null;
    return { logits: output as Tensor2D, backward, statistics };
  };
  return { unpack, forward };
}

/** Layers one after another. `masks` gives the next dropout layer's at each call; null outside training. */
function chain(tf: Tensorflow, layers: readonly Layer[], weights: Weights, input: Tensor, masks: Masks): Pass {
  const passes: Pass[] = [];
  let values = input;
  for (const layer of layers) {
    const pass = passThrough(tf, layer, weights, values, masks);
    values = pass.output;
    passes.push(pass);
  }
  const firstTrained = layers.findIndex(isTrained);
  const back: Pass["back"] = (slope, inner, gradients) => {
    let at: Tensor | null = slope;
    for (let index = passes.length - 1; index >= 0 && at; index -= 1)
      at = passes[index]!.back(at, inner || index > firstTrained, gradients);
    return at;
  };
  return { output: values, back, statistics: passes.flatMap(({ statistics }) => statistics ?? []) };
}

function flatten(tf: Tensorflow, gradient: Tensor, shape: readonly number[]): Tensor1D {
  return (shape.length === 1 ? gradient : tf.reshape(gradient, [sizeOf(shape)])) as Tensor1D;
}

function passThrough(tf: Tensorflow, layer: Layer, weights: Weights, input: Tensor, masks: Masks): Pass {
  switch (layer.kind) {
    case "dense":
      return dense(tf, layer.name, weights, input as Tensor2D);
    case "convolution":
      return convolution(tf, layer, weights, input as Tensor4D);
    case "normalise":
      return masks ? normalise(tf, layer, weights, input) : normaliseByRunning(tf, layer, weights, input);
    case "activation":
      return layer.activation === "tanh" ? tanh(tf, input) : relu(tf, input);
    case "pool":
      return pool(tf, layer.size, input as Tensor4D);
    case "global-pool":
      return globalPool(tf, layer.samples, input);
    case "dropout":
      return masks ? dropout(tf, input, masks.next().value!) : { output: input, back: trainingOnly };
    case "branches":
      return branches(tf, layer, weights, input as Tensor2D, masks);
  }
}

/** Nothing before it learns, so no slope goes back through it. */
function branches(tf: Tensorflow, layer: Extract<Layer, { kind: "branches" }>, weights: Weights, input: Tensor2D, masks: Masks): Pass {
  const { samples, channels, width } = layer;
  const [samplesOfAll, features] = tf.split(input, [samples * channels, width], 1);
  const left = chain(tf, layer.signal, weights, tf.reshape(samplesOfAll!, [-1, 1, samples, channels]), masks);
  const right = chain(tf, layer.features, weights, features!, masks);
  return {
    output: tf.concat([left.output, right.output], 1),
    back: (slope, _, gradients) => {
      const [leftSlope, rightSlope] = tf.split(slope, [left.output.shape[1]!, right.output.shape[1]!], 1);
      left.back(leftSlope!, false, gradients);
      right.back(rightSlope!, false, gradients);
      return null;
    },
    statistics: [left, right].flatMap(({ statistics }) => statistics ?? []),
  };
}

function dense(tf: Tensorflow, name: string, weights: Weights, input: Tensor2D): Pass {
  const product = weights.get(`${name}/weights`) as Tensor2D;
  return {
    output: tf.add(tf.matMul(input, product), weights.get(`${name}/bias`)!),
    back: (slope, inner, gradients) => {
      gradients.set(`${name}/weights`, tf.matMul(input, slope, true, false));
      gradients.set(`${name}/bias`, tf.sum(slope, 0));
      return inner ? tf.matMul(slope, product, false, true) : null;
    },
  };
}

function convolution(tf: Tensorflow, layer: Extract<Layer, { kind: "convolution" }>, weights: Weights, input: Tensor4D): Pass {
  const { name, bias } = layer;
  const filter = weights.get(`${name}/weights`) as Tensor4D;
  const attributes = { strides: [1, 1], pad: "same", dataFormat: "NHWC", dimRoundingMode: null };
  const raw = tf.conv2d(input, filter, 1, "same");
  return {
    output: bias ? tf.add(raw, weights.get(`${name}/bias`)!) : raw,
    back: (slope, inner, gradients) => {
      const filterShape = filter.shape;
      gradients.set(`${name}/weights`, runKernel(tf, "Conv2DBackpropFilter", { x: input, dy: slope }, { ...attributes, filterShape }));
      if (bias) gradients.set(`${name}/bias`, tf.sum(slope, [0, 1, 2]));
      return inner ? runKernel(tf, "Conv2DBackpropInput", { dy: slope, filter }, { ...attributes, inputShape: input.shape }) : null;
    },
  };
}

/** With the batch's own mean and variance (Ioffe & Szegedy 2015). */
function normalise(tf: Tensorflow, { name }: Extract<Layer, { kind: "normalise" }>, weights: Weights, input: Tensor): Pass {
  const scale = weights.get(`${name}/scale`)!;
  const mean = tf.mean(input, [0, 1, 2]);
  const centred = tf.sub(input, mean);
  const variance = tf.mean(tf.square(centred), [0, 1, 2]);
  const inverse = tf.rsqrt(tf.add(variance, NORMALISE_EPSILON));
  const standard = tf.mul(centred, inverse);
  const moved = (old: Tensor, batch: Tensor) => tf.add(tf.mul(old, RUNNING_SHARE), tf.mul(batch, 1 - RUNNING_SHARE));
  return {
    output: tf.add(tf.mul(standard, scale), weights.get(`${name}/shift`)!),
    back: (slope, inner, gradients) => {
      const byShift = tf.sum(slope, [0, 1, 2]);
      const byScale = tf.sum(tf.mul(slope, standard), [0, 1, 2]);
      gradients.set(`${name}/shift`, byShift);
      gradients.set(`${name}/scale`, byScale);
      if (!inner) return null;
      const positions = input.size / mean.size;
      const spread = tf.add(tf.div(byShift, positions), tf.mul(standard, tf.div(byScale, positions)));
      return tf.mul(tf.sub(slope, spread), tf.mul(scale, inverse));
    },
    statistics: [
      [`${name}/mean`, moved(weights.get(`${name}/mean`)!, mean)],
      [`${name}/variance`, moved(weights.get(`${name}/variance`)!, variance)],
    ],
  };
}

function normaliseByRunning(tf: Tensorflow, { name }: Extract<Layer, { kind: "normalise" }>, weights: Weights, input: Tensor): Pass {
  const inverse = tf.rsqrt(tf.add(weights.get(`${name}/variance`)!, NORMALISE_EPSILON));
  const standard = tf.mul(tf.sub(input, weights.get(`${name}/mean`)!), tf.mul(inverse, weights.get(`${name}/scale`)!));
  return { output: tf.add(standard, weights.get(`${name}/shift`)!), back: trainingOnly };
}

function trainingOnly(): never {
  throw new Error("gradients need a forward pass in training");
}

function tanh(tf: Tensorflow, input: Tensor): Pass {
  const output = tf.tanh(input);
  return { output, back: (slope) => tf.sub(slope, tf.mul(slope, tf.square(output))) };
}

function relu(tf: Tensorflow, input: Tensor): Pass {
  const output = tf.relu(input);
  return { output, back: (slope) => tf.mul(slope, tf.step(output)) };
}

function dropout(tf: Tensorflow, input: Tensor, mask: Tensor): Pass {
  return { output: tf.mul(input, mask), back: (slope, inner) => (inner ? tf.mul(slope, mask) : null) };
}

function pool(tf: Tensorflow, size: number, input: Tensor4D): Pass {
  const output = tf.maxPool(input, [1, size], [1, size], "valid");
  const attributes = { filterSize: [1, size], strides: [1, size], pad: "valid", dimRoundingMode: null };
  return { output, back: (slope) => runKernel(tf, "MaxPoolGrad", { dy: slope, input, output }, attributes) };
}

/** The slope of the highest value is shared where several samples have it: clipped signals do. */
function globalPool(tf: Tensorflow, samples: number, input: Tensor): Pass {
  const highest = tf.max(input, [1, 2], true);
  const channels = input.shape[3]!;
  return {
    output: tf.concat([tf.mean(input, [1, 2]), tf.reshape(highest, [-1, channels])], 1),
    back: (slope) => {
      const [byMean, byHighest] = tf.split(slope, 2, 1).map((part) => tf.reshape(part, [-1, 1, 1, channels]));
      const reached = tf.cast(tf.equal(input, highest), "float32");
      const share = tf.div(byHighest!, tf.sum(reached, [1, 2], true));
      return tf.add(tf.mul(reached, share), tf.div(byMean!, samples));
    },
  };
}

type KernelArguments = Parameters<ReturnType<Tensorflow["engine"]>["runKernel"]>;

function runKernel(tf: Tensorflow, kernel: string, inputs: Record<string, Tensor>, attributes: object): Tensor {
  return tf.engine().runKernel<Tensor>(kernel, inputs, attributes as KernelArguments[2]);
}
