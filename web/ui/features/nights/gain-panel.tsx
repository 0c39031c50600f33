import type { Night } from "../../../../lib/domain/api/nights.ts";
import { shareText } from "../../../../lib/domain/estimate-text.ts";
import { Empty } from "../../parts/answer.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { countText } from "../../parts/number-text.ts";
import { Panel } from "../../parts/panel.tsx";
import table from "../../parts/table.module.css";
import { exactText } from "../../parts/time-text.ts";
import { type GainPoint, gainsOf, spanOf } from "./gain.ts";
import { gainSentence } from "./night-outcome.ts";
import classes from "./gain-panel.module.css";

const MOST = 12;
const WIDTH = 420;
const HEIGHT = 150;
const LEFT = 40;
const BOTTOM = 20;

/** Whether choosing what to label pays: F1 before the labels, with them, and with as many taken at random. */
export function GainPanel({ nights }: { readonly nights: readonly Night[] }) {
  const points = gainsOf(nights, MOST);
  const last = points.at(-1);
  return (
    <Panel title="What the labels bought" flush>
      {last === undefined ? (
        <Empty title="Nothing measured yet">
          A night that retrains on new labels measures on the holdout what they bought, beside as many taken at random.
        </Empty>
      ) : (
        <>
          <div className={classes.body}>
            <p className={classes.sentence}>{gainSentence(last)}</p>
            <GainChart points={points} label={points.map(gainSentence).join(" ")} />
            <ul className={classes.legend}>
              <li data-mark="before">before</li>
              <li data-mark="chosen">with the labels chosen</li>
              <li data-mark="random">with random ones</li>
            </ul>
          </div>
          <details className={table.fold}>
            <summary>The same as a table</summary>
            <DataTable label="Gain of labels" rows={points.toReversed()} columns={COLUMNS} rowKey={({ night }) => night} />
          </details>
        </>
      )}
    </Panel>
  );
}

function GainChart({ points, label }: { readonly points: readonly GainPoint[]; readonly label: string }) {
  const { low, high } = spanOf(points);
  const y = (value: number) => 8 + (HEIGHT - BOTTOM - 16) * (1 - (value - low) / (high - low));
  const step = (WIDTH - LEFT - 10) / points.length;
  // Of nights of one day the hour tells them apart.
  const sameDay = points.length > 1 && new Set(points.map(({ at }) => exactText(at).slice(0, 10))).size === 1;
  return (
    <svg className={classes.chart} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      {[low, (low + high) / 2, high].map((tick) => (
        <g key={tick}>
          <line x1={LEFT} x2={WIDTH - 4} y1={y(tick)} y2={y(tick)} />
          <text x={LEFT - 6} y={y(tick) + 3.5} textAnchor="end">
            {shareText(tick, 3)}
          </text>
        </g>
      ))}
      {points.map(({ night, at, before, chosen, random, ...gain }, index) => {
        const x = LEFT + step * (index + 0.5);
        return (
          <g key={night}>
            <title>{`${exactText(at)}: ${gainSentence({ ...gain, before, chosen, random })}`}</title>
            <line className={classes.stem} x1={x} x2={x} y1={y(before)} y2={y(chosen)} />
            <circle className={classes.before} cx={x} cy={y(before)} r={3.5} />
            {random !== null && <rect className={classes.random} x={x - 8} y={y(random) - 1.5} width={16} height={3} />}
            <circle className={classes.chosen} cx={x} cy={y(chosen)} r={4.5} />
            {(index === 0 || index === points.length - 1) && (
              <text x={x} y={HEIGHT - 4} textAnchor={index === 0 ? "start" : "end"}>
                {exactText(at).slice(...(sameDay ? [11, 16] : [0, 10]))}
              </text>
            )}
          </g>
        );
      })}
    </svg>
  );
}

const COLUMNS: readonly Column<GainPoint>[] = [
  { name: "Night", head: true, cell: ({ at }) => <time dateTime={at}>{exactText(at).slice(0, 16)}</time> },
  { name: "Labels", number: true, cell: ({ labels }) => countText(labels) },
  { name: "Before", number: true, cell: ({ before }) => shareText(before, 3) },
  { name: "Chosen", number: true, cell: ({ chosen }) => shareText(chosen, 3) },
  { name: "Random", number: true, cell: ({ random }) => (random === null ? "–" : shareText(random, 3)) },
];
