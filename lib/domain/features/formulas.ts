import type { FeaturesSpec } from "../spec.ts";
import { AUTOCORRELATION_NAMES, createAutocorrelation } from "./autocorrelation.ts";
import { AUTOREGRESSION_ORDER, createAutoregression } from "./autoregression.ts";
import { createTransforms } from "./spectra.ts";
import { SPECTRUM_NAMES, bandsOf, createSpectrum } from "./spectrum.ts";
import { createStatistics, quantile, type Statistics } from "./statistics.ts";
import { SUMMARY_NAMES, createSummary } from "./summary.ts";

export type FormulaName = FeaturesSpec["groups"][number]["formulas"][number];

/** What a spec may name, in the order in which a signal's values stand in a row whatever order the spec names them in. */
const ORDER: readonly FormulaName[] = ["time", "level", "log", "autoregression", "autocorrelation", "spectrum", "bands", "summary", "raw"];
const TIME_NAMES = [
  "mean",
  "sd",
  "min",
  "max",
  "mad",
  "iqr",
  "q05",
  "q10",
  "q25",
  "q50",
  "q75",
  "q90",
  "q95",
  "skew",
  "kurtosis",
  "meanAbsDiff",
  "zeroCrossings",
  "entropy",
] as const;
const LEVEL_NAMES = ["mean", "min", "max", "sd", "q05", "q50", "q95"] as const;
const LOG_NAMES = ["logSd", "logMeanSquare", "logIqr", "logMad", "logMeanAbsDiff"] as const;
/** Keeps the logarithm of nothing finite, and far below what any sensor resolves. */
export const LOG_FLOOR = 1e-8;

/** All formulas chosen for a signal: their names, and a function that writes their values from `at` on. */
export interface SignalFormulas {
  readonly names: readonly string[];
  /** `values` may be overwritten. Where a sample is missing (NaN), all but `summary` and `raw` are NaN. */
  compute(values: Float64Array, length: number, out: Float32Array, at: number): void;
}

/** Makes formulas that share their buffers; windows of other lengths than `capacity` cost an allocation once. */
export function createFormulas(rateHz: number, bandsHz: readonly number[], capacity: number) {
  const statistics = createStatistics(capacity);
  const autoregression = createAutoregression(capacity);
  const transforms = createTransforms();
  const autocorrelation = createAutocorrelation(transforms);
  const summary = createSummary(capacity);

  return (chosen: readonly FormulaName[]): SignalFormulas => {
    const has = (name: FormulaName) => chosen.includes(name);
    const shape = has("spectrum");
    const spectrum = createSpectrum(transforms, { rateHz, bandsHz, shape, bands: has("bands") });
    const spectrumNames = [...(shape ? SPECTRUM_NAMES : []), ...(has("bands") ? bandsOf(bandsHz, rateHz).map((band) => band.name) : [])];
    const names = ORDER.filter(has).flatMap((name) => namesOf(name, spectrumNames, shape));
    const sorts = has("time") || has("level") || has("log");
    const measured = sorts || has("autoregression") || has("autocorrelation") || spectrumNames.length > 0;
    const steps: ((values: Float64Array, length: number, out: Float32Array, at: number) => number)[] = [];
    const result = statistics.result;
    if (has("time")) steps.push((_values, _length, out, at) => writeTime(result, out, at));
    if (has("level")) steps.push((_values, _length, out, at) => writeLevel(result, out, at));
    if (has("log")) steps.push((_values, _length, out, at) => writeLog(result, out, at));
    if (has("autoregression")) {
      steps.push((values, length, out, at) => {
        autoregression(values, length, result.mean, out, at);
        return at + AUTOREGRESSION_ORDER;
      });
    }
    if (has("autocorrelation")) {
      steps.push((values, length, out, at) => {
        autocorrelation(values, length, result.mean, out, at);
        return at + AUTOCORRELATION_NAMES.length;
      });
    }
    if (spectrumNames.length > 0) {
      steps.push((values, length, out, at) => {
        spectrum(values, length, result.mean, out, at);
        return at + spectrumNames.length;
      });
    }
    const rest = [...(has("summary") ? SUMMARY_NAMES : []), ...(has("raw") ? [""] : [])].length;

    return {
      names,
      compute(values, length, out, at) {
        let place = at;
        if (measured) {
          if (statistics.scan(values, length)) {
            // What is left of a constant signal less its mean is rounding; no formula shall see structure in it.
            if (result.sd === 0) values.fill(result.mean, 0, length);
            if (sorts) statistics.sort(values, length);
            for (let step = 0; step < steps.length; step++) place = steps[step]!(values, length, out, place);
          } else {
            place = at + names.length - rest;
            out.fill(Number.NaN, at, place);
          }
        }
        if (has("summary")) place = summary(values, length, out, place);
        if (has("raw")) out[place] = values[0]!;
      },
    };
  };
}

