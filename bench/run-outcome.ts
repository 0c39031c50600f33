import type { RunDetail } from "../lib/domain/api/runs.ts";
import { lastJson, type CommandOutcome } from "./command.ts";
import { round } from "./harness.ts";

/** What `run start --wait --json` printed, with the command's own time and memory. */
export interface RunOutcome {
  readonly run: RunDetail;
  readonly seconds: number;
  readonly accuracy: number;
  readonly memory: CommandOutcome["memory"];
}

/** @throws Error where the run did not end with metrics, or was not computed but reused */
export function runOutcome(outcome: CommandOutcome): RunOutcome {
  const run = lastJson<RunDetail>(outcome);
  if (run.state !== "done" || !run.metrics) throw new Error(`run ${run.run} is ${run.state}: ${run.error?.message ?? "it has no metrics"}`);
  const reused = run.stages.filter(({ state }) => state === "reused").map(({ name }) => name);
  if (reused.length > 0) throw new Error(`run ${run.run} reused ${reused.join(", ")}: that is no measurement`);
  return { run, seconds: outcome.seconds, accuracy: run.metrics.accuracy.value, memory: outcome.memory };
}

/** Seconds by stage, for the detail. */
export function stageSeconds({ run }: RunOutcome): Record<string, number> {
  return Object.fromEntries(
    run.stages.filter(({ seconds }) => seconds !== null).map(({ name, seconds }) => [name, round(seconds ?? 0, 3)]),
  );
}
