import "uplot/dist/uPlot.min.css";
import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import { measureText } from "../../parts/number-text.ts";
import type { Curve } from "./curve.ts";
import classes from "./curve-chart.module.css";

const HEIGHT = 240;
const COLOURS = ["--accent", "--attention-fg", "--good-fg", "--reuse-fg", "--bad-fg"];

/** The training curve, drawn again when the colours or the width change. */
export function CurveChart({ curve }: { readonly curve: Curve }) {
  const box = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme("light");
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const style = getComputedStyle(element);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const axis: uPlot.Axis = {
      stroke: colour("--muted"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { stroke: colour("--line"), width: 1 },
    };
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        scales: { x: { time: false } },
        axes: [axis, { ...axis, size: 52, values: (_, ticks) => ticks.map(measureText) }],
        series: [
          { label: "epoch" },
          ...curve.lines.map(({ name }, index) => ({
            label: name,
            stroke: colour(COLOURS[index % COLOURS.length] ?? "--accent"),
            width: 1.5,
            points: { show: false },
            dash: index % 2 === 1 ? [5, 4] : [],
            value: (_: uPlot, value: number | null) => (value === null ? "–" : measureText(value)),
          })),
        ],
      },
      [curve.epochs as number[], ...curve.lines.map(({ values }) => values as (number | null)[])],
      element,
    );
    const resize = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      chart.destroy();
    };
  }, [curve, scheme]);
  const sentence = curve.lines.map(({ name, values }) => `${name} from ${endText(values[0])} to ${endText(values.at(-1))}`).join("; ");
  return <div ref={box} className={classes.chart} role="img" aria-label={`Over ${curve.epochs.length} epochs: ${sentence}`} />;
}

function endText(value: number | null | undefined): string {
  return value === null || value === undefined ? "unknown" : measureText(value);
}
