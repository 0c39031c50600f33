import { describe, expect, it } from "vitest";
import { layersOf } from "../../lib/domain/architecture.ts";
import { forwardPass } from "../../lib/domain/forward.ts";
import { sizeOf, tensorsOf, weightCount, widthOf } from "../../lib/domain/layers.ts";
import { randomFor } from "../../lib/domain/random.ts";
import { BACKENDS, loadBackend } from "../../lib/ml/backend.ts";
import type { Backend, BackendName, Tensorflow } from "../../lib/ml/backend.ts";
import { eagerStep } from "../../lib/ml/eager-step.ts";
import { initialWeights } from "../../lib/ml/initialise.ts";
import { createNetwork, exampleShape } from "../../lib/ml/network.ts";
import { openScorer } from "../../lib/ml/scorer.ts";
import { CLASSES, genomeOf, gradientByTape, NETWORKS, oneHot, prepare, SIGNAL, worstDifference } from "./reference-network.ts";
import type { Prepared } from "./reference-network.ts";

async function loadOrNull(wanted: BackendName): Promise<Backend | null> {
  return await loadBackend({ wanted }).catch(() => null);
}

for (const wanted of BACKENDS) {
  const probe = await loadOrNull(wanted);
  describe.skipIf(probe === null)(`on the ${wanted} back end${probe ? "" : " (which can't be loaded here)"}`, () => {
    it("says which back end runs and why", async () => {
      const { name, reason, tf } = await loadBackend({ wanted });
      expect(name).toBe(wanted);
      expect(reason).toContain(wanted);
      expect(tf.getBackend()).toBe(wanted === "native" ? "tensorflow" : wanted);
    });

    it.each(NETWORKS)("gradients of %s equal those of the tape on the plain back end to 1e-5", async (_, genome, input) => {
      const prepared = prepare(genome, input);
      const theirs = gradientByTape((await loadBackend({ wanted: "cpu" })).tf, prepared);
      const { tf } = await loadBackend({ wanted });
      const before = tf.memory().numTensors;
      const ours = gradientByHand(tf, prepared);
      expect(tf.memory().numTensors).toBe(before);
      expect(worstDifference(ours, theirs)).toBeLessThan(1e-5);
    });

    it.each(NETWORKS)("answers of %s equal the plain forward pass to 1e-5", async (_, genome, input) => {
      const backend = await loadBackend({ wanted });
      const { tf } = backend;
      const { layers, tensors, values, weights } = prepare(genome, input);
      const before = tf.memory().numTensors;
      const scorer = await openScorer(backend, layers, input);
      const theirs = scorer.score(weights, values);
      scorer.dispose();
      expect(tf.memory().numTensors).toBe(before);
      const places = new Map(tensors.map((tensor) => [tensor.name, tensor]));
      const pass = forwardPass(layers, widthOf(input), (name) => {
        const { offset, shape } = places.get(name)!;
        return weights.subarray(offset, offset + sizeOf(shape));
      });
      const ours = new Float32Array(5 * CLASSES);
      for (let row = 0; row < 5; row += 1) pass.run(values, row * widthOf(input), ours, row * CLASSES);
      expect(worstDifference(ours, theirs)).toBeLessThan(1e-5);
    });

    it.each([
      ["sgd", { kind: "sgd", learningRate: 0.1, weightDecay: 1e-3 }],
      ["adam", { kind: "adam", learningRate: 0.01, weightDecay: 1e-3, warmupSteps: 5 }],
    ] as const)("a training by %s resumed after any epoch ends in the same bits, with a flat number of tensors", async (_, optimizer) => {
      const { tf } = await loadBackend({ wanted });
      const genome = genomeOf("cnn", {
        convolutions: [{ filters: 4, kernel: 3, pool: 2 }],
        batchNorm: true,
        dense: [5],
        dropout: 0.3,
        batch: 8,
        epochs: 4,
        labelSmoothing: 0.1,
        optimizer,
      });
      const random = randomFor(5);
      const values = Float32Array.from({ length: 50 * widthOf(SIGNAL) }, () => random.normal());
      const labels = Int32Array.from({ length: 50 }, () => random.below(CLASSES));
      const layers = layersOf(genome, SIGNAL, CLASSES);
      const tensors = tensorsOf(layers);
      const start = () => {
        const step = eagerStep({ tf, genome, layers, tensors, input: SIGNAL, classes: CLASSES, rows: { values, labels }, seed: 3 });
        step.load({ weights: initialWeights(tensors, 3) });
        return step;
      };
      const straight = start();
      const losses: number[] = [];
      for (let epoch = 0; epoch < 2; epoch += 1) losses.push((await straight.epoch(epoch)).loss);
      const saved = structuredClone(straight.state());
      const counted = tf.memory().numTensors;
      for (let epoch = 2; epoch < 4; epoch += 1) losses.push((await straight.epoch(epoch)).loss);
      expect(tf.memory().numTensors).toBe(counted);
      const resumed = start();
      resumed.load(saved);
      for (let epoch = 2; epoch < 4; epoch += 1) expect((await resumed.epoch(epoch)).loss).toBe(losses[epoch]);
      expect(resumed.weights()).toEqual(straight.weights());
      expect(resumed.weights()).not.toEqual(saved["weights"]);
      straight.dispose();
      resumed.dispose();
    });
  });
}

it("a back end that does not exist is refused by name", async () => {
  process.env["SENSORLOOP_TF_BACKEND"] = "quantum";
  try {
    await expect(loadBackend()).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  } finally {
    delete process.env["SENSORLOOP_TF_BACKEND"];
  }
});

/** Of the summed cross-entropy, with normalisation by the batch itself. */
function gradientByHand(tf: Tensorflow, { layers, tensors, values, labels, weights, input }: Prepared): Float32Array {
  return tf.tidy(() => {
    const network = createNetwork(tf, layers, tensors);
    const { trained } = weightCount(tensors);
    const tensorsByName = network.unpack(tf.tensor1d(weights.slice(0, trained)), tf.tensor1d(weights.slice(trained)));
    const { logits, backward } = network.forward(tensorsByName, tf.tensor(values, [labels.length, ...exampleShape(input)]), []);
    return backward(tf.sub(tf.softmax(logits), tf.tensor2d(oneHot(labels), [labels.length, CLASSES]))).dataSync() as Float32Array;
  });
}
