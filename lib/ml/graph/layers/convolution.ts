import type { Layer } from "../../../domain/layers.ts";
import type { Output } from "../graph.ts";
import { addBias, ints, reduce, text, typed } from "../operations.ts";
import { answersOnly } from "./pass.ts";
import type { Pass, Surroundings } from "./pass.ts";

/** Along the third of [batch, 1, samples, channels], the order of dimensions in which oneDNN is fastest. */
const ATTRIBUTES = { T: typed("float32"), strides: ints(1, 1, 1, 1), padding: text("SAME") };

export function convolution(
  { name, bias, samples, kernel, inputs, outputs }: Extract<Layer, { kind: "convolution" }>,
  input: Output,
  { variable, training }: Surroundings,
): Pass {
  const { graph } = input;
  const filter = variable(`${name}/weights`).read();
  const raw = graph.one("Conv2D", [input, filter], "float32", { attributes: ATTRIBUTES });
  const output = bias ? addBias(raw, variable(`${name}/bias`).read()) : raw;
  if (!training) return { output, back: answersOnly };
  return {
    output,
    back: (slope, inner) => {
      const filterSizes = graph.constant(Int32Array.of(1, kernel, inputs, outputs));
      const byFilter = graph.one("Conv2DBackpropFilter", [input, filterSizes, slope], "float32", { attributes: ATTRIBUTES });
      training.gradient(`${name}/weights`, byFilter);
      // A sum, where TensorFlow has BiasAddGrad as well: its optimiser would join that to the filter's slope, which is slower.
      if (bias) training.gradient(`${name}/bias`, reduce("Sum", slope, [0, 1, 2]));
      if (!inner) return null;
      const inputSizes = graph.constant(Int32Array.of(training.batch, 1, samples, inputs));
      return graph.one("Conv2DBackpropInput", [inputSizes, filter, slope], "float32", { attributes: ATTRIBUTES });
    },
  };
}
