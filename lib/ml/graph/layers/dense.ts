import type { Layer } from "../../../domain/layers.ts";
import type { Output } from "../graph.ts";
import { addBias, biasSlope, matMul } from "../operations.ts";
import { answersOnly } from "./pass.ts";
import type { Pass, Surroundings } from "./pass.ts";

/** [batch, inputs] x [inputs, outputs] + [outputs]. */
export function dense({ name }: Extract<Layer, { kind: "dense" }>, input: Output, { variable, training }: Surroundings): Pass {
  const weights = variable(`${name}/weights`).read();
  const output = addBias(matMul(input, weights), variable(`${name}/bias`).read());
  if (!training) return { output, back: answersOnly };
  return {
    output,
    back: (slope, inner) => {
      training.gradient(`${name}/weights`, matMul(input, slope, { left: true }));
      training.gradient(`${name}/bias`, biasSlope(slope));
      return inner ? matMul(slope, weights, { right: true }) : null;
    },
  };
}
