import type { LabelSpan } from "./recording.ts";

/** Code of a row or sample without a label; others are indices of the spec's classes. */
export const UNLABELLED = -1;

/** Runs of equal labels as spans, shifted by `shift`; runs without a label are left out. */
export function spansOf(codes: Int32Array, from: number, to: number, shift: number, classes: readonly string[]): LabelSpan[] {
  const spans: LabelSpan[] = [];
  let begin = from;
  for (let at = from + 1; at <= to; at++) {
    if (at < to && codes[at] === codes[begin]) continue;
    if (begin < to && codes[begin] !== UNLABELLED) spans.push({ label: classes[codes[begin]!]!, from: begin + shift, to: at + shift });
    begin = at;
  }
  return spans;
}

/**
 * Labels that stand on one row each hold for the rows up to `hold` before it. Where two holds overlap the earlier answer
 * keeps its rows: the later one begins behind the row the earlier stands on.
 * @param at times of the rows, ascending, in the unit of `hold`
 */
export function backfill(at: Float64Array, codes: Int32Array, hold: number): Int32Array {
  const filled = new Int32Array(codes.length).fill(UNLABELLED);
  let free = 0;
  for (let row = 0; row < codes.length; row++) {
    if (codes[row] === UNLABELLED) continue;
    while (free < row && at[free]! < at[row]! - hold) free++;
    filled.fill(codes[row]!, free, row + 1);
    free = row + 1;
  }
  return filled;
}
