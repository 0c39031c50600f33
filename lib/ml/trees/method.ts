import type { Trees } from "../../domain/trees/trees.ts";

/** How a family grows its trees, a round at a time. A round depends on the seed and on the rounds before it alone. */
export interface Method {
  /** Score of each class before the first tree. */
  readonly base: Float32Array;
  /** Grows the trees of a round, counted from 0, and takes them in. */
  round(round: number): Round;
  /** Takes in the trees of all rounds up to now, grown elsewhere, as if they had been grown here. */
  replay(trees: Trees): void;
}

export interface Round {
  readonly trees: Trees;
  /** Mean cross-entropy and share of right answers, of rows that had no part in the answer wherever the family knows such. */
  readonly loss: number;
  readonly accuracy: number;
}

/** What trees learn from: unscaled, row-major. */
export interface TreeRows {
  readonly values: Float32Array;
  readonly width: number;
  readonly labels: Int32Array;
  readonly classes: number;
}

/** Mean cross-entropy of probabilities, kept finite, and share of rows whose label has the highest; rows that `skip` are left out. */
export function measureRound(
  probabilities: Float64Array,
  labels: Int32Array,
  classes: number,
  skip: (row: number) => boolean = () => false,
): { readonly loss: number; readonly accuracy: number } {
  let [loss, right, count] = [0, 0, 0];
  for (let row = 0, at = 0; row < labels.length; row += 1, at += classes) {
    if (skip(row)) continue;
    let best = 0;
    for (let index = 1; index < classes; index += 1) if (probabilities[at + index]! > probabilities[at + best]!) best = index;
    const label = labels[row]!;
    count += 1;
    right += best === label ? 1 : 0;
    loss -= Math.log(Math.max(probabilities[at + label]!, LEAST_PROBABILITY));
  }
  return count === 0 ? { loss: 0, accuracy: 0 } : { loss: loss / count, accuracy: right / count };
}

/** A forest may give a class no share at all. */
const LEAST_PROBABILITY = 1e-7;
