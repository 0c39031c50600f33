/** Windows as scaled features: row-major [rows, width], with the person of each row. */
export interface Points {
  readonly width: number;
  readonly values: Float32Array;
  /** Index of a person. */
  readonly person: Int32Array;
}

/**
 * How near made-up windows come to those they may be copies of, beside how near windows of other real people come. A
 * window is `close` where it is nearer than all but one in a hundred of theirs.
 */
export interface PrivacyReport {
  /** Windows compared: made up, of other real people, and of the real people that statistics were made of. */
  readonly synthetic: number;
  readonly reference: number;
  readonly training: number;
  readonly closeDistance: number;
  /** Shares of windows that are close. */
  readonly syntheticClose: number;
  readonly referenceClose: number;
  /** Medians of the distance to the nearest training window, in standard deviations over all features. */
  readonly syntheticMedian: number;
  readonly referenceMedian: number;
  /** People who were made up and most of whose windows are close to training windows: copies. */
  readonly copies: readonly string[];
  readonly pass: boolean;
}

/** Made-up windows may be close this much more often than windows of other people, in shares. */
const SPARE = 0.05;
/** Of fewer windows, most being close is no sign of a copy. */
const LEAST_WINDOWS = 4;

/**
 * @param training windows of the people that the statistics were made of
 * @param reference windows of real people who were not among them: validation, never holdout
 * @param names of the people of `synthetic`, by index
 */
export function privacyOf(training: Points, reference: Points, synthetic: Points, names: readonly string[]): PrivacyReport {
  const theirs = nearest(reference, training);
  const made = nearest(synthetic, training);
  const sorted = theirs.toSorted();
  const closeDistance = sorted[Math.floor(0.01 * sorted.length)] ?? 0;
  const close = (distances: Float64Array) =>
    distances.filter((distance) => distance <= closeDistance).length / Math.max(1, distances.length);
  const [syntheticClose, referenceClose] = [close(made), close(theirs)];
  const windows = new Int32Array(names.length);
  const near = new Int32Array(names.length);
  for (const [row, distance] of made.entries()) {
    windows[synthetic.person[row]!]!++;
    if (distance <= closeDistance) near[synthetic.person[row]!]!++;
  }
  // Where real people are that near to each other, nearness says nothing of a copy.
  const telling = referenceClose < 0.5;
  const copies = names.filter((_, person) => telling && windows[person]! >= LEAST_WINDOWS && near[person]! > windows[person]! / 2);
  return {
    synthetic: made.length,
    reference: theirs.length,
    training: training.person.length,
    closeDistance,
    syntheticClose,
    referenceClose,
    syntheticMedian: made.toSorted()[made.length >> 1] ?? 0,
    referenceMedian: sorted[sorted.length >> 1] ?? 0,
    copies,
    pass: copies.length === 0 && syntheticClose <= referenceClose + SPARE,
  };
}

/** Distance of each row of `from` to the nearest of `to`, over the root of the number of features. */
function nearest(from: Points, to: Points): Float64Array {
  const { width } = from;
  const rows = to.person.length;
  return Float64Array.from({ length: from.person.length }, (_, row) => {
    let best = Infinity;
    for (let other = 0; other < rows; other++) {
      let sum = 0;
      // Most rows are out of reach after a few features.
      for (let at = row * width, there = other * width, end = at + width; at < end && sum < best;) {
        const stop = Math.min(end, at + 16);
        for (; at < stop; at++, there++) {
          const distance = from.values[at]! - to.values[there]!;
          sum += distance * distance;
        }
      }
      if (sum < best) best = sum;
    }
    return Math.sqrt(best / width);
  });
}
