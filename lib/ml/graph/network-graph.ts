import { leavesOf, sizeOf, tensorsOf, weightCount, widthOf } from "../../domain/layers.ts";
import type { InputShape, Layer, TensorShape } from "../../domain/layers.ts";
import { exampleShape } from "../network.ts";
import { SLOTS } from "../optimizer.ts";
import { chain } from "./chain.ts";
import { Graph } from "./graph.ts";
import type { Done, Output } from "./graph.ts";
import { countedLoop } from "./loop.ts";
import { stepMasks } from "./masks.ts";
import { add, cast, concat, elementAt, equal, floatConstant, intConstant, multiply, reduce, reshape, split, typed } from "./operations.ts";
import { applyGradient } from "./optimizer.ts";
import type { OptimizerShape, TrainedTensor } from "./optimizer.ts";
import { Variable } from "./variable.ts";

/** What makes one graph differ from another: hyper-parameters that are fed are not part of it. */
export interface NetworkShape {
  readonly layers: readonly Layer[];
  readonly input: InputShape;
  /** Null for a graph that only answers. */
  readonly training: { readonly batch: number; readonly classes: number; readonly optimizer: OptimizerShape } | null;
}

/**
 * A network as a SavedModel: the bytes of its `saved_model.pb`, with these signatures.
 *
 * | signature | is fed | gives |
 * | --- | --- | --- |
 * | `load` | `weights`, and the optimiser's slots, as flat as they are kept | `done` |
 * | `serve` | `values` [rows, width] | `probabilities` [rows, classes] |
 * | `data` | `values` [rows, width], `targets` [rows, classes] | `done` |
 * | `epoch` | see `trainingSteps` | `loss` and `right`, summed over the rows it has seen |
 * | `get` | nothing | `weights` and the slots |
 *
 * The last three are there to train.
 */
export function networkGraph({ layers, input, training }: NetworkShape): Uint8Array {
  const graph = new Graph();
  const tensors = tensorsOf(layers);
  const weights = tensors.map(({ shape }) => new Variable(graph, onGrid(shape)));
  const places = new Map(tensors.map(({ name }, index) => [name, weights[index]!]));
  const variable = (name: string) => places.get(name)!;
  const kept = new Map([["weights", { tensors, variables: weights }]]);
  if (training) {
    const trained = tensors.filter(({ role }) => role === "trained");
    for (const slot of SLOTS[training.optimizer.kind]) {
      kept.set(slot, { tensors: trained, variables: trained.map(({ shape }) => new Variable(graph, onGrid(shape))) });
    }
    const parts = trained.map(({ name, decays }, index): [string, TrainedTensor] => [
      name,
      { values: variable(name), slots: SLOTS[training.optimizer.kind].map((slot) => kept.get(slot)!.variables[index]!), decays },
    ]);
    addTraining(graph, { layers, input, variable, trained: new Map(parts), ...training });
    const flat = [...kept].map(
      ([name, { variables }]) =>
        [
          name,
          concat(
            variables.map((one) => reshape(one.read(), [-1])),
            0,
          ),
        ] as const,
    );
    graph.signature("get", {}, Object.fromEntries(flat));
  }
  addLoad(graph, kept);
  const values = graph.placeholder("float32", [-1, widthOf(input)]);
  const { output } = chain(layers, onExampleGrid(values, input), { variable, training: null });
  const probabilities = graph.one("Softmax", [output], "float32", { attributes: { T: typed("float32") } });
  graph.signature("serve", { values }, { probabilities });
  return graph.encode();
}

interface Kept {
  readonly tensors: readonly TensorShape[];
  readonly variables: readonly Variable[];
}

/** Cuts flat vectors into variables. */
function addLoad(graph: Graph, kept: ReadonlyMap<string, Kept>): void {
  const inputs: Record<string, Output> = {};
  const assigned: Done[] = [];
  for (const [name, { tensors, variables }] of kept) {
    const flat = graph.placeholder("float32", [weightCount(tensors).all]);
    inputs[name] = flat;
    const sizes = tensors.map(({ shape }) => sizeOf(shape));
    for (const [index, part] of split(flat, sizes, 0).entries()) {
      const { shape } = variables[index]!;
      assigned.push(variables[index]!.assignCopy(shape.length === 1 ? part : reshape(part, shape)));
    }
  }
  graph.signature("load", inputs, { done: doneAfter(graph, assigned) });
}

