import type { SampleRange } from "./view.ts";
import { within } from "./zoom.ts";

/** How fast a recording may play, as a multiple of how it was. */
const SPEEDS = [0.25, 0.5, 1, 2, 4, 8] as const;

/** The next slower (-1) or faster (1) speed; the fastest stays. */
export function speedAfter(speed: number, by: -1 | 1): number {
  const place = SPEEDS.findIndex((each) => each >= speed);
  return SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, place + by))]!;
}

/** Where in a video or sound a sample is, in seconds; negative before it begins. @param offsetSeconds how much later than the signal it begins */
export function mediaSeconds(sample: number, rateHz: number, offsetSeconds: number): number {
  return sample / rateHz - offsetSeconds;
}

export function sampleOfMedia(seconds: number, rateHz: number, offsetSeconds: number): number {
  return (seconds + offsetSeconds) * rateHz;
}

/** The view while something plays: it stays until the playhead leaves it, and then turns the page. */
export function following(view: SampleRange, playhead: number, samples: number): SampleRange {
  if (playhead >= view.from && playhead < view.to) return view;
  return within({ from: playhead, to: playhead + view.to - view.from }, samples);
}
