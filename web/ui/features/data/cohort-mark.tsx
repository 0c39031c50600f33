import classes from "./cohort-mark.module.css";

/** One shape and one colour a cohort; with more cohorts than shapes they begin again, and the name tells them apart. */
const SHAPES = [
  "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0",
  "M-4,-4h8v8h-8z",
  "M0,-5L5,4H-5z",
  "M0,-5.5L5,0L0,5.5L-5,0z",
  "M-5,-4H5L0,5z",
  "M-1.5,-5h3v3.5h3.5v3h-3.5v3.5h-3v-3.5h-3.5v-3h3.5z",
];
const COLOURS = ["a", "b", "c", "d", "e", "f"] as const;

/** The cohort's sign at the middle of its picture. */
export function CohortShape({ index, at }: { readonly index: number; readonly at?: readonly [number, number] }) {
  return (
    <path
      className={classes.shape}
      data-colour={index < 0 ? "none" : COLOURS[index % COLOURS.length]}
      d={SHAPES[Math.max(0, index) % SHAPES.length]}
      transform={at && `translate(${at[0].toFixed(1)} ${at[1].toFixed(1)})`}
    />
  );
}

export function CohortMark({ cohort, names }: { readonly cohort: string; readonly names: readonly string[] }) {
  return (
    <span className={classes.mark}>
      <svg width="14" height="14" viewBox="-7 -7 14 14" aria-hidden>
        <CohortShape index={names.indexOf(cohort)} />
      </svg>
      {cohort}
    </span>
  );
}
