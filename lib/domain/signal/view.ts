import { SensorloopError } from "../errors.ts";

/** A stretch of a recording in samples of its clock: from included, to excluded. */
export interface SampleRange {
  readonly from: number;
  readonly to: number;
}

/**
 * A view of a recording: column `c` tells of the samples [from + c * step, from + (c + 1) * step) of its clock. With step 1
 * a column is a sample. Steps are powers of two and `from` is a multiple of `step`, so that views of the same step share
 * their columns wherever they begin: panning shifts columns and never changes them.
 */
export interface SignalView {
  readonly from: number;
  readonly step: number;
  readonly columns: number;
  /** In the order of the recording's channels. */
  readonly channels: readonly ChannelView[];
}

/**
 * First, last, least and greatest sample of each column (M4: whatever a line through all samples would touch in a column of
 * pixels, a line through these touches too); NaN where nothing was measured. With step 1 the four are one and the same array.
 * Uwe Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014.
 */
export interface ChannelView {
  readonly first: Float32Array;
  readonly last: Float32Array;
  readonly min: Float32Array;
  readonly max: Float32Array;
}

/** Where a viewer gets its views from: the API, or what was fetched before. */
export interface SignalSource {
  /** @param columns most columns wanted; as many as samples or more gives the samples themselves */
  view(from: number, to: number, columns: number, signal?: AbortSignal): Promise<SignalView>;
  /** What came before anybody looked: drawn in the first frame, and never asked for. */
  readonly here?: {
    readonly part: SignalView;
    /** The recording as the one tile of `overviewTile`. */
    readonly overview: SignalView;
  };
}

/** "SLV1", little-endian. */
const MAGIC = 0x31564c53;
const HEADER_BYTES = 32;

/** The samples per column, beginning and number of columns that show [from, to) in at most `columns` columns. */
export function gridOf(
  { from, to }: SampleRange,
  columns: number,
): { readonly from: number; readonly step: number; readonly columns: number } {
  for (let step = 1; ; step *= 2) {
    const begin = Math.floor(from / step) * step;
    const needed = Math.ceil((to - begin) / step);
    if (needed <= Math.max(1, columns)) return { from: begin, step, columns: needed };
  }
}

/** Little-endian: magic u32, channels u32, columns u32, zero u32, from f64, step f64; then by channel first, last, min, max (step 1: once). */
export function encodeView(view: SignalView): Uint8Array {
  const series = view.channels.flatMap(seriesOf(view.step));
  const bytes = new Uint8Array(HEADER_BYTES + 4 * series.length * view.columns);
  const head = new DataView(bytes.buffer);
  head.setUint32(0, MAGIC, true);
  head.setUint32(4, view.channels.length, true);
  head.setUint32(8, view.columns, true);
  head.setFloat64(16, view.from, true);
  head.setFloat64(24, view.step, true);
  series.forEach((values, index) => new Float32Array(bytes.buffer, HEADER_BYTES + 4 * index * view.columns, view.columns).set(values));
  return bytes;
}

/** @throws SensorloopError FORMAT_TOO_NEW where the bytes are no view, or cut */
export function decodeView(bytes: ArrayBuffer): SignalView {
  const head = new DataView(bytes);
  const known = bytes.byteLength >= HEADER_BYTES && head.getUint32(0, true) === MAGIC;
  const channels = known ? head.getUint32(4, true) : 0;
  const columns = known ? head.getUint32(8, true) : 0;
  const step = known ? head.getFloat64(24, true) : 1;
  const each = step === 1 ? 1 : 4;
  if (!known || bytes.byteLength !== HEADER_BYTES + 4 * channels * columns * each)
    throw new SensorloopError("FORMAT_TOO_NEW", "the bytes are no view of a signal that this version reads");
  const series = (index: number) => new Float32Array(bytes, HEADER_BYTES + 4 * index * columns, columns);
  return {
    from: head.getFloat64(16, true),
    step,
    columns,
    channels: Array.from({ length: channels }, (_, channel) => {
      if (each === 1) return channelOfSamples(series(channel));
      const [first, last, min, max] = [0, 1, 2, 3].map((place) => series(channel * each + place));
      return { first: first!, last: last!, min: min!, max: max! };
    }),
  };
}

/** A channel whose columns are samples. */
export function channelOfSamples(samples: Float32Array): ChannelView {
  return { first: samples, last: samples, min: samples, max: samples };
}

function seriesOf(step: number): (channel: ChannelView) => readonly Float32Array[] {
  return ({ first, last, min, max }) => (step === 1 ? [first] : [first, last, min, max]);
}
