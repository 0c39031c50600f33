import { differenceText } from "../../../lib/domain/estimate-text.ts";
import type { Verdict } from "../../../lib/domain/stages.ts";

const METRICS: Readonly<Record<string, string>> = { accuracy: "accuracy", macroF1: "macro F1" };

function metricName(metric: string): string {
  return METRICS[metric] ?? metric;
}

/** `Promoted` or `Not promoted`, and the difference to the champion where there is one. */
export function verdictHeadline({ promoted, difference }: Verdict): string {
  const word = promoted ? "Promoted" : "Not promoted";
  if (difference === null) return word;
  return `${word}: ${metricName(difference.metric)} ${differenceText(difference.value, difference.low, difference.high)} against the champion`;
}
