import { UNLABELLED, backfill, spansOf } from "./label-spans.ts";
import type { LabelSpan, Recording } from "./recording.ts";
import { carry, coverageOf, interpolate, intersect, neighboursOf, type Coverage, type Stretch } from "./resample.ts";

/** The rows that one kind of file has of a recording. */
export interface Track {
  /** `us`: `at` is microseconds since 1970. `index`: it is the row's place in the recording, from 0. */
  readonly clock: "us" | "index";
  /** Rate of its files. */
  readonly rateHz: number;
  /** Strictly ascending. */
  readonly at: Float64Array;
  /** Place of each row in the recording; needed where intervals label a recording with a clock. */
  readonly index?: Float64Array;
  readonly channels: readonly TrackChannel[];
  /** Index of the class of each row, UNLABELLED without one; absent where rows carry no labels. */
  readonly labels?: Int32Array;
}

export interface TrackChannel {
  readonly name: string;
  readonly values: Float32Array;
  /** Holds its last value instead of moving in a straight line to the next. */
  readonly carry: boolean;
}

/**
 * A label from one place in the recording (included) to another (excluded). `rows` are places in its first track, rows that
 * were refused counted; `us` is microseconds, since 1970 where the recording has a clock and since its beginning elsewhere.
 */
export interface PlacedLabel {
  readonly code: number;
  readonly unit: "rows" | "us";
  readonly from: number;
  readonly to: number;
}

export interface Unassembled {
  readonly subject: string;
  readonly recording: string;
  readonly tracks: readonly Track[];
  readonly intervals: readonly PlacedLabel[];
}

export interface AssembleOptions {
  readonly rateHz: number;
  readonly maxGapSeconds: number;
  readonly backfillSeconds?: number;
  readonly classes: readonly string[];
}

/**
 * Brings all tracks of a recording to one rate and one beginning. Only where every track has samples is there a stretch:
 * gaps of any of them are left out, those up to `maxGapSeconds` are bridged by straight lines.
 */
export function assembleSampled({ subject, recording, tracks, intervals }: Unassembled, options: AssembleOptions): Recording {
  const { rateHz, classes } = options;
  const startUs = startOf(tracks);
  // Rows slower than the gap allows are still neighbours when they follow each other at their files' rate.
  const placed = tracks.map((track) => {
    const positions = positionsOf(track, startUs, rateHz);
    return { track, positions, coverage: coverageOf(positions, rateHz * Math.max(options.maxGapSeconds, 1.5 / track.rateHz)) };
  });
  const common = placed
    .map(({ coverage }) => coverage.map(({ grid }) => grid))
    .reduce<readonly Stretch[]>((left, right) => intersect(left, right), [[-Infinity, Infinity]]);
  const grids = common.filter(([from]) => Number.isFinite(from));
  const length = grids.reduce((sum, [from, to]) => sum + to - from, 0);
  const channels = new Map(tracks.flatMap((track) => track.channels.map((channel) => [channel.name, new Float32Array(length)] as const)));
  const labelled = placed.find(({ track }) => track.labels);
  const codes = labelled && labelsOf(labelled.track, options);
  const stretches: Stretch[] = [];
  const offsets: number[] = [];
  const labels: LabelSpan[] = [];
  let at = 0;
  for (const grid of grids) {
    const to = at + grid[1] - grid[0];
    stretches.push([at, to]);
    offsets.push(grid[0] - at);
    for (const { track, positions, coverage } of placed) {
      const near = neighboursOf(positions, covering(coverage, grid).rows, grid);
      for (const channel of track.channels) (channel.carry ? carry : interpolate)(channel.values, near, channels.get(channel.name)!, at);
      if (!codes || track !== labelled.track) continue;
      const nearest = near.row.map((row, sample) => codes[near.share[sample]! > 0.5 ? row + 1 : row]!);
      labels.push(...spansOf(nearest, 0, nearest.length, at, classes));
    }
    at = to;
  }
  const first = placed[0];
  if (first && intervals.length > 0) labels.push(...placeIntervals(intervals, gridPlaces(first, startUs, rateHz), grids, offsets, classes));
  return { subject, recording, rateHz, startUs, length, channels, stretches, offsets, labels };
}

/**
 * The rows of a recording as they are, for windows that are a row or all of a recording: nothing is resampled, gaps do
 * not count. Rows of several tracks with the same time become one.
 */
export function assembleRows({ subject, recording, tracks, intervals }: Unassembled, options: AssembleOptions): Recording {
  const merged = tracks.length === 1 ? tracks[0]! : mergeTracks(tracks);
  const length = merged.at.length;
  const timed = merged.clock === "us";
  const codes = labelsOf(merged, options);
  const labels = codes ? spansOf(codes, 0, length, 0, options.classes) : [];
  for (const { code, unit, from, to } of intervals) {
    const places =
      unit === "rows" ? (merged.index ?? merged.at) : timed ? merged.at : merged.at.map((place) => (place * 1e6) / merged.rateHz);
    labels.push({ label: options.classes[code]!, from: firstFrom(places, from), to: firstFrom(places, to) });
  }
  return {
    subject,
    recording,
    rateHz: options.rateHz,
    startUs: timed && length > 0 ? merged.at[0]! : 0,
    length,
    channels: new Map(merged.channels.map(({ name, values }) => [name, values])),
    stretches: length > 0 ? [[0, length]] : [],
    timesUs: timed ? merged.at : undefined,
    labels,
  };
}

