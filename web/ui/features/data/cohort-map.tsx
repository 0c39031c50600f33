import type { Cohorts } from "../../../../lib/domain/api/data.ts";
import { measureText } from "../../parts/number-text.ts";
import { Panel } from "../../parts/panel.tsx";
import { CohortMark, CohortShape } from "./cohort-mark.tsx";
import { cohortPoints } from "./cohort-points.ts";
import classes from "./cohort-map.module.css";

const WIDTH = 640;
const HEIGHT = 300;
const LEFT = 52;
const BOTTOM = 36;

/** People as points, each with the sign of its cohort; nothing where too little is known of them. */
export function CohortMap({ members, names }: { readonly members: Cohorts["members"]; readonly names: readonly string[] }) {
  const map = cohortPoints(members);
  if (map === null) return null;
  const { x, y, points } = map;
  const left = (share: number) => LEFT + share * (WIDTH - LEFT - 12);
  const top = (share: number) => 10 + (1 - share) * (HEIGHT - BOTTOM - 10);
  return (
    <Panel
      title="The people"
      aside={names.map((name) => (
        <CohortMark key={name} cohort={name} names={names} />
      ))}
    >
      <svg
        className={classes.map}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`${points.length} people by ${x.name} and ${y.name}; the table below names each with its cohort`}
      >
        <rect className={classes.frame} x={LEFT} y={10} width={WIDTH - LEFT - 12} height={HEIGHT - BOTTOM - 10} />
        {[0, 0.5, 1].map((share) => (
          <g key={share}>
            <text x={left(share)} y={HEIGHT - BOTTOM + 14} textAnchor={share === 1 ? "end" : "middle"}>
              {tickText(x, share)}
            </text>
            <text x={LEFT - 6} y={top(share) + (share === 1 ? 8 : 3)} textAnchor="end">
              {tickText(y, share)}
            </text>
          </g>
        ))}
        <text x={left(0.5)} y={HEIGHT - 4} textAnchor="middle">
          {x.name}
        </text>
        <text transform={`translate(11 ${top(0.5)}) rotate(-90)`} textAnchor="middle">
          {y.name}
        </text>
        {points.map((point) => (
          <g key={point.subject}>
            <title>{point.note}</title>
            <CohortShape index={names.indexOf(point.cohort)} at={[left(point.x), top(point.y)]} />
          </g>
        ))}
      </svg>
    </Panel>
  );
}

function tickText({ low, high }: { readonly low: number; readonly high: number }, share: number): string {
  return measureText(Number((low + share * (high - low)).toPrecision(3)));
}
