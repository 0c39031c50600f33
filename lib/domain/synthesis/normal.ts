import type { Random } from "../random.ts";

/** Standard normal numbers by Marsaglia's polar method: half the draws and none of the sines of Box-Muller. */
export function normalSource(random: Random): () => number {
  let spare = NaN;
  return () => {
    if (spare === spare) {
      const value = spare;
      spare = NaN;
      return value;
    }
    for (;;) {
      // 32 bits with their sign make a number in [-1, 1).
      const x = random.bits() * 2 ** -31;
      const y = random.bits() * 2 ** -31;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      spare = y * factor;
      return x * factor;
    }
  };
}

/** Probability that a standard normal number is below `z`, to 1e-15 (West 2005, after Hart 1968). */
export function normalCdf(z: number): number {
  const distance = Math.abs(z);
  if (distance > 37) return z > 0 ? 1 : 0;
  const tail = Math.exp((-distance * distance) / 2);
  let below: number;
  if (distance < 7.07106781186547) {
    const over = polynomial(
      distance,
      0.0352624965998911,
      0.700383064443688,
      6.37396220353165,
      33.912866078383,
      112.079291497871,
      221.213596169931,
      220.206867912376,
    );
    const under = polynomial(
      distance,
      0.0883883476483184,
      1.75566716318264,
      16.064177579207,
      86.7807322029461,
      296.564248779674,
      637.333633378831,
      793.826512519948,
      440.413735824752,
    );
    below = (tail * over) / under;
  } else {
    below = tail / (distance + 1 / (distance + 2 / (distance + 3 / (distance + 4 / (distance + 0.65))))) / 2.506628274631;
  }
  return z > 0 ? 1 - below : below;
}

/** Coefficients of the highest power first. */
function polynomial(x: number, ...coefficients: readonly number[]): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
}
