import type { ReactNode } from "react";
import { differenceText, estimateText } from "../../../lib/domain/estimate-text.ts";
import type { Estimate } from "../../../lib/domain/metrics-schema.ts";
import { countText, intervalText } from "./number-text.ts";
import classes from "./figures.module.css";

/** A value with its interval, both ends on hover; a dash where nothing was measured. */
export function EstimateFigure({ estimate }: { readonly estimate: Estimate | null }) {
  if (estimate === null) return <>–</>;
  return (
    <span className="figures" title={intervalText(estimate)}>
      {estimateText(estimate)}
    </span>
  );
}

/** How much one is above another, with sign and interval; both ends on hover. */
export function DifferenceFigure({ difference }: { readonly difference: Estimate | null }) {
  if (difference === null) return <>–</>;
  return (
    <span className="figures" title={intervalText(difference)}>
      {differenceText(difference.value, difference.low, difference.high)}
    </span>
  );
}

export function Count({ value }: { readonly value: number | null | undefined }) {
  return <>{value === null || value === undefined ? "–" : countText(value)}</>;
}

interface FactsProps {
  readonly facts: readonly (readonly [name: string, value: ReactNode])[];
}

/** Names and values side by side. */
export function Facts({ facts }: FactsProps) {
  return (
    <dl className={classes.facts}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

interface HeadlineProps {
  readonly name: string;
  readonly value: ReactNode;
  readonly note?: ReactNode;
}

/** One large figure. */
export function Headline({ name, value, note }: HeadlineProps) {
  return (
    <div className={classes.headline}>
      <span className={classes.name}>{name}</span>
      <span className={`${classes.value} figures`}>{value}</span>
      {note !== undefined && <span className={classes.name}>{note}</span>}
    </div>
  );
}
