import { randomInt } from "node:crypto";
import {
  isGrpcServiceError,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
} from "@temporalio/client";
import { SensorloopError } from "../domain/errors.ts";
import { workflowId } from "../domain/ids.ts";
import type { RunContext } from "../domain/stages.ts";
import type { Platform } from "../platform.ts";
import { holdRunToStart, listRunsToStart, markStarted } from "../store/repositories/runs.ts";

/** A person waits for the answer; what Temporal does not take in this time is started later. */
const START_MS = 5_000;
const WORKFLOWS = { training: "trainingPipelineWorkflow", replay: "quarantineReplayWorkflow" } as const;

/**
 * Starts the workflow of a run, unless it is started, cancelled, or in another process's hands. The run's row is held
 * meanwhile, and the workflow's id is the run's: if the answer is lost, the next try is told that it runs already.
 * @throws SensorloopError TEMPORAL_UNAVAILABLE; the run stays in the outbox
 */
export async function startWorkflow(platform: Platform, id: string): Promise<void> {
  await platform.db.transaction().execute(async (tx) => {
    const run = await holdRunToStart(tx, id);
    if (!run) return;
    const context: RunContext = { run: run.id, project: run.project, specVersion: run.specVersion, seed: run.seed };
    await withTemporal(platform, async (client) => {
      try {
        await client.workflow.start(WORKFLOWS[run.params.kind ?? "training"], {
          workflowId: workflowId.run(run.id),
          taskQueue: "orchestration",
          args: [context],
          workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
        });
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
    });
    await markStarted(tx, id);
  });
}

/**
 * The outbox: starts each run that Temporal has not accepted yet, exactly once however many processes call this.
 * @returns how many it tried
 * @throws SensorloopError TEMPORAL_UNAVAILABLE at the first that cannot be started; all stay in the outbox
 */
export async function startPending(platform: Platform): Promise<number> {
  const runs = await listRunsToStart(platform.db, 100);
  for (const run of runs) await startWorkflow(platform, run);
  return runs.length;
}

/** gRPC's word for what stays refused however often it is asked. */
const INVALID_ARGUMENT = 3;

/**
 * Calls Temporal with a deadline, in the words of the catalogue.
 * @throws SensorloopError TEMPORAL_UNAVAILABLE, REQUEST_INVALID (it has answered, and refuses what it was told)
 */
export async function withTemporal<Result>(
  platform: Platform,
  call: (client: Awaited<ReturnType<Platform["temporal"]>>) => Promise<Result>,
): Promise<Result> {
  const client = await platform.temporal();
  try {
    return await client.connection.withDeadline(Date.now() + START_MS, () => call(client));
  } catch (error) {
    // Not found and refused are answers; a service error is none.
    if (error instanceof ServiceError && !(error instanceof WorkflowNotFoundError)) {
      const { cause } = error;
      if (isGrpcServiceError(cause) && (cause.code as number) === INVALID_ARGUMENT)
        throw new SensorloopError("REQUEST_INVALID", `Temporal refuses this: ${cause.details}`, { cause: error });
      throw new SensorloopError("TEMPORAL_UNAVAILABLE", "Temporal did not answer in time", { cause: error });
    }
    throw error;
  }
}

/** `20261121-045012-x7k2`: sorts by time, can be read aloud, fits ids. */
export function newRunId(now = new Date()): string {
  const letters = "abcdefghjkmnpqrstuvwxyz23456789";
  const tail = Array.from({ length: 6 }, () => letters[randomInt(letters.length)]).join("");
  const [day = "", time = ""] = now.toISOString().replaceAll(/[-:]/g, "").split("T");
  return `${day}-${time.slice(0, 6)}-${tail}`;
}
