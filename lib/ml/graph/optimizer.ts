import { ADAM } from "../optimizer.ts";
import type { SLOTS } from "../optimizer.ts";
import type { Done, Output } from "./graph.ts";
import { floatConstant, multiply, typed } from "./operations.ts";
import type { Variable } from "./variable.ts";

/** What of an optimiser is in the graph itself; the numbers are fed. */
export interface OptimizerShape {
  readonly kind: keyof typeof SLOTS;
  /** SGD only. */
  readonly nesterov: boolean;
  /** Whether weights decay at all. */
  readonly decays: boolean;
}

/** A trained tensor with what the optimiser keeps beside it, in the order of `SLOTS`. */
export interface TrainedTensor {
  readonly values: Variable;
  readonly slots: readonly Variable[];
  readonly decays: boolean;
}

/** Scalars of one step. */
export interface StepSize {
  /** Learning rate; for Adam already corrected for its means' beginning at zero. */
  readonly rate: Output;
  /** Learning rate times weight decay. */
  readonly decay: Output;
  /** SGD only. */
  readonly momentum: Output;
}

/** Moves a tensor against its gradient by TensorFlow's fused operations, in the arithmetic of `flatOptimizer`. */
export function applyGradient(shape: OptimizerShape, { values, slots, decays }: TrainedTensor, gradient: Output, size: StepSize): Done {
  const { graph } = gradient;
  const after = shape.decays && decays ? [values.decrease(multiply(values.read(), size.decay))] : [];
  const handles = [values, ...slots].map(({ handle }) => handle);
  if (shape.kind === "sgd") {
    const attributes = { T: typed("float32"), use_nesterov: { b: shape.nesterov } };
    return graph.add("ResourceApplyMomentum", [...handles, size.rate, gradient, size.momentum], [], { attributes, after });
  }
  // Powers of the betas that are 0 leave the correction to the rate.
  const [zero, beta1, beta2, epsilon] = [0, ADAM.beta1, ADAM.beta2, ADAM.epsilon].map((value) => floatConstant(graph, value)) as [
    Output,
    Output,
    Output,
    Output,
  ];
  const inputs = [...handles, zero, zero, size.rate, beta1, beta2, epsilon, gradient];
  return graph.add("ResourceApplyAdam", inputs, [], { attributes: { T: typed("float32") }, after });
}
