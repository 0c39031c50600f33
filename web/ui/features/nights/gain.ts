import type { LabelGain, Night } from "../../../../lib/domain/api/nights.ts";

/** What one night's labels bought. */
export interface GainPoint extends LabelGain {
  readonly night: string;
  readonly at: string;
}

/** The nights that measured what their labels bought, oldest first. */
export function gainsOf(nights: readonly Night[], most: number): GainPoint[] {
  return nights
    .flatMap(({ id, dueAt, gain }) => (gain === null ? [] : [{ ...gain, night: id, at: dueAt }]))
    .toSorted((one, other) => one.at.localeCompare(other.at))
    .slice(-most);
}

/** Ends of the axis: all figures with a little air, never so near to each other that noise looks large. */
export function spanOf(points: readonly LabelGain[]): { readonly low: number; readonly high: number } {
  const values = points.flatMap(({ before, chosen, random }) => [before, chosen, ...(random === null ? [] : [random])]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const air = Math.max(0.02 - (high - low), 0.1 * (high - low)) / 2;
  return { low: Math.max(0, low - air), high: Math.min(1, high + air) };
}