function namesOf(name: FormulaName, spectrumNames: readonly string[], shape: boolean): readonly string[] {
  if (name === "time") return TIME_NAMES;
  if (name === "level") return LEVEL_NAMES;
  if (name === "log") return LOG_NAMES;
  if (name === "autoregression") return Array.from({ length: AUTOREGRESSION_ORDER }, (_, index) => `ar${index + 1}`);
  if (name === "autocorrelation") return AUTOCORRELATION_NAMES;
  if (name === "spectrum") return spectrumNames;
  if (name === "bands") return shape ? [] : spectrumNames;
  if (name === "summary") return SUMMARY_NAMES;
  return [""];
}

function writeTime(of: Statistics, out: Float32Array, at: number): number {
  const { sorted, length } = of;
  const q25 = quantile(sorted, length, 0.25);
  const q75 = quantile(sorted, length, 0.75);
  out[at] = of.mean;
  out[at + 1] = of.sd;
  out[at + 2] = of.min;
  out[at + 3] = of.max;
  out[at + 4] = of.mad;
  out[at + 5] = q75 - q25;
  out[at + 6] = quantile(sorted, length, 0.05);
  out[at + 7] = quantile(sorted, length, 0.1);
  out[at + 8] = q25;
  out[at + 9] = quantile(sorted, length, 0.5);
  out[at + 10] = q75;
  out[at + 11] = quantile(sorted, length, 0.9);
  out[at + 12] = quantile(sorted, length, 0.95);
  out[at + 13] = of.skewness;
  out[at + 14] = of.kurtosis;
  out[at + 15] = of.meanAbsoluteDifference;
  out[at + 16] = of.zeroCrossings;
  out[at + 17] = of.entropy;
  return at + TIME_NAMES.length;
}

function writeLevel(of: Statistics, out: Float32Array, at: number): number {
  const { sorted, length } = of;
  out[at] = of.mean;
  out[at + 1] = of.min;
  out[at + 2] = of.max;
  out[at + 3] = of.sd;
  out[at + 4] = quantile(sorted, length, 0.05);
  out[at + 5] = quantile(sorted, length, 0.5);
  out[at + 6] = quantile(sorted, length, 0.95);
  return at + LEVEL_NAMES.length;
}

function writeLog(of: Statistics, out: Float32Array, at: number): number {
  const { sorted, length } = of;
  out[at] = Math.log(of.sd + LOG_FLOOR);
  out[at + 1] = Math.log(of.meanSquare + LOG_FLOOR);
  out[at + 2] = Math.log(quantile(sorted, length, 0.75) - quantile(sorted, length, 0.25) + LOG_FLOOR);
  out[at + 3] = Math.log(of.mad + LOG_FLOOR);
  out[at + 4] = Math.log(of.meanAbsoluteDifference + LOG_FLOOR);
  return at + LOG_NAMES.length;
}
