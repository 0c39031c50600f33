import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";

/**
 * Random numbers that depend on their keys and on nothing else: the same keys give the same numbers on every machine,
 * so a resumed training redraws exactly the order and the masks it would have had.
 */
export interface Random {
  /** 32 random bits as a signed integer. */
  bits(): number;
  /** [0, 1) in steps of 2^-32. */
  uniform(): number;
  /** 0 ... n-1, all equally likely; n from 1 to 2^32. */
  below(n: number): number;
  /** Standard normal (Box-Muller). */
  normal(): number;
  /** Poisson with mean `lambda` >= 0. From 30 on by the rounded normal, whose error is far below a bootstrap's own. */
  poisson(lambda: number): number;
}

/** The stream named by `keys`, integers such as (seed, purpose, epoch, step). Different keys give unrelated streams. */
export function randomFor(...keys: readonly number[]): Random {
  const generator = xoroshiro128plusFromState(stateOf(keys));
  const bits = () => generator.next();
  const uniform = () => (generator.next() >>> 0) / 2 ** 32;
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const below = (n: number) => {
    const limit = Math.floor(2 ** 32 / n) * n;
    let drawn = generator.next() >>> 0;
    while (drawn >= limit) drawn = generator.next() >>> 0;
    return drawn % n;
  };
  const poisson = (lambda: number) => {
    if (lambda >= 30) return Math.max(0, Math.round(lambda + Math.sqrt(lambda) * normal()));
    let left = uniform();
    let share = Math.exp(-lambda);
    let count = 0;
    while (left >= share && share > 0) {
      left -= share;
      count += 1;
      share *= lambda / count;
    }
    return count;
  };
  return { bits, uniform, below, normal, poisson };
}

/** 0 ... n-1 in random order (Fisher-Yates). */
export function permutation(random: Random, n: number): Int32Array {
  const order = Int32Array.from({ length: n }, (_, index) => index);
  for (let last = n - 1; last > 0; last -= 1) {
    const other = random.below(last + 1);
    const kept = order[last]!;
    order[last] = order[other]!;
    order[other] = kept;
  }
  return order;
}

/** Each key is absorbed by MurmurHash3's 32-bit finaliser, with another start for each of the four words. */
function stateOf(keys: readonly number[]): readonly number[] {
  const words = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 0x6a09e667].map((start) => {
    let hash = start | 0;
    for (const key of keys) hash = Math.imul(finalise(hash ^ finalise(key | 0)), 5) + 0x1b873593;
    return finalise(hash) | 0;
  });
  return words.every((word) => word === 0) ? [1, 0, 0, 0] : words;
}

function finalise(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
