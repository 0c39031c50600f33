import { cutOf, cutSpec } from "../cut.ts";
import { SensorloopError } from "../errors.ts";
import { applyFilters } from "../filters.ts";
import type { Spec } from "../spec.ts";
import { windowSamples } from "../windows.ts";
import type { Predictor } from "./predictor.ts";
import { readingOf } from "./reading.ts";

/** A part of a recording at the spec's rate, as it was measured. */
export interface Stretch {
  /** Place of the first sample on the recording's clock. */
  readonly from: number;
  readonly length: number;
  readonly channels: ReadonlyMap<string, Float32Array>;
  /** [from, to) in samples of the recording's clock; between them nothing was measured. */
  readonly stretches: readonly (readonly [number, number])[];
}

/** What a model says of [from, to), in samples of the recording's clock. */
export interface TrackSpan {
  readonly from: number;
  readonly to: number;
  readonly label: string;
  /** 0 to 1. */
  readonly confidence: number;
}

/** Rows that are answered in one call. */
const ROWS = 64;

/**
 * A model's word on every moment of a part of a recording. What is said of a moment is the answer to the window around it;
 * moments within half a window of a gap have that of the nearest window. Filters start where the part or a stretch does,
 * so that what is said there may differ a little from what was said of the whole recording.
 * @param spec the model's own
 * @param step samples between two windows
 * @throws SensorloopError REQUEST_INVALID where the model does not look at a moment but at a whole recording, where a channel
 * is missing, or as `readingOf`; SPEC_INVALID
 */
export function trackOf(predictor: Predictor, spec: Spec, part: Stretch, step: number): TrackSpan[] {
  const cut = cutSpec(spec, cutOf(predictor.artifact.genome));
  const samples = windowSamples(cut.windows, cut.rateHz);
  if (samples === 0)
    throw new SensorloopError("REQUEST_INVALID", "this model looks at whole recordings: it has no word on a moment", {
      facts: { windows: cut.windows.kind },
    });
  const reading = readingOf(cut, predictor.artifact.input);
  const missing = reading.needed.filter((name) => !part.channels.has(name));
  if (missing.length > 0)
    throw new SensorloopError("REQUEST_INVALID", `the recording has no ${missing.join(", ")}, which this model reads`, {
      facts: { missing },
    });
  const stretches = stretchesIn(part);
  const { channels } = applyFilters(
    {
      ...{ subject: "", recording: "", rateHz: cut.rateHz, startUs: 0, labels: [] },
      length: part.length,
      channels: part.channels,
      stretches,
    },
    cut.filters,
  );
  const spans: TrackSpan[] = [];
  for (const stretch of stretches) {
    const starts = startsIn(stretch, samples, Math.max(1, Math.round(step)));
    const answers = answersOf(starts, predictor, (from, values, at) => reading.write(channels, from, from + samples, values, at));
    for (const [index, { label, confidence }] of answers.entries()) {
      const from = index === 0 ? stretch[0] : middle(starts[index - 1]!, starts[index]!, samples);
      const to = index === starts.length - 1 ? stretch[1] : middle(starts[index]!, starts[index + 1]!, samples);
      spans.push({ from: part.from + from, to: part.from + to, label, confidence });
    }
  }
  return spans;
}

function answersOf(
  starts: readonly number[],
  { width, artifact, predict }: Predictor,
  write: (from: number, values: Float32Array, at: number) => void,
): { readonly label: string; readonly confidence: number }[] {
  const answers: { label: string; confidence: number }[] = [];
  for (let first = 0; first < starts.length; first += ROWS) {
    const some = starts.slice(first, first + ROWS);
    const values = new Float32Array(some.length * width);
    for (const [row, from] of some.entries()) write(from, values, row * width);
    const { classes, confidence } = predict(values, some.length);
    for (let row = 0; row < some.length; row++) answers.push({ label: artifact.classes[classes[row]!]!, confidence: confidence[row]! });
  }
  return answers;
}

/** The stretches of the recording that lie in the part, in positions of its arrays. */
function stretchesIn({ from, length, stretches }: Stretch): (readonly [number, number])[] {
  return stretches.flatMap(([begin, end]) => {
    const inside = [Math.max(0, begin - from), Math.min(length, end - from)] as const;
    return inside[1] > inside[0] ? [inside] : [];
  });
}

/** Beginnings of windows in a stretch; the last window ends where the stretch does. */
function startsIn([from, to]: readonly [number, number], samples: number, step: number): number[] {
  const last = to - samples;
  if (last < from) return [];
  const starts: number[] = [];
  for (let start = from; start < last; start += step) starts.push(start);
  return [...starts, last];
}

/** Half-way between the middles of two windows. */
function middle(left: number, right: number, samples: number): number {
  return Math.round((left + right + samples) / 2);
}
