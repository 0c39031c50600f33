import * as nights from "../../../lib/app/nights.ts";
import * as schedules from "../../../lib/app/schedules.ts";
import { visibleTo } from "../access.ts";
import type { Handlers, Services } from "../handlers.ts";

type Names =
  | "listSchedules"
  | "showSchedule"
  | "previewSchedule"
  | "setSchedule"
  | "pauseSchedule"
  | "resumeSchedule"
  | "backfillSchedule"
  | "listNights"
  | "askNight"
  | "cancelNight";

export function nightHandlers({ platform }: Services): Handlers<Names> {
  return {
    listSchedules: async ({ actor }) => ({ items: await schedules.listSchedules(platform, visibleTo(actor)) }),
    showSchedule: ({ params }) => schedules.showSchedule(platform, params.project),
    previewSchedule: ({ params, body }) => schedules.previewSchedule(platform, params.project, body),
    setSchedule: ({ params, body, actor }) => schedules.setSchedule(platform, params.project, body, actor.account),
    pauseSchedule: ({ params, body, actor }) => schedules.pauseSchedule(platform, params.project, body.why, actor.account),
    resumeSchedule: ({ params, body, actor }) => schedules.resumeSchedule(platform, params.project, body.why, actor.account),
    backfillSchedule: ({ params, body, actor }) => schedules.backfillSchedule(platform, params.project, body, actor.account),
    listNights: ({ query, actor }) => nights.listNights(platform, { ...query, visible: visibleTo(actor) }),
    cancelNight: ({ params, body, actor }) => nights.cancelNight(platform, params.project, params.night, body.why, actor.account),
    askNight: ({ params, body, actor }) => nights.askNight(platform, params.project, { ...body, cause: "request" }, actor.account),
  };
}
