import { decimalsFor, halfWidthOf, shareText } from "../../../lib/domain/estimate-text.ts";
import type { Estimate } from "../../../lib/domain/metrics-schema.ts";

const MINUS = "\u2212";
const NARROW_SPACE = "\u202f";

/** Thousands separated by commas: `10,299`. */
export function countText(value: number): string {
  const digits = Math.abs(Math.round(value)).toString();
  return (value < 0 ? MINUS : "") + digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Counts where space is short: `10.3k`, `1.12M`; three figures at most. */
export function shortCountText(value: number): string {
  const size = Math.abs(value);
  if (size < 10_000) return countText(value);
  const [divisor, unit] = size < 999_500 ? [1e3, "k"] : size < 999_500_000 ? [1e6, "M"] : [1e9, "G"];
  const scaled = size / divisor;
  const decimals = scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0;
  return `${value < 0 ? MINUS : ""}${scaled.toFixed(decimals)}${unit}`;
}

export function bytesText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let scaled = bytes;
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  const decimals = unit === 0 || scaled >= 99.95 ? 0 : 1;
  return `${scaled.toFixed(decimals)}${NARROW_SPACE}${units[unit]}`;
}

/** What the short form leaves out, for the hover: both ends, or why there are none. */
export function intervalText(estimate: Estimate): string {
  if (estimate.low === null || estimate.high === null) return "no interval: fewer than two subjects";
  const decimals = Math.min(4, decimalsFor(halfWidthOf(estimate)) + 1);
  return `95 % interval ${shareText(estimate.low, decimals)} to ${shareText(estimate.high, decimals)}, by subject`;
}

/** `12.3 %`, with fewer digits the fewer rows it rests on; a share that is not quite nothing is not shown as nothing. */
export function percentText(part: number, whole: number): string {
  if (whole <= 0) return "–";
  const percent = (100 * part) / whole;
  if (part > 0 && percent < 0.1) return `<0.1${NARROW_SPACE}%`;
  if (part < whole && percent > 99.9) return `>99.9${NARROW_SPACE}%`;
  const decimals = whole >= 1000 && percent !== 0 && percent !== 100 ? 1 : 0;
  return `${percent.toFixed(decimals)}${NARROW_SPACE}%`;
}

/** Four significant figures, for parameters and measurements that carry no interval. */
export function measureText(value: number): string {
  if (Number.isInteger(value)) return countText(value);
  const size = Math.abs(value);
  const text = size >= 1e-4 && size < 1e6 ? String(Number(size.toPrecision(4))) : size.toExponential(2);
  return (value < 0 ? MINUS : "") + text;
}
