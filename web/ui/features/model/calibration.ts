import { shareText } from "../../../../lib/domain/estimate-text.ts";
import type { Metrics } from "../../../../lib/domain/metrics-schema.ts";

/** Which way the confidence errs, weighted by windows; within one hundredth it is called right. */
export function calibrationSentence({ bins }: Metrics["calibration"]): string {
  const windows = bins.reduce((sum, bin) => sum + bin.windows, 0);
  if (windows === 0) return "No window has been scored.";
  const said = bins.reduce((sum, bin) => sum + bin.windows * bin.confidence, 0) / windows;
  const right = bins.reduce((sum, bin) => sum + bin.windows * bin.accuracy, 0) / windows;
  const figures = `it says ${shareText(said, 2)} and is right in ${shareText(right, 2)}`;
  if (Math.abs(said - right) < 0.01) return `Its confidence can be taken at its word: ${figures}.`;
  return said > right ? `Too sure of itself: ${figures}.` : `Surer than it says: ${figures}.`;
}
