import type { InputShape, Layer } from "../layers.ts";
import { widthOf } from "../layers.ts";

/** Multinomial logistic regression: one product, then softmax. */
export function logisticLayers(input: InputShape, classes: number): Layer[] {
  return [{ kind: "dense", name: "output", inputs: widthOf(input), outputs: classes, init: "glorot" }];
}
