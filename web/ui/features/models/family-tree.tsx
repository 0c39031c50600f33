import { Tooltip, VisuallyHidden } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState, type CSSProperties } from "react";
import type { ModelSummary } from "../../../../lib/domain/api/models.ts";
import { estimateText, shareText } from "../../../../lib/domain/estimate-text.ts";
import { originText } from "../../parts/origin-text.ts";
import { StatusMark } from "../../parts/status.tsx";
import { statusOf } from "../../parts/status-table.ts";
import { familyOf, type Place, treeOf } from "./lineage.ts";
import classes from "./family-tree.module.css";

/** In pixels; the lines are drawn in the same. */
const COLUMN = 176;
const ROW = 52;
const CARD = { width: 132, height: 40 };
const HEAD = 28;

/** Generations as columns, the best on top; lines lead from parent to child, and pointing at a trial shows its family. */
export function FamilyTree({ project, trials }: { readonly project: string; readonly trials: readonly ModelSummary[] }) {
  const [pointed, setPointed] = useState<string | null>(null);
  const tree = treeOf(trials);
  const family = pointed === null ? null : familyOf(trials, pointed);
  const best = trials.reduce((most, { validation }) => Math.max(most, validation?.value ?? -1), -1);
  const size = { "--width": `${tree.columns.length * COLUMN}px`, "--height": `${HEAD + tree.rows * ROW + 4}px` } as CSSProperties;
  return (
    <div className={classes.scroll} tabIndex={0} role="region" aria-label="Family tree, scrollable">
      <div className={classes.tree} style={size}>
        <svg className={classes.lines} aria-hidden>
          {tree.lines.map(({ from, to }) => (
            <path
              key={`${from.trial.id} ${to.trial.id}`}
              d={lineBetween(from, to)}
              data-lit={(family?.has(from.trial.id) === true && family.has(to.trial.id)) || undefined}
            />
          ))}
        </svg>
        {tree.columns.map((name, column) => (
          <div key={name} className={classes.head} style={{ "--left": `${column * COLUMN}px` } as CSSProperties}>
            {typeof name === "string" ? name : name === 0 ? "first generation" : `generation ${name}`}
          </div>
        ))}
        <ul className={classes.trials} aria-label="Trials, by generation">
          {tree.places.map((place) => {
            const { trial } = place;
            return (
              <li key={trial.id} style={{ "--left": `${leftOf(place)}px`, "--top": `${topOf(place)}px` } as CSSProperties}>
                <Tooltip label={storyOf(trial)} multiline maw={320} withArrow events={{ hover: true, focus: true, touch: true }}>
                  <Link
                    to="/p/$project/models/$model"
                    params={{ project, model: trial.id }}
                    className={classes.trial}
                    data-state={trial.champion ? "champion" : trial.state}
                    data-best={(trial.validation !== null && trial.validation.value === best) || undefined}
                    data-faded={(family !== null && !family.has(trial.id)) || undefined}
                    onMouseEnter={() => setPointed(trial.id)}
                    onMouseLeave={() => setPointed(null)}
                    onFocus={() => setPointed(trial.id)}
                    onBlur={() => setPointed(null)}
                  >
                    <span className={classes.name}>
                      <StatusMark status={statusOf(trial.champion ? "champion" : trial.state)} />
                      {trial.family}
                    </span>
                    <span className="figures">{trial.validation === null ? trial.state : shareText(trial.validation.value, 3)}</span>
                    <VisuallyHidden>
                      {trial.id}, {storyOf(trial)}
                    </VisuallyHidden>
                  </Link>
                </Tooltip>
              </li>
            );
          })}
        </ul>
      </div>
    </div>
  );
}

/** What a card leaves out: where it came from, what was changed, how good it is or why it failed. */
function storyOf({ family, mutation, validation, failure, ...trial }: ModelSummary): string {
  const outcome = failure ? `failed: ${failure.message}` : validation ? `validation macro F1 ${estimateText(validation)}` : trial.state;
  return [`${family}, ${originText(trial)}`, mutation, outcome].filter((part) => part !== null).join("; ");
}

function leftOf({ column }: Place<ModelSummary>): number {
  return column * COLUMN + (COLUMN - CARD.width) / 2;
}

function topOf({ row }: Place<ModelSummary>): number {
  return HEAD + row * ROW + (ROW - CARD.height) / 2;
}

/** A line that passes over generations runs below its child's row: behind a card it would seem to come from that one. */
function lineBetween(from: Place<ModelSummary>, to: Place<ModelSummary>): string {
  const [x1, y1] = [leftOf(from) + CARD.width, topOf(from) + CARD.height / 2];
  const [x2, y2] = [leftOf(to), topOf(to) + CARD.height / 2];
  const gap = COLUMN - CARD.width;
  if (to.column - from.column === 1) return `M${x1},${y1} ${curve(x1, y1, x2, y2)}`;
  const aside = HEAD + (to.row + 1) * ROW;
  return `M${x1},${y1} ${curve(x1, y1, x1 + gap, aside)} H${x2 - gap} ${curve(x2 - gap, aside, x2, y2)}`;
}

function curve(x1: number, y1: number, x2: number, y2: number): string {
  const middle = (x1 + x2) / 2;
  return `C${middle},${y1} ${middle},${y2} ${x2},${y2}`;
}
