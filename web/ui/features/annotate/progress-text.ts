import type { Annotation } from "../../../../lib/domain/api/tasks.ts";
import type { OutboxState } from "../../labelling/outbox.ts";
import { countText } from "../../parts/number-text.ts";

/** `+1.2 points`: what the last hundred labels bought, in points of F1. That they bought less than nothing is noise of a small holdout. */
export function gainText(points: number | null): string {
  if (points === null) return "not known yet";
  return points < 0.05 ? "no gain yet" : `+${points.toFixed(1)} points`;
}

export function retrainText({ labels, at }: Annotation["retrain"]): string {
  if (at === null) return `by the clock, ${countText(labels)} new`;
  return labels >= at ? "asked for" : `in ${countText(at - labels)} labels`;
}

/** Whether what was answered has arrived. */
export function linkText({ waiting, link }: Pick<OutboxState, "waiting" | "link">): string {
  const kept = waiting.length === 1 ? "1 kept here" : `${countText(waiting.length)} kept here`;
  if (link === "signed-out") return `${kept}, sign in to send`;
  if (link === "away") return `${kept}, no connection`;
  return waiting.length === 0 ? "all sent" : `sending ${countText(waiting.length)}`;
}
