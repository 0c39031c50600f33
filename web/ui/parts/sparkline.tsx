import classes from "./sparkline.module.css";

export interface TrendPoint {
  readonly value: number;
  /** Drawn full: this one became champion. */
  readonly marked: boolean;
  readonly name: string;
}

const WIDTH = 240;
const HEIGHT = 48;
const MARGIN = 5;

/** Points in the picture's units. A flat line stands in the middle; the scale never shows less than `leastSpan`. */
function sparklinePoints(points: readonly TrendPoint[], leastSpan = 0.01): { x: number; y: number; point: TrendPoint }[] {
  const values = points.map((point) => point.value);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const span = Math.max(high - low, leastSpan);
  const bottom = (low + high - span) / 2;
  return points.map((point, index) => ({
    x: points.length === 1 ? WIDTH / 2 : MARGIN + (index * (WIDTH - 2 * MARGIN)) / (points.length - 1),
    y: HEIGHT - MARGIN - ((point.value - bottom) / span) * (HEIGHT - 2 * MARGIN),
    point,
  }));
}

export function Sparkline({ points, label }: { readonly points: readonly TrendPoint[]; readonly label: string }) {
  const placed = sparklinePoints(points);
  return (
    <svg className={classes.line} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <polyline points={placed.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ")} />
      {placed.map(({ x, y, point }) => (
        <circle key={point.name} cx={x} cy={y} r={point.marked ? 3.6 : 2.6} data-marked={point.marked || undefined}>
          <title>{point.name}</title>
        </circle>
      ))}
    </svg>
  );
}
