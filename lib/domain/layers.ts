/**
 * A network as data: a list of layers that both the pure forward pass (browser, API) and the trainer (TensorFlow)
 * interpret, so that what is served is what was trained. Signals are [samples, channels], row-major.
 */
export type Layer =
  | { readonly kind: "dense"; readonly name: string; readonly inputs: number; readonly outputs: number; readonly init: "he" | "glorot" }
  /** Along time, stride 1, zero-padded to the same length: floor((kernel-1)/2) before, the rest after. */
  | {
      readonly kind: "convolution";
      readonly name: string;
      readonly samples: number;
      readonly kernel: number;
      readonly inputs: number;
      readonly outputs: number;
      readonly bias: boolean;
    }
  /** Batch normalisation per channel; running mean and variance are kept with the weights. */
  | { readonly kind: "normalise"; readonly name: string; readonly samples: number; readonly channels: number }
  | { readonly kind: "activation"; readonly activation: "tanh" | "relu"; readonly size: number }
  /** Active in training only; kept values are scaled by 1/(1-rate). */
  | { readonly kind: "dropout"; readonly rate: number; readonly size: number }
  /** Highest of each `size` samples; a rest shorter than `size` is dropped. */
  | { readonly kind: "pool"; readonly samples: number; readonly channels: number; readonly size: number }
  /** Mean and highest value over time, side by side: [samples, channels] -> [2 x channels]. */
  | { readonly kind: "global-pool"; readonly samples: number; readonly channels: number }
  /**
   * Splits an example of the kind `both` into its signal and its features, takes each through layers of its own, which end
   * in rows, and joins the two rows, the signal's first. Stands at the beginning of a network or nowhere.
   */
  | {
      readonly kind: "branches";
      readonly samples: number;
      readonly channels: number;
      readonly width: number;
      readonly signal: readonly Layer[];
      readonly features: readonly Layer[];
    };

/** What one example looks like to the first layer. `both` is the signal, row-major, and then `width` features. */
export type InputShape =
  | { readonly kind: "features"; readonly width: number }
  | { readonly kind: "signal"; readonly samples: number; readonly channels: number }
  | { readonly kind: "both"; readonly samples: number; readonly channels: number; readonly width: number };

/** Values of one example. */
export function widthOf(input: InputShape): number {
  if (input.kind === "features") return input.width;
  return input.samples * input.channels + (input.kind === "both" ? input.width : 0);
}

/** Added to the variance before its root, as in Keras. */
export const NORMALISE_EPSILON = 1e-3;

export interface TensorShape {
  readonly name: string;
  readonly shape: readonly number[];
  /** `trained` by gradients; `statistic` is kept up by the forward pass in training. */
  readonly role: "trained" | "statistic";
  /** Whether weight decay applies: to products, not to biases or scales. */
  readonly decays: boolean;
  readonly init: "he" | "glorot" | "zeros" | "ones";
  /** Fan-in and fan-out of `he` and `glorot`. */
  readonly fan: readonly [number, number];
  /** In floats from the beginning of the weights; trained tensors first, then statistics. */
  readonly offset: number;
}

/** A layer that computes: anything but `branches`, which only holds others. */
export type LeafLayer = Exclude<Layer, { kind: "branches" }>;

/** All layers that compute, in order; of branches the signal's first. */
export function leavesOf(layers: readonly Layer[]): LeafLayer[] {
  return layers.flatMap((layer) => (layer.kind === "branches" ? [...leavesOf(layer.signal), ...leavesOf(layer.features)] : [layer]));
}

/** Whether the layer, or one within it, has tensors that gradients train. */
export function isTrained(layer: Layer): boolean {
  return leavesOf([layer]).some(({ kind }) => kind === "dense" || kind === "convolution" || kind === "normalise");
}

/** The tensors of a network in the order of its weight buffer. */
export function tensorsOf(layers: readonly Layer[]): readonly TensorShape[] {
  const wanted = leavesOf(layers).flatMap(tensorsOfLayer);
  const ordered = [...wanted.filter((tensor) => tensor.role === "trained"), ...wanted.filter((tensor) => tensor.role === "statistic")];
  let offset = 0;
  return ordered.map((tensor) => {
    const placed = { ...tensor, offset };
    offset += sizeOf(tensor.shape);
    return placed;
  });
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Floats in the weight buffer: all of it, and the trained part at its beginning. */
export function weightCount(tensors: readonly TensorShape[]): { readonly all: number; readonly trained: number } {
  const count = (wanted: readonly TensorShape[]) => wanted.reduce((sum, tensor) => sum + sizeOf(tensor.shape), 0);
  return { all: count(tensors), trained: count(tensors.filter((tensor) => tensor.role === "trained")) };
}

/** Values that come out of the last layer, for one example. */
export function outputsOf(layers: readonly Layer[]): number {
  const last = layers.at(-1);
  switch (last?.kind) {
    case "dense":
      return last.outputs;
    case "convolution":
      return last.samples * last.outputs;
    case "normalise":
      return last.samples * last.channels;
    case "activation":
    case "dropout":
      return last.size;
    case "pool":
      return Math.floor(last.samples / last.size) * last.channels;
    case "global-pool":
      return 2 * last.channels;
    case "branches":
      return outputsOf(last.signal) + outputsOf(last.features);
    case undefined:
      return 0;
  }
}

/** Multiplications to answer one example: a measure of work. */
export function productsOf(layers: readonly Layer[]): number {
  return leavesOf(layers).reduce((sum, layer) => {
    if (layer.kind === "dense") return sum + layer.inputs * layer.outputs;
    if (layer.kind === "convolution") return sum + layer.samples * layer.kernel * layer.inputs * layer.outputs;
    return sum;
  }, 0);
}

function tensorsOfLayer(layer: LeafLayer): Omit<TensorShape, "offset">[] {
  const trained = { role: "trained", decays: false, fan: [0, 0] } as const;
  const statistic = { role: "statistic", decays: false, fan: [0, 0] } as const;
  if (layer.kind === "dense") {
    const { name, inputs, outputs, init } = layer;
    return [
      { name: `${name}/weights`, shape: [inputs, outputs], ...trained, decays: true, init, fan: [inputs, outputs] },
      { name: `${name}/bias`, shape: [outputs], ...trained, init: "zeros" },
    ];
  }
  if (layer.kind === "convolution") {
    const { name, kernel, inputs, outputs } = layer;
    const shape = [kernel, inputs, outputs];
    const weights = {
      name: `${name}/weights`,
      shape,
      ...trained,
      decays: true,
      init: "he",
      fan: [kernel * inputs, kernel * outputs],
    } as const;
    return layer.bias ? [weights, { name: `${name}/bias`, shape: [outputs], ...trained, init: "zeros" }] : [weights];
  }
  if (layer.kind === "normalise") {
    const { name, channels } = layer;
    return [
      { name: `${name}/scale`, shape: [channels], ...trained, init: "ones" },
      { name: `${name}/shift`, shape: [channels], ...trained, init: "zeros" },
      { name: `${name}/mean`, shape: [channels], ...statistic, init: "zeros" },
      { name: `${name}/variance`, shape: [channels], ...statistic, init: "ones" },
    ];
  }
  return [];
}
