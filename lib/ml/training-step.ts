import type { InputShape, Layer, TensorShape } from "../domain/layers.ts";
import type { SteppedGenome } from "../domain/spec.ts";
import type { Tensorflow } from "./backend.ts";

/**
 * The seam between the training loop (epochs, progress, checkpoints) and what computes one epoch. A step owns the data
 * it was made with; everything that changes is in its state, so that saving the state and loading it elsewhere goes on
 * with the same bits. Random numbers come from (seed, epoch, step) alone.
 */
export interface TrainingStep {
  load(state: TrainingState): void;
  /** One pass over the data; `epoch` counts from 0 and must be the number of epochs the state has seen. */
  epoch(epoch: number): Promise<EpochResult>;
  state(): TrainingState;
  /** The weights so far, in the layout of `tensorsOf`. */
  weights(): Float32Array;
  dispose(): void;
}

/** Named buffers: weights and whatever the optimiser keeps beside them. */
export type TrainingState = Readonly<Record<string, Float32Array | Float64Array>>;

export interface EpochResult {
  /** Mean training loss of the epoch, and the share of training rows answered right, both as met (under dropout). */
  readonly loss: number;
  readonly accuracy: number;
  /** Nothing is left to gain: training ends before its last epoch. */
  readonly finished: boolean;
}

/** Rows to learn from: scaled, row-major, with a class each. */
export interface TrainingRows {
  readonly values: Float32Array;
  /** Class of each row, 0 ... classes-1. */
  readonly labels: Int32Array;
}

/** What a step needs to train a network by batches, whichever way it computes. */
export interface StepOptions {
  readonly tf: Tensorflow;
  readonly genome: SteppedGenome;
  /** `layersOf` the genome, and `tensorsOf` them. */
  readonly layers: readonly Layer[];
  readonly tensors: readonly TensorShape[];
  readonly input: InputShape;
  readonly classes: number;
  readonly rows: TrainingRows;
  readonly seed: number;
}
