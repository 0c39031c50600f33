import { useCallback, useEffect, useRef, useState, type RefObject } from "react";
import type { SignalInfo } from "../../../lib/domain/api/signals.ts";
import { following, mediaSeconds, sampleOfMedia, speedAfter } from "../../../lib/domain/signal/playback.ts";
import type { SampleRange } from "../../../lib/domain/signal/view.ts";

export interface Playback {
  /** In samples; null before it was first played. */
  readonly playhead: number | null;
  readonly playing: boolean;
  readonly speed: number;
  readonly toggle: () => void;
  readonly faster: (by: -1 | 1) => void;
}

/**
 * Plays a recording as fast as it was, or by the speed chosen. Where a video or sound is there it leads: the playhead is
 * where it is, also when someone moves it by its own controls.
 */
export function usePlayback(
  info: SignalInfo,
  view: SampleRange,
  onView: (view: SampleRange) => void,
  media: RefObject<HTMLMediaElement | null>,
): Playback {
  const [playhead, setPlayhead] = useState<number | null>(null);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(1);
  const now = useRef({ view, onView, playhead });
  useEffect(() => {
    now.current = { view, onView, playhead };
  });
  const { rateHz, samples } = info;
  const offset = info.media?.offsetSeconds ?? 0;

  const move = useCallback(
    (sample: number) => {
      setPlayhead(sample);
      const { view: shown, onView: show } = now.current;
      const next = following(shown, sample, samples);
      if (next !== shown) show(next);
    },
    [samples],
  );

  useEffect(() => {
    const element = media.current;
    if (element) element.playbackRate = speed;
  }, [media, speed]);

  useEffect(() => {
    if (!playing) return;
    const element = media.current;
    let before = performance.now();
    let frame = requestAnimationFrame(function advance(at) {
      // Before and after the video the signal plays by itself.
      const at0 = now.current.playhead ?? now.current.view.from;
      const leads = element !== null && !element.paused && !element.ended;
      const next = leads ? sampleOfMedia(element.currentTime, rateHz, offset) : at0 + (Math.max(0, at - before) / 1_000) * rateHz * speed;
      before = at;
      if (element && element.paused && !element.ended && mediaSeconds(next, rateHz, offset) >= 0)
        void element.play().catch(() => undefined);
      now.current.playhead = Math.min(samples, next);
      move(Math.min(samples, next));
      if (next >= samples) setPlaying(false);
      else frame = requestAnimationFrame(advance);
    });
    return () => cancelAnimationFrame(frame);
  }, [playing, speed, media, rateHz, samples, offset, move]);

  const toggle = useCallback(() => {
    const element = media.current;
    const { playhead: at, view: shown } = now.current;
    if (playing) {
      element?.pause();
      setPlaying(false);
      return;
    }
    // From where it stopped, or from what is looked at.
    const start = at === null || at < shown.from || at >= shown.to ? shown.from : at;
    now.current.playhead = start;
    const seconds = mediaSeconds(start, rateHz, offset);
    if (element && seconds >= 0) element.currentTime = seconds;
    setPlaying(true);
  }, [media, offset, playing, rateHz]);

  const faster = useCallback((by: -1 | 1) => setSpeed((speedBefore) => speedAfter(speedBefore, by)), []);
  return { playhead, playing, speed, toggle, faster };
}
