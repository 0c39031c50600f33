import type { Night, NightState } from "../api/nights.ts";

/** A night in words, for whoever is told of it. */
export interface NightNotice {
  readonly kind: "night-done" | "night-skipped" | "night-failed";
  readonly title: string;
  readonly text: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

const KINDS: Partial<Record<NightState, NightNotice["kind"]>> = { done: "night-done", skipped: "night-skipped", failed: "night-failed" };

/** Undefined for a night that has not ended, and for one that somebody stopped: they know. */
export function noticeOf(night: Night): NightNotice | undefined {
  const kind = KINDS[night.state];
  if (!kind) return undefined;
  const { id, project, state, reason, run, promoted, labels, files, gain, dueAt } = night;
  const what = {
    "night-done": promoted ? "a better model serves" : "the champion stays",
    "night-skipped": "skipped",
    "night-failed": "failed",
  };
  return {
    kind,
    title: `${project}: the night of ${dueAt.slice(0, 16).replace("T", " ")} UTC: ${what[kind]}`,
    text: `${reason ?? state}.`,
    facts: { night: id, state, run, promoted, labels, files, ...(gain && { gain }) },
  };
}
