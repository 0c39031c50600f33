import FFT from "fft.js";

/** A transform of one size with its buffers; made once for each size that occurs. */
export interface Transform {
  readonly size: number;
  readonly input: Float64Array;
  /** Real and imaginary parts in turn, bins 0 to size / 2. */
  readonly output: Float64Array;
  run(): void;
}

/** Least power of two that holds `length` samples, 8 at least. */
export function transformSize(length: number): number {
  let size = 8;
  while (size < length) size *= 2;
  return size;
}

export function createTransforms(): (size: number) => Transform {
  const made = new Map<number, Transform>();
  let last: Transform | undefined;
  return (size) => {
    if (last?.size === size) return last;
    let transform = made.get(size);
    if (!transform) {
      const fft = new FFT(size);
      const input = new Float64Array(size);
      const output = new Float64Array(2 * size);
      transform = { size, input, output, run: () => fft.realTransform(output, input) };
      made.set(size, transform);
    }
    last = transform;
    return transform;
  };
}

/** Periodic Hann window: half a cosine, 0 on the first sample and not repeated on the last. */
export function createHann(): (length: number) => Float64Array {
  const made = new Map<number, Float64Array>();
  return (length) => {
    let window = made.get(length);
    if (!window) {
      window = Float64Array.from({ length }, (_, at) => 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / length));
      made.set(length, window);
    }
    return window;
  };
}
