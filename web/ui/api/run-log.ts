import { queryOptions } from "@tanstack/react-query";
import type { LogLine } from "../../../lib/domain/api/runs.ts";
import { call } from "./client.ts";

export interface RunLog {
  readonly lines: readonly LogLine[];
  /** Where the last, still growing page begins: the next read starts there and not at the first line. */
  readonly tail: string | undefined;
  /** Lines before the tail; they never change. */
  readonly settled: number;
}

const EMPTY: RunLog = { lines: [], tail: undefined, settled: 0 };

/** The log with one more page; a page that has a next one is settled and never read again. */
export function extendLog(log: RunLog, page: { readonly items: readonly LogLine[]; readonly next: string | null }): RunLog {
  const lines = [...log.lines.slice(0, log.settled), ...page.items];
  return page.next === null ? { ...log, lines } : { lines, tail: page.next, settled: lines.length };
}

/** All lines of a run so far; refetching costs one page however long the log has grown. */
export function readRunLog(run: string) {
  const queryKey = ["listRunLogs", { params: { run } }] as const;
  return queryOptions({
    queryKey,
    queryFn: async ({ client, signal }): Promise<RunLog> => {
      let log = client.getQueryData<RunLog>(queryKey) ?? EMPTY;
      for (;;) {
        const page = await call("listRunLogs", { params: { run }, query: { limit: 200, after: log.tail } }, signal);
        log = extendLog(log, page);
        if (page.next === null) return log;
      }
    },
  });
}
