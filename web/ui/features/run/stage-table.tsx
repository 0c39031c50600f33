import { Progress } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Fragment, type CSSProperties } from "react";
import type { Stage } from "../../../../lib/domain/api/runs.ts";
import type { StageName } from "../../../../lib/domain/stages.ts";
import { countText, measureText, percentText, shortCountText } from "../../parts/number-text.ts";
import { StatusBadge } from "../../parts/status.tsx";
import { stageStatusOf } from "../../parts/status-table.ts";
import { durationText } from "../../parts/time-text.ts";
import { useNow } from "../../parts/when.tsx";
import { Reused } from "./reused.tsx";
import { StageDetail } from "./stage-detail.tsx";
import { type Bar, progressOf, timeLine } from "./time-line.ts";
import classes from "./stage-table.module.css";

interface StageTableProps {
  readonly project: string;
  readonly run: string;
  readonly stages: readonly Stage[];
  /** The stage whose details are open; kept in the address. */
  readonly opened: StageName | undefined;
}

/** The stages on one time line, with their rows; a stage opens to its reason, details and error. */
export function StageTable({ project, run, stages, opened }: StageTableProps) {
  const going = stages.some(({ state }) => state === "running");
  const now = useNow(going ? 500 : null);
  const bars = timeLine(stages, going ? Math.max(now, Date.now()) : now);
  return (
    <div className={classes.scroll}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Stage</th>
            <th scope="col">State</th>
            <th scope="col" className={classes.lineHead}>
              Time line
            </th>
            <th scope="col" className={classes.number}>
              Took
            </th>
            <th scope="col" className={classes.number}>
              Rows in
            </th>
            <th scope="col" className={classes.number}>
              Out
            </th>
            <th scope="col" className={`${classes.number} ${classes.extra}`}>
              Quarantined
            </th>
            <th scope="col" className={`${classes.number} ${classes.extra}`}>
              Duplicate
            </th>
          </tr>
        </thead>
        <tbody>
          {bars.map((bar) => {
            const { stage } = bar;
            const isOpen = stage.name === opened;
            const planned = stage.state === "planned";
            return (
              <Fragment key={stage.name}>
                <tr data-state={stage.state} data-open={isOpen || undefined}>
                  <th scope="row">
                    <Link
                      to="/p/$project/runs/$run"
                      params={{ project, run }}
                      search={(before) => ({ ...before, stage: isOpen ? undefined : stage.name })}
                      replace
                      resetScroll={false}
                      aria-expanded={isOpen}
                      className={classes.name}
                    >
                      {isOpen ? <IconChevronDown size={14} aria-hidden /> : <IconChevronRight size={14} aria-hidden />}
                      {stage.name}
                    </Link>
                  </th>
                  <td>
                    <StatusBadge state={stage.state} status={stageStatusOf(stage.name, stage.state)} />
                  </td>
                  <td className={classes.line}>
                    <LineCell bar={bar} />
                  </td>
                  <td className={classes.number}>{bar.seconds === null ? "–" : durationText(bar.seconds)}</td>
                  <RowsCell value={stage.rowsIn} />
                  <RowsCell value={stage.rowsOut} />
                  <RowsCell value={stage.rowsQuarantined} extra alarming />
                  <RowsCell value={stage.rowsDuplicate} extra />
                </tr>
                {(isOpen || (stage.reused && !planned)) && (
                  <tr className={classes.detail}>
                    <td colSpan={8}>
                      {isOpen ? <StageDetail project={project} stage={stage} /> : <Reused project={project} stage={stage} />}
                    </td>
                  </tr>
                )}
              </Fragment>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function LineCell({ bar: { stage, from, width, seconds } }: { readonly bar: Bar }) {
  const progress = stage.state === "running" ? progressOf(stage, seconds) : null;
  return (
    <>
      <div className={classes.track}>
        {from !== null && (
          <div
            className={classes.bar}
            data-state={stage.state}
            style={{ "--from": `${from * 100}%`, "--width": `${width * 100}%` } as CSSProperties}
          />
        )}
      </div>
      {progress !== null && stage.progress !== null && (
        <div className={classes.progress}>
          <Progress value={progress.share * 100} size={4} aria-label={`${stage.name}: ${Math.round(progress.share * 100)} per cent`} />
          <span className="figures">
            {percentText(stage.progress.done, stage.progress.total)} of {shortCountText(stage.progress.total)} {stage.progress.unit}
            {progress.perSecond !== null && `, ${measureText(Number(progress.perSecond.toPrecision(2)))}/s`}
            {progress.secondsLeft !== null && `, ${durationText(Math.ceil(progress.secondsLeft))} left`}
          </span>
        </div>
      )}
    </>
  );
}

function RowsCell({
  value,
  extra = false,
  alarming = false,
}: {
  readonly value: number | null;
  readonly extra?: boolean;
  readonly alarming?: boolean;
}) {
  const names = [classes.number, extra ? classes.extra : "", alarming && value !== null && value > 0 ? classes.alarming : ""];
  return <td className={names.join(" ")}>{value === null ? "–" : countText(value)}</td>;
}
