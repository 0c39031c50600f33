import type { Estimate } from "./metrics-schema.ts";

/** Figures with no more digits than their uncertainty supports: on the pages and in the gate's sentences the same. */

const MINUS = "\u2212";

/**
 * Decimals that an uncertainty supports: two significant figures of it while they begin with 1 or 2, else one (the rule
 * of the Particle Data Group, simplified). Clamped to 1..4; without an uncertainty, 2.
 */
export function decimalsFor(halfWidth: number | null): number {
  if (halfWidth === null || !Number.isFinite(halfWidth) || halfWidth <= 0) return 2;
  const exponent = Math.floor(Math.log10(halfWidth));
  const leading = halfWidth / 10 ** exponent;
  return Math.min(4, Math.max(1, -exponent + (leading < 2.95 ? 1 : 0)));
}

/** `.941`, `1.00`, `-.012`: a share without its leading zero. */
export function shareText(value: number, decimals: number): string {
  const text = Math.abs(value)
    .toFixed(decimals)
    .replace(/^0(?=\.)/, "");
  return (value < 0 && Number(text) !== 0 ? MINUS : "") + text;
}

/** Half the width of the interval; null where there is none (fewer than two subjects). */
export function halfWidthOf(estimate: Estimate): number | null {
  return estimate.low === null || estimate.high === null ? null : (estimate.high - estimate.low) / 2;
}

/** A value with its 95 % interval, never with more digits than the interval supports: `.941 ± .012`. */
export function estimateText(estimate: Estimate): string {
  const halfWidth = halfWidthOf(estimate);
  const decimals = decimalsFor(halfWidth);
  const value = shareText(estimate.value, decimals);
  return halfWidth === null || halfWidth <= 0 ? value : `${value} ± ${shareText(halfWidth, decimals)}`;
}

/** A share of `count` windows with the digits its binomial interval supports; a dash where it is undefined. */
export function shareOfText(value: number | null, count: number): string {
  if (value === null) return "–";
  return shareText(value, count <= 0 ? 2 : Math.min(3, decimalsFor(binomialHalfWidth(value, count))));
}

/** Agresti and Coull's interval: unlike the plain one it does not shrink to nothing at 0 and 1. */
function binomialHalfWidth(value: number, count: number): number {
  const centre = (value * count + 2) / (count + 4);
  return 1.96 * Math.sqrt((centre * (1 - centre)) / (count + 4));
}

/** A difference with its sign, in the digits of its interval. */
export function differenceText(value: number, low: number | null, high: number | null): string {
  const halfWidth = low === null || high === null ? null : (high - low) / 2;
  const decimals = decimalsFor(halfWidth);
  const size = shareText(Math.abs(value), decimals);
  const sign = Number(size) === 0 ? "" : value > 0 ? "+" : MINUS;
  return halfWidth === null || halfWidth <= 0 ? sign + size : `${sign}${size} ± ${shareText(halfWidth, decimals)}`;
}

/** A share below a bound, in at least `decimals` digits and as many more as keep it from reading like the bound; at most four. */
export function shareBelowText(value: number, bound: number, decimals: number): string {
  let digits = decimals;
  while (digits < 4 && value < bound && Number(value.toFixed(digits)) >= bound) digits += 1;
  return shareText(value, digits);
}

/** A bound as it was stated, without its leading zero: `.95`, `.002`. */
export function boundText(bound: number): string {
  return String(bound).replace(/^0(?=\.)/, "");
}
