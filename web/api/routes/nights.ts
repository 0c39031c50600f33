import { SensorloopError } from "../../../lib/domain/errors.ts";
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
  | "askNight";

const soon = () => Promise.reject(new SensorloopError("INTERNAL", "not built yet"));

export function nightHandlers(_services: Services): Handlers<Names> {
  return {
    listSchedules: soon,
    showSchedule: soon,
    previewSchedule: soon,
    setSchedule: soon,
    pauseSchedule: soon,
    resumeSchedule: soon,
    backfillSchedule: soon,
    listNights: soon,
    askNight: soon,
  };
}
