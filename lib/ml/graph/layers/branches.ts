import { outputsOf } from "../../../domain/layers.ts";
import type { Layer } from "../../../domain/layers.ts";
import type { Output } from "../graph.ts";
import { concat, reshape, split } from "../operations.ts";
import type { Pass } from "./pass.ts";

/**
 * Signal and features, each through layers of its own, and joined.
 * @param chain adds layers one after another
 */
export function branches(
  layer: Extract<Layer, { kind: "branches" }>,
  input: Output,
  chain: (layers: readonly Layer[], input: Output) => Pass,
): Pass {
  const { samples, channels, width } = layer;
  const [row, features] = split(input, [samples * channels, width], 1) as [Output, Output];
  const left = chain(layer.signal, reshape(row, [-1, 1, samples, channels]));
  const right = chain(layer.features, features);
  return {
    output: concat([left.output, right.output], 1),
    // Nothing before it learns, so no slope goes back through it.
    back: (slope) => {
      const [leftSlope, rightSlope] = split(slope, [outputsOf(layer.signal), outputsOf(layer.features)], 1) as [Output, Output];
      left.back(leftSlope, false);
      right.back(rightSlope, false);
      return null;
    },
  };
}
