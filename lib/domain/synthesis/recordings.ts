import type { LabelSpan, Recording } from "../recording.ts";
import type { WindowsSpec } from "../spec.ts";
import type { Description } from "../statistics/document.ts";
import { spanBegin, type Synthesizer } from "./synthesizer.ts";
import type { SyntheticPerson } from "./people.ts";

/** When a person's recordings begin, in microseconds since 1970; a day apart from each other. */
export type StartOf = (person: SyntheticPerson) => number;

interface Rows {
  readonly channels: readonly Float32Array[];
  readonly labels: readonly LabelSpan[];
  readonly length: number;
}

const DAY_US = 86_400e6;

/**
 * The recordings of a person who was made up, as the spec's windows want them: one for each stretch of a class, or of
 * rows that are examples, for each class; a single one where a person is one window.
 */
export function* recordingsOf(
  person: SyntheticPerson,
  description: Description,
  synthesizer: Synthesizer,
  windows: WindowsSpec["kind"],
  startOf: StartOf,
): Generator<Recording> {
  let number = 0;
  const make = (rows: Rows): Recording => recordingOf(person, description, rows, startOf(person) + DAY_US * number, ++number);
  const drawn = person.classes.map((label) => ({ label, rows: rowsOf(description.classes[label]!, synthesizer.draw(person, label)) }));
  if (windows === "subject") {
    yield make(joined(drawn.map(({ rows }) => rows)));
    return;
  }
  for (const { label, rows } of drawn) {
    const spans = windows === "row" ? 1 : synthesizer.spansOf(person, label);
    for (let span = 0; span < spans; span++)
      yield make(cut(rows, spanBegin(span, rows.length, spans), spanBegin(span + 1, rows.length, spans)));
  }
}

function rowsOf(label: string, channels: readonly Float32Array[]): Rows {
  const { length } = channels[0]!;
  return { channels, labels: [{ label, from: 0, to: length }], length };
}

function cut({ channels, labels }: Rows, from: number, to: number): Rows {
  const { label } = labels[0]!;
  return { channels: channels.map((values) => values.subarray(from, to)), labels: [{ label, from: 0, to: to - from }], length: to - from };
}

function joined(parts: readonly Rows[]): Rows {
  if (parts.length === 1) return parts[0]!;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const channels = parts[0]!.channels.map(() => new Float32Array(length));
  const labels: LabelSpan[] = [];
  let at = 0;
  for (const part of parts) {
    for (const [channel, values] of part.channels.entries()) channels[channel]!.set(values, at);
    labels.push({ label: part.labels[0]!.label, from: at, to: at + part.length });
    at += part.length;
  }
  return { channels, labels, length };
}

function recordingOf(
  person: SyntheticPerson,
  { channels, rateHz, kind }: Description,
  rows: Rows,
  startUs: number,
  number: number,
): Recording {
  const { length, labels } = rows;
  return {
    subject: person.id,
    recording: `${person.id}-${number}`,
    rateHz,
    startUs,
    length,
    channels: new Map(channels.map((name, channel) => [name, rows.channels[channel]!])),
    stretches: [[0, length]],
    ...(kind === "rows" && { timesUs: Float64Array.from({ length }, (_, row) => startUs + Math.round((row * 1e6) / rateHz)) }),
    labels,
  };
}
