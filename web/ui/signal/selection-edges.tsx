import type { KeyboardEvent } from "react";
import type { SignalInfo } from "../../../lib/domain/api/signals.ts";
import { moveEdge, type Edge } from "../../../lib/domain/signal/selection.ts";
import { momentText } from "../../../lib/domain/signal/ticks.ts";
import type { SampleRange } from "../../../lib/domain/signal/view.ts";
import classes from "./signal-viewer.module.css";

interface SelectionEdgesProps {
  readonly info: SignalInfo;
  readonly selection: SampleRange;
  readonly onSelect: (selection: SampleRange) => void;
  readonly step: number;
  readonly zone: string;
  /** Place of a sample in the plot, as a share of its width. */
  readonly shareOf: (sample: number) => number;
}

/** The edges of a selection for the keyboard and for screen readers; pointers take hold of them in the picture. */
export function SelectionEdges({ info, selection, onSelect, step, zone, shareOf }: SelectionEdgesProps) {
  const move = (edge: Edge) => (event: KeyboardEvent) => {
    const by = event.shiftKey ? step : 1;
    const target = {
      ArrowLeft: selection[edge] - by,
      ArrowDown: selection[edge] - by,
      ArrowRight: selection[edge] + by,
      ArrowUp: selection[edge] + by,
      PageDown: selection[edge] - step,
      PageUp: selection[edge] + step,
      Home: 0,
      End: info.samples,
    }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    // The same keys move the view.
    event.stopPropagation();
    onSelect(moveEdge(selection, edge, target, info.samples));
  };
  return (["from", "to"] as const).map((edge) => {
    const share = shareOf(selection[edge]);
    if (share < 0 || share > 1) return null;
    return (
      <div
        key={edge}
        className={classes.edge}
        style={{ left: `${share * 100}%` }}
        role="slider"
        tabIndex={0}
        aria-label={edge === "from" ? "Beginning of the selection" : "End of the selection"}
        aria-valuemin={0}
        aria-valuemax={info.samples}
        aria-valuenow={selection[edge]}
        aria-valuetext={momentText(selection[edge], info, zone)}
        onKeyDown={move(edge)}
      />
    );
  });
}
