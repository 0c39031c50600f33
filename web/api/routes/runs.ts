import { listJournal } from "../../../lib/app/journal.ts";
import * as runs from "../../../lib/app/runs.ts";
import { visibleTo } from "../access.ts";
import type { Handlers, Services } from "../handlers.ts";

export function runHandlers({
  platform,
}: Services): Handlers<"startRun" | "listRuns" | "showRun" | "listRunLogs" | "cancelRun" | "approveRun" | "listJournal"> {
  return {
    startRun: ({ params, body, actor }) => runs.startRun(platform, params.project, body, actor.account),
    listRuns: ({ query, actor }) => runs.listRuns(platform, { ...query, visible: visibleTo(actor) }),
    showRun: ({ params }) => runs.showRun(platform, params.run),
    listRunLogs: ({ params, query }) => runs.listRunLogs(platform, params.run, query),
    cancelRun: ({ params, body, actor }) => runs.cancelRun(platform, params.run, body.why, actor.account),
    approveRun: ({ params, body, actor }) => runs.approveRun(platform, params.run, body, actor.account),
    listJournal: ({ query, actor }) => listJournal(platform, { ...query, visible: visibleTo(actor), reader: actor.account }),
  };
}
