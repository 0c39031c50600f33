import type { Graph, Output } from "./graph.ts";
import { cast, divide, elementAt, floatConstant, intConstant, multiply, reshape, split, subtract, typed, vectorOf } from "./operations.ts";

/** Rates are rounded to this many parts: 16 bits decide on one value, because drawing 32 took a sixth of an MLP's step. */
const PARTS = 65_536;

/** The dropout layers of a network: values of a row that each drops from, in order. */
export interface MaskShape {
  readonly batch: number;
  readonly sizes: readonly number[];
}

/**
 * Masks for all dropout layers of a step. They follow from seed and step alone, so that a step draws the same wherever and
 * whenever it is run.
 * @param rates a vector, the share that each layer drops; fed from outside of the loop
 * @returns a function of the number of a step, for use within the loop
 */
export function stepMasks(graph: Graph, { batch, sizes }: MaskShape, rates: Output, seed: Output): (step: Output) => readonly Output[] {
  if (sizes.length === 0) return () => [];
  const scales = divide(floatConstant(graph, 1), subtract(floatConstant(graph, 1), rates));
  const lowest = subtract(round(multiply(rates, floatConstant(graph, PARTS))), floatConstant(graph, PARTS / 2));
  const layers = sizes.map((size, index) => {
    const place = intConstant(graph, index);
    return { size, scale: elementAt(scales, place), lowest: cast(elementAt(lowest, place), "int16") };
  });
  const values = sizes.reduce((sum, size) => sum + batch * size, 0);
  const pairs = Math.ceil(values / 2);
  return (step) => {
    const bits = halves(drawn(graph, pairs, vectorOf([seed, step])), 2 * pairs);
    const parts = split(bits, [...sizes.map((size) => batch * size), 2 * pairs - values], 0);
    return layers.map(({ size, scale, lowest: bar }, index) => {
      const part = reshape(parts[index]!, [batch, size]);
      const kept = graph.one("GreaterEqual", [part, bar], "bool", { attributes: { T: typed("int16") } });
      return multiply(cast(kept, "float32"), scale);
    });
  };
}

function drawn(graph: Graph, count: number, seed: Output): Output {
  const attributes = { dtype: typed("int32"), T: typed("int32"), Tseed: typed("int32") };
  return graph.one("StatelessRandomUniformFullInt", [graph.constant(Int32Array.of(count)), seed], "int32", { attributes });
}

/** Each int32 as two int16, in a vector. */
function halves(values: Output, count: number): Output {
  const pairs = values.graph.one("Bitcast", [values], "int16", { attributes: { T: typed("int32"), type: typed("int16") } });
  return reshape(pairs, [count]);
}

function round(values: Output): Output {
  return values.graph.one("Round", [values], "float32", { attributes: { T: typed("float32") } });
}
