import { setImmediate as nextTurn } from "node:timers/promises";
import type { Rank, Tensor, Tensor1D, Tensor2D } from "@tensorflow/tfjs";
import { SensorloopError } from "../domain/errors.ts";
import { leavesOf, weightCount, widthOf } from "../domain/layers.ts";
import type { TensorShape } from "../domain/layers.ts";
import { permutation, randomFor } from "../domain/random.ts";
import { createNetwork, exampleShape } from "./network.ts";
import { flatOptimizer } from "./optimizer.ts";
import { STREAM } from "./streams.ts";
import { take } from "./take.ts";
import { smoothedTargets } from "./targets.ts";
import type { EpochResult, StepOptions, TrainingState, TrainingStep } from "./training-step.ts";

/** Floats gathered or drawn at once (16 MB): bounds memory whatever the data, and blocks the event loop for a second at most. */
const BLOCK_FLOATS = 4_000_000;

/**
 * Mini-batch training, operation by operation, on any back end; the reference for the graph (`graph/graph-step.ts`), which
 * is several times as fast but needs native TensorFlow. Rows come in a fresh order each epoch; the rows left over after the
 * last whole batch are left out of that epoch. Batches and masks are gathered and drawn for many steps at once.
 */
export function eagerStep({ tf, genome, layers, tensors, input, classes, rows, seed }: StepOptions): TrainingStep {
  const count = rows.labels.length;
  const batch = Math.min(genome.batch, count);
  const steps = Math.floor(count / batch);
  const size = weightCount(tensors);
  const network = createNetwork(tf, layers, tensors);
  const optimizer = flatOptimizer(tf, genome.optimizer, steps * genome.epochs, decayMask(tensors, size.trained));
  const dropouts = leavesOf(layers).filter((layer) => layer.kind === "dropout");
  const widest = Math.max(widthOf(input), ...dropouts.map((layer) => layer.size));
  const stepsAtOnce = Math.max(1, Math.min(steps, Math.floor(BLOCK_FLOATS / (batch * widest))));
  const example = exampleShape(input);
  const values = tf.tensor(rows.values, [count, ...example]);
  const targets = tf.tensor2d(smoothedTargets(rows.labels, classes, genome.labelSmoothing), [count, classes]);
  let parameters = tf.zeros<Rank.R1>([size.trained]);
  let statistics: Tensor1D | null = size.all > size.trained ? tf.zeros([size.all - size.trained]) : null;
  let slots = optimizer.slots.map(() => tf.zeros<Rank.R1>([size.trained]));

  const replace = (next: { parameters: Tensor1D; slots: Tensor1D[]; statistics: Tensor1D | null }) => {
    tf.dispose([parameters, ...slots, ...(statistics ? [statistics] : [])]);
    ({ parameters, slots, statistics } = next);
  };

  /** One batch: new parameters, and the logits it met. */
  const train = (x: Tensor, target: Tensor2D, masks: readonly Tensor[], step: number): Tensor2D => {
    const result = tf.tidy(() => {
      const { logits, backward, statistics: moved } = network.forward(network.unpack(parameters, statistics), x, masks);
      const gradient = backward(tf.mul(tf.sub(tf.softmax(logits), target), 1 / batch));
      return { ...optimizer.update(parameters, slots, gradient, step), moved: moved ? [moved] : [], logits };
    });
    replace({ ...result, statistics: result.moved[0] ?? null });
    return result.logits;
  };

  /** `many` steps from `first` of an epoch: sums of loss and of right answers. */
  const trainBlock = (order: Int32Array, epoch: number, first: number, many: number): { loss: number; right: number } => {
    const chosen = tf.tensor1d(order.subarray(first * batch, (first + many) * batch), "int32");
    const target = tf.gather(targets, chosen);
    const split = (block: Tensor, shape: readonly number[]) => tf.unstack(tf.reshape(block, [many, batch, ...shape]));
    const [inputs, goals] = tf.tidy(() => [split(tf.gather(values, chosen), example), split(target, [classes]) as Tensor2D[]] as const);
    const masks = dropouts.map((layer, index) =>
      tf.tidy(() => split(tf.tensor(dropoutMasks(layer, seed, epoch, index, first, many, batch)), [layer.size])),
    );
    const logits = inputs.map((x, index) =>
      train(
        x,
        goals[index]!,
        masks.map((mask) => mask[index]!),
        epoch * steps + first + index,
      ),
    );
    const sums = tf.tidy(() => {
      const all = tf.concat(logits, 0);
      const loss = tf.neg(tf.sum(tf.mul(target, tf.logSoftmax(all))));
      const right = tf.sum(tf.cast(tf.equal(tf.argMax(all, 1), tf.argMax(target, 1)), "float32"));
      return tf.stack([loss, right]);
    });
    tf.dispose([chosen, target, ...inputs, ...goals, ...masks.flat(), ...logits]);
    const [loss, right] = take(sums);
    return { loss: loss!, right: right! };
  };

  const epoch = async (number: number): Promise<EpochResult> => {
    const order = permutation(randomFor(seed, STREAM.order, number), count);
    let loss = 0;
    let right = 0;
    for (let first = 0; first < steps; first += stepsAtOnce) {
      const block = trainBlock(order, number, first, Math.min(stepsAtOnce, steps - first));
      loss += block.loss;
      right += block.right;
      if (!Number.isFinite(loss)) {
        throw new SensorloopError("TRAINING_DIVERGED", `the training loss became ${loss} in epoch ${number + 1}`, {
          facts: { epoch: number + 1 },
        });
      }
      await nextTurn();
    }
    return { loss: loss / (steps * batch), accuracy: right / (steps * batch), finished: false };
  };

  const weights = () => {
    const all = new Float32Array(size.all);
    all.set(parameters.dataSync());
    if (statistics) all.set(statistics.dataSync(), size.trained);
    return all;
  };
  const state = (): TrainingState => {
    const slotValues = optimizer.slots.map((name, index) => [name, Float32Array.from(slots[index]!.dataSync())] as const);
    return { weights: weights(), ...Object.fromEntries(slotValues) };
  };
  const load = (given: TrainingState) => {
    const all = Float32Array.from(given["weights"]!);
    // Sliced, not viewed: the native back end keeps the memory of the array it is given.
    replace({
      parameters: tf.tensor1d(all.slice(0, size.trained)),
      statistics: statistics ? tf.tensor1d(all.slice(size.trained)) : null,
      slots: optimizer.slots.map((name) => tf.tensor1d(Float32Array.from(given[name] ?? new Float32Array(size.trained)))),
    });
  };
  const dispose = () => {
    tf.dispose([values, targets, parameters, ...slots, ...(statistics ? [statistics] : [])]);
    optimizer.dispose();
  };
  return { load, epoch, state, weights, dispose };
}

function decayMask(tensors: readonly TensorShape[], trained: number): Float32Array {
  const mask = new Float32Array(trained);
  for (const [index, { role, decays, offset }] of tensors.entries()) {
    if (role === "trained" && decays) mask.fill(1, offset, tensors[index + 1]?.offset ?? trained);
  }
  return mask;
}

/** [many, batch, size] of 0 or 1/(1-rate), drawn by (seed, epoch, step, layer); 16 bits decide on one value. */
function dropoutMasks(
  layer: { rate: number; size: number },
  seed: number,
  epoch: number,
  index: number,
  first: number,
  many: number,
  batch: number,
) {
  const width = batch * layer.size;
  const masks = new Float32Array(many * width);
  const threshold = Math.round(layer.rate * 65_536);
  const kept = 1 / (1 - layer.rate);
  for (let step = 0; step < many; step += 1) {
    const random = randomFor(seed, STREAM.mask, epoch, first + step, index);
    const end = (step + 1) * width;
    for (let at = step * width; at < end; at += 2) {
      const bits = random.bits();
      masks[at] = (bits & 0xffff) < threshold ? 0 : kept;
      if (at + 1 < end) masks[at + 1] = bits >>> 16 < threshold ? 0 : kept;
    }
  }
  return masks;
}
