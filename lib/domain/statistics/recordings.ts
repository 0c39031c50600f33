import type { Recording } from "../recording.ts";
import { Cells, finishDescription, type CohortOf } from "./describe.ts";
import { binOf, type Binning } from "./histogram.ts";
import type { Description } from "./document.ts";
import { mergeMoments, mergePairs, momentsOf, NO_MOMENTS, pairMomentsOf } from "./moments.ts";
import { planOf, residualBinning, type PersonClass, type Plan } from "./plan.ts";

/** Recordings that can be read twice, each time in the same order. */
export type Recordings = () => AsyncIterable<Recording> | Iterable<Recording>;

/** Labelled samples [from, to) of one class that follow each other. */
interface Span {
  readonly label: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Describes recordings in two passes: people's moments, which say where the bins lie, then everything else. One recording
 * is held at a time, and a few numbers for each person and class.
 * @param given a plan to describe under, for rows that shall be compared with or added to others; made anew without it
 */
export async function describeRecordings(
  recordings: Recordings,
  base: Omit<Plan, "binnings">,
  cohortOf: CohortOf,
  given?: Plan,
): Promise<Description> {
  const people = new People(base);
  for await (const recording of recordings()) people.add(recording);
  const plan = given ?? planOf(base, people.all);
  const cells = new Cells(plan);
  const counter = new Counter(plan, people, cells, cohortOf);
  for await (const recording of recordings()) counter.add(recording);
  return finishDescription(plan, people.all, cells, cohortOf);
}

type Base = Omit<Plan, "binnings">;

/** The first pass. */
class People {
  readonly all: PersonClass[] = [];
  readonly #base: Base;
  readonly #known = new Map<string, (PersonClass | undefined)[]>();

  constructor(base: Base) {
    this.#base = base;
  }

  add(recording: Recording): void {
    const seen = new Set<number>();
    for (const { label, from, to } of spansOf(recording, this.#base)) {
      const person = this.at(recording.subject, label);
      person.rows += to - from;
      if (!seen.has(label)) person.recordings++;
      if (this.#base.kind === "signals" || !seen.has(label)) person.spans++;
      seen.add(label);
      for (const [channel, values] of seriesOf(recording, this.#base).entries()) {
        person.channels[channel] = mergeMoments(person.channels[channel]!, momentsOf(values, from, to));
        person.whole[channel] &&= allWhole(values, from, to);
      }
    }
  }

  at(subject: string, label: number): PersonClass {
    let own = this.#known.get(subject);
    if (!own) this.#known.set(subject, (own = []));
    let person = own[label];
    if (!person) {
      const { channels } = this.#base;
      person = {
        subject,
        label,
        rows: 0,
        recordings: 0,
        spans: 0,
        channels: channels.map(() => NO_MOMENTS),
        whole: channels.map(() => true),
      };
      own[label] = person;
      this.all.push(person);
    }
    return person;
  }
}

/** The second pass. */
class Counter {
  readonly #plan: Plan;
  readonly #people: People;
  readonly #cells: Cells;
  readonly #cohortOf: CohortOf;
  readonly #residual: Binning;

  constructor(plan: Plan, people: People, cells: Cells, cohortOf: CohortOf) {
    this.#plan = plan;
    this.#people = people;
    this.#cells = cells;
    this.#cohortOf = cohortOf;
    this.#residual = residualBinning(plan.bins);
  }

  add(recording: Recording): void {
    const plan = this.#plan;
    const series = seriesOf(recording, plan);
    const size = series.length;
    for (const { label, from, to } of spansOf(recording, plan)) {
      const cell = this.#cells.at(this.#cohortOf(recording.subject), label);
      const person = this.#people.at(recording.subject, label);
      const residuals = series.map((values, channel) => residualsOf(values, from, to, person.channels[channel]!));
      for (let channel = 0; channel < size; channel++) {
        const { value } = plan.binnings[label]![channel]!;
        const sums = cell.channels[channel]!;
        const values = series[channel]!;
        for (let at = from; at < to; at++) if (values[at] === values[at]) sums.values[binOf(value, values[at]!)]!++;
        const own = residuals[channel]!;
        for (const residual of own) if (residual === residual) sums.residuals[binOf(this.#residual, residual)]!++;
        if (plan.lags > 0) addLags(own, sums.lagCounts, sums.lagSums);
      }
      for (let i = 0, pair = 0; i < size; i++) {
        for (let j = i + 1; j < size; j++, pair++) {
          cell.pairs[pair] = mergePairs(cell.pairs[pair]!, pairMomentsOf(series[i]!, series[j]!, from, to));
          const [left, right] = [residuals[i]!, residuals[j]!];
          for (let at = 0; at < left.length; at++) {
            const product = left[at]! * right[at]!;
            if (product !== product) continue;
            cell.withinCounts[pair]!++;
            cell.withinSums[pair]! += product;
          }
        }
      }
    }
  }
}

/** In units of the person's own spread; NaN where a value is missing or the person's values do not vary. */
function residualsOf(values: Float32Array, from: number, to: number, { mean, sd }: PersonClass["channels"][number]): Float64Array {
  const residuals = new Float64Array(to - from);
  const scale = sd > 0 ? 1 / sd : NaN;
  for (let at = from; at < to; at++) residuals[at - from] = (values[at]! - mean) * scale;
  return residuals;
}

function addLags(values: Float64Array, counts: Float64Array, sums: Float64Array): void {
  for (let lag = 0; lag < counts.length && lag < values.length; lag++) {
    let sum = 0;
    let count = 0;
    for (let at = lag; at < values.length; at++) {
      const product = values[at]! * values[at - lag]!;
      if (product !== product) continue;
      sum += product;
      count++;
    }
    counts[lag]! += count;
    sums[lag]! += sum;
  }
}

/** @throws RangeError where a channel is missing: who reads recordings leaves those out. */
function seriesOf(recording: Recording, { channels }: Base): Float32Array[] {
  return channels.map((name) => {
    const values = recording.channels.get(name);
    if (!values) throw new RangeError(`recording '${recording.recording}' has no channel '${name}'`);
    return values;
  });
}

/** Labels cut at gaps: what is on two sides of a gap does not follow each other. */
function* spansOf(recording: Recording, { kind, classes }: Base): Generator<Span> {
  const stretches = kind === "signals" ? recording.stretches : [[0, recording.length] as const];
  for (const { label, from, to } of recording.labels) {
    const index = classes.indexOf(label);
    if (index < 0) continue;
    for (const [begin, end] of stretches) {
      const span = { label: index, from: Math.max(from, begin), to: Math.min(to, end) };
      if (span.to > span.from) yield span;
    }
  }
}

function allWhole(values: Float32Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (values[at] === values[at] && !Number.isInteger(values[at])) return false;
  return true;
}
