import type { Artifact } from "../domain/artifact.ts";
import { cutOf, cutSpec } from "../domain/cut.ts";
import { SensorloopError } from "../domain/errors.ts";
import { applyFilters } from "../domain/filters.ts";
import type { Predictor } from "../domain/score/predictor.ts";
import { readingOf, type Reading } from "../domain/score/reading.ts";
import type { Spec } from "../domain/spec.ts";
import { windowSamples } from "../domain/windows.ts";

/** A model with the spec it was trained under. */
export interface Asked {
  readonly spec: Spec;
  readonly predictor: Predictor;
  /** Made at the first window. */
  reading?: Reading;
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
    write(applyFilters(recording, spec.filters).channels, 0, length, values, row * predictor.width);
  }
  return values;
}