interface TrainingParts {
  readonly layers: readonly Layer[];
  readonly input: InputShape;
  readonly batch: number;
  readonly classes: number;
  readonly optimizer: OptimizerShape;
  readonly trained: ReadonlyMap<string, TrainedTensor>;
  variable(name: string): Variable;
}

/**
 * The signatures `data` and `epoch`. Fed to `epoch`: `steps`; for each step its rows `order` [steps, batch], `rates` and
 * `decays` as `StepSize` has them; `momentum`; the rate of each dropout layer `dropouts`; and `seed` with `first`, the number
 * of the first step since the training began, which decide what is dropped.
 */
function addTraining(graph: Graph, parts: TrainingParts): void {
  const { layers, input, batch, classes, optimizer, trained, variable } = parts;
  const [values, targets] = [new Variable(graph, [-1, widthOf(input)]), new Variable(graph, [-1, classes])];
  const data = { values: graph.placeholder("float32", values.shape), targets: graph.placeholder("float32", targets.shape) };
  const stored = [values.assignCopy(data.values), targets.assignCopy(data.targets)];
  graph.signature("data", data, { done: doneAfter(graph, stored) });

  const scalar = (type: "float32" | "int32") => graph.placeholder(type, []);
  const vector = (type: "float32" | "int32") => graph.placeholder(type, [-1]);
  const fed = {
    steps: scalar("int32"),
    first: scalar("int32"),
    order: graph.placeholder("int32", [-1, batch]),
    rates: vector("float32"),
    decays: vector("float32"),
    momentum: scalar("float32"),
    dropouts: vector("float32"),
    seed: scalar("int32"),
  };
  const sizes = leavesOf(layers).flatMap((layer) => (layer.kind === "dropout" ? [layer.size] : []));
  const masksOf = stepMasks(graph, { batch, sizes }, fed.dropouts, fed.seed);
  const zero = floatConstant(graph, 0);
  const [loss, right] = countedLoop(fed.steps, [zero, zero], (count, [lossSoFar, rightSoFar]) => {
    const rows = reshape(elementAt(fed.order, count), [batch]);
    const target = targets.rows(rows);
    const masks = masksOf(add(fed.first, count)).values();
    const after: Done[] = [];
    const gradients = new Map<string, Output>();
    const network = chain(layers, onExampleGrid(values.rows(rows), input), {
      variable,
      training: {
        batch,
        nextMask: () => masks.next().value!,
        gradient: (name, slope) => void gradients.set(name, slope),
        effect: (done) => void after.push(done),
      },
    });
    const attributes = { T: typed("float32") };
    const logits = network.output;
    const [losses, slope] = graph.add("SoftmaxCrossEntropyWithLogits", [logits, target], ["float32", "float32"], { attributes })
      .outputs as [Output, Output];
    network.back(multiply(slope, floatConstant(graph, 1 / batch)), false);
    const size = { rate: elementAt(fed.rates, count), decay: elementAt(fed.decays, count), momentum: fed.momentum };
    for (const [name, tensor] of trained) after.push(applyGradient(optimizer, tensor, gradients.get(name)!, size));
    const answered = cast(equal(highest(logits), highest(target)), "float32");
    return { carried: [add(lossSoFar!, reduce("Sum", losses, [0])), add(rightSoFar!, reduce("Sum", answered, [0]))], after };
  });
  graph.signature("epoch", fed, { loss: loss!, right: right! });
}

/** Index of the highest of each row. */
function highest(rows: Output): Output {
  const attributes = { T: typed("float32"), Tidx: typed("int32"), output_type: typed("int32") };
  return rows.graph.one("ArgMax", [rows, intConstant(rows.graph, 1)], "int32", { attributes });
}

/** A run has to fetch something: a 1 that is there when all of these are done. */
function doneAfter(graph: Graph, after: readonly Done[]): Output {
  return graph.one("Identity", [intConstant(graph, 1)], "int32", { attributes: { T: typed("int32") }, after });
}

function onExampleGrid(rows: Output, input: InputShape): Output {
  return input.kind === "signal" ? reshape(rows, [-1, ...exampleShape(input)]) : rows;
}

/** Filters along time as the two-dimensional ones that TensorFlow has. */
function onGrid(shape: readonly number[]): readonly number[] {
  return shape.length === 3 ? [1, ...shape] : shape;
}
