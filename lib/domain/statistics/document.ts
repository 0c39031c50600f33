import { z } from "zod";
import { SensorloopError } from "../errors.ts";

/**
 * Statistics of a snapshot's training rows: one small JSON, and all that synthesis reads. No row and no person is in it
 * as such; what is known of people is the distribution of their means and standard deviations.
 */
export const DESCRIPTION_FORMAT = 1;

/** The cohort that everybody belongs to. */
export const EVERYBODY = "all";

/** Probabilities of the quantiles that are kept ready to be shown. */
export const PROBABILITIES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99] as const;

const count = z.number().int().nonnegative();
const momentsSchema = z.object({ count, mean: z.number(), sd: z.number().nonnegative(), min: z.number(), max: z.number() });
/** PairMoments: how many, mean of the one, mean of the other, covariance. */
const pairSchema = z.tuple([count, z.number(), z.number(), z.number()]).readonly();
const histogramSchema = z.object({ low: z.number(), width: z.number().positive(), counts: z.array(count).min(3).readonly() });

const channelSchema = momentsSchema.extend({
  nulls: count,
  /** Whether every value is a whole number. */
  whole: z.boolean(),
  /** At PROBABILITIES, read off the histogram. */
  quantiles: z.array(z.number()),
  histogram: histogramSchema,
  /** Of (value - the person's mean) / the person's sd, over all people. */
  residual: histogramSchema,
  /** Of the residuals, by lag in rows from 0 on: how many products, and their sum. Empty where rows are no signal. */
  lags: z.object({ counts: z.array(count), sums: z.array(z.number()) }),
  /** How people differ: their own means, and their own standard deviations where they have two rows. */
  people: z.object({
    mean: momentsSchema.extend({ histogram: histogramSchema }),
    sd: momentsSchema.extend({ histogram: histogramSchema }),
  }),
});

const cellSchema = z.object({
  class: z.string(),
  cohort: z.string(),
  rows: count,
  people: count,
  /** Recordings that hold a row of the class. */
  recordings: count,
  /** Stretches of rows of the class that follow each other; of rows that are no signal, recordings. */
  spans: count,
  channels: z.record(z.string(), channelSchema),
  /** Of channels i < j in the order of `channels`: (0,1), (0,2), ... (1,2), ... */
  pairs: z.array(pairSchema),
  /** Products of the residuals of channels i < j: how many, and their sum. */
  within: z.object({ counts: z.array(count), sums: z.array(z.number()) }),
  /** Of people: pairs i < j of all channels' means followed by all channels' standard deviations. */
  between: z.array(pairSchema),
});

export const descriptionSchema = z.object({
  format: z.literal(DESCRIPTION_FORMAT),
  /** `signals`: rows follow each other at `rateHz` and have lags. `rows`: a row is an example, or a day, on its own. */
  kind: z.enum(["signals", "rows"]),
  rateHz: z.number().positive(),
  channels: z.array(z.string()).min(1),
  classes: z.array(z.string()).min(1),
  /** People by cohort; `classes[k]` is how many of them have rows of k + 1 classes. */
  cohorts: z.array(z.object({ name: z.string(), people: count, classes: z.array(count) })),
  cells: z.array(cellSchema),
});

export type Description = z.infer<typeof descriptionSchema>;
export type Cell = Description["cells"][number];
export type ChannelStatistics = Cell["channels"][string];

/**
 * @throws SensorloopError FORMAT_TOO_OLD, FORMAT_TOO_NEW by the document's own format; OBJECT_CORRUPT where it is none
 */
export function parseDescription(document: unknown): Description {
  const format = (document as { format?: unknown } | null)?.format;
  if (typeof format === "number" && format !== DESCRIPTION_FORMAT) {
    const [code, age] = format < DESCRIPTION_FORMAT ? (["FORMAT_TOO_OLD", "an older"] as const) : (["FORMAT_TOO_NEW", "a newer"] as const);
    throw new SensorloopError(code, `these statistics are in ${age} format (${format}; this version reads ${DESCRIPTION_FORMAT})`, {
      facts: { format, reads: DESCRIPTION_FORMAT },
    });
  }
  const parsed = descriptionSchema.safeParse(document);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new SensorloopError("OBJECT_CORRUPT", `these are no statistics: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  const { channels, cells } = parsed.data;
  const pairs = (channels.length * (channels.length - 1)) / 2;
  const wrong = cells.find((cell) => channels.some((name) => !cell.channels[name]) || cell.pairs.length !== pairs);
  if (wrong) throw new SensorloopError("OBJECT_CORRUPT", `these are no statistics: '${wrong.class}' lacks a channel or a pair`);
  return parsed.data;
}

export function cellOf({ cells }: Description, className: string, cohort: string = EVERYBODY): Cell | undefined {
  return cells.find((cell) => cell.class === className && cell.cohort === cohort);
}

/** Index of the pair i < j among those of `size` columns. */
export function pairIndex(i: number, j: number, size: number): number {
  return i * size - (i * (i + 1)) / 2 + (j - i - 1);
}

/** Correlation of channels i < j over all rows of a cell; 0 where one of them does not vary. */
export function correlationOf(description: Pick<Description, "channels">, cell: Cell, i: number, j: number): number {
  const { channels } = description;
  const pair = cell.pairs[pairIndex(i, j, channels.length)]!;
  return scaled(pair[3], cell.channels[channels[i]!]!.sd, cell.channels[channels[j]!]!.sd);
}

/** Mean correlation of the residuals of channels i < j, each person's rows having the same weight; 0 where there are none. */
export function withinCorrelationOf(description: Pick<Description, "channels">, cell: Cell, i: number, j: number): number {
  const at = pairIndex(i, j, description.channels.length);
  return cell.within.counts[at]! > 0 ? bounded(cell.within.sums[at]! / cell.within.counts[at]!) : 0;
}

/** Correlation over people of columns i < j of [means of all channels, standard deviations of all channels]. */
export function betweenCorrelationOf(description: Pick<Description, "channels">, cell: Cell, i: number, j: number): number {
  const { channels } = description;
  const size = channels.length;
  const sd = (column: number) => cell.channels[channels[column % size]!]!.people[column < size ? "mean" : "sd"].sd;
  return scaled(cell.between[pairIndex(i, j, 2 * size)]![3], sd(i), sd(j));
}

/** Autocorrelation of the residuals by lag, from 1 at lag 0 on. Lags that were never seen end the list. */
export function autocorrelationOf({ lags }: ChannelStatistics): number[] {
  const seen = lags.counts.findIndex((products) => products === 0);
  const known = seen < 0 ? lags.counts.length : seen;
  const scale = known > 0 ? lags.sums[0]! / lags.counts[0]! : 0;
  if (!(scale > 0)) return known > 0 ? [1] : [];
  return Array.from({ length: known }, (_, lag) => bounded(lags.sums[lag]! / lags.counts[lag]! / scale));
}

function scaled(covariance: number, left: number, right: number): number {
  return left > 0 && right > 0 ? bounded(covariance / (left * right)) : 0;
}

function bounded(correlation: number): number {
  return Math.max(-1, Math.min(1, correlation));
}
