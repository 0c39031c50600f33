import { correlate, factorOf, type Mending } from "./correlation-matrix.ts";
import { latentCorrelation, valueAt, type Marginal } from "./marginal.ts";

/** Draws rows whose columns have given marginals and correlations. */
export interface Copula {
  readonly mended: Mending | null;
  /** Fills `out` with one row, of as many values as there are marginals. */
  draw(normal: () => number, out: Float64Array): void;
}

/** A Gaussian copula. @param correlation wanted of the values of columns i < j */
export function createCopula(marginals: readonly Marginal[], correlation: (i: number, j: number) => number): Copula {
  const size = marginals.length;
  const factor = factorOf(size, (i, j) => latentCorrelation(correlation(i, j), marginals[i]!, marginals[j]!));
  const row = new Float64Array(size);
  return {
    mended: factor.mended,
    draw(normal, out) {
      for (let column = 0; column < size; column++) row[column] = normal();
      correlate(factor, row, row);
      for (let column = 0; column < size; column++) out[column] = valueAt(marginals[column]!, row[column]!);
    },
  };
}
