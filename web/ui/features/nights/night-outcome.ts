import type { LabelGain, Night, Schedule } from "../../../../lib/domain/api/nights.ts";

/** What a night came to; one that is done either promoted or kept the champion. */
export type NightOutcome = Exclude<Night["state"], "done"> | "promoted" | "kept";

export function outcomeOf({ state, promoted }: Pick<Night, "state" | "promoted">): NightOutcome {
  if (state !== "done") return state;
  return promoted === true ? "promoted" : "kept";
}

/** What asks for a look first: of several nights of one day the calendar shows the first of these. */
const FIRST: readonly NightOutcome[] = ["failed", "running", "promoted", "kept", "skipped", "cancelled", "asked"];

export function mostTelling(nights: readonly Pick<Night, "state" | "promoted">[]): NightOutcome | null {
  const outcomes = new Set(nights.map(outcomeOf));
  return FIRST.find((outcome) => outcomes.has(outcome)) ?? null;
}

export interface NightSummary {
  readonly title: string;
  readonly tone: "good" | "attention" | "neutral";
  readonly sentence: string;
}

const TITLES: Readonly<Record<NightOutcome, string>> = {
  asked: "A night is asked for",
  running: "A night is under way",
  promoted: "The last night promoted a better model",
  kept: "The last night kept the champion",
  skipped: "The last night was skipped",
  failed: "The last night failed",
  cancelled: "The last night was cancelled",
};

/**
 * Did it go well? Told of the newest night that has begun or ended; of those not yet begun only where there is no other.
 * @param nights newest first
 */
export function summaryOf(nights: readonly Night[], schedule: Pick<Schedule, "paused"> | null): NightSummary {
  const told = nights.find(({ state }) => state !== "asked") ?? nights[0];
  if (told === undefined) {
    return schedule === null
      ? { title: "No nights yet", tone: "neutral", sentence: "Set a schedule, and the project retrains itself on what has come in." }
      : { title: "No night yet", tone: "neutral", sentence: "The first one is still to come." };
  }
  const outcome = outcomeOf(told);
  const tone = outcome === "failed" ? "attention" : outcome === "promoted" || outcome === "kept" ? "good" : "neutral";
  return { title: TITLES[outcome], tone, sentence: told.reason ?? "" };
}

/** Points of a share with its sign: `+1.9 points`. */
function pointsText(difference: number): string {
  const points = (100 * Math.abs(difference)).toFixed(1);
  return `${points === "0.0" ? "" : difference < 0 ? "\u2212" : "+"}${points} points`;
}

/** What the last labels bought, beside what equally many at random would have. */
export function gainSentence({ labels, metric, before, chosen, random, note }: LabelGain): string {
  const name = metric === "macroF1" ? "macro F1" : "accuracy";
  const bought = `The last ${labels} labels bought ${pointsText(chosen - before)} of ${name}`;
  if (random !== null) return `${bought}; as many taken at random ${pointsText(random - before)}.`;
  return `${bought}.${note === null ? "" : ` ${note}`}`;
}
