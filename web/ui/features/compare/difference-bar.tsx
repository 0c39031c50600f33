import type { CSSProperties } from "react";
import type { Estimate } from "../../../../lib/domain/metrics-schema.ts";
import classes from "./difference-bar.module.css";

/** A difference as a bar from zero, with its interval as a whisker; the figure beside it is what is read. */
export function DifferenceBar({ difference: { value, low, high }, reach }: { readonly difference: Estimate; readonly reach: number }) {
  const place = (share: number) => `${50 + (50 * share) / reach}%`;
  const style = {
    "--from": place(Math.min(0, value)),
    "--to": place(Math.max(0, value)),
    "--low": place(low ?? value),
    "--high": place(high ?? value),
  } as CSSProperties;
  return (
    <span className={classes.axis} style={style} aria-hidden>
      <span className={classes.bar} data-sign={value < 0 ? "worse" : "better"} />
      {low !== null && high !== null && <span className={classes.whisker} />}
    </span>
  );
}
