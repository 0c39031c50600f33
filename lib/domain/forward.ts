import { NORMALISE_EPSILON, outputsOf } from "./layers.ts";
import type { Layer } from "./layers.ts";

/**
 * The forward pass in plain TypeScript: no TensorFlow, runs in the browser and the API. Sums are kept in double
 * precision; agrees with TensorFlow's float32 to 1e-5.
 */
export interface ForwardPass {
  /** Class probabilities of the example at `input[from]`, written to `out[to]` and on. Not re-entrant: buffers are kept. */
  run(input: Float32Array, from: number, out: Float32Array, to: number): void;
  readonly classes: number;
}

type Step = (input: Float64Array) => Float64Array;

/** @param tensor the values of a tensor by its name, e.g. `dense-1/weights`, row-major */
export function forwardPass(layers: readonly Layer[], inputWidth: number, tensor: (name: string) => Float32Array): ForwardPass {
  const network = chain(layers, tensor);
  const example = new Float64Array(inputWidth);
  const run = (input: Float32Array, from: number, out: Float32Array, to: number) => {
    for (let index = 0; index < inputWidth; index += 1) example[index] = input[from + index]!;
    softmax(network(example), out, to);
  };
  return { run, classes: outputsOf(layers) };
}

function chain(layers: readonly Layer[], tensor: (name: string) => Float32Array): Step {
  const steps = layers.map((layer) => stepOf(layer, tensor)).filter((step) => step !== null);
  return (input) => steps.reduce((values, step) => step(values), input);
}

function stepOf(layer: Layer, tensor: (name: string) => Float32Array): Step | null {
  switch (layer.kind) {
    case "dense":
      return dense(tensor(`${layer.name}/weights`), tensor(`${layer.name}/bias`));
    case "convolution":
      return convolution(
        layer,
        tensor(`${layer.name}/weights`),
        layer.bias ? tensor(`${layer.name}/bias`) : new Float32Array(layer.outputs),
      );
    case "normalise":
      return normalise(layer, tensor);
    case "activation":
      return activate(layer.activation, layer.size);
    case "pool":
      return pool(layer);
    case "global-pool":
      return globalPool(layer);
    case "branches":
      return branches(layer, tensor);
    case "dropout":
      return null;
  }
}

function dense(weights: Float32Array, bias: Float32Array): Step {
  const outputs = bias.length;
  const result = new Float64Array(outputs);
  return (input) => {
    result.set(bias);
    for (let from = 0; from < input.length; from += 1) {
      const value = input[from]!;
      if (value === 0) continue;
      const row = from * outputs;
      for (let to = 0; to < outputs; to += 1) result[to]! += value * weights[row + to]!;
    }
    return result;
  };
}

function convolution(
  { samples, kernel, inputs, outputs }: Extract<Layer, { kind: "convolution" }>,
  weights: Float32Array,
  bias: Float32Array,
): Step {
  const result = new Float64Array(samples * outputs);
  const before = Math.floor((kernel - 1) / 2);
  return (input) => {
    for (let sample = 0; sample < samples; sample += 1) {
      const row = sample * outputs;
      result.set(bias, row);
      const first = Math.max(0, before - sample);
      const end = Math.min(kernel, samples + before - sample);
      for (let tap = first; tap < end; tap += 1) {
        const source = (sample + tap - before) * inputs;
        for (let channel = 0; channel < inputs; channel += 1) {
          const value = input[source + channel]!;
          if (value === 0) continue;
          const weightRow = (tap * inputs + channel) * outputs;
          for (let to = 0; to < outputs; to += 1) result[row + to]! += value * weights[weightRow + to]!;
        }
      }
    }
    return result;
  };
}

function normalise({ name, samples, channels }: Extract<Layer, { kind: "normalise" }>, tensor: (name: string) => Float32Array): Step {
  const [scale, shift, mean, variance] = [
    tensor(`${name}/scale`),
    tensor(`${name}/shift`),
    tensor(`${name}/mean`),
    tensor(`${name}/variance`),
  ];
  const factor = Float64Array.from(scale, (value, channel) => value / Math.sqrt(variance[channel]! + NORMALISE_EPSILON));
  const result = new Float64Array(samples * channels);
  return (input) => {
    for (let at = 0; at < result.length;) {
      for (let channel = 0; channel < channels; channel += 1, at += 1) {
        result[at] = (input[at]! - mean[channel]!) * factor[channel]! + shift[channel]!;
      }
    }
    return result;
  };
}

function activate(activation: "tanh" | "relu", size: number): Step {
  const result = new Float64Array(size);
  return (input) => {
    if (activation === "tanh") for (let at = 0; at < size; at += 1) result[at] = Math.tanh(input[at]!);
    else for (let at = 0; at < size; at += 1) result[at] = Math.max(0, input[at]!);
    return result;
  };
}

function pool({ samples, channels, size }: Extract<Layer, { kind: "pool" }>): Step {
  const kept = Math.floor(samples / size);
  const result = new Float64Array(kept * channels);
  return (input) => {
    result.fill(-Infinity);
    for (let sample = 0; sample < kept * size; sample += 1) {
      const to = Math.floor(sample / size) * channels;
      const from = sample * channels;
      for (let channel = 0; channel < channels; channel += 1)
        result[to + channel] = Math.max(result[to + channel]!, input[from + channel]!);
    }
    return result;
  };
}

function globalPool({ samples, channels }: Extract<Layer, { kind: "global-pool" }>): Step {
  const result = new Float64Array(2 * channels);
  return (input) => {
    result.fill(0, 0, channels).fill(-Infinity, channels);
    for (let sample = 0; sample < samples; sample += 1) {
      for (let channel = 0; channel < channels; channel += 1) {
        const value = input[sample * channels + channel]!;
        result[channel]! += value;
        result[channels + channel] = Math.max(result[channels + channel]!, value);
      }
    }
    for (let channel = 0; channel < channels; channel += 1) result[channel]! /= samples;
    return result;
  };
}

function branches(layer: Extract<Layer, { kind: "branches" }>, tensor: (name: string) => Float32Array): Step {
  const [signal, features] = [chain(layer.signal, tensor), chain(layer.features, tensor)];
  const border = layer.samples * layer.channels;
  const result = new Float64Array(outputsOf([layer]));
  return (input) => {
    result.set(signal(input.subarray(0, border)));
    result.set(features(input.subarray(border)), outputsOf(layer.signal));
    return result;
  };
}

function softmax(values: Float64Array, out: Float32Array, to: number): void {
  let highest = -Infinity;
  for (const value of values) highest = Math.max(highest, value);
  let sum = 0;
  for (let index = 0; index < values.length; index += 1) {
    values[index] = Math.exp(values[index]! - highest);
    sum += values[index]!;
  }
  for (let index = 0; index < values.length; index += 1) out[to + index] = values[index]! / sum;
}
