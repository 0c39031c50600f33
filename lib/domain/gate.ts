import {
  boundText,
  decimalsFor,
  differenceText,
  estimateText,
  halfWidthOf,
  shareBelowText,
  shareOfText,
  shareText,
} from "./estimate-text.ts";
import type { Estimate, Metrics } from "./metrics-schema.ts";
import type { Outcomes } from "./outcomes.ts";
import { pairedDifference, unlikePeople, unlikeWindows } from "./paired.ts";
import type { GateSpec } from "./spec.ts";
import type { Verdict } from "./stages.ts";

/** One side of a decision: a model as it did on the frozen holdout. */
export interface Evaluated {
  readonly model: string;
  /** Classes the model can answer. */
  readonly classes: readonly string[];
  /** Hash of the holdout's windows and labels, in order. */
  readonly holdoutSha256: string;
  /** How it cuts the holdout into windows, see `cutKey`: of models with the same one each window is compared. */
  readonly cut: string;
  readonly metrics: Metrics;
  readonly outcomes: Outcomes;
}

export interface Contest {
  readonly candidate: Evaluated;
  readonly champion: Evaluated | null;
  readonly gate: GateSpec;
}

/** Differences below this are rounding. */
const EPSILON = 1e-9;

/**
 * What the figures claim beyond what the spec says can be, in a sentence; null where they stay below it. Judged by the
 * lower end of the interval, so that luck alone does not raise it.
 */
export function moreThanCanBe({ accuracy }: Metrics, { ceiling }: GateSpec): string | null {
  if (ceiling === undefined || !((accuracy.low ?? accuracy.value) > ceiling.accuracy + EPSILON)) return null;
  return `More than can be: its accuracy is ${estimateText(accuracy)}, and ${boundText(ceiling.accuracy)} is the most there is; look for a leak.`;
}

/**
 * Whether the candidate takes the champion's place. The first rule that applies decides:
 *
 * 1. `not-a-number`: a metric or confidence of either side is not finite: no.
 * 2. `holdout-changed`: champion and candidate were measured on different windows, or one on fewer: no, whatever the figures.
 *    Where they cut windows otherwise, the people must be the same.
 * 3. `leaking`: the candidate's split lets a person stand on both sides, the champion's does not: no. A leaking candidate
 *    may be a first champion or follow another leaking one; the reason then says so.
 * 4. `missing-class`: the candidate can't answer a class that the holdout holds or the champion answers: no.
 * 5. `floor`: below a floor of the spec: no.
 * 6. `first`: no champion: yes.
 * 7. `class-collapse`: the recall of a class falls by more than `maxClassDrop`, or to nothing: no.
 * 8. `tie` / `worse`: the gain is 0 or below: no. A gain below the margin is a `tie`.
 * 9. `uncertain`: the gain reaches the margin, yet drawing subjects anew (95 %, both models on the same people) can't rule
 *    out a loss of the margin or more: no. With fewer than two subjects there is no interval and the margin decides.
 * 10. `better`: yes.
 *
 * A candidate above the spec's `ceiling` is judged like any other; the reason says that it claims more than can be.
 */
export function decide(contest: Contest): Verdict {
  const { candidate, champion, gate } = contest;
  const verdict = (promoted: boolean, rule: Verdict["rule"], reason: string, difference: Verdict["difference"] = null): Verdict => ({
    promoted,
    rule,
    reason: [reason, moreThanCanBe(candidate.metrics, gate)].filter(Boolean).join(" "),
    candidate: candidate.model,
    champion: champion?.model ?? null,
    difference,
  });
  const refusal =
    notANumber("candidate", candidate) ??
    (champion && notANumber("champion", champion)) ??
    holdoutChanged(contest) ??
    leaking(contest) ??
    missingClass(contest) ??
    belowFloor(contest);
  if (refusal) return verdict(false, refusal.rule, refusal.reason);
  const name = metricName(gate);
  if (!champion) {
    const caution = candidate.metrics.leaking ? "; its split is leaking, so new people will find it worse" : "";
    const value = estimateText(candidate.metrics[gate.metric]);
    return verdict(
      true,
      "first",
      `It is the first champion: ${name} ${value} on ${candidate.metrics.windows} windows, and no floor is missed${caution}.`,
    );
  }
  const gain = pairedDifference(candidate.outcomes, champion.outcomes)[gate.metric];
  const { rule, reason } = classCollapse(candidate, champion, gate) ?? compare(gain, contest);
  return verdict(rule === "better", rule, reason, { metric: gate.metric, ...gain });
}

interface Finding {
  readonly rule: Verdict["rule"];
  readonly reason: string;
}

function notANumber(side: "candidate" | "champion", { metrics, outcomes }: Evaluated): Finding | null {
  const figures = {
    accuracy: metrics.accuracy.value,
    "macro F1": metrics.macroF1.value,
    "weighted F1": metrics.weightedF1,
    "calibration error": metrics.calibration.ece,
  };
  const [broken] = Object.entries(figures).find(([, value]) => !Number.isFinite(value)) ?? [];
  if (broken) return { rule: "not-a-number", reason: `The ${side}'s ${broken} is not a number.` };
  const count = outcomes.confidence.reduce((sum, value) => sum + (Number.isFinite(value) ? 0 : 1), 0);
  if (count > 0) return { rule: "not-a-number", reason: `The ${side} answered ${count} windows with a confidence that is not a number.` };
  if (metrics.windows === 0) return { rule: "not-a-number", reason: "The holdout holds no labelled window, so nothing was measured." };
  return null;
}

