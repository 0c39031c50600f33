import type { Stage } from "../../../../lib/domain/api/runs.ts";

/** Where a stage's bar stands on the run's time line, as shares of it. */
export interface Bar {
  readonly stage: Stage;
  /** Null before it has begun (and for those that never will). */
  readonly from: number | null;
  readonly width: number;
  readonly seconds: number | null;
}

/** Narrower would not be seen. */
const LEAST_WIDTH = 0.006;

/**
 * Bars on one axis from the first stage's start to the last one's end, or to now while one is going on. A stage that has
 * begun counts by the reader's clock, so that its seconds move between two messages of the server.
 */
export function timeLine(stages: readonly Stage[], nowMs: number): Bar[] {
  const begun = stages.flatMap(({ startedAt }) => (startedAt === null ? [] : [Date.parse(startedAt)]));
  const ends = stages.flatMap((stage) => (stage.startedAt === null ? [] : [endOf(stage, nowMs)]));
  const first = Math.min(...begun);
  const span = Math.max(1, Math.max(...ends) - first);
  return stages.map((stage) => {
    if (stage.startedAt === null) return { stage, from: null, width: 0, seconds: stage.seconds };
    const start = Date.parse(stage.startedAt);
    const width = Math.max(LEAST_WIDTH, (endOf(stage, nowMs) - start) / span);
    const going = stage.endedAt === null && stage.state === "running";
    return {
      stage,
      from: Math.min((start - first) / span, 1 - width),
      width,
      seconds: going ? Math.max(0, nowMs - start) / 1000 : stage.seconds,
    };
  });
}

function endOf({ startedAt, endedAt, state, seconds }: Stage, nowMs: number): number {
  const start = Date.parse(startedAt ?? "");
  if (endedAt !== null) return Date.parse(endedAt);
  return state === "running" ? Math.max(start, nowMs) : start + (seconds ?? 0) * 1000;
}

/** How far a stage is; rate (units a second) and time left only once they can be told. */
export interface Progress {
  readonly share: number;
  readonly perSecond: number | null;
  readonly secondsLeft: number | null;
}

export function progressOf({ progress }: Stage, seconds: number | null): Progress | null {
  if (progress === null || progress.total <= 0) return null;
  const share = Math.min(1, Math.max(0, progress.done / progress.total));
  if (seconds === null || seconds < 1 || progress.done <= 0) return { share, perSecond: null, secondsLeft: null };
  const perSecond = progress.done / seconds;
  return { share, perSecond, secondsLeft: Math.max(0, (progress.total - progress.done) / perSecond) };
}
