import type { CSSProperties } from "react";
import classes from "./share-bar.module.css";

/** A share as figure and bar; the figure is what is read. */
export function ShareBar({ share, text }: { readonly share: number | null; readonly text: string }) {
  return (
    <span className={classes.cell}>
      <span className={classes.text}>{text}</span>
      <span className={classes.track} aria-hidden style={{ "--share": `${(share ?? 0) * 100}%` } as CSSProperties} />
    </span>
  );
}
