import { setImmediate as nextTurn } from "node:timers/promises";
import { SensorloopError } from "../../domain/errors.ts";
import { leavesOf, productsOf, weightCount, widthOf } from "../../domain/layers.ts";
import { permutation, randomFor } from "../../domain/random.ts";
import type { Optimizer } from "../../domain/spec.ts";
import { adamCorrection, learningRate, SLOTS } from "../optimizer.ts";
import { STREAM } from "../streams.ts";
import { smoothedTargets } from "../targets.ts";
import type { EpochResult, StepOptions, TrainingState, TrainingStep } from "../training-step.ts";
import { leaseNetwork } from "./leases.ts";

/**
 * Most work of one call, which blocks the event loop: 0.1 to 0.3 s on one core (an MLP of 65,000 products does 25 a
 * nanosecond, a convolution 40; below a million products it is the hundred operations of a step that take the time). Where the
 * calls are cut may not depend on a clock, because the loss is summed call by call.
 */
const PRODUCTS_A_CALL = 4e9;
const STEPS_A_CALL = 2000;

/**
 * Mini-batch training in a graph of our own, many steps a call. The same training as `eagerStep` with the same options, to
 * float precision; only which values dropout drops is drawn otherwise.
 * @param options `tf` has to be the native back end
 */
export async function graphStep({ tf, genome, layers, input, classes, tensors, rows, seed }: StepOptions): Promise<TrainingStep> {
  const { optimizer } = genome;
  const count = rows.labels.length;
  const batch = Math.min(genome.batch, count);
  const steps = Math.floor(count / batch);
  const size = weightCount(tensors);
  const slots = SLOTS[optimizer.kind];
  const stepsAtOnce = Math.max(1, Math.min(steps, STEPS_A_CALL, Math.floor(PRODUCTS_A_CALL / (batch * productsOf(layers)))));
  const shape = {
    layers,
    input,
    training: {
      batch,
      classes,
      optimizer: { kind: optimizer.kind, nesterov: optimizer.kind === "sgd" && optimizer.nesterov, decays: optimizer.weightDecay > 0 },
    },
  };
  const { session, giveBack } = await leaseNetwork(tf, shape, ["load", "data", "epoch", "get"]);
  const width = widthOf(input);
  const putRows = (values: Float32Array, targets: Float32Array) =>
    session.run("data", {
      values: { values, shape: [values.length / width, width] },
      targets: { values: targets, shape: [targets.length / classes, classes] },
    });
  putRows(rows.values, smoothedTargets(rows.labels, classes, genome.labelSmoothing));
  const dropouts = leavesOf(layers).filter((layer) => layer.kind === "dropout");
  const fixed = {
    momentum: { values: Float32Array.of(optimizer.momentum), shape: [] },
    dropouts: { values: Float32Array.from(dropouts, ({ rate }) => rate), shape: [dropouts.length] },
    seed: { values: Int32Array.of(randomFor(seed, STREAM.mask).bits()), shape: [] },
  };

  /** `many` steps from `first` of an epoch. */
  const train = (order: Int32Array, epoch: number, first: number, many: number) => {
    const sizes = stepSizes(optimizer, epoch * steps + first, many, steps * genome.epochs);
    const { loss, right } = session.run("epoch", {
      ...fixed,
      steps: { values: Int32Array.of(many), shape: [] },
      first: { values: Int32Array.of(epoch * steps + first), shape: [] },
      order: { values: order.slice(first * batch, (first + many) * batch), shape: [many, batch] },
      rates: { values: sizes.rates, shape: [many] },
      decays: { values: sizes.decays, shape: [many] },
    });
    return { loss: loss![0]!, right: right![0]! };
  };

  const epoch = async (number: number): Promise<EpochResult> => {
    const order = permutation(randomFor(seed, STREAM.order, number), count);
    let loss = 0;
    let right = 0;
    for (let first = 0; first < steps; first += stepsAtOnce) {
      const block = train(order, number, first, Math.min(stepsAtOnce, steps - first));
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

  const state = (): TrainingState => session.run("get", {});
  const load = (given: TrainingState) => {
    const flat = (name: string, length: number) => ({
      values: Float32Array.from(given[name] ?? new Float32Array(length)),
      shape: [length],
    });
    const kept = [["weights", flat("weights", size.all)] as const, ...slots.map((slot) => [slot, flat(slot, size.trained)] as const)];
    session.run("load", Object.fromEntries(kept));
  };
  const dispose = () => {
    putRows(new Float32Array(0), new Float32Array(0));
    giveBack();
  };
  return { load, epoch, state, weights: () => state()["weights"] as Float32Array, dispose };
}

/** Step sizes of `many` steps from the training's `first`. */
function stepSizes(optimizer: Optimizer, first: number, many: number, total: number) {
  const rates = new Float32Array(many);
  const decays = new Float32Array(many);
  for (let index = 0; index < many; index += 1) {
    const rate = learningRate(optimizer, first + index, total);
    rates[index] = optimizer.kind === "adam" ? rate * adamCorrection(first + index) : rate;
    decays[index] = rate * optimizer.weightDecay;
  }
  return { rates, decays };
}
