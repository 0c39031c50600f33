import { Progress } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { CSSProperties } from "react";
import type { Stage } from "../../../../lib/domain/api/runs.ts";
import type { StageName } from "../../../../lib/domain/stages.ts";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Count } from "../../parts/figures.tsx";
import { measureText, percentText, shortCountText } from "../../parts/number-text.ts";
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
    <DataTable
      label="Stages"
      rows={bars}
      columns={columnsFor(project, run, opened)}
      rowKey={({ stage }) => stage.name}
      marks={({ stage }) => ({ "data-state": stage.state, "data-open": stage.name === opened || undefined })}
      below={({ stage }) => {
        if (stage.name === opened) return <StageDetail project={project} run={run} stage={stage} />;
        return stage.reused ? <Reused project={project} stage={stage} /> : null;
      }}
    />
  );
}

const columnsFor = (project: string, run: string, opened: StageName | undefined): readonly Column<Bar>[] => [
  {
    name: "Stage",
    head: true,
    cell: ({ stage: { name } }) => (
      <Link
        to="/p/$project/runs/$run"
        params={{ project, run }}
        search={(before) => ({ ...before, stage: name === opened ? undefined : name })}
        replace
        resetScroll={false}
        aria-expanded={name === opened}
        className={classes.name}
      >
        {name === opened ? <IconChevronDown size={14} aria-hidden /> : <IconChevronRight size={14} aria-hidden />}
        {name}
      </Link>
    ),
  },
  { name: "State", cell: ({ stage }) => <StatusBadge state={stage.state} status={stageStatusOf(stage.name, stage.state)} /> },
  { name: "Time line", className: classes.line, cell: (bar) => <LineCell bar={bar} /> },
  { name: "Took", number: true, cell: ({ seconds }) => (seconds === null ? "–" : durationText(seconds)) },
  { name: "Rows in", number: true, cell: ({ stage }) => <Count value={stage.rowsIn} /> },
  { name: "Out", number: true, cell: ({ stage }) => <Count value={stage.rowsOut} /> },
  { name: "Quarantined", number: true, cell: ({ stage }) => <Alarming count={stage.rowsQuarantined} /> },
  { name: "Duplicate", number: true, cell: ({ stage }) => <Count value={stage.rowsDuplicate} /> },
];

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

function Alarming({ count }: { readonly count: number | null }) {
  return (
    <span className={count === null || count === 0 ? undefined : classes.alarming}>
      <Count value={count} />
    </span>
  );
}
