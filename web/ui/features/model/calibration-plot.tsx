import { shareText } from "../../../../lib/domain/estimate-text.ts";
import type { Metrics } from "../../../../lib/domain/metrics-schema.ts";
import { countText } from "../../parts/number-text.ts";
import { Panel } from "../../parts/panel.tsx";
import { calibrationSentence } from "./calibration.ts";
import classes from "./calibration-plot.module.css";

const SIZE = 200;
const LEFT = 34;
const BOTTOM = 30;

/** How often it is right when it says so: on the diagonal confidence and accuracy agree. */
export function CalibrationPlot({ calibration }: { readonly calibration: Metrics["calibration"] }) {
  const filled = calibration.bins.filter(({ windows }) => windows > 0);
  const most = Math.max(1, ...filled.map(({ windows }) => windows));
  const sentence = calibrationSentence(calibration);
  return (
    <Panel title="Calibration" aside={`expected error ${shareText(calibration.ece, 3)}`}>
      <svg className={classes.plot} viewBox={`0 -10 ${LEFT + SIZE + 10} ${SIZE + BOTTOM + 12}`} role="img" aria-label={sentence}>
        {[0, 0.5, 1].map((tick) => (
          <g key={tick} className={classes.grid}>
            <line x1={LEFT} x2={LEFT + SIZE} y1={SIZE * (1 - tick)} y2={SIZE * (1 - tick)} />
            <text x={LEFT - 6} y={SIZE * (1 - tick) + 4} textAnchor="end">
              {tick === 0.5 ? ".5" : tick}
            </text>
            <text x={LEFT + SIZE * tick} y={SIZE + 14} textAnchor="middle">
              {tick === 0.5 ? ".5" : tick}
            </text>
          </g>
        ))}
        <line className={classes.diagonal} x1={LEFT} y1={SIZE} x2={LEFT + SIZE} y2={0} />
        <polyline
          className={classes.line}
          points={filled.map(({ confidence, accuracy }) => `${LEFT + SIZE * confidence},${SIZE * (1 - accuracy)}`).join(" ")}
        />
        {filled.map(({ from, confidence, accuracy, windows }) => (
          <circle
            key={from}
            className={classes.point}
            cx={LEFT + SIZE * confidence}
            cy={SIZE * (1 - accuracy)}
            r={2.5 + 5 * Math.sqrt(windows / most)}
          >
            <title>{`${countText(windows)} windows: said ${shareText(confidence, 2)}, right ${shareText(accuracy, 2)}`}</title>
          </circle>
        ))}
        <text className={classes.axis} x={LEFT + SIZE / 2} y={SIZE + 27} textAnchor="middle">
          confidence
        </text>
        <text className={classes.axis} transform={`translate(9 ${SIZE / 2}) rotate(-90)`} textAnchor="middle">
          accuracy
        </text>
      </svg>
      <p className={classes.sentence}>{sentence}</p>
    </Panel>
  );
}
