import { Button, Skeleton } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { failureOf } from "../api/failure.ts";
import classes from "./answer.module.css";

interface AnswerProps<Data> {
  readonly query: Pick<UseQueryResult<Data>, "data" | "error" | "refetch" | "isFetching">;
  /** Lines of the skeleton: about the height of what comes, so that nothing jumps. */
  readonly lines?: number;
  readonly children: (data: Data) => ReactNode;
}

/**
 * Loading, failed or done, the same for every request. What was read before stays on screen while a newer reading
 * fails, with a note above it.
 */
export function Answer<Data>({ query, lines = 4, children }: AnswerProps<Data>) {
  const { data, error } = query;
  return (
    <>
      {error !== null && <FailureNote error={error} onRetry={() => void query.refetch()} busy={query.isFetching} />}
      {data !== undefined && children(data)}
      {data === undefined && error === null && <Waiting lines={lines} />}
    </>
  );
}

/** A skeleton that shows after 200 ms only (by CSS), so that a quick answer does not flicker. */
export function Waiting({ lines }: { readonly lines: number }) {
  return (
    <div className={classes.waiting} role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, line) => (
        <Skeleton key={line} height={14} width={`${94 - ((line * 23) % 40)}%`} />
      ))}
    </div>
  );
}

interface FailureNoteProps {
  readonly error: unknown;
  readonly onRetry?: () => void;
  readonly busy?: boolean;
}

/** What happened, what to do, the code, and another try. */
export function FailureNote({ error, onRetry, busy = false }: FailureNoteProps) {
  const failure = failureOf(error);
  return (
    <div className={classes.failure} role="alert">
      <IconAlertTriangle size={18} aria-hidden />
      <div>
        <p className={classes.what}>{failure.message}</p>
        <p>{failure.remedy}</p>
        <p className={classes.code}>
          {failure.code}
          {failure.request !== null && ` · request ${failure.request}`}
        </p>
      </div>
      {onRetry !== undefined && (
        <Button size="xs" variant="default" onClick={onRetry} loading={busy}>
          Try again
        </Button>
      )}
    </div>
  );
}

interface EmptyProps {
  readonly title: string;
  /** What will stand here, and how it comes to be. */
  readonly children?: ReactNode;
  /** The one command that fills it. */
  readonly command?: string;
}

export function Empty({ title, children, command }: EmptyProps) {
  return (
    <div className={classes.empty}>
      <p className={classes.what}>{title}</p>
      {children !== undefined && <p>{children}</p>}
      {command !== undefined && <code className={classes.command}>{command}</code>}
    </div>
  );
}
