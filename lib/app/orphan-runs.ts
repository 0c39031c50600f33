import { WorkflowNotFoundError } from "@temporalio/client";
import { SensorloopError } from "../domain/errors.ts";
import { workflowId } from "../domain/ids.ts";
import type { Platform } from "../platform.ts";
import { append } from "../store/journal.ts";
import { holdRun, listOrphanRuns, markCancelled } from "../store/repositories/runs.ts";
import { withTemporal } from "./outbox.ts";

/**
 * Ends the runs of a project's nights that are over, where no workflow is left to do it: it was terminated together with the
 * night's, or the night was cancelled before it began. A run that nobody ends would keep all later nights away.
 * @throws SensorloopError TEMPORAL_UNAVAILABLE
 */
export async function endOrphanRuns(platform: Platform, project: string): Promise<void> {
  const { db } = platform;
  for (const { run, night } of await listOrphanRuns(db, project)) {
    if (await isOpen(platform, workflowId.run(run))) continue;
    await db.transaction().execute(async (tx) => {
      const held = await holdRun(tx, run);
      if (held?.state !== "queued" && held?.state !== "running" && held?.state !== "waiting") return;
      const why = `night '${night}' ended without it`;
      await append(tx, { kind: "run.cancelled", actor: `night/${night}`, project, payload: { run, why } });
      await markCancelled(tx, run, new SensorloopError("CANCELLED", why).report());
    });
  }
}

/** Whether Temporal has a workflow of this id at work. @throws SensorloopError TEMPORAL_UNAVAILABLE */
export async function isOpen(platform: Platform, workflow: string): Promise<boolean> {
  try {
    const { status } = await withTemporal(platform, (client) => client.workflow.getHandle(workflow).describe());
    return status.name === "RUNNING";
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
