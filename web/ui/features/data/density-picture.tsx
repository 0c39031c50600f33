import type { Distributions } from "../../../../lib/domain/api/data.ts";
import { measureText } from "../../parts/number-text.ts";
import { densityPath, highestDensity, spanOf } from "./density.ts";
import classes from "./density-picture.module.css";

const WIDTH = 220;
const HEIGHT = 90;

interface DensityPictureProps {
  readonly entry: Distributions["classes"][number];
  /** All classes: they share their axes. */
  readonly all: Distributions["classes"];
}

/** One class: what is real as an area, what is synthetic as a dashed line; the figures stand in the table below. */
export function DensityPicture({ entry: { label, real, synthetic }, all }: DensityPictureProps) {
  const span = spanOf(all);
  const highest =
    span === null
      ? 0
      : highestDensity(
          all.flatMap((one) => [one.real, one.synthetic]),
          span,
        );
  return (
    <figure className={classes.picture}>
      <figcaption>{label}</figcaption>
      {span === null || real.count === 0 ? (
        <p className={classes.none}>{real.count === 0 ? "no value was measured" : `always ${measureText(real.mean ?? 0)}`}</p>
      ) : (
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT + 16}`} aria-hidden>
          <path className={classes.real} d={densityPath(real, span, highest, WIDTH, HEIGHT)} />
          {synthetic !== null && <path className={classes.synthetic} d={densityPath(synthetic, span, highest, WIDTH, HEIGHT)} />}
          <line x1={0} x2={WIDTH} y1={HEIGHT} y2={HEIGHT} />
          <text x={0} y={HEIGHT + 12}>
            {roundedText(span.low, span)}
          </text>
          <text x={WIDTH} y={HEIGHT + 12} textAnchor="end">
            {roundedText(span.high, span)}
          </text>
        </svg>
      )}
    </figure>
  );
}

/** An end of the axis, to a hundredth of what the axis spans. */
function roundedText(value: number, { low, high }: { readonly low: number; readonly high: number }): string {
  const unit = 10 ** Math.floor(Math.log10((high - low) / 50));
  return measureText(Number((Math.round(value / unit) * unit).toPrecision(6)));
}
