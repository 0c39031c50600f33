import type { LabelSpan, Recording, WindowOrigin } from "./recording.ts";
import type { WindowsSpec } from "./spec.ts";

/** A window of a recording, before anything is computed of it. */
export interface PlannedWindow {
  /** [from, to) in positions of the recording's arrays. */
  readonly from: number;
  readonly to: number;
  readonly label: string | null;
  /** An extra window of `trainOverlap`: may be trained on, is never scored. */
  readonly dense: boolean;
  /** The same beginning on the recording's clock, see `Recording.offsets`. */
  readonly sample: number;
  readonly startUs: number;
}

/** What came of a recording besides windows. */
export interface Skipped {
  /** Gaps that ended a stretch; no window spans one. */
  readonly gap: number;
  /** Windows of a labelled recording in which no label holds enough. */
  readonly unlabelled: number;
  /** Stretches, or labels' spans, in which not one window fits. */
  readonly short: number;
}

export interface WindowPlan {
  readonly windows: readonly PlannedWindow[];
  readonly skipped: Skipped;
}

type Sliding = Extract<WindowsSpec, { kind: "sliding" }>;

/** Samples of a sliding window; 0 where windows differ in length. */
export function windowSamples(windows: WindowsSpec, rateHz: number): number {
  if (windows.kind === "row") return 1;
  return windows.kind === "sliding" ? Math.max(1, Math.round(windows.seconds * rateHz)) : 0;
}

/**
 * The windows of a recording, in order of time. Of a recording without any label all windows are there, unlabelled; of
 * another only those with a label. Of one that people labelled in part, all are there but those of the denser grid.
 * @param dense whether the extra windows of `trainOverlap` are wanted
 */
export function planWindows(recording: Recording, windows: WindowsSpec, dense: boolean): WindowPlan {
  if (windows.kind === "sliding") return slidingWindows(recording, windows, dense);
  return windows.kind === "row" ? rowWindows(recording) : wholeWindow(recording);
}

export function originOf(recording: Recording, window: PlannedWindow): WindowOrigin {
  const { subject, recording: name } = recording;
  return { subject, recording: name, from: window.sample, to: window.sample + window.to - window.from, label: window.label };
}

function slidingWindows(recording: Recording, windows: Sliding, dense: boolean): WindowPlan {
  const { rateHz, labels, stretches } = recording;
  const samples = windowSamples(windows, rateHz);
  const step = stepOf(samples, windows.overlap);
  const denseStep = dense && windows.trainOverlap !== undefined ? stepOf(samples, windows.trainOverlap) : undefined;
  const unlabelled = labels.length === 0;
  const partial = recording.partial === true;
  const planned: PlannedWindow[] = [];
  let without = 0;
  let short = 0;
  const place = (from: number, to: number, labelAt: (start: number) => string | null) => {
    if (to - from < samples) short++;
    for (const [start, extra] of startsOf(from, to - samples, step, denseStep)) {
      const label = labelAt(start);
      if (label !== null || unlabelled || (partial && !extra)) planned.push(plannedAt(recording, start, start + samples, label, extra));
      else if (!extra) without++;
    }
  };
  if (windows.label === "interval" && !unlabelled) {
    for (const span of labels) {
      for (const [from, to] of stretches) {
        const begin = Math.max(from, span.from);
        const end = Math.min(to, span.to);
        if (end > begin) place(begin, end, () => span.label);
      }
    }
    if (partial) planned.push(...unlabelledOf(recording, samples, step, windows.minShare));
  } else {
    const labelAt = majorityOf(labels, samples, windows.minShare);
    for (const [from, to] of stretches) place(from, to, labelAt);
  }
  if (partial) planned.sort((left, right) => left.from - right.from);
  return { windows: planned, skipped: { gap: Math.max(0, stretches.length - 1), unlabelled: without, short } };
}

/** Windows on the recording's grid of which no label holds enough to be the window's. */
function* unlabelledOf(recording: Recording, samples: number, step: number, minShare: number): Generator<PlannedWindow> {
  const labelAt = majorityOf(recording.labels, samples, minShare);
  for (const [from, to] of recording.stretches)
    for (const [start] of startsOf(from, to - samples, step, undefined))
      if (labelAt(start) === null) yield plannedAt(recording, start, start + samples, null, false);
}

/** Beginnings of windows from `first` to `last`, with whether they are only on the denser grid. */
function* startsOf(first: number, last: number, step: number, denseStep: number | undefined): Generator<readonly [number, boolean]> {
  if (denseStep === undefined) {
    for (let start = first; start <= last; start += step) yield [start, false];
    return;
  }
  for (let base = first, extra = first; base <= last || extra <= last;) {
    if (base <= extra) {
      yield [base, false];
      if (base === extra) extra += denseStep;
      base += step;
    } else {
      yield [extra, true];
      extra += denseStep;
    }
  }
}

function stepOf(samples: number, overlap: number): number {
  return Math.max(1, Math.round(samples * (1 - overlap)));
}

/**
 * The label of the window that begins at a sample: the one that holds most of its samples, and at least `minShare` of
 * them; of equals the earlier. To be asked for ascending beginnings only.
 */
function majorityOf(labels: readonly LabelSpan[], samples: number, minShare: number): (start: number) => string | null {
  const held = new Map<string, number>();
  let first = 0;
  return (start) => {
    const end = start + samples;
    while (first < labels.length && labels[first]!.to <= start) first++;
    held.clear();
    for (let index = first; index < labels.length && labels[index]!.from < end; index++) {
      const { label, from, to } = labels[index]!;
      const share = Math.min(end, to) - Math.max(start, from);
      if (share > 0) held.set(label, (held.get(label) ?? 0) + share);
    }
    const [label, most] = largest(held);
    return most > 0 && most >= minShare * samples ? label : null;
  };
}

function largest(held: ReadonlyMap<string, number>): readonly [string | null, number] {
  let best: string | null = null;
  let most = 0;
  for (const [label, samples] of held) {
    if (samples > most) {
      best = label;
      most = samples;
    }
  }
  return [best, most];
}

function rowWindows(recording: Recording): WindowPlan {
  const { labels, length } = recording;
  const windows: PlannedWindow[] = [];
  let span = 0;
  for (let row = 0; row < length; row++) {
    while (span < labels.length && labels[span]!.to <= row) span++;
    const label = span < labels.length && labels[span]!.from <= row ? labels[span]!.label : null;
    if (label !== null || labels.length === 0 || recording.partial) windows.push(plannedAt(recording, row, row + 1, label, false));
  }
  return { windows, skipped: { gap: 0, unlabelled: length - windows.length, short: 0 } };
}

/** One window for all of it, labelled with what most of its labelled rows say. */
function wholeWindow(recording: Recording): WindowPlan {
  const { labels, length } = recording;
  const held = new Map<string, number>();
  for (const { label, from, to } of labels) held.set(label, (held.get(label) ?? 0) + to - from);
  const windows = length > 0 ? [plannedAt(recording, 0, length, largest(held)[0], false)] : [];
  return { windows, skipped: { gap: 0, unlabelled: 0, short: length > 0 ? 0 : 1 } };
}

function plannedAt(recording: Recording, from: number, to: number, label: string | null, dense: boolean): PlannedWindow {
  const { stretches, offsets, timesUs, startUs, rateHz } = recording;
  let sample = from;
  if (offsets) sample += offsets[stretches.findLastIndex((stretch) => stretch[0] <= from)] ?? 0;
  return { from, to, label, dense, sample, startUs: timesUs ? timesUs[from]! : startUs + (sample * 1e6) / rateHz };
}
