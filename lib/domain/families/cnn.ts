import { SensorloopError } from "../errors.ts";
import type { InputShape, Layer } from "../layers.ts";
import type { Genome } from "../spec.ts";

type CnnGenome = Extract<Genome, { family: "cnn" }>;

/**
 * 1-D convolutions over time ([normalise], relu, pool after each), mean and highest value over time; beside them, where
 * the genome has `features`, a dense layer over the window's features (as Ignatov 2018 joins them); then dense layers.
 * Dropout stands before every product after the convolutions; what a branch has dropped is not dropped again.
 * @throws SensorloopError SPEC_INVALID where pooling leaves no sample, or the windows carry no signals, or no features
 */
export function cnnLayers(genome: CnnGenome, input: InputShape, classes: number): Layer[] {
  if (input.kind === "features" || input.samples < 1) {
    throw new SensorloopError("SPEC_INVALID", "a cnn reads windows of one length sample by sample, and these windows carry only features");
  }
  if (input.kind === "both" && !genome.features) {
    throw new SensorloopError("SPEC_INVALID", "a cnn without `features` reads the samples alone, and was given features as well");
  }
  const { layers, width } = genome.features ? joined(genome, genome.features, input) : convolutions(genome, input);
  let inputs = width;
  for (const [index, units] of genome.dense.entries()) {
    layers.push({ kind: "dense", name: `dense-${index + 1}`, inputs, outputs: units, init: "he" });
    layers.push({ kind: "activation", activation: "relu", size: units });
    layers.push(...dropout(genome.dropout, units));
    inputs = units;
  }
  layers.push({ kind: "dense", name: "output", inputs, outputs: classes, init: "glorot" });
  return layers;
}

/** Layers that end in a row of `width` values. */
interface ToRow {
  readonly layers: Layer[];
  readonly width: number;
}

function joined(genome: CnnGenome, { units, dropout: rate }: NonNullable<CnnGenome["features"]>, input: InputShape): ToRow {
  if (input.kind !== "both" || input.width < 1) {
    throw new SensorloopError("SPEC_INVALID", "a cnn with `features` reads features beside the samples, and these windows carry none");
  }
  const { samples, channels, width } = input;
  const signal = convolutions(genome, input);
  const features: Layer[] = [
    { kind: "dense", name: "features", inputs: width, outputs: units, init: "he" },
    { kind: "activation", activation: "relu", size: units },
    ...dropout(rate, units),
  ];
  const branches: Layer = { kind: "branches", samples, channels, width, signal: signal.layers, features };
  return { layers: [branches], width: signal.width + units };
}

function dropout(rate: number, size: number): Layer[] {
  return rate > 0 ? [{ kind: "dropout", rate, size }] : [];
}

function convolutions(genome: CnnGenome, input: { readonly samples: number; readonly channels: number }): ToRow {
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
  const width = 2 * channels;
  layers.push({ kind: "global-pool", samples, channels }, ...dropout(genome.dropout, width));
  return { layers, width };
}
