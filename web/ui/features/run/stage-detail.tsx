import { IconCornerDownRight } from "@tabler/icons-react";
import type { Stage } from "../../../../lib/domain/api/runs.ts";
import { FailureNote } from "../../parts/answer.tsx";
import { Facts } from "../../parts/figures.tsx";
import { valueText } from "../../parts/value-text.ts";
import { clockText } from "../../parts/time-text.ts";
import { ApiFailure } from "../../api/failure.ts";
import { RunAgain } from "./run-again.tsx";
import { Reused } from "./reused.tsx";
import classes from "./stage-table.module.css";

/** What one stage has to say: why, when, its own figures, its error. */
export function StageDetail({ project, run, stage }: { readonly project: string; readonly run: string; readonly stage: Stage }) {
  const details = Object.entries(stage.detail).map(([name, value]) => [name, valueText(value)] as const);
  return (
    <div className={classes.opened}>
      {stage.reused ? <Reused project={project} stage={stage} /> : stage.reason !== null && <p>{stage.reason}</p>}
      {stage.state === "planned" && stage.reason === null && <p>This stage has its place in the pipeline and is not built yet.</p>}
      <Facts
        facts={[
          ["attempt", String(stage.attempt)],
          ["from", stage.startedAt === null ? "–" : clockText(stage.startedAt)],
          ["to", stage.endedAt === null ? "–" : clockText(stage.endedAt)],
          ...details,
        ]}
      />
      {stage.error !== null && <FailureNote error={new ApiFailure({ ...stage.error, status: 0, request: null })} />}
      {(stage.state === "failed" || stage.state === "cancelled") && (
        <div>
          <RunAgain project={project} run={run}>
            Retry from here
          </RunAgain>
          <p className={classes.quiet}>
            A new run with the same spec, seed and data: what is done up to {stage.name} is reused, and {stage.name} is done anew.
          </p>
        </div>
      )}
      {details.length === 0 && stage.state === "done" && (
        <p className={classes.quiet}>
          <IconCornerDownRight size={14} aria-hidden /> It left no further figures.
        </p>
      )}
    </div>
  );
}
