import type { Done, Output } from "../graph.ts";
import type { Variable } from "../variable.ts";

/** What a layer added to the graph for one forward pass, and how slopes go back through it. */
export interface Pass {
  readonly output: Output;
  /** Adds the way back of the loss's slope; gives the slope by the layer's input, or null where `inner` is false. Training only. */
  back(slope: Output, inner: boolean): Output | null;
}

/** What a layer finds around it. */
export interface Surroundings {
  /** Weights and statistics by their tensors' names. */
  variable(name: string): Variable;
  /** Null where the graph only answers. */
  readonly training: TrainingSurroundings | null;
}

export interface TrainingSurroundings {
  /** Rows of every batch. */
  readonly batch: number;
  /** [batch, size] of what the next dropout layer multiplies by: 0 or 1/(1-rate). */
  nextMask(): Output;
  /** Takes the slope of the loss by a trained tensor, of that tensor's shape. */
  gradient(name: string, slope: Output): void;
  /** Takes what has to be done in each step besides. */
  effect(done: Done): void;
}

/** The way back of a layer in a graph that only answers. */
export function answersOnly(): never {
  throw new Error("slopes go back through a graph that trains");
}
