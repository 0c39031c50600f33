import type { Artifact, ModelInput } from "../domain/artifact.ts";
import { columnsOf } from "../domain/artifact-input.ts";
import { cutOf, cutSpec } from "../domain/cut.ts";
import { SensorloopError } from "../domain/errors.ts";
import { channelsAfterFilters, chosenFeatures } from "../domain/features/choose.ts";
import { compileFeatures } from "../domain/features/compile.ts";
import { applyFilters } from "../domain/filters.ts";
import { channelsOf, type Spec } from "../domain/spec.ts";
import { windowSamples } from "../domain/windows.ts";
import type { Predictor } from "../ml/predictor.ts";

/** A model with the spec it was trained under. */
export interface Asked {
  readonly spec: Spec;
  readonly predictor: Predictor;
  /** Made at the first window. */
  reading?: Reading;
}

/** How a model's row comes out of a window's samples. */
interface Reading {
  /** Channels that a window must bring, as they are before any filter. */
  readonly needed: readonly string[];
  /** Writes the row to `values[at]` and on. A channel that is not there counts as missing. */
  write(filtered: ReadonlyMap<string, Float32Array>, length: number, values: Float32Array, at: number): void;
}

/** Rows of named features in the model's own order. @throws SensorloopError REQUEST_INVALID */
export function rowValues(artifact: Artifact, rows: readonly Readonly<Record<string, number | null>>[]): Float32Array {
  if (artifact.input.kind !== "features")
    throw new SensorloopError("REQUEST_INVALID", "this model reads windows of samples: send `windows`", { facts: { field: "rows" } });
  const { names } = artifact.input;
  const known = new Set(names);
  const values = new Float32Array(rows.length * names.length).fill(Number.NaN);
  for (const [row, record] of rows.entries()) {
    const strangers = Object.keys(record).filter((name) => !known.has(name));
    if (strangers.length > 0) {
      const message = `row ${row + 1} has '${strangers[0]}', which is no feature of this model`;
      throw new SensorloopError("REQUEST_INVALID", message, {
        facts: { field: `rows.${row}`, unknown: strangers.slice(0, 20), expected: names.slice(0, 20) },
      });
    }
    if (!names.some((name) => typeof record[name] === "number")) {
      throw new SensorloopError("REQUEST_INVALID", `row ${row + 1} has no feature that was measured`, { facts: { field: `rows.${row}` } });
    }
    for (const [column, name] of names.entries()) values[row * names.length + column] = record[name] ?? Number.NaN;
  }
  return values;
}

/**
 * Raw samples through the same filters and features as in training. A window sent alone has no past, so filters start at
 * its first sample; a model whose filters reach further back than the window answers better from `rows`.
 * @throws SensorloopError REQUEST_INVALID
 */
export function windowValues(served: Asked, windows: readonly Readonly<Record<string, readonly (number | null)[]>>[]): Float32Array {
  const { predictor } = served;
  const spec = cutSpec(served.spec, cutOf(predictor.artifact.genome));
  served.reading ??= readingOf(spec, predictor.artifact.input);
  const { needed, write } = served.reading;
  const samples = windowSamples(spec.windows, spec.rateHz);
  const values = new Float32Array(windows.length * predictor.width);
  for (const [row, window] of windows.entries()) {
    const channels = new Map(
      needed.flatMap((name) => (window[name] ? [[name, Float32Array.from(window[name], (value) => value ?? Number.NaN)] as const] : [])),
    );
    const missing = needed.filter((name) => !channels.has(name));
    const lengths = [...new Set([...channels.values()].map((channel) => channel.length))];
    const length = lengths[0] ?? 0;
    if (missing.length > 0 || lengths.length !== 1 || (samples > 0 && length !== samples)) {
      const message = `window ${row + 1} needs ${samples > 0 ? `${samples} samples` : "as many samples"} of each of ${needed.join(", ")}`;
      throw new SensorloopError("REQUEST_INVALID", message, { facts: { field: `windows.${row}`, missing, lengths } });
    }
    const recording = {
      subject: "",
      recording: "",
      rateHz: spec.rateHz,
      startUs: 0,
      length,
      channels,
      stretches: [[0, length]] as const,
      labels: [],
    };
    write(applyFilters(recording, spec.filters).channels, length, values, row * predictor.width);
  }
  return values;
}

/** @throws SensorloopError REQUEST_INVALID where this version computes no feature of one of the names */
function readingOf(spec: Spec, input: ModelInput): Reading {
  const { channels, samples, features } = columnsOf(input);
  const there = channelsAfterFilters(spec);
  const chosen = features.length > 0 ? chosenFeatures(spec) : undefined;
  const compiled = chosen && compileFeatures(chosen, there, spec.rateHz, windowSamples(spec.windows, spec.rateHz) || 1);
  const places = features.map((name) => compiled?.names.indexOf(name) ?? -1);
  if (places.includes(-1)) {
    throw new SensorloopError("REQUEST_INVALID", "this model's features cannot be made of raw samples by this version: send `rows`", {
      facts: { field: "windows" },
    });
  }
  const computed = new Float32Array(compiled?.names.length ?? 0);
  const border = samples * channels.length;
  return {
    needed: sourcesOf(spec, [...channels, ...places.flatMap((place) => compiled!.reads[place]!)]),
    write(filtered, length, values, at) {
      for (const [place, name] of channels.entries()) {
        const channel = filtered.get(name);
        for (let sample = 0; sample < samples; sample++) values[at + sample * channels.length + place] = channel?.[sample] ?? Number.NaN;
      }
      if (!compiled) return;
      const all = there.map((name) => filtered.get(name) ?? new Float32Array(length).fill(Number.NaN));
      compiled.compute(all, 0, length, computed, 0);
      for (const [index, place] of places.entries()) values[at + border + index] = computed[place]!;
    },
  };
}

/** The channels of recordings that some channels come from, in the spec's order. */
function sourcesOf(spec: Spec, wanted: readonly string[]): string[] {
  const sources = new Set(wanted);
  for (const filter of spec.filters.toReversed()) {
    if (!("into" in filter) || !filter.into) continue;
    for (const [place, made] of filter.into.entries()) if (sources.has(made)) sources.add(filter.channels[place]!);
  }
  return channelsOf(spec).filter((name) => sources.has(name));
}
