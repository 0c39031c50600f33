/** What a bench prints on standard output, as one line of JSON. Everything else goes to standard error. */
export interface BenchResult {
  readonly bench: string;
  /** Ours: the median over the rounds where there are several. */
  readonly value: number;
  readonly unit: string;
  /** What has to be reached, for people: `<= 15 ms a step, 100 pipelines <= 4.5 s`. */
  readonly target: string;
  /** Whether all of the target was reached, in this run. */
  readonly ok: boolean;
  /** The strongest peer measured in the same run; null where there is none or `--skip-peer` was given. */
  readonly peer: { readonly name: string; readonly value: number } | null;
  /** Above 1, ours is better, whichever way the unit counts. */
  readonly ratio: number | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface BenchContext {
  /** Smaller data, for trying the bench itself; the result says so and is no measurement. */
  readonly quick: boolean;
  readonly skipPeer: boolean;
  /** Data times this. */
  readonly scale: number;
  /** Turns each contender gets. */
  readonly rounds: number;
  /** Where the recordings that may not be shipped lie (`--data`, SENSORLOOP_TEST_RECORDINGS, or `shared/data` beside the clone). */
  readonly data: string;
  /** Empty, on the disk of the temporary folder, removed when the bench ends (kept with `--keep`). */
  readonly folder: string;
  /** One line of progress. */
  say(text: string): void;
}

/** The main program adds the name. A peer that fails is an error: a bench without its peer says `--skip-peer`. */
export type Bench = (context: BenchContext) => Promise<Omit<BenchResult, "bench">>;

/** How many times better `ours` is. Both positive. */
export function ratio(ours: number, theirs: number, better: "lower" | "higher"): number {
  return round(better === "lower" ? theirs / ours : ours / theirs, 3);
}

/** Rounds to significant digits, so that the line reads well and claims no precision it has not. */
export function round(value: number, digits = 4): number {
  return Number(value.toPrecision(digits));
}

/** The middle value; the mean of the two middle ones where their number is even. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("no values to take the median of");
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
