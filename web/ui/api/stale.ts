import type { Change } from "../../../lib/domain/api/events.ts";
import type { RouteName } from "../../../lib/domain/api/routes.ts";

/** A run that goes on trains models. */
const RUN: readonly RouteName[] = ["showRun", "listRuns", "overview", "listModels", "listSlots", "showLineage"];
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
  "overview",
];
const MODEL: readonly RouteName[] = ["listModels", "showModel", "listSlots", "showLineage", "compareModels"];

/** Which reads each kind of change makes stale. */
const STALE: Readonly<Record<string, readonly RouteName[]>> = {
  run: RUN,
  stage: ["showRun", "listRuns", "overview"],
  log: ["listRunLogs"],
  model: [...MODEL, "showRun"],
  champion: [...MODEL, "listChampions", "listReigns", "overview"],
  file: DATA,
  snapshot: DATA,
  cleaning: DATA,
  project: ["listProjects", "showProject", "overview"],
  journal: ["listJournal"],
};

/** Whether a cached read has to be read again after a change; a kind this build does not know makes everything stale. */
export function isStale(queryKey: readonly unknown[], change: Change): boolean {
  const [name, input] = queryKey as readonly [RouteName, { params?: { run?: string } } | undefined];
  if (!Object.hasOwn(STALE, change.kind)) return true;
  if (!STALE[change.kind]?.includes(name)) return false;
  const run = input?.params?.run;
  return run === undefined || change.run === null || run === change.run;
}
