import { emptyCounts, histogramOf, quantilesOf, binOf, type Histogram } from "./histogram.ts";
import { PROBABILITIES, pairIndex, type Cell, type ChannelStatistics } from "./document.ts";
import { mergeMoments, mergePairs, NO_MOMENTS, NO_PAIRS, type Moments, type PairMoments } from "./moments.ts";
import { residualBinning, type PersonClass, type Plan } from "./plan.ts";

/** What is counted of one channel in the second pass. */
export interface ChannelSums {
  readonly values: Float64Array;
  readonly residuals: Float64Array;
  readonly lagCounts: Float64Array;
  readonly lagSums: Float64Array;
}

/** One class of one cohort while it is counted: people's moments from the first pass, all else from the second. */
export class CellSums {
  readonly label: number;
  readonly cohort: string;
  readonly channels: readonly ChannelSums[];
  readonly pairs: PairMoments[];
  readonly withinCounts: Float64Array;
  readonly withinSums: Float64Array;
  readonly #plan: Plan;
  readonly #moments: Moments[];
  readonly #people: { mean: Moments; sd: Moments; readonly means: Float64Array; readonly sds: Float64Array }[];
  readonly #between: PairMoments[];
  #persons = 0;
  #rows = 0;
  #recordings = 0;
  #spans = 0;

  constructor(plan: Plan, label: number, cohort: string) {
    const { channels, bins, lags } = plan;
    const size = channels.length;
    const binnings = plan.binnings[label]!;
    this.label = label;
    this.cohort = cohort;
    this.#plan = plan;
    this.channels = binnings.map(({ value }) => ({
      values: emptyCounts(value),
      residuals: emptyCounts(residualBinning(bins)),
      lagCounts: new Float64Array(lags > 0 ? lags + 1 : 0),
      lagSums: new Float64Array(lags > 0 ? lags + 1 : 0),
    }));
    const pairs = (size * (size - 1)) / 2;
    this.pairs = new Array<PairMoments>(pairs).fill(NO_PAIRS);
    this.withinCounts = new Float64Array(pairs);
    this.withinSums = new Float64Array(pairs);
    this.#moments = channels.map(() => NO_MOMENTS);
    this.#people = binnings.map(({ personMean, personSd }) => ({
      mean: NO_MOMENTS,
      sd: NO_MOMENTS,
      means: emptyCounts(personMean),
      sds: emptyCounts(personSd),
    }));
    this.#between = new Array<PairMoments>(size * (2 * size - 1)).fill(NO_PAIRS);
  }

  addPerson(person: PersonClass): void {
    const size = this.#plan.channels.length;
    this.#persons++;
    this.#rows += person.rows;
    this.#recordings += person.recordings;
    this.#spans += person.spans;
    const row = new Float64Array(2 * size).fill(NaN);
    for (const [channel, moments] of person.channels.entries()) {
      if (moments.count === 0) continue;
      const { personMean, personSd } = this.#plan.binnings[this.label]![channel]!;
      const people = this.#people[channel]!;
      this.#moments[channel] = mergeMoments(this.#moments[channel]!, moments);
      row[channel] = moments.mean;
      people.mean = mergeMoments(people.mean, single(moments.mean));
      people.means[binOf(personMean, moments.mean)]!++;
      if (moments.count < 2) continue;
      row[size + channel] = moments.sd;
      people.sd = mergeMoments(people.sd, single(moments.sd));
      people.sds[binOf(personSd, moments.sd)]!++;
    }
    for (let i = 0; i < 2 * size; i++) {
      for (let j = i + 1; j < 2 * size; j++) {
        if (row[i] !== row[i] || row[j] !== row[j]) continue;
        const at = pairIndex(i, j, 2 * size);
        this.#between[at] = mergePairs(this.#between[at]!, [1, row[i]!, row[j]!, 0]);
      }
    }
  }

  finish(): Cell {
    const { channels, classes, bins, binnings } = this.#plan;
    const own = binnings[this.label]!;
    const statistics = channels.map((name, index): [string, ChannelStatistics] => {
      const moments = this.#moments[index]!;
      const sums = this.channels[index]!;
      const people = this.#people[index]!;
      const { value, personMean, personSd, whole } = own[index]!;
      const histogram = histogramOf(value, sums.values);
      return [
        name,
        {
          ...moments,
          nulls: this.#rows - moments.count,
          whole,
          quantiles: shownQuantiles(histogram, moments),
          histogram,
          residual: histogramOf(residualBinning(bins), sums.residuals),
          lags: { counts: [...sums.lagCounts], sums: [...sums.lagSums] },
          people: {
            mean: { ...people.mean, histogram: histogramOf(personMean, people.means) },
            sd: { ...people.sd, histogram: histogramOf(personSd, people.sds) },
          },
        },
      ];
    });
    return {
      class: classes[this.label]!,
      cohort: this.cohort,
      rows: this.#rows,
      people: this.#persons,
      recordings: this.#recordings,
      spans: this.#spans,
      channels: Object.fromEntries(statistics),
      pairs: this.pairs,
      within: { counts: [...this.withinCounts], sums: [...this.withinSums] },
      between: this.#between,
    };
  }
}

/** The quantiles a document keeps ready; none where nothing was counted. */
export function shownQuantiles(histogram: Histogram, moments: Moments): number[] {
  return moments.count > 0 ? [...quantilesOf(histogram, moments, PROBABILITIES)] : [];
}

function single(value: number): Moments {
  return { count: 1, mean: value, sd: 0, min: value, max: value };
}
