import type { Artifact } from "../domain/artifact.ts";
import { SensorloopError } from "../domain/errors.ts";
import { channelsAfterFilters, chosenFeatures } from "../domain/features/choose.ts";
import { compileFeatures, type Features } from "../domain/features/compile.ts";
import { applyFilters } from "../domain/filters.ts";
import type { Spec } from "../domain/spec.ts";
import { windowSamples } from "../domain/windows.ts";
import type { Predictor } from "../ml/predictor.ts";

/** A model with the spec it was trained under. */
export interface Asked {
  readonly spec: Spec;
  readonly predictor: Predictor;
  /** Compiled at the first window. */
  features?: Features;
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
  const { spec, predictor } = served;
  const { input } = predictor.artifact;
  const needed = [...new Set(spec.files.flatMap((files) => Object.keys(files.channels)))];
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
    const filtered = applyFilters(recording, spec.filters).channels;
    if (input.kind === "signal") {
      for (const [place, name] of input.channels.entries()) {
        const channel = filtered.get(name);
        for (let at = 0; at < input.samples; at++)
          values[row * predictor.width + at * input.channels.length + place] = channel?.[at] ?? Number.NaN;
      }
      continue;
    }
    const names = channelsAfterFilters(spec);
    served.features ??= featuresOf(spec, names, length, input.names);
    served.features.compute(
      names.map((name) => filtered.get(name) ?? new Float32Array(length).fill(Number.NaN)),
      0,
      length,
      values,
      row * predictor.width,
    );
  }
  return values;
}

function featuresOf(spec: Spec, channels: readonly string[], samples: number, expected: readonly string[]): Features {
  const chosen = chosenFeatures(spec);
  const features = chosen && compileFeatures(chosen, channels, spec.rateHz, samples);
  if (features?.names.length !== expected.length || features.names.some((name, index) => name !== expected[index])) {
    throw new SensorloopError("REQUEST_INVALID", "this model's features cannot be made of raw samples by this version: send `rows`", {
      facts: { field: "windows" },
    });
  }
  return features;
}
