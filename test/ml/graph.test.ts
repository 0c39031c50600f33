import { describe, expect, it } from "vitest";
import { leavesOf, weightCount, widthOf } from "../../lib/domain/layers.ts";
import { permutation, randomFor } from "../../lib/domain/random.ts";
import type { SteppedGenome } from "../../lib/domain/spec.ts";
import { loadBackend } from "../../lib/ml/backend.ts";
import type { Tensorflow } from "../../lib/ml/backend.ts";
import { eagerStep } from "../../lib/ml/eager-step.ts";
import { Graph } from "../../lib/ml/graph/graph.ts";
import { graphStep } from "../../lib/ml/graph/graph-step.ts";
import { stepMasks } from "../../lib/ml/graph/masks.ts";
import { openGraph } from "../../lib/ml/graph/session.ts";
import { STREAM } from "../../lib/ml/streams.ts";
import type { StepOptions } from "../../lib/ml/training-step.ts";
import { BOTH, CLASSES, FEATURES, genomeOf, gradientByTape, prepare, STEPPED, worstDifference } from "./reference-network.ts";
import type { Prepared } from "./reference-network.ts";

const native = await loadBackend({ wanted: "native" }).catch(() => null);
const SEED = 3;

/** Everything that draws or remembers: branches, normalisation, dropout in three places, Adam with decay. */
const WHOLE = genomeOf("cnn", {
  convolutions: [{ filters: 4, kernel: 3, pool: 2 }],
  batchNorm: true,
  features: { units: 5, dropout: 0.3 },
  dense: [5],
  dropout: 0.4,
  batch: 8,
  epochs: 4,
  labelSmoothing: 0.1,
  optimizer: { learningRate: 0.01, weightDecay: 0.01 },
});

