import { cnnLayers } from "./families/cnn.ts";
import { logisticLayers } from "./families/logistic.ts";
import { mlpLayers } from "./families/mlp.ts";
import type { InputShape, Layer } from "./layers.ts";
import type { NetworkGenome } from "./spec.ts";

/**
 * The layers of a genome for examples of this shape and this many classes; softmax follows the last one.
 * To add a family: its fields in `genomeSchema`, a file in `families/`, a case here.
 * @throws SensorloopError SPEC_INVALID where the family can't read such examples
 */
export function layersOf(genome: NetworkGenome, input: InputShape, classes: number): Layer[] {
  switch (genome.family) {
    case "logistic":
      return logisticLayers(input, classes);
    case "mlp":
      return mlpLayers(genome, input, classes);
    case "cnn":
      return cnnLayers(genome, input, classes);
  }
}
