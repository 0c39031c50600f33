import { SPLITS, type Split, type WindowShard } from "../domain/window-shard.ts";

export interface WindowRow {
  readonly subject: number;
  readonly recording: number;
  readonly label: number;
  readonly split: Split;
  readonly dense: boolean;
  readonly from: number;
  readonly to: number;
  readonly startUs: number;
}

type Columns = Pick<
  WindowShard,
  "subject" | "recording" | "label" | "split" | "dense" | "from" | "to" | "startUs" | "featureValues" | "signals"
>;

const FIRST_CAPACITY = 1024;

/** The columns of a window shard while it grows; every array is doubled in turn, by moving its pages where that is possible. */
export class WindowColumns {
  readonly #features: number;
  readonly #signals: number;
  #capacity = FIRST_CAPACITY;
  #columns: Columns;
  windows = 0;

  /** @param features values a window. @param signals values a window, 0 = not wanted */
  constructor(features: number, signals: number) {
    this.#features = features;
    this.#signals = signals;
    this.#columns = {
      subject: new Int32Array(FIRST_CAPACITY),
      recording: new Int32Array(FIRST_CAPACITY),
      label: new Int32Array(FIRST_CAPACITY),
      split: new Uint8Array(FIRST_CAPACITY),
      dense: new Uint8Array(FIRST_CAPACITY),
      from: new Int32Array(FIRST_CAPACITY),
      to: new Int32Array(FIRST_CAPACITY),
      startUs: new Float64Array(FIRST_CAPACITY),
      featureValues: new Float32Array(FIRST_CAPACITY * features),
      signals: new Float32Array(FIRST_CAPACITY * signals),
    };
  }

  get hasSignals(): boolean {
    return this.#signals > 0;
  }

  get featureValues(): Float32Array {
    return this.#columns.featureValues;
  }

  /** Where the features of the window added last begin. */
  get featureAt(): number {
    return (this.windows - 1) * this.#features;
  }

  add(row: WindowRow): void {
    if (this.windows === this.#capacity) this.#resize(2 * this.#capacity);
    const at = this.windows++;
    const columns = this.#columns;
    columns.subject[at] = row.subject;
    columns.recording[at] = row.recording;
    columns.label[at] = row.label;
    columns.split[at] = SPLITS.indexOf(row.split);
    columns.dense[at] = row.dense ? 1 : 0;
    columns.from[at] = row.from;
    columns.to[at] = row.to;
    columns.startUs[at] = row.startUs;
  }

  /** Samples [from, to) of each channel, for the window added last. */
  addSignals(series: readonly Float32Array[], from: number, to: number): void {
    if (this.#signals === 0) return;
    const { signals } = this.#columns;
    const begin = (this.windows - 1) * this.#signals;
    const width = series.length;
    for (let channel = 0; channel < width; channel++) {
      const values = series[channel]!;
      for (let at = from; at < to; at++) signals[begin + (at - from) * width + channel] = values[at]!;
    }
  }

  /** The columns, cut to the windows there are; nothing may be added afterwards. */
  finish(): Columns & { windows: number } {
    this.#resize(this.windows);
    return { ...this.#columns, windows: this.windows };
  }

  #resize(capacity: number): void {
    const { subject, recording, label, split, dense, from, to, startUs, featureValues, signals } = this.#columns;
    this.#columns = {
      subject: new Int32Array(moved(subject, capacity)),
      recording: new Int32Array(moved(recording, capacity)),
      label: new Int32Array(moved(label, capacity)),
      split: new Uint8Array(moved(split, capacity)),
      dense: new Uint8Array(moved(dense, capacity)),
      from: new Int32Array(moved(from, capacity)),
      to: new Int32Array(moved(to, capacity)),
      startUs: new Float64Array(moved(startUs, capacity)),
      featureValues: new Float32Array(moved(featureValues, capacity * this.#features)),
      signals: new Float32Array(moved(signals, capacity * this.#signals)),
    };
    this.#capacity = capacity;
  }
}

function moved(array: Int32Array | Uint8Array | Float64Array | Float32Array, length: number): ArrayBuffer {
  return (array.buffer as ArrayBuffer).transfer(length * array.BYTES_PER_ELEMENT);
}
