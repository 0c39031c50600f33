import type { Change } from "../../../lib/domain/api/events.ts";
import type { RouteName } from "../../../lib/domain/api/routes.ts";
import type { EventKind } from "../../../lib/domain/journal.ts";

const DATA: readonly RouteName[] = [
  "listFiles",
  "countData",
  "listSnapshots",
  "listQuarantine",
  "listQuarantineRows",
  "showReplay",
  "showCohorts",
  "showDistributions",
  "showSynthesis",
  "listFeatureSets",
  "showFeatureStatistics",
];
const MODELS: readonly RouteName[] = ["listModels", "showModel", "listSlots", "showLineage", "compareModels", "listPredictions"];
const RUNS: readonly RouteName[] = ["showRun", "listRuns"];
const CHAMPIONS: readonly RouteName[] = [...MODELS, "listChampions", "listReigns", "showAnnotation", "listRecordings"];
const QUEUE: readonly RouteName[] = ["showAnnotation", "listTasks", "showTask"];
const LABELS: readonly RouteName[] = [...QUEUE, "listLabels", "showAgreement", "showSignal"];
const NIGHTS: readonly RouteName[] = ["listNights", "showSchedule", "listSchedules", "showAnnotation"];

/**
 * Which reads each kind of change makes stale: decisions by the journal's own kinds, `run` for a run's state, stages and
 * log, `night` for a night's state. Every decision makes the journal itself stale; what turns the loop, also the overview.
 */
const STALE: Readonly<Record<EventKind | "run" | "night", readonly RouteName[]>> = {
  // A run that goes on cleans, describes and trains.
  run: [...RUNS, ...DATA, "listModels", "listSlots", "showLineage", "listRunLogs", "overview"],
  night: ["listNights", "overview"],
  "project.applied": ["listProjects", "showProject", "showAnnotation", "overview"],
  "file.added": ["listFiles", "countData", "overview"],
  "run.requested": [...RUNS, "overview"],
  "run.cancelled": [...RUNS, "overview"],
  "gate.judged": [...RUNS, "overview"],
  "gate.decided": [...RUNS, "overview"],
  "model.promoted": [...CHAMPIONS, ...RUNS, "overview"],
  "model.rolled-back": [...CHAMPIONS, "overview"],
  "model.imported": MODELS,
  "quarantine.replayed": [...RUNS, "showReplay"],
  "subject.profiled": ["showCohorts", "listFeatureSets", "showFeatureStatistics"],
  "subject.erased": [...DATA, ...LABELS, "listRecordings", "listPredictions", "overview"],
  "label.signed": [...LABELS, "overview"],
  "label.refused": QUEUE,
  "task.made": [...QUEUE, "overview"],
  "task.settled": [...LABELS, "overview"],
  "task.escalated": [...QUEUE, "overview"],
  "schedule.set": [...NIGHTS, "overview"],
  "schedule.paused": [...NIGHTS, "overview"],
  "schedule.resumed": [...NIGHTS, "overview"],
  "schedule.backfilled": NIGHTS,
  "night.asked": [...NIGHTS, "overview"],
  "night.cancelled": NIGHTS,
  "night.ended": [...NIGHTS, "overview"],
  "account.added": [],
  "account.revoked": [],
  "token.added": [],
  "token.revoked": [],
};

/** Whether a cached read has to be read again after a change; a kind this build does not know makes everything stale. */
export function isStale(queryKey: readonly unknown[], change: Change): boolean {
  const [name, input] = queryKey as readonly [RouteName, { params?: { run?: string } } | undefined];
  if (!Object.hasOwn(STALE, change.kind)) return true;
  if (name === "listJournal") return change.kind !== "run" && change.kind !== "night";
  if (!STALE[change.kind as keyof typeof STALE].includes(name)) return false;
  const run = input?.params?.run;
  return run === undefined || change.run === null || run === change.run;
}
