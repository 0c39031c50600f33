import type { Layer } from "../../../domain/layers.ts";
import type { Output } from "../graph.ts";
import { ints, text, typed } from "../operations.ts";
import type { Pass } from "./pass.ts";

/** Highest of each `size` samples; the slope goes to the first that reached it. */
export function pool({ size }: Extract<Layer, { kind: "pool" }>, input: Output): Pass {
  const { graph } = input;
  const attributes = { T: typed("float32"), ksize: ints(1, 1, size, 1), strides: ints(1, 1, size, 1), padding: text("VALID") };
  const output = graph.one("MaxPool", [input], "float32", { attributes });
  return { output, back: (slope) => graph.one("MaxPoolGrad", [input, output, slope], "float32", { attributes }) };
}
