import type { Artifact } from "../domain/artifact.ts";
import type { TensorShape } from "../domain/layers.ts";
import type { Backend } from "./backend.ts";
import type { EpochResult, TrainingState } from "./training-step.ts";

/**
 * What a family brings to the training loop. A learner owns the rows it was made with; everything that changes is in its
 * state, so that saving the state and starting from it elsewhere goes on with the same bits.
 */
export interface Learner {
  /** How many epochs there are at most, and what one is called. */
  readonly epochs: number;
  readonly unit: "epoch" | "iteration" | "round" | "tree";
  /** Null where TensorFlow has no part in it. */
  readonly backend: Backend | null;
  /** From the beginning, or from what `state` gave. */
  start(state: TrainingState | null): void;
  /** `epoch` counts from 0 and must be the number of epochs done. */
  epoch(epoch: number): Promise<EpochResult>;
  state(): TrainingState;
  /** Class probabilities of the validation rows by what is learned so far, row-major; null without such rows. */
  answers(): Float32Array | null;
  learned(): Learned;
  dispose(): void;
}

/** A model as it goes into its files. */
export interface Learned {
  readonly scaling: Artifact["scaling"];
  readonly tensors: readonly Pick<TensorShape, "name" | "shape" | "offset">[];
  readonly weights: Float32Array;
}
