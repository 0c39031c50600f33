import { transformSize, type Transform } from "./spectra.ts";

export const AUTOCORRELATION_NAMES = ["acPeak", "acLag", "acMin"] as const;

/**
 * The highest autocorrelation at lags from max(2, n/16) to n/2, its lag as a share of n, and the lowest one there: how
 * periodic a signal is, and with which period. The estimate is the biased one (divided by n, lag 0 = 1), of the signal
 * less its mean. All 0 for a constant signal or one of fewer than 4 samples.
 */
export function createAutocorrelation(transforms: (size: number) => Transform) {
  return (values: Float64Array, length: number, mean: number, out: Float32Array, at: number): void => {
    const first = Math.max(2, length >> 4);
    const last = length >> 1;
    // Zeros behind the signal keep its end from wrapping round onto its beginning, up to the last lag that is read.
    const transform = transforms(transformSize(length + last));
    const { size, input, output } = transform;
    for (let index = 0; index < length; index++) input[index] = values[index]! - mean;
    input.fill(0, length);
    transform.run();
    // The power spectrum is real and even, so that transforming it forward is transforming it back.
    input[0] = output[0]! * output[0]!;
    for (let bin = 1; bin <= size >> 1; bin++) {
      const real = output[2 * bin]!;
      const imaginary = output[2 * bin + 1]!;
      const power = real * real + imaginary * imaginary;
      input[bin] = power;
      input[size - bin] = power;
    }
    transform.run();
    const whole = output[0]!;
    let peak = -Infinity;
    let peakLag = 0;
    let least = Infinity;
    for (let lag = first; lag <= last; lag++) {
      const value = output[2 * lag]!;
      if (value > peak) {
        peak = value;
        peakLag = lag;
      }
      if (value < least) least = value;
    }
    const known = whole > 0 && peakLag > 0;
    out[at] = known ? peak / whole : 0;
    out[at + 1] = known ? peakLag / length : 0;
    out[at + 2] = known ? least / whole : 0;
  };
}
