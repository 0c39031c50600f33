import { z } from "zod";
import { covarianceOf, eigenOf } from "./eigen.ts";

/** What is known of one person, by column; left out and null are the same: unknown. */
export type Values = Readonly<Record<string, number | null | undefined>>;

/** How a column becomes comparable with others. */
export interface Column {
  readonly name: string;
  /**
   * `moments`: by mean and standard deviation. `robust`: the same of values that were drawn in to three spreads about the
   * median, by quartiles, so that none of them is wild; quartiles alone would hide that a value has two heaps. `indicator`: one of the two columns, 0
   * or 1, of a word; its spread is fixed, so that the few who say a rare word are not thrown far from everybody else.
   */
  readonly scale: "moments" | "robust" | "indicator";
}

/** Where people are compared: columns brought to one scale, and the directions in which they differ most. */
export const spaceSchema = z.object({
  columns: z.array(z.object({ name: z.string(), middle: z.number(), spread: z.number().positive() })).min(1),
  /** Largest value of a scaled column; beyond it a person counts as this far out. */
  clip: z.number().positive(),
  /** Unit vectors over the columns; null where the columns themselves are compared. */
  axes: z.array(z.array(z.number())).nullable(),
});
export type Space = z.infer<typeof spaceSchema>;

/** Three spreads: one person with a wild value must not stretch the space until all others are one point. */
const CLIP = 3;
/** Two indicators that differ are 1 / (1/2) apart in squares, together 4: as far as two standard deviations of a measure. */
const INDICATOR_SPREAD = Math.SQRT1_2;
/** Principal components: enough for this share of the variance, and no more than so many. */
const SHARE = 0.8;
const COMPONENTS = 4;
/** Quartiles of a normal distribution are this many standard deviations apart. */
const QUARTILES = 1.349;

/**
 * Fits the space on what is known of some people. Columns in which nobody is known, or nobody differs, are left out.
 * @param reduce to the first principal components
 * @returns null where no column is left
 */
export function fitSpace(people: readonly Values[], columns: readonly Column[], reduce: boolean): Space | null {
  const fitted = columns.flatMap(({ name, scale }) => {
    const known = people.map((values) => values[name]).filter((value) => isKnown(value));
    const [middle, spread] = scale === "robust" ? robust(known) : moments(known);
    // Below this it is rounding, not a difference between people.
    if (!(spread > 1e-9 * Math.abs(middle))) return [];
    return [{ name, middle, spread: scale === "indicator" ? INDICATOR_SPREAD : spread }];
  });
  if (fitted.length === 0) return null;
  const plain: Space = { columns: fitted, clip: CLIP, axes: null };
  if (!reduce) return plain;
  const rows = people.map((values) => place(plain, values)).filter((row) => row !== null);
  const { values, vectors } = eigenOf(covarianceOf(rows));
  const total = values.reduce((sum, value) => sum + value, 0);
  let explained = 0;
  const wanted = values.findIndex((value) => (explained += value) >= SHARE * total) + 1;
  return { ...plain, axes: vectors.slice(0, Math.min(wanted || COMPONENTS, COMPONENTS)).map(withSign) };
}

/** A person's place; null where nothing is known of them in any column. What is missing is taken for the middle. */
export function place({ columns, clip, axes }: Space, values: Values): Float64Array | null {
  let known = false;
  const scaled = Float64Array.from(columns, ({ name, middle, spread }) => {
    const value = values[name];
    if (!isKnown(value)) return 0;
    known = true;
    return Math.max(-clip, Math.min(clip, (value - middle) / spread));
  });
  if (!known) return null;
  if (!axes) return scaled;
  return Float64Array.from(axes, (axis) => axis.reduce((sum, weight, column) => sum + weight * scaled[column]!, 0));
}

function isKnown(value: number | null | undefined): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function moments(known: readonly number[]): [mean: number, sd: number] {
  if (known.length === 0) return [0, 0];
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  return [mean, Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / known.length)];
}

function robust(known: readonly number[]): [mean: number, sd: number] {
  if (known.length === 0) return [0, 0];
  const sorted = known.toSorted((a, b) => a - b);
  const middle = quantile(sorted, 0.5);
  const spread = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / QUARTILES;
  // More than half of the people may have one value, such as 0 for a feature that only some movements reach.
  if (spread === 0) return moments(known);
  return moments(known.map((value) => Math.max(middle - CLIP * spread, Math.min(middle + CLIP * spread, value))));
}

/** By linear interpolation between order statistics (type 7 of Hyndman and Fan 1996). */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)]!;
  return below + (at % 1) * (sorted[Math.ceil(at)]! - below);
}

/** Of an axis and its opposite the one whose largest part is positive, so that the same people give the same numbers. */
function withSign(axis: readonly number[]): number[] {
  const largest = axis.reduce((most, part) => (Math.abs(part) > Math.abs(most) + 1e-12 ? part : most), 0);
  return largest < 0 ? axis.map((part) => -part) : [...axis];
}
