import { quantilesOf, type Histogram } from "../statistics/histogram.ts";
import { normalCdf } from "./normal.ts";

/**
 * A distribution as a curve from standard normal numbers to its values: value(z) = F^-1(Phi(z)). A Gaussian copula puts
 * correlated normal numbers through such curves.
 */
export interface Marginal {
  /** Values at `z = -REACH + k / STEPS`. */
  readonly table: Float64Array;
  readonly mean: number;
  readonly sd: number;
  /** Coefficients 1, 2, ... of the curve in normalised Hermite polynomials, divided by `sd`; their squares sum to 1. */
  readonly hermite: Float64Array;
}

const REACH = 6;
const STEPS = 128;
const POINTS = 2 * REACH * STEPS + 1;
/** Steep steps, as of a channel that is on or off, need some; more change correlations by less than a thousandth. */
const DEGREES = 24;

const PHI = Float64Array.from({ length: POINTS }, (_, point) => normalCdf(point / STEPS - REACH));

/** Of a histogram with its extremes. Where nothing was counted every value is 0. */
export function marginalOf(histogram: Histogram, extremes: { readonly min: number; readonly max: number }): Marginal {
  const table = quantilesOf(histogram, extremes, PHI);
  if (table[0] !== table[0]) table.fill(0);
  return marginalOfTable(table);
}

/** Where a normal number leads, by a straight line between the table's points. */
export function valueAt({ table }: Marginal, z: number): number {
  const place = (z + REACH) * STEPS;
  if (!(place > 0)) return table[0]!;
  if (place >= POINTS - 1) return table[POINTS - 1]!;
  const point = place | 0;
  const value = table[point]!;
  return value + (place - point) * (table[point + 1]! - value);
}

/**
 * The correlation that two normal numbers must have for the values they lead to to be correlated as wanted. What no
 * copula of these marginals can reach gives the nearest that one can. (Kugiumtzis and Bora-Senta 2010: correlation of
 * the values = sum over k of a_k b_k rho^k.)
 */
export function latentCorrelation(wanted: number, left: Marginal, right: Marginal): number {
  if (wanted === 0 || left.sd === 0 || right.sd === 0) return 0;
  const products = left.hermite.map((coefficient, degree) => coefficient * right.hermite[degree]!);
  const reached = (rho: number) => products.reduceRight((sum, product) => (sum + product) * rho, 0);
  let [low, high] = wanted > 0 ? [0, 1] : [-1, 0];
  for (let halving = 0; halving < 40; halving++) {
    const middle = (low + high) / 2;
    if (reached(middle) < wanted) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function marginalOfTable(table: Float64Array): Marginal {
  const weights = Float64Array.from({ length: POINTS }, (_, point) => Math.exp(-((point / STEPS - REACH) ** 2) / 2));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const moments = new Float64Array(DEGREES + 1);
  let squares = 0;
  for (let point = 0; point < POINTS; point++) {
    const z = point / STEPS - REACH;
    const share = (weights[point]! / total) * table[point]!;
    squares += share * table[point]!;
    let before = 0;
    let polynomial = 1;
    for (let degree = 0; degree <= DEGREES; degree++) {
      moments[degree]! += share * polynomial;
      const next = (z * polynomial - Math.sqrt(degree) * before) / Math.sqrt(degree + 1);
      before = polynomial;
      polynomial = next;
    }
  }
  const mean = moments[0]!;
  const constant = table[0] === table[POINTS - 1];
  const sd = constant ? 0 : Math.sqrt(Math.max(0, squares - mean * mean));
  const hermite = moments.slice(1);
  // What the series leaves out is given back evenly, so that equal numbers stay fully correlated.
  const norm = Math.hypot(...hermite);
  return { table, mean, sd, hermite: sd > 0 ? hermite.map((coefficient) => coefficient / norm) : hermite.fill(0) };
}
