import type { Scalar, Tensor, Tensor4D } from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { layersOf } from "../../lib/domain/architecture.ts";
import { forwardPass } from "../../lib/domain/forward.ts";
import { sizeOf, tensorsOf, weightCount, widthOf } from "../../lib/domain/layers.ts";
import type { InputShape, Layer } from "../../lib/domain/layers.ts";
import { randomFor } from "../../lib/domain/random.ts";
import { genomeSchema } from "../../lib/domain/spec.ts";
import type { Genome } from "../../lib/domain/spec.ts";
import { BACKENDS, loadBackend } from "../../lib/ml/backend.ts";
import type { Backend, BackendName, Tensorflow } from "../../lib/ml/backend.ts";
import { eagerStep } from "../../lib/ml/eager-step.ts";
import { initialWeights } from "../../lib/ml/initialise.ts";
import { createNetwork } from "../../lib/ml/network.ts";
import { tensorflowScorer } from "../../lib/ml/scorer.ts";

const FEATURES: InputShape = { kind: "features", width: 7 };
const SIGNAL: InputShape = { kind: "signal", samples: 13, channels: 3 };
const NETWORKS: readonly (readonly [string, Genome, InputShape])[] = [
  ["logistic regression", genomeSchema.parse({ family: "logistic" }), FEATURES],
  ["an mlp with tanh", genomeSchema.parse({ family: "mlp", units: [6, 5], dropout: 0 }), FEATURES],
  ["an mlp with relu", genomeSchema.parse({ family: "mlp", units: [6, 5], activation: "relu", dropout: 0 }), FEATURES],
  [
    "a cnn",
    genomeSchema.parse({
      family: "cnn",
      convolutions: [
        { filters: 4, kernel: 4 },
        { filters: 5, kernel: 3, pool: 2 },
      ],
      dropout: 0,
    }),
    SIGNAL,
  ],
  [
    "a cnn with normalisation and a dense layer",
    genomeSchema.parse({
      family: "cnn",
      convolutions: [
        { filters: 4, kernel: 5, pool: 3 },
        { filters: 3, kernel: 2 },
      ],
      batchNorm: true,
      dense: [4],
      dropout: 0,
    }),
    SIGNAL,
  ],
];
const CLASSES = 3;

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
      const reference = prepare((await loadBackend({ wanted: "cpu" })).tf, genome, input);
      const theirs = gradientByTape(reference);
      const { tf } = await loadBackend({ wanted });
      const before = tf.memory().numTensors;
      const ours = gradientByHand(prepare(tf, genome, input));
      expect(tf.memory().numTensors).toBe(before);
      expect(ours).toHaveLength(theirs.length);
      const worst = theirs.reduce((most, value, index) => Math.max(most, Math.abs(value - ours[index]!)), 0);
      expect(worst).toBeLessThan(1e-5);
    });

    it.each(NETWORKS)("answers of %s equal the plain forward pass to 1e-5", async (_, genome, input) => {
      const { tf } = await loadBackend({ wanted });
      const { layers, tensors, values, weights } = prepare(tf, genome, input);
      const before = tf.memory().numTensors;
      const theirs = tensorflowScorer(tf, layers, tensors, input)(weights, values);
      expect(tf.memory().numTensors).toBe(before);
      const places = new Map(tensors.map((tensor) => [tensor.name, tensor]));
      const pass = forwardPass(layers, widthOf(input), (name) => {
        const { offset, shape } = places.get(name)!;
        return weights.subarray(offset, offset + sizeOf(shape));
      });
      const ours = new Float32Array(5 * CLASSES);
      for (let row = 0; row < 5; row += 1) pass.run(values, row * widthOf(input), ours, row * CLASSES);
      for (const [index, value] of theirs.entries()) expect(Math.abs(value - ours[index]!)).toBeLessThan(1e-5);
    });

    it.each([
      ["sgd", { kind: "sgd", learningRate: 0.1, weightDecay: 1e-3 }],
      ["adam", { kind: "adam", learningRate: 0.01, weightDecay: 1e-3, warmupSteps: 5 }],
    ] as const)("a training by %s resumed after any epoch ends in the same bits, with a flat number of tensors", async (_, optimizer) => {
      const { tf } = await loadBackend({ wanted });
      const genome = genomeSchema.parse({
        family: "cnn",
        convolutions: [{ filters: 4, kernel: 3, pool: 2 }],
        batchNorm: true,
        dense: [5],
        dropout: 0.3,
        batch: 8,
        epochs: 4,
        labelSmoothing: 0.1,
        optimizer,
      }) as Extract<Genome, { family: "cnn" }>;
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

function prepare(tf: Tensorflow, genome: Genome, input: InputShape) {
  const layers = layersOf(genome, input, CLASSES);
  const tensors = tensorsOf(layers);
  const random = randomFor(7);
  const values = Float32Array.from({ length: 5 * widthOf(input) }, () => random.normal());
  const targets = new Float32Array(5 * CLASSES);
  for (let row = 0; row < 5; row += 1) targets[row * CLASSES + random.below(CLASSES)] = 1;
  // Away from zero, so that biases, scales and running statistics count.
  const weights = initialWeights(tensors, 11).map((value) => value + 0.1 + 0.05 * random.uniform());
  const example = input.kind === "features" ? [input.width] : [1, input.samples, input.channels];
  return { tf, layers, tensors, values, targets, weights, example };
}

type Prepared = ReturnType<typeof prepare>;

/** Of the summed cross-entropy, with normalisation by the batch itself. */
function gradientByHand({ tf, layers, tensors, values, targets, weights, example }: Prepared): Float32Array {
  return tf.tidy(() => {
    const network = createNetwork(tf, layers, tensors);
    const { trained } = weightCount(tensors);
    const tensorsByName = network.unpack(tf.tensor1d(weights.slice(0, trained)), tf.tensor1d(weights.slice(trained)));
    const { logits, backward } = network.forward(tensorsByName, tf.tensor(values, [5, ...example]), []);
    return backward(tf.sub(tf.softmax(logits), tf.tensor2d(targets, [5, CLASSES]))).dataSync() as Float32Array;
  });
}

function gradientByTape({ tf, layers, tensors, values, targets, weights, example }: Prepared): Float32Array {
  return tf.tidy(() => {
    const named = tensors.filter(({ role }) => role === "trained");
    const shaped = named.map(({ offset, shape }) => tf.tensor(weights.slice(offset, offset + sizeOf(shape)), [...shape]));
    const loss = (...given: Tensor[]): Scalar => {
      const logits = layersByTape(
        tf,
        layers,
        new Map(named.map(({ name }, index) => [name, given[index]!])),
        tf.tensor(values, [5, ...example]),
      );
      return tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), tf.tensor2d(targets, [5, CLASSES]))));
    };
    return tf
      .concat(
        tf
          .grads(loss)(shaped)
          .map((one) => tf.reshape(one, [-1])),
      )
      .dataSync() as Float32Array;
  });
}

