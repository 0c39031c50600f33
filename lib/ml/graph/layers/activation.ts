import type { Layer } from "../../../domain/layers.ts";
import type { Output } from "../graph.ts";
import { typed } from "../operations.ts";
import type { Pass } from "./pass.ts";

/** Both slopes follow from the output alone: 1 - tanh^2, and whether it is above 0. */
export function activation({ activation: kind }: Extract<Layer, { kind: "activation" }>, input: Output): Pass {
  const { graph } = input;
  const attributes = { T: typed("float32") };
  const output = graph.one(kind === "tanh" ? "Tanh" : "Relu", [input], "float32", { attributes });
  const back = (slope: Output) =>
    kind === "tanh"
      ? graph.one("TanhGrad", [output, slope], "float32", { attributes })
      : graph.one("ReluGrad", [slope, output], "float32", { attributes });
  return { output, back };
}