describe.skipIf(!native)(`the training graph${native ? "" : " (native TensorFlow can't be loaded here)"}`, () => {
  const { tf } = native ?? ({} as { tf: Tensorflow });

  function optionsOf(genome: SteppedGenome, prepared: Prepared): StepOptions {
    const { layers, tensors, input, values, labels } = prepared;
    return { tf, genome, layers, tensors, input, classes: CLASSES, rows: { values, labels }, seed: SEED };
  }

  it.each(STEPPED)("has the gradients of %s as the tape has them, to 1e-5", async (_, genome, input) => {
    const prepared = prepare(genome, input);
    const theirs = gradientByTape(tf, prepared).map((value) => value / prepared.labels.length);
    expect(worstDifference(await gradientOf(genome, prepared), theirs)).toBeLessThan(1e-5);
  });

  it("has the gradients through dropout as the tape has them under the same masks", async () => {
    const genome = genomeOf("mlp", { units: [6, 5], inputDropout: 0.2, dropout: 0.5 });
    const prepared = prepare(genome, FEATURES);
    const rows = prepared.labels.length;
    const sizes = leavesOf(prepared.layers).flatMap((layer) => (layer.kind === "dropout" ? [layer.size] : []));
    const masks = await masksOf(rows, sizes, Float32Array.of(0.2, 0.5, 0.5));
    // The step takes its rows in the epoch's order.
    const order = permutation(randomFor(SEED, STREAM.order, 0), rows);
    const width = widthOf(FEATURES);
    const ordered = {
      ...prepared,
      values: Float32Array.from(
        { length: rows * width },
        (_, at) => prepared.values[order[Math.floor(at / width)]! * width + (at % width)]!,
      ),
      labels: Int32Array.from(order, (row) => prepared.labels[row]!),
    };
    const theirs = gradientByTape(tf, ordered, masks).map((value) => value / rows);
    expect(worstDifference(await gradientOf(genome, prepared), theirs)).toBeLessThan(1e-5);
  });

  it("drops the share it is told to, and makes up for it in what it keeps", async () => {
    const [half, few] = await masksOf(1000, [31, 17], Float32Array.of(0.5, 0.1));
    expect([...new Set(half)].sort()).toEqual([0, 2]);
    expect([...new Set(few)].sort()).toEqual([0, Math.fround(1 / 0.9)]);
    const dropped = (mask: Float32Array) => mask.filter((value) => value === 0).length / mask.length;
    // Within four standard deviations.
    expect(Math.abs(dropped(half!) - 0.5)).toBeLessThan(0.0114);
    expect(Math.abs(dropped(few!) - 0.1)).toBeLessThan(0.0092);
  });

  it.each([
    ["sgd with nesterov, decay, warm-up and a cosine", { kind: "sgd", learningRate: 0.1, weightDecay: 0.01, warmupSteps: 4 }, true],
    ["sgd without nesterov at a constant rate", { kind: "sgd", learningRate: 0.05, nesterov: false, schedule: "constant" }, false],
    ["adam with decay", { kind: "adam", learningRate: 0.01, weightDecay: 0.02, warmupSteps: 4 }, true],
  ] as const)("trains as the eager step does by %s", async (_, optimizer, normalised) => {
    const training = { batch: 8, epochs: 3, labelSmoothing: 0.1, optimizer };
    const genome = genomeOf("cnn", { ...WHOLE, ...training, batchNorm: normalised, dropout: 0, features: { units: 4, dropout: 0 } });
    const prepared = prepare(genome, BOTH, 50);
    const [graph, eager] = [await graphStep(optionsOf(genome, prepared)), eagerStep(optionsOf(genome, prepared))];
    for (const step of [graph, eager]) step.load({ weights: prepared.weights });
    for (let epoch = 0; epoch < 3; epoch += 1) {
      const [ours, theirs] = [await graph.epoch(epoch), await eager.epoch(epoch)];
      expect(ours.loss).toBeCloseTo(theirs.loss, 4);
      expect(ours.accuracy).toBe(theirs.accuracy);
    }
    const [ours, theirs] = [graph.state(), eager.state()];
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
    for (const [name, values] of Object.entries(ours)) {
      expect(worstDifference(values as Float32Array, theirs[name] as Float32Array), name).toBeLessThan(1e-4);
    }
    expect(worstDifference(graph.weights(), prepared.weights)).toBeGreaterThan(0.01);
    graph.dispose();
    eager.dispose();
  });

  it("ends in the same bits from the same seed, from any epoch on, and in others from another seed", async () => {
    const prepared = prepare(WHOLE, BOTH, 50);
    const straight = await trained(WHOLE, prepared, {});
    expect(await trained(WHOLE, prepared, {})).toEqual(straight);
    expect((await trained(WHOLE, prepared, { seed: 4 })).weights).not.toEqual(straight.weights);
    for (const at of [1, 3]) {
      const resumed = await trained(WHOLE, prepared, { interruptedAt: at });
      expect(resumed).toEqual(straight);
    }
  });

  it("serves the next genome of its shape after it was given back, as a new graph would", async () => {
    const others = { ...WHOLE, dropout: 0.1, labelSmoothing: 0, optimizer: { ...WHOLE.optimizer, learningRate: 0.003, weightDecay: 0.5 } };
    const prepared = prepare(WHOLE, BOTH, 50);
    const held = await graphStep(optionsOf(WHOLE, prepared));
    const fresh = await trained(others, prepared, {});
    held.load({ weights: prepared.weights });
    await held.epoch(0);
    held.dispose();
    expect(await trained(others, prepared, {})).toEqual(fresh);
  });

  it("makes no tensor that stays, over 100,000 steps", async () => {
    const genome = genomeOf("mlp", { units: [2], batch: 1, epochs: 26, dropout: 0.5, optimizer: { kind: "sgd" } });
    const prepared = prepare(genome, { kind: "features", width: 2 }, 4000);
    const step = await graphStep(optionsOf(genome, prepared));
    step.load({ weights: prepared.weights });
    await step.epoch(0);
    const before = tf.memory().numTensors;
    for (let epoch = 1; epoch <= 25; epoch += 1) await step.epoch(epoch);
    expect(tf.memory().numTensors).toBe(before);
    step.dispose();
  }, 60_000);

  it("shares no memory with the rows and the state that it is given", async () => {
    const genome = { ...WHOLE, optimizer: { ...WHOLE.optimizer, learningRate: 0.5 } };
    const prepared = prepare(genome, BOTH, 50);
    const straight = await trained(genome, prepared, {});
    const rows = { values: prepared.values.slice(), labels: prepared.labels };
    const state = { weights: prepared.weights.slice() };
    const step = await graphStep({ ...optionsOf(genome, prepared), rows });
    step.load(state);
    rows.values.fill(7);
    expect((await step.epoch(0)).loss).toBe(straight.losses[0]);
    expect(state.weights).toEqual(prepared.weights);
    step.dispose();
  });

  it("takes all rows at once where a batch is larger than the data", async () => {
    const genome = genomeOf("mlp", { units: [3], batch: 4096, epochs: 1, dropout: 0 });
    const prepared = prepare(genome, FEATURES, 7);
    const [large, exact] = [await trained(genome, prepared, {}), await trained({ ...genome, batch: 7 }, prepared, {})];
    expect(large).toEqual(exact);
  });

  /** Of the mean loss: what the velocity is after one step from rest. */
  async function gradientOf(genome: SteppedGenome, prepared: Prepared): Promise<Float32Array> {
    const sgd = { kind: "sgd", momentum: 0.9, learningRate: 1e-3 } as const;
    const whole = { ...genome, batch: prepared.labels.length, optimizer: { ...genome.optimizer, ...sgd } };
    const step = await graphStep(optionsOf(whole, prepared));
    step.load({ weights: prepared.weights });
    await step.epoch(0);
    const velocity = step.state()["velocity"] as Float32Array;
    step.dispose();
    expect(velocity).toHaveLength(weightCount(prepared.tensors).trained);
    return velocity;
  }

  /** Masks of the first step, by the same operations and the same seed. */
  async function masksOf(batch: number, sizes: readonly number[], rates: Float32Array): Promise<Float32Array[]> {
    const graph = new Graph();
    const fed = { rates: graph.placeholder("float32", [-1]), seed: graph.placeholder("int32", []), step: graph.placeholder("int32", []) };
    const masks = stepMasks(graph, { batch, sizes }, fed.rates, fed.seed)(fed.step);
    graph.signature("masks", fed, Object.fromEntries(masks.map((mask, index) => [`mask${index}`, mask])));
    const session = await openGraph(tf, graph.encode(), ["masks"]);
    const drawn = session.run("masks", {
      rates: { values: rates, shape: [rates.length] },
      seed: { values: Int32Array.of(randomFor(SEED, STREAM.mask).bits()), shape: [] },
      step: { values: Int32Array.of(0), shape: [] },
    });
    session.dispose();
    return sizes.map((_, index) => drawn[`mask${index}`]!);
  }

  interface Trained {
    readonly weights: Float32Array;
    readonly losses: readonly number[];
  }

  async function trained(
    genome: SteppedGenome,
    prepared: Prepared,
    { seed = SEED, interruptedAt = -1 }: { seed?: number; interruptedAt?: number },
  ): Promise<Trained> {
    const open = () => graphStep({ ...optionsOf(genome, prepared), seed });
    let step = await open();
    step.load({ weights: prepared.weights });
    const losses: number[] = [];
    for (let epoch = 0; epoch < genome.epochs; epoch += 1) {
      if (epoch === interruptedAt) {
        const saved = structuredClone(step.state());
        const next = await open();
        step.dispose();
        step = next;
        step.load(saved);
      }
      losses.push((await step.epoch(epoch)).loss);
    }
    const weights = step.weights();
    step.dispose();
    return { weights, losses };
  }
});
