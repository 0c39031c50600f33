import { NORMALISE_EPSILON } from "../../../domain/layers.ts";
import type { Layer } from "../../../domain/layers.ts";
import { RUNNING_SHARE } from "../../network.ts";
import type { Output } from "../graph.ts";
import { add, floatConstant, multiply, typed } from "../operations.ts";
import { answersOnly } from "./pass.ts";
import type { Pass, Surroundings } from "./pass.ts";

const TYPES = ["float32", "float32", "float32", "float32", "float32", "float32"] as const;

/**
 * Batch normalisation per channel (Ioffe & Szegedy 2015) by TensorFlow's fused operations: by the batch's own mean and
 * variance in training, which move the running ones, and by the running ones in answering.
 */
export function normalise(
  { name, samples }: Extract<Layer, { kind: "normalise" }>,
  input: Output,
  { variable, training }: Surroundings,
): Pass {
  const { graph } = input;
  const [scale, shift, mean, variance] = [
    variable(`${name}/scale`).read(),
    variable(`${name}/shift`).read(),
    variable(`${name}/mean`),
    variable(`${name}/variance`),
  ];
  const attributes = { T: typed("float32"), U: typed("float32"), epsilon: { f: NORMALISE_EPSILON }, is_training: { b: training !== null } };
  if (!training) {
    const { outputs } = graph.add("FusedBatchNormV3", [input, scale, shift, mean.read(), variance.read()], TYPES, { attributes });
    return { output: outputs[0]!, back: answersOnly };
  }
  const none = graph.constant(new Float32Array(0));
  const { outputs } = graph.add("FusedBatchNormV3", [input, scale, shift, none, none], TYPES, { attributes });
  const [output, batchMean, batchVariance, ...reserved] = outputs as [Output, Output, Output, Output, Output, Output];
  // It gives the variance of what the batch is a sample of; the running one is the mean of the batches' own variances.
  const positions = training.batch * samples;
  const ownVariance = multiply(batchVariance, floatConstant(graph, (positions - 1) / positions));
  for (const [running, batch] of [
    [mean, batchMean],
    [variance, ownVariance],
  ] as const) {
    const moved = add(
      multiply(running.read(), floatConstant(graph, RUNNING_SHARE)),
      multiply(batch, floatConstant(graph, 1 - RUNNING_SHARE)),
    );
    training.effect(running.assign(moved));
  }
  return {
    output,
    back: (slope) => {
      const [byInput, byScale, byShift] = graph.add("FusedBatchNormGradV3", [slope, input, scale, ...reserved], TYPES.slice(0, 5), {
        attributes,
      }).outputs as [Output, Output, Output];
      training.gradient(`${name}/scale`, byScale);
      training.gradient(`${name}/shift`, byShift);
      return byInput;
    },
  };
}