/** The same network from tfjs's own operations, which its tape can differentiate. */
function layersByTape(tf: Tensorflow, layers: readonly Layer[], weights: ReadonlyMap<string, Tensor>, input: Tensor): Tensor {
  let values = input;
  for (const layer of layers) {
    if (layer.kind === "dense") {
      values = tf.add(tf.matMul(values, weights.get(`${layer.name}/weights`)!), weights.get(`${layer.name}/bias`)!);
    } else if (layer.kind === "convolution") {
      values = tf.conv2d(values as Tensor4D, tf.expandDims(weights.get(`${layer.name}/weights`)!, 0), 1, "same");
      if (layer.bias) values = tf.add(values, weights.get(`${layer.name}/bias`)!);
    } else if (layer.kind === "normalise") {
      const { mean, variance } = tf.moments(values, [0, 1, 2]);
      const standard = tf.div(tf.sub(values, mean), tf.sqrt(tf.add(variance, 1e-3)));
      values = tf.add(tf.mul(standard, weights.get(`${layer.name}/scale`)!), weights.get(`${layer.name}/shift`)!);
    } else if (layer.kind === "activation") {
      values = layer.activation === "tanh" ? tf.tanh(values) : tf.relu(values);
    } else if (layer.kind === "pool") {
      values = tf.maxPool(values as Tensor4D, [1, layer.size], [1, layer.size], "valid");
    } else if (layer.kind === "global-pool") {
      values = tf.concat([tf.mean(values, [1, 2]), tf.max(values, [1, 2])], 1);
    }
  }
  return values;
}