function holdoutChanged({ candidate, champion }: Contest): Finding | null {
  if (!champion) return null;
  const [ours, theirs] = [candidate, champion].map((side) => `${side.metrics.windows} windows (${side.holdoutSha256.slice(0, 8)})`);
  if (champion.holdoutSha256 !== candidate.holdoutSha256) {
    return {
      rule: "holdout-changed",
      reason: `The candidate was measured on ${ours}, the champion on ${theirs}: measure the champion on the new holdout before they are compared.`,
    };
  }
  const comparable = candidate.cut === champion.cut ? unlikeWindows : unlikePeople;
  const unlike = comparable(candidate.outcomes, champion.outcomes);
  return unlike === null
    ? null
    : { rule: "holdout-changed", reason: `Candidate and champion did not answer the same windows of the holdout: ${unlike}.` };
}

function leaking({ candidate, champion }: Contest): Finding | null {
  if (!candidate.metrics.leaking || !champion || champion.metrics.leaking) return null;
  return {
    rule: "leaking",
    reason: "The candidate's split lets a person stand on both sides and the champion's does not, so its figures flatter it.",
  };
}

function missingClass({ candidate, champion }: Contest): Finding | null {
  const held = candidate.metrics.perClass.filter(({ support }) => support > 0).map(({ label }) => label);
  const missing = [...new Set([...held, ...(champion?.classes ?? [])])].filter((label) => !candidate.classes.includes(label));
  return missing.length === 0
    ? null
    : { rule: "missing-class", reason: `The candidate can't answer ${missing.map((label) => `'${label}'`).join(", ")}.` };
}

function belowFloor({ candidate, gate }: Contest): Finding | null {
  for (const metric of ["accuracy", "macroF1"] as const) {
    const floor = gate.floors[metric];
    const estimate = candidate.metrics[metric];
    if (floor !== undefined && estimate.value < floor - EPSILON) {
      const value = shareBelowText(estimate.value, floor, decimalsFor(halfWidthOf(estimate)));
      return {
        rule: "floor",
        reason: `The candidate's ${metricName({ metric })} of ${value} is below the floor of ${boundText(floor)}.`,
      };
    }
  }
  return null;
}

/** The class that lost most, where it lost too much. */
function classCollapse(candidate: Evaluated, champion: Evaluated, gate: GateSpec): Finding | null {
  const before = new Map(champion.metrics.perClass.map(({ label, recall }) => [label, recall]));
  const drops = candidate.metrics.perClass.flatMap(({ label, recall, support }) => {
    const was = before.get(label) ?? null;
    if (recall === null || was === null || was === 0) return [];
    const drop = was - recall;
    return drop > gate.maxClassDrop + EPSILON || recall === 0 ? [{ label, support, was, recall, drop }] : [];
  });
  const [worst] = drops.sort((one, other) => other.drop - one.drop);
  if (!worst) return null;
  const { label, support, was, recall } = worst;
  return {
    rule: "class-collapse",
    reason: `The recall of '${label}' falls from ${shareOfText(was, support)} to ${shareOfText(recall, support)}; ${boundText(gate.maxClassDrop)} is the most it may fall.`,
  };
}

function compare({ value: gain, low, high }: Estimate, { candidate, champion, gate }: Contest): Finding {
  const name = metricName(gate);
  const [ours, theirs] = [candidate, champion!].map(({ metrics }) => estimateText(metrics[gate.metric]));
  const figures = `${name} ${ours} against the champion's ${theirs}`;
  if (Math.abs(gain) <= EPSILON) return { rule: "tie", reason: `Neither is better: ${figures}; the champion stays.` };
  if (gain < 0) return { rule: "worse", reason: `The candidate is worse: ${figures}.` };
  const halfWidth = halfWidthOf({ value: gain, low, high });
  if (gain < gate.margin - EPSILON) {
    const text = shareBelowText(gain, gate.margin, decimalsFor(halfWidth));
    return {
      rule: "tie",
      reason: `The candidate gains +${text}, less than the margin of ${boundText(gate.margin)}: ${figures}; the champion stays.`,
    };
  }
  const people = candidate.metrics.subjectCount ?? candidate.metrics.subjects.length;
  if (low === null || high === null)
    return { rule: "better", reason: `The candidate is better: ${figures}. With ${people} subject there is no test by people.` };
  const gained = differenceText(gain, low, high);
  // With a margin of 0 a gain that is never negative is enough.
  if (low <= -gate.margin && low < 0) {
    const [least, most] = [low, high].map((end) => shareText(end, decimalsFor(halfWidth)));
    const range = `drawing the ${people} subjects anew gives ${least} to ${most}`;
    return { rule: "uncertain", reason: `The candidate gains ${gained}, but it could be chance: ${range}; ${figures}.` };
  }
  return { rule: "better", reason: `The candidate is better: ${figures}, a gain of ${gained} by drawing the ${people} subjects anew.` };
}

function metricName({ metric }: Pick<GateSpec, "metric">): string {
  return metric === "accuracy" ? "accuracy" : "macro F1";
}
