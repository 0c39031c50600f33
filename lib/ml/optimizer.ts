import type { Tensor, Tensor1D } from "@tensorflow/tfjs";
import type { Optimizer } from "../domain/spec.ts";
import type { Tensorflow } from "./backend.ts";

/**
 * Optimisers over all trained tensors as one flat vector: a step is a dozen operations whatever the number of layers,
 * where one by one they would take longer than the gradients of a small network.
 */
export interface FlatOptimizer {
  /** Names of its slots, vectors as long as the parameters, zero at the start. */
  readonly slots: readonly string[];
  /** New parameters and slots after step `step` (from 0). To be called inside `tidy`. */
  update(parameters: Tensor1D, slots: readonly Tensor1D[], gradient: Tensor1D, step: number): { parameters: Tensor1D; slots: Tensor1D[] };
  dispose(): void;
}

/** Adam's usual constants (Kingma & Ba 2015); epsilon stands outside the bias correction, as in Keras. */
export const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 } as const;

/** What Adam's step is multiplied by because its means begin at zero; `step` from 0. */
export function adamCorrection(step: number): number {
  return Math.sqrt(1 - ADAM.beta2 ** (step + 1)) / (1 - ADAM.beta1 ** (step + 1));
}

/** Names of the vectors that an optimiser keeps beside the parameters. */
export const SLOTS = { sgd: ["velocity"], adam: ["mean", "square"] } as const;

/**
 * @param decays 1 where weight decay applies, else 0. Decay is decoupled (Loshchilov & Hutter 2019): each step takes
 *   learning rate x decay of the weight itself, apart from the gradient.
 */
export function flatOptimizer(tf: Tensorflow, options: Optimizer, totalSteps: number, decays: Float32Array): FlatOptimizer {
  const decay = options.weightDecay > 0 ? tf.tensor1d(decays.map((one) => one * options.weightDecay)) : null;
  const rate = (step: number) => learningRate(options, step, totalSteps);
  const decayed = (parameters: Tensor1D, change: Tensor, scale: number): Tensor1D =>
    tf.sub(parameters, tf.mul(decay ? tf.add(change, tf.mul(decay, parameters)) : change, scale));
  const dispose = () => decay?.dispose();

  if (options.kind === "sgd") {
    // Velocity without the learning rate in it; with Nesterov the step looks one ahead (Sutskever 2013).
    const update: FlatOptimizer["update"] = (parameters, [velocity], gradient, step) => {
      const next = tf.add<Tensor1D>(tf.mul(velocity!, options.momentum), gradient);
      const change = options.nesterov ? tf.add(tf.mul(next, options.momentum), gradient) : next;
      return { parameters: decayed(parameters, change, rate(step)), slots: [next] };
    };
    return { slots: SLOTS.sgd, update, dispose };
  }
  const { beta1, beta2, epsilon } = ADAM;
  const update: FlatOptimizer["update"] = (parameters, [first, second], gradient, step) => {
    const mean = tf.add<Tensor1D>(tf.mul(first!, beta1), tf.mul(gradient, 1 - beta1));
    const square = tf.add<Tensor1D>(tf.mul(second!, beta2), tf.mul(tf.square(gradient), 1 - beta2));
    const change = tf.mul(tf.div(mean, tf.add(tf.sqrt(square), epsilon)), adamCorrection(step));
    return { parameters: decayed(parameters, change, rate(step)), slots: [mean, square] };
  };
  return { slots: SLOTS.adam, update, dispose };
}

/** Of step `step` (from 0): rises over `warmupSteps`, then stays, or falls to 0 along half a cosine. */
export function learningRate(options: Optimizer, step: number, totalSteps: number): number {
  const { learningRate: rate, warmupSteps, schedule } = options;
  if (step < warmupSteps) return (rate * (step + 1)) / warmupSteps;
  if (schedule === "constant") return rate;
  const done = (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
  return 0.5 * rate * (1 + Math.cos(Math.PI * done));
}
