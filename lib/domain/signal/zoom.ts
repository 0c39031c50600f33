import type { SampleRange } from "./view.ts";

/** Fewest samples that fill a view: closer, there is nothing more to see. */
const LEAST_SPAN = 8;

/** The whole recording. */
export function fit(samples: number): SampleRange {
  return { from: 0, to: Math.max(samples, LEAST_SPAN) };
}

/** The nearest view that lies inside the recording and is not closer than `LEAST_SPAN`. */
export function within({ from, to }: SampleRange, samples: number): SampleRange {
  const whole = fit(samples);
  const span = Math.min(whole.to, Math.max(LEAST_SPAN, to - from));
  const begin = Math.min(whole.to - span, Math.max(0, to - from < LEAST_SPAN ? (from + to - span) / 2 : from));
  return { from: begin, to: begin + span };
}

/** Zooms so that `anchor` stays where it is. @param factor below 1: closer */
export function zoomAt(view: SampleRange, anchor: number, factor: number, samples: number): SampleRange {
  const span = Math.min(fit(samples).to, Math.max(LEAST_SPAN, (view.to - view.from) * factor));
  const share = (anchor - view.from) / (view.to - view.from);
  const from = anchor - share * span;
  return within({ from, to: from + span }, samples);
}

export function panBy({ from, to }: SampleRange, by: number, samples: number): SampleRange {
  return within({ from: from + by, to: to + by }, samples);
}

/** Zooms and pans at once, so that two samples lie under the two fingers that hold them. `x` in shares of the width. */
export function pinch(samples: readonly [number, number], x: readonly [number, number], length: number): SampleRange {
  const [left, right] = x[0] <= x[1] ? [0, 1] : [1, 0];
  const perShare = (samples[right]! - samples[left]!) / Math.max(0.01, x[right]! - x[left]!);
  const from = samples[left]! - x[left]! * perShare;
  return within({ from, to: from + perShare }, length);
}

/** Factor of one turn of the wheel: a notch of 100 px is a fifth closer or farther; touchpads send many small ones. */
export function wheelFactor(deltaPx: number): number {
  return Math.exp(Math.max(-300, Math.min(300, deltaPx)) * 0.00223);
}
