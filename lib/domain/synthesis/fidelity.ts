import {
  autocorrelationOf,
  cellOf,
  correlationOf,
  PROBABILITIES,
  withinCorrelationOf,
  type Cell,
  type ChannelStatistics,
  type Description,
} from "../statistics/document.ts";
import { histogramDistance } from "../statistics/histogram.ts";

/** One statistic of real rows beside that of made-up ones. `pass` = they differ by no more than the tolerance. */
export interface FidelityCheck {
  readonly statistic:
    | "mean"
    | "sd"
    | "quantile 5 %"
    | "quantile 50 %"
    | "quantile 95 %"
    | "distribution"
    | "nulls"
    | "sd of people's means"
    | "mean of people's sds"
    | "correlation"
    | "correlation within people"
    | "autocorrelation";
  readonly class: string;
  /** The channel, or the two of a correlation. */
  readonly of: string;
  readonly real: number;
  readonly synthetic: number;
  readonly tolerance: number;
  readonly pass: boolean;
}

/**
 * Compares what was made up with what it was made of, class by class, everybody's statistics. A tolerance is a share of
 * what is natural (a tenth of a standard deviation, a tenth of a correlation) and three standard errors of a sample of as
 * many people: twenty people who were drawn without a fault still differ from all others together. Of the many pairs of
 * channels, and of lags, the one that is furthest beyond its tolerance stands for all.
 */
export function fidelityOf(real: Description, synthetic: Description): FidelityCheck[] {
  return real.classes.flatMap((name) => {
    const [expected, found] = [cellOf(real, name), cellOf(synthetic, name)];
    if (!expected || !found) return [];
    const people = Math.min(found.people, expected.people);
    return [
      ...real.channels.flatMap((channel) => channelChecks(name, channel, expected, found, people)),
      ...pairChecks(real, expected, found, people),
    ];
  });
}

function channelChecks(name: string, channel: string, expected: Cell, found: Cell, people: number): FidelityCheck[] {
  const [real, made] = [expected.channels[channel]!, found.channels[channel]!];
  if (real.count === 0) return [];
  const check = (statistic: FidelityCheck["statistic"], of: (from: ChannelStatistics) => number, tolerance: number) =>
    judged({ statistic, class: name, of: channel }, of(real), of(made), tolerance);
  const { mean, sd } = real.people;
  const meanError = mean.sd / Math.sqrt(people);
  /** Share of the variance that is between people: rows of one person say little that is new. */
  const apart = real.sd > 0 ? Math.min(1, (mean.sd / real.sd) ** 2) : 0;
  const shareError = 0.5 * Math.sqrt(apart / people + 1 / found.rows);
  const varianceError = Math.sqrt((2 * mean.sd ** 4 + (2 * sd.mean * sd.sd) ** 2) / people);
  const sdError = real.sd > 0 ? varianceError / (2 * real.sd) : 0;
  const nulls = real.nulls / expected.rows;
  const quantileError = 0.1 * real.sd + 3 * (1.5 * meanError + sdError) + widthOf(real);
  const quantile = (probability: (typeof PROBABILITIES)[number]) => (from: ChannelStatistics) =>
    from.quantiles[PROBABILITIES.indexOf(probability)] ?? 0;
  const checks = [
    check("mean", (from) => from.mean, 0.1 * real.sd + 3 * meanError),
    check("sd", (from) => from.sd, 0.1 * real.sd + 3 * sdError),
    check("quantile 5 %", quantile(0.05), quantileError),
    check("quantile 50 %", quantile(0.5), quantileError),
    check("quantile 95 %", quantile(0.95), quantileError),
    judged(
      { statistic: "distribution", class: name, of: channel },
      0,
      histogramDistance(real.histogram, made.histogram),
      0.1 + 3 * shareError,
    ),
    judged(
      { statistic: "nulls", class: name, of: channel },
      nulls,
      made.nulls / found.rows,
      0.02 + 3 * Math.sqrt((nulls * (1 - nulls)) / found.rows),
    ),
  ];
  if (people > 2) {
    checks.push(
      check("sd of people's means", (from) => from.people.mean.sd, mean.sd * (0.15 + 3 / Math.sqrt(2 * people))),
      check("mean of people's sds", (from) => from.people.sd.mean, 0.1 * sd.mean + (3 * sd.sd) / Math.sqrt(people)),
    );
  }
  const [wanted, drawn] = [autocorrelationOf(real), autocorrelationOf(made)];
  const lags = Math.min(wanted.length, drawn.length);
  if (lags > 1) {
    const lag = furthest(lags - 1, (at) => Math.abs(wanted[at + 1]! - drawn[at + 1]!)) + 1;
    checks.push(
      judged(
        { statistic: "autocorrelation", class: name, of: `${channel}, lag ${lag}` },
        wanted[lag]!,
        drawn[lag]!,
        0.1 + 3 / Math.sqrt(rowsThatCount(found, wanted, wanted)),
      ),
    );
  }
  return checks;
}

function pairChecks(real: Description, expected: Cell, found: Cell, people: number): FidelityCheck[] {
  const { channels } = real;
  const pairs = channels.flatMap((_, i) => channels.slice(i + 1).map((__, offset) => [i, i + 1 + offset] as const));
  if (pairs.length === 0) return [];
  const lags = channels.map((name) => autocorrelationOf(expected.channels[name]!));
  const ways = [
    { statistic: "correlation", of: correlationOf, count: () => people },
    {
      statistic: "correlation within people",
      of: withinCorrelationOf,
      count: (i: number, j: number) => rowsThatCount(found, lags[i]!, lags[j]!),
    },
  ] as const;
  return ways.map(({ statistic, of, count }) => {
    const values = pairs.map(([i, j]) => {
      const [wanted, made] = [of(real, expected, i, j), of(real, found, i, j)];
      return { wanted, made, tolerance: 0.1 + (3 * (1 - wanted * wanted)) / Math.sqrt(count(i, j)) };
    });
    const worst = furthest(pairs.length, (at) => Math.abs(values[at]!.wanted - values[at]!.made) - values[at]!.tolerance);
    const [left, right] = pairs[worst]!.map((channel) => channels[channel]!);
    const { wanted, made, tolerance } = values[worst]!;
    return judged({ statistic, class: expected.class, of: `${left} with ${right}` }, wanted, made, tolerance);
  });
}

/** Rows of two signals that say as much as independent ones would of their correlation (Bartlett 1935); all where there are no lags. */
function rowsThatCount({ rows }: Cell, left: readonly number[], right: readonly number[]): number {
  let sum = 1;
  for (let lag = 1; lag < Math.min(left.length, right.length); lag++) sum += 2 * left[lag]! * right[lag]!;
  return Math.max(1, rows / Math.max(1, sum));
}

function judged(
  what: Pick<FidelityCheck, "statistic" | "class" | "of">,
  real: number,
  synthetic: number,
  tolerance: number,
): FidelityCheck {
  // A constant has no tolerance; its copies differ by the rounding of a sum at most.
  const allowed = tolerance + 1e-9 * Math.abs(real);
  return { ...what, real, synthetic, tolerance, pass: Math.abs(real - synthetic) <= allowed };
}

/** Nobody can tell values apart that are in one bin. */
function widthOf({ histogram, min, max }: ChannelStatistics): number {
  return max > min ? histogram.width : 0;
}

function furthest(count: number, by: (at: number) => number): number {
  let best = 0;
  for (let at = 1; at < count; at++) if (by(at) > by(best)) best = at;
  return best;
}
