import { randomFor } from "../random.ts";
import { autocorrelationOf, betweenCorrelationOf, withinCorrelationOf, type Cell, type Description } from "../statistics/document.ts";
import { createCopula, type Copula } from "./copula.ts";
import type { Mending } from "./correlation-matrix.ts";
import { marginalOf } from "./marginal.ts";
import { normalSource } from "./normal.ts";
import { sourceCell, type SyntheticPerson } from "./people.ts";
import { createProcess, type SignalProcess } from "./process.ts";

/** A matrix or spectrum that was impossible as it stood and was mended. */
export interface Mended extends Mending {
  readonly class: string;
  readonly cohort: string;
  /** Whether it was how people differ, or how a person's channels go together. */
  readonly of: "people" | "rows";
}

/** Autocorrelations that no signal has, and the lags up to which they were kept. */
export interface Shortened {
  readonly class: string;
  readonly cohort: string;
  readonly lags: number;
}

export interface SynthesizerOptions {
  readonly seed: number;
  /** Most rows of one person and class. */
  readonly mostRows: number;
}

interface CellModel {
  readonly cell: Cell;
  readonly rows: number;
  /** Stretches that the rows come in, each drawn on its own. */
  readonly spans: number;
  /** Means of all channels, then their standard deviations. */
  readonly traits: Copula;
  readonly residuals: Copula | SignalProcess;
}

/** Purpose of the stream of random numbers; part of its key. */
const ROWS = 71;

/**
 * Makes rows up from a description alone: a person's mean and spread of every channel first, since two rows of one
 * person are not independent, then their residuals. Everything about a person and class follows from the seed and the
 * two, so they can be drawn in any order and more than once.
 */
export class Synthesizer {
  readonly mended: Mended[] = [];
  readonly shortened: Shortened[] = [];
  readonly #description: Description;
  readonly #options: SynthesizerOptions;
  readonly #models = new Map<Cell, CellModel>();

  constructor(description: Description, options: SynthesizerOptions) {
    this.#description = description;
    this.#options = options;
  }

  /** Rows of one class a person is given: as many as people have on average. */
  rowsOf(person: SyntheticPerson, label: number): number {
    return this.#modelOf(person, label).rows;
  }

  /** Stretches that people's rows of a class come in, on average; there is no jump within one. */
  spansOf(person: SyntheticPerson, label: number): number {
    return this.#modelOf(person, label).spans;
  }

  /** Values by channel, in the description's order; NaN where nothing was measured. */
  draw(person: SyntheticPerson, label: number): Float32Array[] {
    const { channels } = this.#description;
    const { cell, rows, spans, traits, residuals } = this.#modelOf(person, label);
    const random = randomFor(this.#options.seed, ROWS, person.index, label);
    const normal = normalSource(random);
    const trait = new Float64Array(2 * channels.length);
    traits.draw(normal, trait);
    const columns = drawResiduals(residuals, normal, channels.length, rows, spans);
    return channels.map((name, channel) => {
      const { min, max, whole, nulls } = cell.channels[name]!;
      const residual = standardised(columns[channel]!);
      const mean = trait[channel]!;
      const sd = trait[channels.length + channel]!;
      const missing = nulls / cell.rows;
      const values = new Float32Array(rows);
      for (let row = 0; row < rows; row++) {
        const value = Math.min(max, Math.max(min, mean + sd * residual[row]!));
        values[row] = whole ? Math.round(value) : value;
      }
      if (missing > 0) for (let row = 0; row < rows; row++) if (random.uniform() < missing) values[row] = NaN;
      return values;
    });
  }

  #modelOf(person: SyntheticPerson, label: number): CellModel {
    const cell = sourceCell(this.#description, label, person.cohort);
    if (!cell) throw new RangeError(`there are no statistics to make up '${this.#description.classes[label]}' of`);
    let model = this.#models.get(cell);
    if (!model) this.#models.set(cell, (model = this.#createModel(cell)));
    return model;
  }

  #createModel(cell: Cell): CellModel {
    const description = this.#description;
    const own = description.channels.map((name) => cell.channels[name]!);
    const people = (of: "mean" | "sd") => own.map((channel) => marginalOf(channel.people[of].histogram, channel.people[of]));
    const traits = createCopula([...people("mean"), ...people("sd")], (i, j) => betweenCorrelationOf(description, cell, i, j));
    const rows = Math.max(1, Math.min(Math.floor(this.#options.mostRows), Math.round(cell.rows / cell.people)));
    const spans = Math.max(1, Math.min(rows, Math.round((rows * cell.spans) / cell.rows)));
    const marginals = own.map(({ residual }) => {
      const reach = residual.width * (residual.counts.length - 2);
      // Of residuals the extremes are not kept; the open bins are as wide as a tenth of all others.
      return marginalOf(residual, { min: residual.low - reach / 10, max: residual.low + 1.1 * reach });
    });
    const correlation = (i: number, j: number) => withinCorrelationOf(description, cell, i, j);
    const residuals =
      description.kind === "signals"
        ? createProcess({ marginals, autocorrelations: own.map(autocorrelationOf), correlation, length: Math.ceil(rows / spans) })
        : createCopula(marginals, correlation);
    const place = { class: cell.class, cohort: cell.cohort };
    if (traits.mended) this.mended.push({ ...place, of: "people", ...traits.mended });
    if (residuals.mended) this.mended.push({ ...place, of: "rows", ...residuals.mended });
    if ("lagsKept" in residuals && residuals.lagsKept !== null) this.shortened.push({ ...place, lags: residuals.lagsKept });
    return { cell, rows, spans, traits, residuals };
  }
}

/** Where a stretch begins in all rows of a person and class; as `spansOf` counts them. */
export function spanBegin(span: number, rows: number, spans: number): number {
  return Math.floor((span * rows) / spans);
}

function drawResiduals(
  residuals: Copula | SignalProcess,
  normal: () => number,
  channels: number,
  rows: number,
  spans: number,
): Float64Array[] {
  const columns = Array.from({ length: channels }, () => new Float64Array(rows));
  if ("lagsKept" in residuals) {
    for (let span = 0; span < spans; span++)
      residuals.draw(normal, columns, spanBegin(span, rows, spans), spanBegin(span + 1, rows, spans));
    return columns;
  }
  const row = new Float64Array(channels);
  for (let at = 0; at < rows; at++) {
    residuals.draw(normal, row);
    for (let channel = 0; channel < channels; channel++) columns[channel]![at] = row[channel]!;
  }
  return columns;
}

/**
 * To a mean of 0 and a spread of 1, in place: the person's mean and standard deviation are those of their rows, so the
 * rows must have exactly these. All 0 where they do not vary.
 */
function standardised(values: Float64Array): Float64Array {
  const { length } = values;
  let sum = 0;
  for (let at = 0; at < length; at++) sum += values[at]!;
  const mean = sum / length;
  let squares = 0;
  for (let at = 0; at < length; at++) squares += (values[at]! - mean) ** 2;
  const sd = Math.sqrt(squares / length);
  const scale = sd > 1e-9 ? 1 / sd : 0;
  for (let at = 0; at < length; at++) values[at] = (values[at]! - mean) * scale;
  return values;
}
