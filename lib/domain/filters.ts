import { SensorloopError } from "./errors.ts";
import type { Recording } from "./recording.ts";
import type { FilterSpec } from "./spec.ts";

/** A rational transfer function in powers of z^-1, both of the same length, a[0] = 1 (as SciPy's `lfilter` after scaling). */
export interface Iir {
  readonly b: Float64Array;
  readonly a: Float64Array;
}

/**
 * The filters of a spec, in order, on a recording. Each stretch is filtered by itself: nothing is carried over a gap.
 * A sample that was not measured (NaN) stays one, and the filter goes on behind it as if it had not been there.
 * @returns the recording with its channels replaced, or with the `into` channels beside them
 * @throws SensorloopError SPEC_INVALID where a cutoff is not below half the rate
 */
export function applyFilters(recording: Recording, filters: readonly FilterSpec[]): Recording {
  if (filters.length === 0) return recording;
  const channels = new Map(recording.channels);
  for (const filter of filters) {
    const run = stepOf(filter, recording.rateHz);
    for (const [place, name] of filter.channels.entries()) {
      const input = channels.get(name);
      if (!input) continue;
      const output = new Float32Array(input.length).fill(Number.NaN);
      for (const [from, to] of recording.stretches) run(input.subarray(from, to), output.subarray(from, to));
      channels.set(("into" in filter && filter.into?.[place]) || name, output);
    }
  }
  return { ...recording, channels };
}

function stepOf(filter: FilterSpec, rateHz: number): (input: Float32Array, output: Float32Array) => void {
  if (filter.kind === "median") return (input, output) => median(input, output, filter.width);
  if (filter.kind === "iir") {
    const section = normalised(filter.b, filter.a);
    return (input, output) => cascade(input, output, [section], false);
  }
  const sections = butterworthLowpass(filter.order, filter.cutoffHz, rateHz);
  return (input, output) => cascade(input, output, sections, filter.kind === "highpass");
}

/**
 * Median of `width` samples around each; an even width counts as the next odd one. Before the first and behind the last
 * sample their values are thought to go on. A window that holds a NaN gives the sample itself.
 */
export function median(input: Float32Array, output: Float32Array, width: number): void {
  const half = width >> 1;
  const last = input.length - 1;
  if (half === 1) return medianOfThree(input, output);
  const window = new Float32Array(2 * half + 1);
  for (let at = 0; at <= last; at++) {
    let missing = false;
    for (let offset = -half; offset <= half; offset++) {
      const value = input[Math.min(last, Math.max(0, at + offset))]!;
      if (value !== value) missing = true;
      window[offset + half] = value;
    }
    output[at] = missing ? input[at]! : window.sort()[half]!;
  }
}

function medianOfThree(input: Float32Array, output: Float32Array): void {
  const last = input.length - 1;
  for (let at = 0; at <= last; at++) {
    const value = input[at]!;
    const before = at === 0 ? value : input[at - 1]!;
    const behind = at === last ? value : input[at + 1]!;
    const middle = Math.max(Math.min(before, value), Math.min(Math.max(before, value), behind));
    output[at] = middle === middle ? middle : value;
  }
}

/**
 * A Butterworth low-pass of any order as sections of order two (and one of order one), by the bilinear transform with the
 * cutoff pre-warped. Sections keep their precision at cutoffs far below the rate, where one polynomial of order 8 does not.
 * The product of the sections is SciPy's `butter(order, cutoffHz, fs=rateHz)`.
 * @throws SensorloopError SPEC_INVALID where the cutoff is not below half the rate
 */
export function butterworthLowpass(order: number, cutoffHz: number, rateHz: number): Iir[] {
  if (!(cutoffHz < rateHz / 2)) {
    throw new SensorloopError("SPEC_INVALID", `a cutoff of ${cutoffHz} Hz is not below half the rate of ${rateHz} Hz`, {
      facts: { cutoffHz, rateHz },
    });
  }
  const warped = Math.tan((Math.PI * cutoffHz) / rateHz);
  const squared = warped * warped;
  const sections: Iir[] = [];
  for (let pair = 0; pair < order >> 1; pair++) {
    // Analog poles lie on the circle at these angles; a conjugate pair is s^2 + 2 cos(angle) s + 1.
    const angle = (Math.PI * (order - 1 - 2 * pair)) / (2 * order);
    const middle = 2 * Math.cos(angle) * warped;
    const scale = 1 / (1 + middle + squared);
    const gain = squared * scale;
    sections.push({
      b: Float64Array.of(gain, 2 * gain, gain),
      a: Float64Array.of(1, 2 * (squared - 1) * scale, (1 - middle + squared) * scale),
    });
  }
  if (order % 2 === 1) {
    const gain = warped / (1 + warped);
    sections.push({ b: Float64Array.of(gain, gain), a: Float64Array.of(1, (warped - 1) / (1 + warped)) });
  }
  return sections;
}

/**
 * Runs sections one after another, causal, direct form II transposed, each started at rest on the first sample: a
 * constant input gives a constant output from the first sample on (SciPy: `lfilter_zi` times the first value).
 * With `subtract`, what was filtered out is the result: input minus output.
 */
export function cascade(input: Float32Array, output: Float32Array, sections: readonly Iir[], subtract: boolean): void {
  const values = new Float64Array(input.length);
  const places = new Int32Array(input.length);
  let count = 0;
  for (let at = 0; at < input.length; at++) {
    const value = input[at]!;
    if (value === value) {
      values[count] = value;
      places[count++] = at;
    }
  }
  for (const section of sections) lfilter(values, count, section);
  for (let index = 0; index < count; index++) {
    const at = places[index]!;
    output[at] = subtract ? input[at]! - values[index]! : values[index]!;
  }
}

function lfilter(values: Float64Array, count: number, { b, a }: Iir): void {
  const order = b.length - 1;
  if (count === 0) return;
  const state = steadyState(b, a);
  for (let index = 0; index < state.length; index++) state[index]! *= values[0]!;
  for (let at = 0; at < count; at++) {
    const input = values[at]!;
    const output = b[0]! * input + state[0]!;
    for (let index = 1; index < order; index++) state[index - 1] = b[index]! * input + state[index]! - a[index]! * output;
    if (order > 0) state[order - 1] = b[order]! * input - a[order]! * output;
    values[at] = output;
  }
}

/** The state in which a constant input of 1 has always been there; one element at least. */
function steadyState(b: Float64Array, a: Float64Array): Float64Array {
  const order = b.length - 1;
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  const gain = sum(b) / sum(a);
  const state = new Float64Array(Math.max(1, order));
  for (let index = order - 1; index >= 0; index--)
    state[index] = b[index + 1]! - a[index + 1]! * gain + (index + 1 < order ? state[index + 1]! : 0);
  return state;
}

function normalised(b: readonly number[], a: readonly number[]): Iir {
  if (!a[0]) throw new SensorloopError("SPEC_INVALID", "the first coefficient `a` of an iir filter must not be 0");
  const length = Math.max(b.length, a.length);
  const scaled = (values: readonly number[]) => Float64Array.from({ length }, (_, index) => (values[index] ?? 0) / a[0]!);
  return { b: scaled(b), a: scaled(a) };
}
