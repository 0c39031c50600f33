import { decimalsFor, halfWidthOf, shareText } from "../../../lib/domain/estimate-text.ts";
import type { Metrics } from "../../../lib/domain/metrics-schema.ts";
import { Headline } from "./figures.tsx";
import { countText, intervalText, percentText } from "./number-text.ts";
import classes from "./metrics-summary.module.css";

/** The headline figures of an evaluation, each with its interval. */
export function MetricsSummary({ metrics }: { readonly metrics: Metrics }) {
  return (
    <div className={classes.summary}>
      <EstimateHeadline name="Macro F1" estimate={metrics.macroF1} />
      <EstimateHeadline name="Accuracy" estimate={metrics.accuracy} />
      <Headline name="Windows" value={countText(metrics.windows)} note={`${countText(metrics.subjects.length)} subjects`} />
      <Headline
        name="Uncertain"
        value={percentText(metrics.uncertain.windows, metrics.windows)}
        note={`sure less than ${shareText(metrics.uncertain.threshold, 2)}`}
      />
    </div>
  );
}

/** A large figure with its interval below; both ends on hover. */
export function EstimateHeadline({ name, estimate }: { readonly name: string; readonly estimate: Metrics["accuracy"] }) {
  const halfWidth = halfWidthOf(estimate);
  const decimals = decimalsFor(halfWidth);
  return (
    <span title={intervalText(estimate)}>
      <Headline
        name={name}
        value={shareText(estimate.value, decimals)}
        note={halfWidth === null ? "no interval" : `± ${shareText(halfWidth, decimals)} by subject`}
      />
    </span>
  );
}
