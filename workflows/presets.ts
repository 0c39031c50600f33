import type { ActivityOptions } from "@temporalio/workflow";

/**
 * A dead worker is noticed within this. Activities beat every two seconds and workers pass a beat on every four
 * (`activities/worker.ts`), so that a worker may stand still for eleven and is not taken for dead.
 */
const heartbeatTimeout = "15s";
const retry = { initialInterval: "1s", backoffCoefficient: 2, maximumInterval: "30s" } as const;

/** Reads and small writes in Postgres. A minute covers its restart; a day of retries covers its outage. */
export const record: ActivityOptions = { taskQueue: "orchestration", startToCloseTimeout: "1m", scheduleToCloseTimeout: "24h", retry };

/** Moves bytes or runs DuckDB: minutes for gigabytes. */
export const bulk: ActivityOptions = {
  taskQueue: "data",
  startToCloseTimeout: "2h",
  scheduleToCloseTimeout: "24h",
  heartbeatTimeout,
  retry,
};

/** Trains or scores: as long as the spec's limit allows, with checkpoints, so that a retry repeats little. */
export const training: ActivityOptions = {
  taskQueue: "ml",
  startToCloseTimeout: "12h",
  scheduleToCloseTimeout: "48h",
  heartbeatTimeout,
  retry,
};
