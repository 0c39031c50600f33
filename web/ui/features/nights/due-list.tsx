import type { Due } from "../../../../lib/domain/api/nights.ts";

import { exactText, inText } from "../../parts/time-text.ts";
import { useNow } from "../../parts/when.tsx";
import classes from "./due-list.module.css";

interface DueListProps {
  readonly due: readonly Due[];
  readonly zone: string;
}

/** The next times as the project's clocks show them; the reader's own on hover. */
export function DueList({ due, zone }: DueListProps) {
  const now = useNow(30_000);
  return (
    <ol className={classes.list} aria-label={`The next ${due.length} times, by the clocks of ${zone}`}>
      {due.map(({ at, local, note }) => (
        <li key={at}>
          <time dateTime={at} title={`${exactText(at)} by your clock`}>
            {local}
          </time>
          <span className={classes.in}>{inText(at, now)}</span>
          {note !== null && <span className={classes.note}>{note}</span>}
        </li>
      ))}
    </ol>
  );
}
