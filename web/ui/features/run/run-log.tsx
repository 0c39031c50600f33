import { SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useLayoutEffect, useRef } from "react";
import type { LogLine } from "../../../../lib/domain/api/runs.ts";
import { readRunLog } from "../../api/run-log.ts";
import { Answer, Empty } from "../../parts/answer.tsx";
import { countText } from "../../parts/number-text.ts";
import { Panel } from "../../parts/panel.tsx";
import { clockText } from "../../parts/time-text.ts";
import classes from "./run-log.module.css";

/** More would only slow the page; the command line has them all. */
const LINES_SHOWN = 500;

interface RunLogPanelProps {
  readonly run: string;
  readonly show: "all" | "problems";
  readonly onShow: (show: "all" | "problems") => void;
}

export function RunLogPanel({ run, show, onShow }: RunLogPanelProps) {
  const log = useQuery(readRunLog(run));
  return (
    <Panel
      title="Log"
      flush
      aside={
        <SegmentedControl
          size="xs"
          aria-label="Show log lines"
          value={show}
          onChange={(value) => onShow(value === "problems" ? "problems" : "all")}
          data={[
            { value: "all", label: "All" },
            { value: "problems", label: "Warnings and errors" },
          ]}
        />
      }
    >
      <Answer query={log}>
        {({ lines }) => {
          const chosen = show === "all" ? lines : lines.filter(({ level }) => level === "warn" || level === "error" || level === "fatal");
          if (chosen.length === 0) return <Empty title={show === "all" ? "Nothing logged yet" : "No warnings and no errors"} />;
          return (
            <>
              {chosen.length > LINES_SHOWN && (
                <p className={classes.cut}>
                  The last {LINES_SHOWN} of {countText(chosen.length)} lines; all of them: <code>sensorloop run logs {run}</code>
                </p>
              )}
              <Lines lines={chosen.slice(-LINES_SHOWN)} />
            </>
          );
        }}
      </Answer>
    </Panel>
  );
}

/** Follows the newest line until the reader scrolls up, and again when he is back at the end. */
function Lines({ lines }: { readonly lines: readonly LogLine[] }) {
  const box = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const newest = lines.at(-1)?.id;
  useLayoutEffect(() => {
    if (box.current !== null && follows.current) box.current.scrollTop = box.current.scrollHeight;
  }, [newest]);
  return (
    <div
      ref={box}
      className={classes.box}
      role="log"
      aria-label="Log lines"
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
        follows.current = scrollTop + clientHeight >= scrollHeight - 8;
      }}
    >
      {lines.map((line) => (
        <div key={line.id} className={classes.line} data-level={line.level}>
          <time dateTime={line.at}>{clockText(line.at)}</time>
          <span className={classes.level}>{line.level}</span>
          <span className={classes.stage}>{line.stage ?? ""}</span>
          <span className={classes.message}>{line.message}</span>
        </div>
      ))}
    </div>
  );
}
