import type { Graph, Output } from "./graph.ts";
import { DATA_TYPES } from "./saved-model-proto.ts";
import type { AttributeMessage, DataType } from "./saved-model-proto.ts";

/*
 * Operations of TensorFlow's that more than one place needs, in the words of the mathematics; shapes broadcast as in NumPy.
 * What a single layer needs stands with it.
 */

/** The attribute that says which type an operation works on. */
export function typed(type: DataType): AttributeMessage {
  return { type: DATA_TYPES[type] };
}

export function ints(...values: readonly number[]): AttributeMessage {
  return { list: { i: values } };
}

export function text(value: string): AttributeMessage {
  return { s: new TextEncoder().encode(value) };
}

export function floatConstant(graph: Graph, value: number): Output {
  return graph.constant(Float32Array.of(value), []);
}

export function intConstant(graph: Graph, value: number): Output {
  return graph.constant(Int32Array.of(value), []);
}

export function add(left: Output, right: Output): Output {
  return binary("AddV2", left, right);
}

export function subtract(left: Output, right: Output): Output {
  return binary("Sub", left, right);
}

export function multiply(left: Output, right: Output): Output {
  return binary("Mul", left, right);
}

export function divide(left: Output, right: Output): Output {
  return binary("RealDiv", left, right);
}

/** Bools. */
export function equal(left: Output, right: Output): Output {
  return left.graph.one("Equal", [left, right], "bool", { attributes: { T: typed(left.type) } });
}

function binary(op: string, left: Output, right: Output): Output {
  return left.graph.one(op, [left, right], left.type, { attributes: { T: typed(left.type) } });
}

interface Transposed {
  readonly left?: boolean;
  readonly right?: boolean;
}

/** [n, k] by [k, m], either of them transposed first where said so. */
export function matMul(left: Output, right: Output, transposed: Transposed = {}): Output {
  const attributes = {
    T: typed(left.type),
    transpose_a: { b: transposed.left ?? false },
    transpose_b: { b: transposed.right ?? false },
  };
  return left.graph.one("MatMul", [left, right], left.type, { attributes });
}

/** Adds a value per channel, the last dimension. */
export function addBias(values: Output, bias: Output): Output {
  return values.graph.one("BiasAdd", [values, bias], values.type, { attributes: { T: typed(values.type) } });
}

/** Slope by the bias: the sum over all but the channels. */
export function biasSlope(slope: Output): Output {
  return slope.graph.one("BiasAddGrad", [slope], slope.type, { attributes: { T: typed(slope.type) } });
}

export function reshape(values: Output, shape: readonly number[]): Output {
  const target = values.graph.constant(Int32Array.from(shape));
  return values.graph.one("Reshape", [values, target], values.type, { attributes: { T: typed(values.type), Tshape: typed("int32") } });
}

/** `Sum`, `Mean` or `Max` over some dimensions, which stay with size 1 where `keep` says so. */
export function reduce(op: "Sum" | "Mean" | "Max", values: Output, dimensions: readonly number[], keep = false): Output {
  const over = values.graph.constant(Int32Array.from(dimensions));
  const attributes = { T: typed(values.type), Tidx: typed("int32"), keep_dims: { b: keep } };
  return values.graph.one(op, [values, over], values.type, { attributes });
}

export function concat(parts: readonly Output[], dimension: number): Output {
  const [first] = parts as readonly [Output];
  if (parts.length === 1) return first;
  const attributes = { N: { i: parts.length }, T: typed(first.type), Tidx: typed("int32") };
  return first.graph.one("ConcatV2", [...parts, intConstant(first.graph, dimension)], first.type, { attributes });
}

/** Cuts into parts of these sizes; one of them may be -1, the rest. */
export function split(values: Output, sizes: readonly number[], dimension: number): readonly Output[] {
  const { graph, type } = values;
  const inputs = [values, graph.constant(Int32Array.from(sizes)), intConstant(graph, dimension)];
  const attributes = { num_split: { i: sizes.length }, T: typed(type), Tlen: typed("int32") };
  return graph.add(
    "SplitV",
    inputs,
    sizes.map(() => type),
    { attributes },
  ).outputs;
}

/** `values[index]` along the first dimension. */
export function elementAt(values: Output, index: Output): Output {
  const attributes = { Tparams: typed(values.type), Tindices: typed(index.type), Taxis: typed("int32") };
  return values.graph.one("GatherV2", [values, index, intConstant(values.graph, 0)], values.type, { attributes });
}

export function cast(values: Output, type: DataType): Output {
  return values.graph.one("Cast", [values], type, { attributes: { SrcT: typed(values.type), DstT: typed(type) } });
}

/** Scalars as a vector. */
export function vectorOf(scalars: readonly Output[]): Output {
  const [first] = scalars as readonly [Output];
  return first.graph.one("Pack", scalars, first.type, { attributes: { N: { i: scalars.length }, T: typed(first.type) } });
}
