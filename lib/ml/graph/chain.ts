import { isTrained } from "../../domain/layers.ts";
import type { Layer } from "../../domain/layers.ts";
import type { Output } from "./graph.ts";
import { activation } from "./layers/activation.ts";
import { branches } from "./layers/branches.ts";
import { convolution } from "./layers/convolution.ts";
import { dense } from "./layers/dense.ts";
import { dropout } from "./layers/dropout.ts";
import { globalPool } from "./layers/global-pool.ts";
import { normalise } from "./layers/normalise.ts";
import type { Pass, Surroundings } from "./layers/pass.ts";
import { pool } from "./layers/pool.ts";

/**
 * Layers one after another. To add a kind of layer: its description in `domain/layers.ts`, its forward pass in
 * `domain/forward.ts` and `ml/network.ts`, a file in `layers/`, a case here.
 */
export function chain(layers: readonly Layer[], input: Output, around: Surroundings): Pass {
  const passes: Pass[] = [];
  let values = input;
  for (const layer of layers) {
    const pass = passThrough(layer, values, around);
    values = pass.output;
    passes.push(pass);
  }
  const firstTrained = layers.findIndex(isTrained);
  const back: Pass["back"] = (slope, inner) => {
    let at: Output | null = slope;
    for (let index = passes.length - 1; index >= 0 && at; index -= 1) at = passes[index]!.back(at, inner || index > firstTrained);
    return at;
  };
  return { output: values, back };
}

function passThrough(layer: Layer, input: Output, around: Surroundings): Pass {
  switch (layer.kind) {
    case "dense":
      return dense(layer, input, around);
    case "convolution":
      return convolution(layer, input, around);
    case "normalise":
      return normalise(layer, input, around);
    case "activation":
      return activation(layer, input);
    case "dropout":
      return dropout(input, around);
    case "pool":
      return pool(layer, input);
    case "global-pool":
      return globalPool(layer, input);
    case "branches":
      return branches(layer, input, (inner, values) => chain(inner, values, around));
  }
}
