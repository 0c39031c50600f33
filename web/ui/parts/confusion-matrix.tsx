import { SegmentedControl } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState, type CSSProperties } from "react";
import type { Metrics } from "../../../lib/domain/metrics-schema.ts";
import { confusionRows, worstMistake } from "./confusion-cells.ts";
import { countText, percentText } from "./number-text.ts";
import { Panel } from "./panel.tsx";
import classes from "./confusion-matrix.module.css";

interface ConfusionMatrixProps {
  readonly confusion: Metrics["confusion"];
  /** Whose samples the cells open; without it they open nothing. */
  readonly samples?: { readonly project: string; readonly model: string } | undefined;
}

/** Actual down, predicted across; counts or shares of the actual class. Right is blue, wrong is red, and the diagonal is framed. */
export function ConfusionMatrix({ confusion, samples }: ConfusionMatrixProps) {
  const [unit, setUnit] = useState<"counts" | "shares">("counts");
  const rows = confusionRows(confusion);
  const worst = worstMistake(confusion);
  return (
    <Panel
      title="Confusion matrix"
      flush
      aside={
        <SegmentedControl
          size="xs"
          aria-label="Unit of the cells"
          value={unit}
          onChange={(value) => setUnit(value === "shares" ? "shares" : "counts")}
          data={[
            { value: "counts", label: "Windows" },
            { value: "shares", label: "%" },
          ]}
        />
      }
    >
      <div className={classes.scroll} tabIndex={0} role="region" aria-label="Confusion matrix, scrollable">
        <table
          className={classes.matrix}
          data-dense={confusion.classes.length > 8 || undefined}
          data-upright={uprightLabels(confusion.classes) || undefined}
        >
          <caption>Rows: what it was. Columns: what the model said.</caption>
          <thead>
            <tr>
              <th scope="col">
                <span className={classes.axis}>actual ↓ predicted →</span>
              </th>
              {confusion.classes.map((label) => (
                <th key={label} scope="col" title={label}>
                  <span className={classes.label}>{label}</span>
                </th>
              ))}
              <th scope="col">all</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.actual}>
                <th scope="row" title={row.actual}>
                  {row.actual}
                </th>
                {row.cells.map((cell, column) => {
                  const predicted = confusion.classes[column] ?? "";
                  const text = unit === "counts" ? countText(cell.count) : percentText(cell.count, row.support);
                  const name = `${row.actual} taken for ${predicted}: ${countText(cell.count)} of ${countText(row.support)} (${percentText(cell.count, row.support)})`;
                  return (
                    <td
                      key={predicted}
                      className={cell.right ? classes.right : classes.wrong}
                      style={{ "--depth": `${depthOf(cell.share, cell.right)}%` } as CSSProperties}
                      title={name}
                    >
                      {cell.count === 0 ? (
                        <span className={classes.none}>·</span>
                      ) : samples === undefined ? (
                        text
                      ) : (
                        <Link
                          to="/p/$project/samples"
                          params={{ project: samples.project }}
                          search={{ model: samples.model, actual: row.actual, predicted }}
                          className={classes.open}
                          aria-label={`${name}: open its samples`}
                        >
                          {text}
                        </Link>
                      )}
                    </td>
                  );
                })}
                <td className={classes.support}>{countText(row.support)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className={classes.sentence}>
        {worst === null
          ? "No window was taken for another class."
          : `Most often mistaken: ${worst.actual} for ${worst.predicted}, ${countText(worst.count)} of ${countText(worst.support)} windows (${percentText(worst.count, worst.support)}).`}
      </p>
    </Panel>
  );
}

/** Beyond this many letters the labels of the columns would push the last ones out of sight: they are set upright. */
const MOST_LETTERS = 50;

function uprightLabels(labels: readonly string[]): boolean {
  return labels.join("").length > MOST_LETTERS;
}

/** Tint in per cent. Mistakes are rare, so their scale is steeper: one in five is already at full depth. */
function depthOf(share: number, right: boolean): number {
  if (share === 0) return 0;
  return right ? Math.round(4 + 30 * share) : Math.round(Math.min(38, 6 + 160 * share));
}