/** Tracks of several recordings of one subject, one behind another; with a clock, in order of time. */
export function concatenate(tracks: readonly Track[]): Track {
  const first = tracks[0]!;
  if (tracks.length === 1) return first;
  const total = tracks.reduce((sum, track) => sum + track.at.length, 0);
  const at = new Float64Array(total);
  const labels = first.labels && new Int32Array(total);
  const values = first.channels.map(() => new Float32Array(total));
  let row = 0;
  for (const track of tracks) {
    for (let index = 0; index < track.at.length; index++) at[row + index] = track.clock === "us" ? track.at[index]! : row + index;
    labels?.set(track.labels!, row);
    values.forEach((target, channel) => target.set(track.channels[channel]!.values, row));
    row += track.at.length;
  }
  const joined = {
    ...first,
    index: undefined,
    at,
    labels,
    channels: first.channels.map((channel, index) => ({ ...channel, values: values[index]! })),
  };
  return reorder(joined, false);
}

/** Rows by time, each time once where `distinct`: the first of rows with the same time stays. The track itself if it is so already. */
export function reorder(track: Track, distinct: boolean): Track {
  const { at } = track;
  let ascending = true;
  for (let row = 1; row < at.length && ascending; row++) ascending = distinct ? at[row]! > at[row - 1]! : at[row]! >= at[row - 1]!;
  if (ascending) return track;
  const sorted = Array.from(at.keys()).sort((left, right) => at[left]! - at[right]! || left - right);
  const order = distinct ? sorted.filter((row, place) => place === 0 || at[row] !== at[sorted[place - 1]!]) : sorted;
  const pick = <T extends Float32Array | Float64Array | Int32Array>(values: T): T => {
    const picked = values.slice(0, order.length) as T;
    for (let place = 0; place < order.length; place++) picked[place] = values[order[place]!]!;
    return picked;
  };
  return {
    ...track,
    at: pick(at),
    index: track.index && pick(track.index),
    labels: track.labels && pick(track.labels),
    channels: track.channels.map((channel) => ({ ...channel, values: pick(channel.values) })),
  };
}

function startOf(tracks: readonly Track[]): number {
  const starts = tracks.filter((track) => track.clock === "us" && track.at.length > 0).map((track) => track.at[0]!);
  return starts.length > 0 ? Math.min(...starts) : 0;
}

function positionsOf({ clock, at, rateHz: ownHz }: Track, startUs: number, rateHz: number): Float64Array {
  if (clock === "us") return at.map((time) => ((time - startUs) * rateHz) / 1e6);
  return ownHz === rateHz ? at : at.map((place) => (place * rateHz) / ownHz);
}

function labelsOf(track: Track, { backfillSeconds }: AssembleOptions): Int32Array | undefined {
  if (!track.labels || backfillSeconds === undefined) return track.labels;
  return backfill(track.at, track.labels, backfillSeconds * (track.clock === "us" ? 1e6 : track.rateHz));
}

function covering(coverage: readonly Coverage[], [from]: Stretch): Coverage {
  return coverage.find(({ grid }) => grid[0] <= from && from < grid[1])!;
}

/** Where an interval's bounds lie on the grid. */
function gridPlaces(
  { track, positions }: { readonly track: Track; readonly positions: Float64Array },
  startUs: number,
  rateHz: number,
): (place: number, unit: PlacedLabel["unit"]) => number {
  return (place, unit) => {
    if (unit === "us") return Math.ceil(((place - (track.clock === "us" ? startUs : 0)) * rateHz) / 1e6);
    // Without a clock a row's place is its time; with one the row has to be looked up.
    if (track.clock === "index") return Math.round((place * rateHz) / track.rateHz);
    const row = firstFrom(track.index ?? track.at, place);
    return row < positions.length ? Math.round(positions[row]!) : Math.floor(positions[positions.length - 1]!) + 1;
  };
}

function placeIntervals(
  intervals: readonly PlacedLabel[],
  gridOf: ReturnType<typeof gridPlaces>,
  grids: readonly Stretch[],
  offsets: readonly number[],
  classes: readonly string[],
): LabelSpan[] {
  const spans: LabelSpan[] = [];
  for (const { code, unit, from, to } of intervals) {
    const wanted: Stretch = [gridOf(from, unit), gridOf(to, unit)];
    grids.forEach((grid, index) => {
      for (const [begin, end] of intersect([grid], [wanted]))
        spans.push({ label: classes[code]!, from: begin - offsets[index]!, to: end - offsets[index]! });
    });
  }
  return spans.sort((left, right) => left.from - right.from);
}

/** First place in ascending `values` that is not below `least`. */
function firstFrom(values: Float64Array, least: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

function mergeTracks(tracks: readonly Track[]): Track {
  const first = tracks[0]!;
  const at = Float64Array.from(new Set(tracks.flatMap((track) => [...track.at]))).sort();
  const labels = tracks.some((track) => track.labels) ? new Int32Array(at.length).fill(UNLABELLED) : undefined;
  const channels = tracks.flatMap((track) => {
    const places = track.at.map((time) => firstFrom(at, time));
    track.labels?.forEach((code, row) => code !== UNLABELLED && (labels![places[row]!] = code));
    return track.channels.map((channel) => {
      const values = new Float32Array(at.length).fill(Number.NaN);
      channel.values.forEach((value, row) => (values[places[row]!] = value));
      return { ...channel, values };
    });
  });
  return { clock: first.clock, rateHz: first.rateHz, at, channels, labels };
}
