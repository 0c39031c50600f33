import { randomFor, type Random } from "../../domain/random.ts";
import { leafOf, type Trees } from "../../domain/trees/trees.ts";
import { STREAM } from "../streams.ts";
import { binColumns } from "./bins.ts";
import { ForestTreeGrower, type Bag, type ForestGenome } from "./forest-tree.ts";
import { measureRound, type Method, type TreeRows } from "./method.ts";

/**
 * A random forest: each tree on rows drawn with replacement, as many as there are. Measured out of bag: a row is answered
 * by the trees that have not seen it.
 */
export function forest(genome: ForestGenome, { values, width, labels, classes }: TreeRows, seed: number): Method {
  const count = labels.length;
  const grower = new ForestTreeGrower(binColumns(values, width, genome.bins), genome, labels, classes);
  /** Sums of the shares that trees gave to rows they had not seen, and their number. */
  const sums = new Float64Array(count * classes);
  const votes = new Int32Array(count);
  const shares = new Float64Array(count * classes);

  const take = (trees: Trees, tree: number, { times }: Bag) => {
    for (let row = 0; row < count; row += 1) {
      if (times[row]! > 0) continue;
      const leaf = leafOf(trees, tree, values, row * width);
      for (let index = 0; index < classes; index += 1) sums[row * classes + index]! += trees.value[leaf * classes + index]!;
      votes[row]! += 1;
    }
  };

  return {
    base: new Float32Array(classes),
    round: (round) => {
      const random = randomFor(seed, STREAM.forest, round);
      const bag = drawBag(random, count);
      const trees = grower.grow(bag, random);
      take(trees, 0, bag);
      for (let at = 0; at < shares.length; at += 1) shares[at] = sums[at]! / Math.max(1, votes[Math.floor(at / classes)]!);
      return { trees, ...measureRound(shares, labels, classes, (row) => votes[row] === 0) };
    },
    replay: (trees) => {
      for (let tree = 0; tree < trees.root.length; tree += 1) take(trees, tree, drawBag(randomFor(seed, STREAM.forest, tree), count));
    },
  };
}

function drawBag(random: Random, count: number): Bag {
  const times = new Int32Array(count);
  for (let draw = 0; draw < count; draw += 1) times[random.below(count)]! += 1;
  let at = 0;
  const rows = new Int32Array(times.reduce((sum, drawn) => sum + (drawn > 0 ? 1 : 0), 0));
  for (let row = 0; row < count; row += 1) if (times[row]! > 0) rows[at++] = row;
  return { rows, times };
}
