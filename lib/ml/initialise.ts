import { randomFor } from "../domain/random.ts";
import { sizeOf, weightCount } from "../domain/layers.ts";
import type { TensorShape } from "../domain/layers.ts";
import { STREAM } from "./streams.ts";

/**
 * First weights of a network, in the layout of its weight buffer. `he`: normal with variance 2 / fan-in (He 2015);
 * `glorot`: uniform in +-sqrt(6 / (fan-in + fan-out)) (Glorot 2010).
 */
export function initialWeights(tensors: readonly TensorShape[], seed: number): Float32Array {
  const weights = new Float32Array(weightCount(tensors).all);
  for (const [index, tensor] of tensors.entries()) {
    const random = randomFor(seed, STREAM.init, index);
    const [fanIn, fanOut] = tensor.fan;
    const end = tensor.offset + sizeOf(tensor.shape);
    for (let at = tensor.offset; at < end; at += 1) {
      if (tensor.init === "ones") weights[at] = 1;
      else if (tensor.init === "he") weights[at] = Math.sqrt(2 / fanIn) * random.normal();
      else if (tensor.init === "glorot") weights[at] = Math.sqrt(6 / (fanIn + fanOut)) * (2 * random.uniform() - 1);
    }
  }
  return weights;
}
