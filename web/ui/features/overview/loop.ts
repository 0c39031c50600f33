import type { Station } from "../../../../lib/domain/api/overview.ts";

export interface LoopState {
  readonly title: string;
  readonly sentence: string;
  readonly tone: "good" | "info" | "attention" | "neutral";
  /** The station to look at; null when nothing is stuck. */
  readonly stuckAt: Station | null;
}

/** Is the loop turning? The first station that asks for attention decides, then one that is running. */
export function loopState(stations: readonly Station[]): LoopState {
  const stuckAt = stations.find(({ state }) => state === "attention") ?? null;
  if (stuckAt !== null)
    return { title: `Stuck at ${stuckAt.name}`, sentence: stuckAt.note ?? "It asks for a look.", tone: "attention", stuckAt };
  const running = stations.find(({ state }) => state === "running");
  if (running !== undefined) return { title: "Turning", sentence: `Now at ${running.name}.`, tone: "info", stuckAt };
  const promoted = stations.find(({ name }) => name === "promote");
  if (promoted !== undefined && promoted.at !== null)
    return { title: "Turning", sentence: "A champion serves and nothing is stuck.", tone: "good", stuckAt };
  if (stations.some(({ at }) => at !== null))
    return { title: "Under way", sentence: "Data has come in; no model has been promoted yet.", tone: "neutral", stuckAt };
  return { title: "Not begun", sentence: "The first recordings set it going.", tone: "neutral", stuckAt };
}

/** What the next labels will buy, if they do as those of the last retraining that measured it did. */
export function buyText(gainPerHundred: number | null): string {
  if (gainPerHundred === null) return "What labels buy is measured at the first retraining with new ones.";
  const points = Math.abs(gainPerHundred).toFixed(1);
  if (points === "0.0" || gainPerHundred < 0) return "The last labels did not make the model better on the holdout.";
  return `The next hundred labels buy about +${points} points of macro F1, if they do as the last ones did.`;
}
