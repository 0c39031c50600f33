import { spanAt } from "./selection.ts";
import type { SampleRange } from "./view.ts";

/** Heights in CSS pixels. */
const BAND = 20;
const STRIP = 34;
const AXIS = 24;
const GAP = 6;
const LEAST_LANE = 56;

interface Box {
  readonly top: number;
  readonly height: number;
}

/** Where everything stands, from top to bottom: bands of labels, lanes, the strip of predictions, the axis. */
export interface SignalFrame {
  readonly height: number;
  readonly bands: readonly Box[];
  readonly lanes: readonly Box[];
  readonly strip: Box | null;
  readonly axis: Box;
}

/** Lanes share what is left of `height`; where that is too little for them, the picture grows. */
export function frameOf(height: number, { bands, lanes, strip }: { bands: number; lanes: number; strip: boolean }): SignalFrame {
  const above = bands * (BAND + 2) + (bands > 0 ? GAP : 0);
  const below = (strip ? STRIP + GAP : 0) + AXIS;
  const shared = Math.max(1, lanes);
  const each = Math.max(LEAST_LANE, Math.floor((height - above - below - GAP * (shared - 1)) / shared));
  const laneTop = (lane: number) => above + lane * (each + GAP);
  const end = laneTop(shared - 1) + each;
  const stripTop = end + GAP;
  const axisTop = strip ? stripTop + STRIP : end;
  return {
    height: axisTop + AXIS,
    bands: Array.from({ length: bands }, (_, band) => ({ top: band * (BAND + 2), height: BAND })),
    lanes: Array.from({ length: lanes }, (_, lane) => ({ top: laneTop(lane), height: each })),
    strip: strip ? { top: stripTop, height: STRIP } : null,
    axis: { top: axisTop, height: AXIS },
  };
}

/** Each span up to where the next one begins: windows overlap, and a strip has room for one answer at a time. */
export function apart<Span extends SampleRange>(spans: readonly Span[]): Span[] {
  const sorted = spans.toSorted((left, right) => left.from - right.from);
  return sorted.map((span, place) => {
    const next = sorted[place + 1];
    return next && next.from > span.from && next.from < span.to ? { ...span, to: next.from } : span;
  });
}

/** Spans of which at least a part is in view, of spans in order of time that do not overlap. */
export function inView<Span extends SampleRange>(spans: readonly Span[], { from, to }: SampleRange): readonly Span[] {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle]!.to <= from) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (end < spans.length && spans[end]!.from < to) end++;
  return spans.slice(low, end);
}

/**
 * Neighbours of one label as one span: a track is many narrow spans, none of which has room for its word.
 * @param spans in order of time, apart
 */
export function joined<Span extends SampleRange & { readonly label: string }>(spans: readonly Span[]): Span[] {
  const runs: Span[] = [];
  for (const span of spans) {
    const before = runs.at(-1);
    if (before?.label === span.label && before.to === span.from) runs[runs.length - 1] = { ...before, to: span.to };
    else runs.push(span);
  }
  return runs;
}

/** What stands at a sample, in words: `walk (file), predicted run 82 %`. */
export function wordsAt(
  sample: number,
  labels: readonly (SampleRange & { label: string; source: string })[],
  track: readonly (SampleRange & { label: string; confidence: number })[],
): string {
  const people = spanAt(
    labels.filter(({ source }) => source === "people"),
    sample,
  );
  const file = spanAt(
    labels.filter(({ source }) => source === "file"),
    sample,
  );
  const said = spanAt(track, sample);
  return [
    people && `${people.label} (people)`,
    file && `${file.label} (file)`,
    said && `predicted ${said.label} ${Math.round(100 * said.confidence)} %`,
  ]
    .filter(Boolean)
    .join(", ");
}
