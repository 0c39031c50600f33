import { binningOf, planBinning, type Binning } from "./histogram.ts";
import { EVERYBODY, type Description } from "./document.ts";
import { mergeMoments, momentsOf, NO_MOMENTS, type Moments } from "./moments.ts";

/** What is known of one person's rows of one class after the first pass. */
export interface PersonClass {
  readonly subject: string;
  /** Index of the class. */
  readonly label: number;
  rows: number;
  recordings: number;
  /** Stretches of rows that follow each other; of rows that are no signal, recordings. */
  spans: number;
  /** By channel, in the plan's order. */
  readonly channels: Moments[];
  /** By channel: whether all values so far are whole numbers. */
  readonly whole: boolean[];
}

/** Where the bins of one class and channel lie. */
export interface ChannelBins {
  readonly value: Binning;
  readonly personMean: Binning;
  readonly personSd: Binning;
  readonly whole: boolean;
}

/** All that must be the same wherever parts of one description are computed. */
export interface Plan {
  readonly kind: Description["kind"];
  readonly rateHz: number;
  readonly channels: readonly string[];
  readonly classes: readonly string[];
  /** Of values; residuals have as many. */
  readonly bins: number;
  /** Greatest lag; 0 where rows are no signal. */
  readonly lags: number;
  /** By class, then by channel. */
  readonly binnings: readonly (readonly ChannelBins[])[];
}

/** Residuals lie within; the few beyond go into the open bins. */
const RESIDUAL_REACH = 6;

export function residualBinning(bins: number): Binning {
  return { low: -RESIDUAL_REACH, width: (2 * RESIDUAL_REACH) / bins, bins };
}

/** Lays the bins of every class and channel from what the first pass found in all parts. */
export function planOf(base: Omit<Plan, "binnings">, people: readonly PersonClass[]): Plan {
  const byClass = Map.groupBy(people, ({ label }) => label);
  const binnings = base.classes.map((_, label) => {
    const here = byClass.get(label) ?? [];
    return base.channels.map((__, channel): ChannelBins => {
      const own = here.map((person) => person.channels[channel]!).filter(({ count }) => count > 0);
      const whole = own.length > 0 && here.every((person) => person.whole[channel]!);
      const spreads = own.filter(({ count }) => count > 1);
      const bins = personBins(own.length, base.bins);
      return {
        value: planBinning(own.reduce(mergeMoments, NO_MOMENTS), base.bins, whole),
        personMean: planBinning(momentsOf(own.map(({ mean }) => mean)), bins, false),
        personSd: planBinning(momentsOf(spreads.map(({ sd }) => sd)), bins, false),
        whole,
      };
    });
  });
  return { ...base, binnings };
}

/** The plan a description was computed under, so that other rows can be described in the same bins. */
export function planFor(description: Description): Plan {
  const { kind, rateHz, channels, classes, cells } = description;
  const everybody = classes.map((name) => cells.find((cell) => cell.class === name && cell.cohort === EVERYBODY));
  const first = Object.values(everybody.find((cell) => cell)?.channels ?? {})[0];
  const single: Binning = { low: -0.5, width: 1, bins: 1 };
  const binnings = everybody.map((cell) =>
    channels.map((name): ChannelBins => {
      const channel = cell?.channels[name];
      if (!channel) return { value: single, personMean: single, personSd: single, whole: false };
      return {
        value: binningOf(channel.histogram),
        personMean: binningOf(channel.people.mean.histogram),
        personSd: binningOf(channel.people.sd.histogram),
        whole: channel.whole,
      };
    }),
  );
  const bins = first ? first.residual.counts.length - 2 : 1;
  return { kind, rateHz, channels, classes, bins, lags: Math.max(0, (first?.lags.counts.length ?? 0) - 1), binnings };
}

/** Few people must not be told apart by narrow bins: twice the cube root of their number (Rice's rule), as many as asked for at most. */
function personBins(people: number, most: number): number {
  return Math.max(4, Math.min(most, Math.ceil(2 * Math.cbrt(people))));
}
