import type { InputShape, Layer } from "../layers.ts";
import { widthOf } from "../layers.ts";
import type { Genome } from "../spec.ts";

/** Fully connected layers, each followed by its activation and dropout. He initialisation for relu, Glorot for tanh. */
export function mlpLayers(genome: Extract<Genome, { family: "mlp" }>, input: InputShape, classes: number): Layer[] {
  const layers: Layer[] = [];
  let width = widthOf(input);
  if (genome.inputDropout > 0) layers.push({ kind: "dropout", rate: genome.inputDropout, size: width });
  for (const [index, units] of genome.units.entries()) {
    const init = genome.activation === "relu" ? "he" : "glorot";
    layers.push({ kind: "dense", name: `dense-${index + 1}`, inputs: width, outputs: units, init });
    layers.push({ kind: "activation", activation: genome.activation, size: units });
    if (genome.dropout > 0) layers.push({ kind: "dropout", rate: genome.dropout, size: units });
    width = units;
  }
  layers.push({ kind: "dense", name: "output", inputs: width, outputs: classes, init: "glorot" });
  return layers;
}
