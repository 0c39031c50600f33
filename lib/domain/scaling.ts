import type { InputShape } from "./layers.ts";

/** z-score per column, then clipped to +-clip; a value that is not a number becomes 0, the mean. */
export interface Scaling {
  readonly mean: readonly number[];
  readonly sd: readonly number[];
  readonly clip: number;
}

/** Five standard deviations: keeps single wild values from steering the fit (facts of the reference runs: z-score, +-5). */
const CLIP = 5;

/**
 * Fitted on row-major [count, width]; values that are not finite are left out. A column without spread gets sd 1 and so
 * becomes 0. For signals a row is one sample and a column one channel.
 */
export function fitScaling(rows: Float32Array, width: number): Scaling {
  const count = rows.length / width;
  const seen = new Float64Array(width);
  const mean = new Float64Array(width);
  for (let row = 0, at = 0; row < count; row += 1) {
    for (let column = 0; column < width; column += 1, at += 1) {
      const value = rows[at]!;
      if (value - value !== 0) continue;
      seen[column]! += 1;
      mean[column]! += value;
    }
  }
  for (let column = 0; column < width; column += 1) mean[column] = seen[column]! > 0 ? mean[column]! / seen[column]! : 0;
  const square = new Float64Array(width);
  for (let row = 0, at = 0; row < count; row += 1) {
    for (let column = 0; column < width; column += 1, at += 1) {
      const distance = rows[at]! - mean[column]!;
      if (distance - distance === 0) square[column]! += distance * distance;
    }
  }
  const sd = Array.from(square, (sum, column) => {
    const spread = Math.sqrt(sum / Math.max(1, seen[column]!));
    // Below this it is the rounding of float32, not a measurement.
    return spread > 1e-7 * Math.abs(mean[column]!) && spread > 1e-30 ? spread : 1;
  });
  return { mean: [...mean], sd, clip: CLIP };
}

/** `fitScaling` for examples of a shape: channels first, then features. */
export function fitInputScaling(rows: Float32Array, shape: InputShape): Scaling {
  if (shape.kind === "features") return fitScaling(rows, shape.width);
  if (shape.kind === "signal") return fitScaling(rows, shape.channels);
  const { width } = shape;
  const border = shape.samples * shape.channels;
  const count = rows.length / (border + width);
  const [signals, features] = [new Float32Array(count * border), new Float32Array(count * width)];
  for (let row = 0, at = 0; row < count; row += 1, at += border + width) {
    signals.set(rows.subarray(at, at + border), row * border);
    features.set(rows.subarray(at + border, at + border + width), row * width);
  }
  const [left, right] = [fitScaling(signals, shape.channels), fitScaling(features, width)];
  return { mean: [...left.mean, ...right.mean], sd: [...left.sd, ...right.sd], clip: CLIP };
}

/** The scaling of one column after another as `applyScaling` needs it for rows of a shape. */
export function rowScaling(scaling: Scaling, shape: InputShape): Scaling {
  if (shape.kind !== "both") return scaling;
  const { samples, channels } = shape;
  const spread = (values: readonly number[]) => [
    ...Array.from({ length: samples * channels }, (_, at) => values[at % channels]!),
    ...values.slice(channels),
  ];
  return { mean: spread(scaling.mean), sd: spread(scaling.sd), clip: scaling.clip };
}

/** Scales row-major [count, width] into `out`, which may be `rows` itself. */
export function applyScaling(scaling: Scaling, rows: Float32Array, out: Float32Array): Float32Array {
  const mean = Float64Array.from(scaling.mean);
  const inverse = Float64Array.from(scaling.sd, (sd) => 1 / sd);
  const width = mean.length;
  const { clip } = scaling;
  for (let at = 0; at < rows.length;) {
    for (let column = 0; column < width; column += 1, at += 1) {
      const value = (rows[at]! - mean[column]!) * inverse[column]!;
      out[at] = value > clip ? clip : value < -clip ? -clip : value === value ? value : 0;
    }
  }
  return out;
}
