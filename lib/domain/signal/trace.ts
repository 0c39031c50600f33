import type { ChannelView, SampleRange, SignalView } from "./view.ts";

/** A part of a view, from whichever columns there are. */
export interface Piece {
  readonly range: SampleRange;
  readonly view: SignalView;
}

/** By column of pixels: what a line through all samples touches there; NaN where nothing was measured. */
export interface Trace {
  readonly low: Float32Array;
  readonly high: Float32Array;
}

/** Samples that are so far apart are joined by lines and marked by dots, instead of being drawn column by column. */
export const SPARSE_PIXELS = 1;

/** Pixels a sample. */
function scaleOf({ from, to }: SampleRange, pixels: number): number {
  return pixels / (to - from);
}

/** Columns of pixels in which the line begins anew: something was not measured between them and the column before. */
export function breaksOf(stretches: readonly (readonly [number, number])[], view: SampleRange, pixels: number): Uint8Array {
  const breaks = new Uint8Array(pixels + 1);
  const scale = scaleOf(view, pixels);
  let place = firstAfter(stretches, view.from);
  for (; place < stretches.length && stretches[place]![0] < view.to; place++) {
    const begin = Math.floor((stretches[place]![0] - view.from) * scale);
    const ended = place === 0 ? -1 : Math.floor((stretches[place - 1]![1] - 1 - view.from) * scale);
    if (begin >= 0 && begin > ended) breaks[begin] = 1;
  }
  return breaks;
}

/** Index of the first stretch that ends behind a sample. */
function firstAfter(stretches: readonly (readonly [number, number])[], sample: number): number {
  let low = 0;
  let high = stretches.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (stretches[middle]![1] <= sample) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The extremes of each column of pixels, each reaching to the end of the one before, so that the line is closed: but
 * never across a gap.
 */
export function traceOf(pieces: readonly Piece[], channel: number, view: SampleRange, pixels: number, breaks: Uint8Array): Trace {
  const low = new Float32Array(pixels).fill(Number.NaN);
  const high = new Float32Array(pixels).fill(Number.NaN);
  const first = new Float32Array(pixels);
  const last = new Float32Array(pixels);
  const scale = scaleOf(view, pixels);
  for (const { range, view: source } of pieces) {
    const columns = source.channels[channel]!;
    const { from, step } = source;
    const begin = Math.max(0, Math.floor((Math.max(range.from, view.from) - from) / step));
    const end = Math.min(source.columns, Math.ceil((Math.min(range.to, view.to) - from) / step));
    const narrow = step * scale <= 1;
    for (let column = begin; column < end; column++) {
      const least = columns.min[column]!;
      if (least !== least) continue;
      const greatest = columns.max[column]!;
      const start = from + column * step - view.from;
      const left = Math.max(0, Math.floor(start * scale));
      const right = narrow ? left + 1 : Math.max(left + 1, Math.floor((start + step) * scale));
      for (let pixel = left; pixel < right && pixel < pixels; pixel++) {
        if (low[pixel]! !== low[pixel]!) {
          first[pixel] = columns.first[column]!;
          low[pixel] = least;
          high[pixel] = greatest;
        } else {
          if (least < low[pixel]!) low[pixel] = least;
          if (greatest > high[pixel]!) high[pixel] = greatest;
        }
        last[pixel] = columns.last[column]!;
      }
    }
  }
  close(low, high, first, last, breaks);
  return { low, high };
}

/** Each column reaches half-way to its neighbours, so that a line that rises steeply is not torn. */
function close(low: Float32Array, high: Float32Array, first: Float32Array, last: Float32Array, breaks: Uint8Array): void {
  for (let pixel = 1; pixel < low.length; pixel++) {
    if (breaks[pixel] === 1 || low[pixel]! !== low[pixel]! || low[pixel - 1]! !== low[pixel - 1]!) continue;
    const middle = (last[pixel - 1]! + first[pixel]!) / 2;
    if (middle > high[pixel - 1]!) high[pixel - 1] = middle;
    if (middle < low[pixel - 1]!) low[pixel - 1] = middle;
    if (middle > high[pixel]!) high[pixel] = middle;
    if (middle < low[pixel]!) low[pixel] = middle;
  }
}

/** Runs of samples that follow each other, for a view of few samples: [sample, value] pairs, the neighbours outside included. */
export function linesOf(pieces: readonly Piece[], channel: number, view: SampleRange): Float64Array[] {
  const lines: number[][] = [];
  let line: number[] = [];
  let next = Number.NaN;
  for (const { range, view: source } of pieces) {
    const { from, step, columns } = source;
    const values = source.channels[channel]!.first;
    const begin = Math.max(0, Math.floor((Math.max(range.from, view.from - 1) - from) / step));
    const end = Math.min(columns, Math.ceil((Math.min(range.to, view.to + 1) - from) / step) + 1);
    for (let column = begin; column < end; column++) {
      const sample = from + column * step;
      const value = values[column]!;
      if (value !== value || sample >= range.to) continue;
      if (sample !== next && line.length > 0) {
        lines.push(line);
        line = [];
      }
      line.push(sample, value);
      next = sample + step;
    }
  }
  if (line.length > 0) lines.push(line);
  return lines.map((each) => Float64Array.from(each));
}

/** Least and greatest value of some channels; null where nothing was measured. */
export function extentOf(channels: readonly ChannelView[]): readonly [number, number] | null {
  let low = Infinity;
  let high = -Infinity;
  for (const { min, max } of channels) {
    for (let column = 0; column < min.length; column++) {
      if (min[column]! < low) low = min[column]!;
      if (max[column]! > high) high = max[column]!;
    }
  }
  return low <= high ? [low, high] : null;
}

/** A range of values with room above and below; a constant signal runs through the middle. */
export function padded([low, high]: readonly [number, number]): readonly [number, number] {
  const room = high > low ? (high - low) * 0.06 : Math.max(1e-6, Math.abs(high) * 0.1);
  return [low - room, high + room];
}
