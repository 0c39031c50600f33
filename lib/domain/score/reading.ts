import type { ModelInput } from "../artifact.ts";
import { columnsOf } from "../artifact-input.ts";
import { SensorloopError } from "../errors.ts";
import { channelsAfterFilters, chosenFeatures } from "../features/choose.ts";
import { compileFeatures } from "../features/compile.ts";
import { channelsOf, type Spec } from "../spec.ts";
import { windowSamples } from "../windows.ts";

/** How a model's row comes out of a window's samples. */
export interface Reading {
  /** Channels that a recording must bring, as they are before any filter, in the spec's order. */
  readonly needed: readonly string[];
  /** Writes the row of the window [from, to) to `values[at]` and on. A channel that is not there counts as missing. */
  write(filtered: ReadonlyMap<string, Float32Array>, from: number, to: number, values: Float32Array, at: number): void;
}

/**
 * @param spec with its windows cut as the model wants them
 * @throws SensorloopError REQUEST_INVALID where this version computes no feature of one of the names
 */
export function readingOf(spec: Spec, input: ModelInput): Reading {
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
  let nothing = new Float32Array(0);
  return {
    needed: sourcesOf(spec, [...channels, ...places.flatMap((place) => compiled!.reads[place]!)]),
    write(filtered, from, to, values, at) {
      for (const [place, name] of channels.entries()) {
        const channel = filtered.get(name);
        for (let sample = 0; sample < samples; sample++)
          values[at + sample * channels.length + place] = from + sample < to ? (channel?.[from + sample] ?? Number.NaN) : Number.NaN;
      }
      if (!compiled) return;
      if (nothing.length < to) nothing = new Float32Array(to).fill(Number.NaN);
      compiled.compute(
        there.map((name) => filtered.get(name) ?? nothing),
        from,
        to,
        computed,
        0,
      );
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
