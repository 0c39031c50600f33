import type { Distribution, Distributions } from "../../../../lib/domain/api/data.ts";

export interface Span {
  readonly low: number;
  readonly high: number;
}

/** Where nearly all values of all classes lie: from the lowest 1 % to the highest 99 %; null where nothing was measured or nothing varies. */
export function spanOf(classes: Distributions["classes"]): Span | null {
  const quantiles = classes.flatMap(({ real, synthetic }) => [...real.quantiles, ...(synthetic?.quantiles ?? [])]);
  const [low, high] = [Math.min(...quantiles), Math.max(...quantiles)];
  if (!(high > low)) return null;
  const margin = 0.03 * (high - low);
  return { low: low - margin, high: high + margin };
}

interface Step {
  readonly from: number;
  readonly to: number;
  /** Share of all values per unit. */
  readonly density: number;
}

/** A histogram as steps. A bin without width (the ends of one whose values never reach beyond) has no step. */
function stepsOf({ edges, counts }: Distribution): Step[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.flatMap((count, bin) => {
    const [from, to] = [edges[bin] ?? 0, edges[bin + 1] ?? 0];
    return to > from && total > 0 ? [{ from, to, density: count / total / (to - from) }] : [];
  });
}

/** Height that all pictures of a channel share, so that they can be compared: the highest step within the span. */
export function highestDensity(distributions: readonly (Distribution | null)[], { low, high }: Span): number {
  const steps = distributions.flatMap((distribution) => (distribution === null ? [] : stepsOf(distribution)));
  return Math.max(0, ...steps.filter(({ from, to }) => to > low && from < high).map(({ density }) => density));
}

/** The outline of a histogram on a picture of `width` x `height`, closed along the bottom; empty without a value in the span. */
export function densityPath(distribution: Distribution, span: Span, highest: number, width: number, height: number): string {
  const x = (value: number) => ((Math.min(span.high, Math.max(span.low, value)) - span.low) / (span.high - span.low)) * width;
  const y = (density: number) => height * (1 - Math.min(1, density / highest));
  const seen = stepsOf(distribution).filter(({ from, to }) => to > span.low && from < span.high);
  const [first, last] = [seen[0], seen.at(-1)];
  if (first === undefined || last === undefined || highest <= 0) return "";
  const points = seen.flatMap(({ from, to, density }) => [
    `${x(from).toFixed(1)},${y(density).toFixed(1)}`,
    `${x(to).toFixed(1)},${y(density).toFixed(1)}`,
  ]);
  return `M${x(first.from).toFixed(1)},${height} L${points.join(" L")} L${x(last.to).toFixed(1)},${height}`;
}
