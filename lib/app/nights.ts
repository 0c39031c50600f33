import { WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy, WorkflowNotFoundError } from "@temporalio/client";
import type { Night, NightCause } from "../domain/api/nights.ts";
import type { Page, PageQuery } from "../domain/api/page.ts";
import { SensorloopError } from "../domain/errors.ts";
import { workflowId } from "../domain/ids.ts";
import type { NightOrder } from "../domain/nights/night-order.ts";
import type { Platform } from "../platform.ts";
import { append } from "../store/journal.ts";
import * as store from "../store/repositories/nights.ts";
import { endOrphanRuns } from "./orphan-runs.ts";
import { newRunId, withTemporal } from "./outbox.ts";
import { needProject } from "./projects.ts";

/**
 * Asks for a night: it begins as soon as a worker and Temporal are there, and decides by itself whether it is worth a
 * training. The same `id` again is the same night; of nights that labels ask for, one waits at a time.
 * @throws SensorloopError SPEC_UNKNOWN, CONFLICT (`id` is a night of another project or cause)
 */
export async function askNight(
  platform: Platform,
  project: string,
  request: { readonly cause: Extract<NightCause, "labels" | "request">; readonly why: string; readonly id?: string },
  actor: string,
): Promise<Night> {
  const { db } = platform;
  await needProject(db, project);
  const { cause, why } = request;
  const night = await db.transaction().execute(async (tx) => {
    await store.takeNightsTurn(tx, project);
    const waiting = cause === "labels" ? await store.findAskedNight(tx, project, cause) : undefined;
    const id = request.id ?? waiting?.id ?? newRunId();
    const row = { id, project, cause, dueAt: new Date(), by: actor, state: "asked" as const, detail: { why } };
    if (await store.insertNight(tx, row)) {
      await append(tx, { kind: "night.asked", actor, project, payload: { night: id, cause, why } });
    }
    const there = await store.findNight(tx, id);
    if (there?.project !== project || there.cause !== cause)
      throw new SensorloopError("CONFLICT", `night '${id}' exists and was asked for otherwise`, { facts: { night: id } });
    return there;
  });
  if (night.state === "asked") await startOrLeave(platform, night.id);
  return store.nightOf((await store.findNight(db, night.id)) ?? night);
}

/**
 * Ends a night: one that waits at once, one that is under way when its activities have stopped, and its run with it. A night
 * of a backfill takes the backfill along: its other nights do not come.
 * @throws SensorloopError NOT_FOUND, CONFLICT (it has ended), TEMPORAL_UNAVAILABLE
 */
export async function cancelNight(platform: Platform, project: string, id: string, why: string, actor: string): Promise<Night> {
  const { db } = platform;
  const row = await db.transaction().execute(async (tx) => {
    await store.takeNightsTurn(tx, project);
    const night = await store.findNight(tx, id);
    if (night?.project !== project)
      throw new SensorloopError("NOT_FOUND", `project '${project}' has no night '${id}'`, { facts: { night: id } });
    const { state, detail } = night;
    if (state !== "asked" && state !== "running")
      throw new SensorloopError("CONFLICT", `night '${id}' has ended already (${state})`, { facts: { night: id, state } });
    const reason = `${actor} cancelled it${why ? `: ${why}` : ""}`;
    await append(tx, { kind: "night.cancelled", actor, project, payload: { night: id, why } });
    await store.changeNight(tx, id, { detail: { cancelled: reason } });
    const told = (state === "running" || detail.accepted === true) && (await cancelWorkflow(platform, night));
    // One that has not begun, or that no workflow is left to end, ends here.
    if (state === "asked" || !told) {
      await store.changeNight(tx, id, { state: "cancelled", reason, endedAt: new Date() });
      await append(tx, { kind: "night.ended", actor, project, payload: { night: id, state: "cancelled", why: reason, run: night.run } });
    }
    return night;
  });
  await endOrphanRuns(platform, project);
  return store.nightOf((await store.findNight(db, id)) ?? row);
}

/** @returns false where nothing of it is at work. @throws SensorloopError TEMPORAL_UNAVAILABLE */
async function cancelWorkflow(platform: Platform, { id, cause, detail }: store.NightRow): Promise<boolean> {
  try {
    await withTemporal(platform, async (client) => {
      const handle = client.workflow.getHandle(detail.workflow ?? workflowId.night(id));
      const parent = (await handle.describe()).parentExecution?.workflowId;
      // First, so that it does not go on to its next night. Whoever else has asked for a night as a child goes on without it.
      if (parent && cause === "backfill") {
        await client.workflow
          .getHandle(parent)
          .cancel()
          .catch((error: unknown) => {
            if (!(error instanceof WorkflowNotFoundError)) throw error;
          });
      }
      await handle.cancel();
    });
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

export async function listNights({ db }: Platform, filter: store.NightFilter & PageQuery): Promise<Page<Night>> {
  return store.listNights(db, filter);
}

/** An outage of Temporal is no failure of the request: the row is the outbox. */
export async function startOrLeave(platform: Platform, id: string): Promise<void> {
  try {
    await startNight(platform, id);
  } catch (error) {
    if (!(error instanceof SensorloopError && error.code === "TEMPORAL_UNAVAILABLE")) throw error;
    platform.log.warn({ night: id }, "Temporal is away; the night waits in the outbox");
  }
}

/** The outbox: starts each night that was asked for, exactly once however many processes call this. @throws SensorloopError TEMPORAL_UNAVAILABLE */
export async function startNights(platform: Platform): Promise<void> {
  for (const id of await store.listNightsToStart(platform.db, 100)) await startNight(platform, id);
}

/** @throws SensorloopError TEMPORAL_UNAVAILABLE; the night stays in the outbox */
async function startNight(platform: Platform, id: string): Promise<void> {
  await platform.db.transaction().execute(async (tx) => {
    const night = await store.holdNightToStart(tx, id);
    if (!night) return;
    const { project, cause, asked_by: by, due_at } = night;
    const order: NightOrder = { project, cause, night: id, dueAt: due_at.toISOString(), by, after: null };
    await withTemporal(platform, async (client) => {
      try {
        await client.workflow.start("retrainWorkflow", {
          workflowId: workflowId.night(id),
          taskQueue: "orchestration",
          args: [order],
          workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
        });
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
    });
    await store.changeNight(tx, id, { detail: { accepted: true } });
  });
}
