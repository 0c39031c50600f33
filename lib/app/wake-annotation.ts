import { WorkflowIdConflictPolicy } from "@temporalio/client";
import { workflowId } from "../domain/ids.ts";
import type { Platform } from "../platform.ts";
import { listProjectsWithTasks } from "../store/repositories/tasks.ts";
import { withTemporal } from "./outbox.ts";

/** An annotator signs a label a second; the workflow is told of the first, and of the rest together. */
const WAKE_MS = 5_000;

/** Projects that were told of a moment ago, and whether there is more to tell. */
const told = new WeakMap<Platform, Map<string, boolean>>();

/**
 * Tells the project's `annotationWorkflow` that something was answered or made, and starts it where none runs. Nobody
 * waits for it and nothing depends on it: what is to be done stands in the rows, and a worker's chore starts the workflow
 * of every project with tasks that wait.
 */
export function wakeAnnotation(platform: Platform, project: string): void {
  const projects = told.get(platform) ?? new Map<string, boolean>();
  told.set(platform, projects);
  if (projects.has(project)) return void projects.set(project, true);
  projects.set(project, false);
  signalAnnotation(platform, project).catch((error: unknown) =>
    platform.log.debug({ err: error, project }, "the annotation workflow was not told; the next chore starts it"),
  );
  const later = () => {
    const more = projects.get(project);
    projects.delete(project);
    if (more) wakeAnnotation(platform, project);
  };
  setTimeout(later, WAKE_MS).unref();
}

/** @throws SensorloopError TEMPORAL_UNAVAILABLE */
async function signalAnnotation(platform: Platform, project: string): Promise<void> {
  await withTemporal(platform, (client) =>
    client.workflow.signalWithStart("annotationWorkflow", { ...startOf(project), signal: "labelled" }),
  );
}

/** The outbox of the queues: every project with tasks that wait has its workflow. @throws SensorloopError TEMPORAL_UNAVAILABLE */
export async function startAnnotations(platform: Platform): Promise<void> {
  for (const project of await listProjectsWithTasks(platform.db)) {
    await withTemporal(platform, (client) =>
      client.workflow.start("annotationWorkflow", { ...startOf(project), workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING }),
    );
  }
}

function startOf(project: string) {
  return { workflowId: workflowId.annotation(project), taskQueue: "orchestration", args: [{ project }] };
}
