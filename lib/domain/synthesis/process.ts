import FFT from "fft.js";
import { correlate, factorOf, type Mending } from "./correlation-matrix.ts";
import { latentCorrelation, valueAt, type Marginal } from "./marginal.ts";

/** Draws stretches of signals with given autocorrelations, correlations between channels, and marginals. */
export interface SignalProcess {
  readonly mended: Mending | null;
  /** Where no signal can have the autocorrelation of some channel: the lags up to which it has it, in the worst one; else null. */
  readonly lagsKept: number | null;
  /** Fills samples [from, to) of each channel of `out`, at most as many as `length` of `createProcess`. */
  draw(normal: () => number, out: readonly Float64Array[], from: number, to: number): void;
}

export interface ProcessOptions {
  readonly marginals: readonly Marginal[];
  /** By channel: of the values, by lag from 1 at lag 0 on; may be empty. */
  readonly autocorrelations: readonly (readonly number[])[];
  /** Of the values of channels i < j, at the same time. */
  readonly correlation: (i: number, j: number) => number;
  readonly length: number;
}

/** Resolution of spectra: sharp lines of a gait need some thousand frequencies. */
const LEAST_POINTS = 2048;

/**
 * Normal signals with the spectrum that the autocorrelation implies, put through the marginals' curves. The spectrum is
 * that of the autoregression with the same autocorrelation (Levinson and Durbin; of all spectra that agree with the known
 * lags the one that assumes least). Channels share their noise by Cholesky's factor and have filters without delay, so
 * what they have in common is at the same time; delays between channels are not in the statistics and not made up.
 */
export function createProcess({ marginals, autocorrelations, correlation, length }: ProcessOptions): SignalProcess {
  const size = marginals.length;
  const points = powerOfTwo(Math.max(LEAST_POINTS, 2 * length));
  const fft = new FFT(points);
  let lagsKept: number | null = null;
  const filters = marginals.map((marginal, channel) => {
    const wanted = autocorrelations[channel] ?? [];
    const latent = wanted.map((value, lag) => (lag === 0 ? 1 : latentCorrelation(value, marginal, marginal)));
    const coefficients = autoregressionOf([latent, wanted]);
    if (coefficients.length < wanted.length - 1) lagsKept = Math.min(lagsKept ?? Infinity, coefficients.length);
    return amplitudesOf(coefficients, fft, points);
  });
  // Channels with different spectra have less in common than their noises have.
  const common = (i: number, j: number) => {
    let sum = 0;
    for (let point = 0; point < points; point++) sum += filters[i]![point]! * filters[j]![point]!;
    return sum / points;
  };
  const factor = factorOf(size, (i, j) => {
    const wanted = latentCorrelation(correlation(i, j), marginals[i]!, marginals[j]!) / common(i, j);
    return Math.max(-1, Math.min(1, wanted));
  });
  const noises = marginals.map(() => new Float64Array(2 * points));
  const row = new Float64Array(size);
  const series = new Float64Array(2 * points);
  const scale = 1 / Math.sqrt(points);
  return {
    mended: factor.mended,
    lagsKept,
    draw(normal, out, from, to) {
      for (let at = 0; at < 2 * points; at++) {
        for (let channel = 0; channel < size; channel++) row[channel] = normal();
        correlate(factor, row, row);
        for (let channel = 0; channel < size; channel++) noises[channel]![at] = row[channel]! * filters[channel]![at >> 1]!;
      }
      for (let channel = 0; channel < size; channel++) {
        fft.transform(series, noises[channel]!);
        // The real part alone: the imaginary one is another signal of the same kind.
        for (let at = from; at < to; at++) out[channel]![at] = valueAt(marginals[channel]!, series[2 * (at - from)]! * scale);
      }
    },
  };
}

/** Shares of white noise that may be added to an autocorrelation for some signal to have it. */
const WHITE = [0, 1e-4, 1e-3, 0.01, 0.03] as const;

/**
 * Coefficients a of x[t] = sum of a[k] x[t - 1 - k] + noise with one of the autocorrelations given, the first that a
 * signal can have. None may, as lags were averaged over different rows and bent for the marginal; a little white noise
 * helps. Where it does not, the lags up to the first impossible one count.
 */
function autoregressionOf(autocorrelations: readonly (readonly number[])[]): Float64Array {
  let longest = new Float64Array(0);
  for (const autocorrelation of autocorrelations) {
    for (const white of WHITE) {
      const coefficients = levinson(autocorrelation.map((value, lag) => (lag === 0 ? 1 : value * (1 - white))));
      if (coefficients.length > longest.length) longest = coefficients;
      if (coefficients.length === autocorrelation.length - 1) return coefficients;
    }
  }
  return longest;
}

/** Levinson's and Durbin's recursion, up to the first lag at which the autocorrelation is not positive definite. */
function levinson(autocorrelation: readonly number[]): Float64Array<ArrayBuffer> {
  let coefficients = new Float64Array(0);
  let error = 1;
  for (let lag = 1; lag < autocorrelation.length; lag++) {
    let rest = autocorrelation[lag]!;
    for (let k = 0; k < lag - 1; k++) rest -= coefficients[k]! * autocorrelation[lag - 1 - k]!;
    const reflection = rest / error;
    error *= 1 - reflection * reflection;
    if (!(Math.abs(reflection) < 1 && error > 1e-7)) return coefficients;
    const next = new Float64Array(lag);
    next[lag - 1] = reflection;
    for (let k = 0; k < lag - 1; k++) next[k] = coefficients[k]! - reflection * coefficients[lag - 2 - k]!;
    coefficients = next;
  }
  return coefficients;
}

/** |1 / (1 - sum of a[k] e^(-i w (k + 1)))| at `points` frequencies, of mean square 1. */
function amplitudesOf(coefficients: Float64Array, fft: FFT, points: number): Float64Array {
  const data = new Float64Array(2 * points);
  data[0] = 1;
  for (let k = 0; k < coefficients.length; k++) data[2 * (k + 1)] = -coefficients[k]!;
  const response = new Float64Array(2 * points);
  fft.transform(response, data);
  const amplitudes = Float64Array.from({ length: points }, (_, point) => 1 / Math.hypot(response[2 * point]!, response[2 * point + 1]!));
  const power = amplitudes.reduce((sum, amplitude) => sum + amplitude * amplitude, 0) / points;
  const scale = 1 / Math.sqrt(power);
  return amplitudes.map((amplitude) => amplitude * scale);
}

function powerOfTwo(least: number): number {
  return 2 ** Math.ceil(Math.log2(least));
}
