import { Link } from "@tanstack/react-router";
import type { Stage } from "../../../../lib/domain/api/runs.ts";
import classes from "./stage-table.module.css";

/** `reused from run X because ...`: said without being asked, since it explains a stage that took no time. */
export function Reused({ project, stage }: { readonly project: string; readonly stage: Stage }) {
  return (
    <span className={classes.reused}>
      reused from run{" "}
      {stage.reusedFrom === null ? (
        "unknown"
      ) : (
        <Link to="/p/$project/runs/$run" params={{ project, run: stage.reusedFrom }}>
          {stage.reusedFrom}
        </Link>
      )}
      {stage.reason !== null && ` because ${stage.reason.replace(/^because /i, "")}`}
    </span>
  );
}
