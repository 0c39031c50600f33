import { randomFor, type Random } from "../../domain/random.ts";
import { joinTrees, type Trees } from "../../domain/trees/trees.ts";
import { STREAM } from "../streams.ts";
import { Ballot } from "./ballot.ts";
import { binColumns } from "./bins.ts";
import { BoostedTreeGrower, type BoostingGenome } from "./boosted-tree.ts";
import { measureRound, type Method, type TreeRows } from "./method.ts";

/**
 * Multinomial gradient boosting: each round a tree for each class, grown on the slopes of the cross-entropy of the softmax
 * (Friedman 2001, with second derivatives), on a fresh sample of rows for the round and of columns for each tree. Scores
 * begin at the logarithm of the classes' shares. A class without a row gets trees that say nothing.
 */
export function boosting(genome: BoostingGenome, { values, width, labels, classes }: TreeRows, seed: number): Method {
  const count = labels.length;
  const columns = binColumns(values, width, genome.bins);
  const sampled = Math.max(1, Math.round(genome.rowShare * count));
  const asked = Math.min(columns.telling.length, Math.max(1, Math.round(genome.columnShare * columns.telling.length)));
  const grower = new BoostedTreeGrower(columns, genome, sampled);
  const present = new Float64Array(classes);
  for (const label of labels) present[label]! += 1;
  const base = Float32Array.from(present, (rows) => Math.log(Math.max(rows, 0.5) / count));
  const ballot = new Ballot("boosting", values, width, base);
  const shares = new Float64Array(count * classes);
  const slopes = { gradient: new Float64Array(count), hessian: new Float64Array(count) };
  // The classes' trees are grown side by side, each as if the others stood still; Friedman's equation 32 makes up for it.
  const curvature = classes / (classes - 1);

  const growClass = (label: number, rows: Int32Array, random: Random): Trees => {
    for (let row = 0, at = label; row < count; row += 1, at += classes) {
      const share = shares[at]!;
      slopes.gradient[row] = share - (labels[row] === label ? 1 : 0);
      slopes.hessian[row] = curvature * share * (1 - share);
    }
    const chosen = sample(random, columns.telling.length, asked).map((place) => columns.telling[place]!);
    return grower.grow({ rows: rows.slice(), chosen, slopes });
  };

  return {
    base,
    round: (round) => {
      const random = randomFor(seed, STREAM.boosting, round);
      const measured = measureRound(ballot.probabilities(shares), labels, classes);
      const rows = sample(random, count, sampled);
      const trees = joinTrees(
        Array.from(present, (known, label) => (known > 0 ? growClass(label, rows, random) : SILENT)),
        1,
      );
      ballot.add({ family: "boosting", trees, base });
      return { trees, ...measured };
    },
    replay: (trees) => ballot.add({ family: "boosting", trees, base }),
  };
}

/** A tree that adds nothing. */
const SILENT: Trees = {
  root: Int32Array.of(-1),
  feature: new Int32Array(0),
  threshold: new Float32Array(0),
  left: new Int32Array(0),
  right: new Int32Array(0),
  missingLeft: new Uint8Array(0),
  value: Float32Array.of(0),
  outputs: 1,
};

/** `size` of the numbers 0 ... n-1, ascending, each set equally likely (Knuth, algorithm S). */
function sample(random: Random, n: number, size: number): Int32Array {
  const chosen = new Int32Array(size);
  let taken = 0;
  for (let number = 0; taken < size; number += 1) {
    if (random.uniform() * (n - number) < size - taken) chosen[taken++] = number;
  }
  return chosen;
}
