import { WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy } from "@temporalio/client";
import type { Night, NightCause } from "../domain/api/nights.ts";
import type { Page, PageQuery } from "../domain/api/page.ts";
import { SensorloopError } from "../domain/errors.ts";
import { workflowId } from "../domain/ids.ts";
import type { NightOrder } from "../domain/nights/night-order.ts";
import type { Platform } from "../platform.ts";
import { append } from "../store/journal.ts";
import * as store from "../store/repositories/nights.ts";
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
