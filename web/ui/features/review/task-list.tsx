import { Link } from "@tanstack/react-router";
import type { Task } from "../../../../lib/domain/api/tasks.ts";
import { shareText } from "../../../../lib/domain/estimate-text.ts";
import { recordingName } from "../../../../lib/domain/recording-id.ts";
import { Ago } from "../../parts/when.tsx";
import classes from "./task-list.module.css";

interface TaskListProps {
  readonly project: string;
  readonly tab: "decide" | "escalated";
  readonly tasks: readonly Task[];
  readonly open: string | undefined;
}

/** What waits, as links; the one that is open is marked. */
export function TaskList({ project, tab, tasks, open }: TaskListProps) {
  return (
    <ol className={classes.list}>
      {tasks.map(({ id, predicted, confidence, answers, recording, createdAt }) => (
        <li key={id}>
          <Link
            to="/p/$project/review"
            params={{ project }}
            search={{ tab, task: id }}
            replace
            resetScroll={false}
            className={classes.task}
            aria-current={id === open ? "true" : undefined}
          >
            <span className={classes.head}>
              {predicted} <span className={classes.quiet}>at {shareText(confidence, 2)}</span>
            </span>
            <span className={classes.quiet}>
              {answers === 1 ? "1 answer" : `${answers} answers`} · {recordingName(recording)} · <Ago time={createdAt} />
            </span>
          </Link>
        </li>
      ))}
    </ol>
  );
}
