/** A label's hold on a stretch of a recording, in positions of its samples: from included, to excluded. */
export interface LabelSpan {
  readonly label: string;
  readonly from: number;
  readonly to: number;
}

/**
 * One recording as every later stage sees it: all channels at one rate, in order, without gaps inside a stretch.
 * This is what `Series` yields and what filters, windows and features work on, batch or live.
 */
export interface Recording {
  readonly subject: string;
  readonly recording: string;
  readonly rateHz: number;
  /** Time of sample 0 in microseconds since 1970, or 0 where the recording has no clock. */
  readonly startUs: number;
  readonly length: number;
  /** Channel name to samples; all of `length`. NaN is a sample that was not measured. Gaps are not stored. */
  readonly channels: ReadonlyMap<string, Float32Array>;
  /** Stretches without a gap: [from, to) in samples, ascending. */
  readonly stretches: readonly (readonly [number, number])[];
  /** Per stretch, what to add to its positions to have samples on the recording's clock; 0 where it is absent. */
  readonly offsets?: readonly number[];
  /** Time of each sample where it does not follow from the rate: rows that are examples, whole-length recordings. */
  readonly timesUs?: Float64Array;
  readonly labels: readonly LabelSpan[];
  /** People labelled it here and there and its files say nothing: windows that nobody labelled are there too, to be asked about. */
  readonly partial?: boolean;
}

/** Where a window comes from; enough to find its samples, its file and its lines again. */
export interface WindowOrigin {
  readonly subject: string;
  readonly recording: string;
  /** [from, to) in samples of the recording. */
  readonly from: number;
  readonly to: number;
  readonly label: string | null;
}
