import { createHann, transformSize, type Transform } from "./spectra.ts";

export const SPECTRUM_NAMES = [
  "peakPower",
  "peakHz",
  "centroidHz",
  "spreadHz",
  "specSkew",
  "specKurtosis",
  "specEntropy",
  "peakShare",
  "secondShare",
] as const;
/** Sharp lines give kurtoses in the thousands, which would rule the scaling. */
const KURTOSIS_CEILING = 60;
const LOG_FLOOR = 1e-8;

/** `bands` of a rate: [from, to) in Hz; cut off at half the rate, which belongs to the last one. */
export function bandsOf(
  edgesHz: readonly number[],
  rateHz: number,
): { readonly from: number; readonly to: number; readonly name: string }[] {
  const half = rateHz / 2;
  const bands = [];
  for (let index = 0; index + 1 < edgesHz.length && edgesHz[index]! < half; index++) {
    const from = edgesHz[index]!;
    const to = Math.min(half, edgesHz[index + 1]!);
    bands.push({ from, to: to === half ? Infinity : to, name: `band${from}-${to}Hz` });
  }
  return bands;
}

export interface SpectrumOptions {
  readonly rateHz: number;
  readonly bandsHz: readonly number[];
  readonly shape: boolean;
  readonly bands: boolean;
}

/**
 * Power spectrum |FFT|^2 / n of a signal less its mean under a Hann window, zeros behind it up to a power of two, without
 * DC. `shape` gives the nine SPECTRUM_NAMES (skewness and kurtosis of the power over frequency; entropy in nats), `bands`
 * the log power of each band. A signal without power has log power ln(1e-8) and 0 elsewhere.
 */
export function createSpectrum(transforms: (size: number) => Transform, options: SpectrumOptions) {
  const { rateHz, shape } = options;
  const hann = createHann();
  const bands = options.bands ? bandsOf(options.bandsHz, rateHz) : [];
  let power = new Float64Array(0);

  return (values: Float64Array, length: number, mean: number, out: Float32Array, at: number): void => {
    const transform = transforms(transformSize(length));
    const { size, input, output } = transform;
    const window = hann(length);
    for (let index = 0; index < length; index++) input[index] = (values[index]! - mean) * window[index]!;
    input.fill(0, length);
    transform.run();
    const bins = size >> 1;
    if (power.length <= bins) power = new Float64Array(bins + 1);
    for (let bin = 1; bin <= bins; bin++) {
      const real = output[2 * bin]!;
      const imaginary = output[2 * bin + 1]!;
      power[bin] = (real * real + imaginary * imaginary) / length;
    }
    const binHz = rateHz / size;
    if (shape) describe(power, bins, binHz, out, at);
    let place = at + (shape ? SPECTRUM_NAMES.length : 0);
    for (const band of bands) {
      const end = band.to === Infinity ? bins + 1 : Math.min(bins + 1, Math.ceil(band.to / binHz));
      let sum = 0;
      for (let bin = Math.max(1, Math.ceil(band.from / binHz)); bin < end; bin++) sum += power[bin]!;
      out[place++] = Math.log(sum + LOG_FLOOR);
    }
  };
}

function describe(power: Float64Array, bins: number, binHz: number, out: Float32Array, at: number): void {
  let total = 0;
  let first = 0;
  let peak = 0;
  let second = 0;
  let highest = 0;
  for (let bin = 1; bin <= bins; bin++) {
    const value = power[bin]!;
    total += value;
    first += value * bin;
    if (value > highest) {
      second = highest;
      highest = value;
      peak = bin;
    } else if (value > second) {
      second = value;
    }
  }
  if (!(total > 1e-30)) {
    out.fill(0, at, at + SPECTRUM_NAMES.length);
    out[at] = Math.log(LOG_FLOOR);
    return;
  }
  const centre = first / total;
  let m2 = 0;
  let m3 = 0;
  let m4 = 0;
  let terms = 0;
  for (let bin = 1; bin <= bins; bin++) {
    const value = power[bin]!;
    const distance = bin - centre;
    const weighted = value * distance * distance;
    m2 += weighted;
    m3 += weighted * distance;
    m4 += weighted * distance * distance;
    if (value > 0) terms += value * Math.log(value);
  }
  m2 /= total;
  const spread = Math.sqrt(m2);
  out[at] = Math.log(highest + LOG_FLOOR);
  out[at + 1] = peak * binHz;
  out[at + 2] = centre * binHz;
  out[at + 3] = spread * binHz;
  out[at + 4] = m2 > 1e-12 ? m3 / total / (m2 * spread) : 0;
  out[at + 5] = m2 > 1e-12 ? Math.min(KURTOSIS_CEILING, m4 / total / (m2 * m2)) : 0;
  out[at + 6] = Math.log(total) - terms / total;
  out[at + 7] = highest / total;
  out[at + 8] = second / total;
}
