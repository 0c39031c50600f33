import type { ModelInput } from "./artifact.ts";
import type { InputShape } from "./layers.ts";

/** The columns of an input: those of its signal, of which each window holds `samples`, and its features. */
export function columnsOf(input: ModelInput): {
  readonly channels: readonly string[];
  readonly samples: number;
  readonly features: readonly string[];
} {
  if (input.kind === "features") return { channels: [], samples: 0, features: input.names };
  return { channels: input.channels, samples: input.samples, features: input.kind === "both" ? input.names : [] };
}

/** Number of columns: of a signal a channel is one, however many samples it has. */
export function columnCount(input: ModelInput): number {
  const { channels, features } = columnsOf(input);
  return channels.length + features.length;
}

export function shapeOf(input: ModelInput): InputShape {
  const { channels, samples, features } = columnsOf(input);
  if (input.kind === "features") return { kind: "features", width: features.length };
  if (input.kind === "signal") return { kind: "signal", samples, channels: channels.length };
  return { kind: "both", samples, channels: channels.length, width: features.length };
}

/** Columns of `part` that `whole` lacks. */
export function missingFrom(whole: ModelInput, part: ModelInput): string[] {
  const [has, wants] = [columnsOf(whole), columnsOf(part)];
  const [channels, features] = [new Set(has.channels), new Set(has.features)];
  return [...wants.channels.filter((name) => !channels.has(name)), ...wants.features.filter((name) => !features.has(name))];
}

/**
 * Where each value of a row of `part` stands in a row of `whole`, or null where the rows are the same. `whole` must have
 * all of its columns, and windows of the same length.
 */
export function placesIn(whole: ModelInput, part: ModelInput): Int32Array | null {
  const [has, wants] = [columnsOf(whole), columnsOf(part)];
  const channels = placesOf(has.channels, wants.channels);
  const features = placesOf(has.features, wants.features);
  const border = has.samples * has.channels.length;
  const places = new Int32Array(wants.samples * channels.length + features.length);
  let at = 0;
  for (let sample = 0; sample < wants.samples; sample += 1) {
    for (const channel of channels) places[at++] = sample * has.channels.length + channel;
  }
  for (const feature of features) places[at++] = border + feature;
  const same = places.length === border + has.features.length && places.every((place, index) => place === index);
  return same ? null : places;
}

/** All that any of the inputs reads, in the order in which they first name it; null where their windows differ in length. */
export function unionOf(inputs: readonly ModelInput[]): ModelInput | null {
  const parts = inputs.map(columnsOf);
  const channels = [...new Set(parts.flatMap((part) => part.channels))];
  const names = [...new Set(parts.flatMap((part) => part.features))];
  const lengths = [...new Set(parts.filter((part) => part.channels.length > 0).map((part) => part.samples))];
  const [samples] = lengths;
  if (lengths.length > 1) return null;
  if (samples === undefined) return { kind: "features", names };
  return names.length === 0 ? { kind: "signal", channels, samples } : { kind: "both", channels, samples, names };
}

function placesOf(has: readonly string[], wants: readonly string[]): readonly number[] {
  const places = new Map(has.map((name, index) => [name, index]));
  return wants.map((name) => places.get(name)!);
}
