import { SensorloopError } from "../errors.ts";
import type { InputShape, Layer } from "../layers.ts";
import type { Genome } from "../spec.ts";

/**
 * 1-D convolutions over time ([normalise], relu, pool after each), mean and highest value over time, then dense layers.
 * Dropout stands before every product after the convolutions.
 * @throws SensorloopError SPEC_INVALID where pooling leaves no sample, or the windows carry no signals
 */
export function cnnLayers(genome: Extract<Genome, { family: "cnn" }>, input: InputShape, classes: number): Layer[] {
  if (input.kind !== "signal" || input.samples < 1) {
    throw new SensorloopError("SPEC_INVALID", "a cnn reads windows of one length sample by sample, and these windows carry only features");
  }
  const layers: Layer[] = [];
  let { samples, channels } = input;
  for (const [index, { filters, kernel, pool }] of genome.convolutions.entries()) {
    const number = index + 1;
    layers.push({
      kind: "convolution",
      name: `convolution-${number}`,
      samples,
      kernel,
      inputs: channels,
      outputs: filters,
      bias: !genome.batchNorm,
    });
    channels = filters;
    if (genome.batchNorm) layers.push({ kind: "normalise", name: `normalise-${number}`, samples, channels });
    layers.push({ kind: "activation", activation: "relu", size: samples * channels });
    if (pool > 1) {
      layers.push({ kind: "pool", samples, channels, size: pool });
      samples = Math.floor(samples / pool);
    }
    if (samples < 1) {
      throw new SensorloopError(
        "SPEC_INVALID",
        `convolution ${number} pools ${pool} samples where fewer are left of a window of ${input.samples}`,
      );
    }
  }
  layers.push({ kind: "global-pool", samples, channels });
  let width = 2 * channels;
  const drop = () => {
    if (genome.dropout > 0) layers.push({ kind: "dropout", rate: genome.dropout, size: width });
  };
  for (const [index, units] of genome.dense.entries()) {
    drop();
    layers.push({ kind: "dense", name: `dense-${index + 1}`, inputs: width, outputs: units, init: "he" });
    layers.push({ kind: "activation", activation: "relu", size: units });
    width = units;
  }
  drop();
  layers.push({ kind: "dense", name: "output", inputs: width, outputs: classes, init: "glorot" });
  return layers;
}
