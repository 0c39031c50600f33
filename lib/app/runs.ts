import { setTimeout as sleep } from "node:timers/promises";
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from "@temporalio/client";
import type { Page, PageQuery } from "../domain/api/page.ts";
import type { LogLine, RunDetail, RunSummary, StartRun } from "../domain/api/runs.ts";
import { SensorloopError } from "../domain/errors.ts";
import { workflowId } from "../domain/ids.ts";
import { overrideSpec } from "../domain/spec-overrides.ts";
import type { RunState } from "../domain/stages.ts";
import type { Platform } from "../platform.ts";
import { sha256Of } from "../store/hashes.ts";
import { append, takeTurn } from "../store/journal.ts";
import { findTrainingNight, takeNightsTurn } from "../store/repositories/nights.ts";
import { findSpec, keepSpec } from "../store/repositories/projects.ts";
import type { Db } from "../store/repositories/rows.ts";
import * as store from "../store/repositories/runs.ts";
import { countUploads, unknownUploads } from "../store/repositories/uploads.ts";
import { newRunId, startWorkflow, withTemporal } from "./outbox.ts";
import { needProject } from "./projects.ts";

export { startPending } from "./outbox.ts";

const ENDED: readonly RunState[] = ["done", "failed", "cancelled"];

/**
 * Asks for a run: row and journal in one transaction, then the workflow. Where Temporal is away the run waits in the
 * outbox and the answer says so (`workflowStarted: false`). `set` changes the spec for this run alone: the changed spec
 * is kept as a version of its own, and the project goes on with the one it had. `again` names a run to be done once more.
 * While a night trains it is refused, so that no two train one slot; before that it is the night that steps back.
 * @throws SensorloopError SPEC_UNKNOWN, SPEC_INVALID, NOT_FOUND (an upload, or the run of `again`), REQUEST_INVALID (`again`
 * beside other wishes), CONFLICT (`id` taken by another request, or a night trains)
 */
export async function startRun(platform: Platform, project: string, request: Partial<StartRun>, actor: string): Promise<RunDetail> {
  const { db } = platform;
  const current = await needProject(db, project);
  const before = request.again === undefined ? undefined : await runToRepeat(db, project, request);
  const { uploads, set = {} } = before?.params ?? request;
  const unknown = await unknownUploads(db, project, uploads ?? []);
  if (unknown.length > 0) {
    throw new SensorloopError("NOT_FOUND", `project '${project}' has no upload '${unknown[0]}'`, {
      facts: { uploads: unknown.slice(0, 20) },
    });
  }
  const id = request.id ?? newRunId();
  await db.transaction().execute(async (tx) => {
    await takeNightsTurn(tx, project);
    const specVersion = before?.specVersion ?? (await specFor(tx, project, current.specVersion, set));
    const stored = await findSpec(tx, project, specVersion);
    const seed = before?.seed ?? request.seed ?? stored?.body.seed ?? 1;
    const params: store.RunParams = { kind: "training", ...(uploads && { uploads }), set };
    if (!(await store.insertRun(tx, { id, project, specVersion, seed, requestedBy: actor, params })))
      return checkSame(tx, id, project, params);
    await refuseBesideNight(tx, project);
    const count = uploads?.length ?? (await countUploads(tx, project));
    await append(tx, { kind: "run.requested", actor, project, payload: { run: id, specVersion, seed, uploads: count, set } });
  });
  await startOrLeave(platform, id);
  return showRun(platform, id);
}

/** A night looks for runs under the same turn before it trains; so one of the two sees the other. */
async function refuseBesideNight(db: Db, project: string): Promise<void> {
  const training = await findTrainingNight(db, project);
  if (!training) return;
  const { night, run } = training;
  throw new SensorloopError("CONFLICT", `night '${night}' trains with run ${run}; wait until it has ended, or cancel it`, {
    facts: { night, run },
  });
}

async function runToRepeat(db: Db, project: string, { again = "", uploads, seed, set }: Partial<StartRun>): Promise<store.RunRecord> {
  if (uploads !== undefined || seed !== undefined || Object.keys(set ?? {}).length > 0)
    throw new SensorloopError("REQUEST_INVALID", "a run is done again as it was: `again` stands alone", { facts: { field: "again" } });
  const run = await needRun(db, again);
  if (run.project !== project || run.kind !== "training") throw noRun(again);
  return run;
}

/** The version of the spec a run works by: the project's own, or one made of it and `set`. */
async function specFor(
  tx: Parameters<typeof takeTurn>[0],
  project: string,
  version: number,
  set: Readonly<Record<string, unknown>>,
): Promise<number> {
  if (Object.keys(set).length === 0) return version;
  const spec = await findSpec(tx, project, version);
  if (!spec) throw new SensorloopError("SPEC_UNKNOWN", `project '${project}' has no spec version ${version}`);
  const { text, spec: body } = overrideSpec(spec.text, set, `spec of ${project} with --set`);
  if (body.project !== project)
    throw new SensorloopError("SPEC_INVALID", "`project` cannot be changed for one run", { facts: { path: "project" } });
  await takeTurn(tx, { table: "project", key: project });
  return keepSpec(tx, { project, sha256: sha256Of({ text }), text, body });
}

async function checkSame(db: Db, id: string, project: string, params: store.RunParams): Promise<void> {
  const there = await store.findRun(db, id);
  const asked = (run: store.RunParams) => sha256Of({ kind: run.kind, uploads: run.uploads ?? null, set: run.set ?? {} });
  if (there?.project === project && asked(there.params) === asked(params)) return;
  throw new SensorloopError("CONFLICT", `run '${id}' exists and was asked for something else`, { facts: { run: id } });
}

/** An outage of Temporal is no failure of the request: it has been accepted, and the outbox keeps it. */
export async function startOrLeave(platform: Platform, id: string): Promise<void> {
  try {
    await startWorkflow(platform, id);
  } catch (error) {
    if (!(error instanceof SensorloopError && error.code === "TEMPORAL_UNAVAILABLE")) throw error;
    platform.log.warn({ run: id }, "Temporal is away; the run waits in the outbox");
  }
}

export async function listRuns({ db }: Platform, filter: store.RunFilter & PageQuery): Promise<Page<RunSummary>> {
  return store.listRuns(db, filter);
}

/** @throws SensorloopError NOT_FOUND */
export async function showRun({ db, config }: Platform, id: string): Promise<RunDetail> {
  const { params, ...run } = await needRun(db, id);
  const [stages, metrics, models, slots, before] = await Promise.all([
    store.listStages(db, id),
    store.metricsOfRun(db, id),
    store.modelsOfRun(db, id),
    store.slotsOfRun(db, id),
    store.findRunBefore(db, { ...run, params }),
  ]);
  const { uiUrl, namespace } = config.temporal;
  return {
    ...run,
    stages,
    metrics,
    models,
    slots,
    params: { ...params },
    uploads: params.uploads?.length ?? (await countUploads(db, run.project)),
    before: before ? { run: before.run, changes: changes(parametersOf(before), parametersOf({ ...run, params })) } : null,
    temporalUrl: uiUrl ? `${uiUrl.replace(/\/$/, "")}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId.run(id))}` : null,
  };
}

/** Log lines, oldest first. @throws SensorloopError NOT_FOUND */
export async function listRunLogs({ db }: Platform, id: string, query: PageQuery): Promise<Page<LogLine>> {
  await needRun(db, id);
  return store.listRunLogs(db, id, query);
}

/**
 * Stops a run. One that waits in the outbox ends here; one that runs is asked to stop and ends when its activities have.
 * @throws SensorloopError NOT_FOUND, CONFLICT (it has ended), TEMPORAL_UNAVAILABLE
 */
export async function cancelRun(platform: Platform, id: string, why: string, actor: string): Promise<RunDetail> {
  await platform.db.transaction().execute(async (tx) => {
    const run = await store.holdRun(tx, id);
    if (!run) throw noRun(id);
    if (ENDED.includes(run.state))
      throw new SensorloopError("CONFLICT", `run '${id}' has ended already (${run.state})`, { facts: { run: id, state: run.state } });
    await append(tx, { kind: "run.cancelled", actor, project: run.project, payload: { run: id, why } });
    const end = () =>
      store.markCancelled(tx, id, new SensorloopError("CANCELLED", `${actor} cancelled it${why ? `: ${why}` : ""}`).report());
    if (!run.workflowStarted) return end();
    try {
      await withTemporal(platform, (client) => client.workflow.getHandle(workflowId.run(id)).cancel());
    } catch (error) {
      // The row says that it goes on, Temporal knows nothing of it: its history is gone, and nothing will end it but us.
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      await end();
    }
  });
  return showRun(platform, id);
}

/**
 * Answers a gate in mode `manual`. The workflow journals the decision when it acts on it.
 * @throws SensorloopError NOT_FOUND, CONFLICT (the run does not wait for it), TEMPORAL_UNAVAILABLE
 */
export async function approveRun(
  platform: Platform,
  id: string,
  answer: { approve: boolean; why: string },
  actor: string,
): Promise<RunDetail> {
  const run = await needRun(platform.db, id);
  if (run.state !== "waiting") throw notWaiting(id, run.state);
  try {
    await withTemporal(platform, (client) =>
      client.workflow
        .getHandle(workflowId.run(id))
        .executeUpdate("approve", { args: [{ approve: answer.approve, by: actor, why: answer.why }] }),
    );
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError || error instanceof WorkflowNotFoundError) throw notWaiting(id, run.state);
    throw error;
  }
  return showRun(platform, id);
}

/**
 * Waits until a run has ended and answers it; `onChange` is called with each new state on the way.
 * @throws SensorloopError NOT_FOUND; the signal's reason when it is aborted
 */
export async function waitForRun(
  platform: Platform,
  id: string,
  options: { signal?: AbortSignal; pollMs?: number; onChange?: (run: RunDetail) => void } = {},
): Promise<RunDetail> {
  for (let last = ""; ;) {
    const run = await showRun(platform, id);
    const now = JSON.stringify([run.state, run.stages.map(({ name, state, progress }) => [name, state, progress])]);
    if (now !== last) options.onChange?.(run);
    last = now;
    if (ENDED.includes(run.state)) return run;
    await sleep(options.pollMs ?? 500, undefined, { signal: options.signal });
  }
}

/** @throws SensorloopError NOT_FOUND */
export async function needRun(db: Db, id: string): Promise<store.RunRecord> {
  const run = await store.findRun(db, id);
  if (!run) throw noRun(id);
  return run;
}

function noRun(id: string): SensorloopError {
  return new SensorloopError("NOT_FOUND", `there is no run '${id}'`, { facts: { run: id } });
}

function notWaiting(id: string, state: RunState): SensorloopError {
  return new SensorloopError("CONFLICT", `run '${id}' does not wait for an approval`, { facts: { run: id, state } });
}

/** What two runs of a project can differ in. */
function parametersOf(run: store.RunRecord): Record<string, unknown> {
  const set = Object.fromEntries(Object.entries(run.params.set ?? {}).map(([path, value]) => [`set ${path}`, value]));
  return { "spec version": run.specVersion, seed: run.seed, uploads: run.params.uploads?.length ?? "all", ...set };
}

function changes(was: Record<string, unknown>, is: Record<string, unknown>): { path: string; was: unknown; is: unknown }[] {
  const paths = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return paths
    .map((path) => ({ path, was: was[path] ?? null, is: is[path] ?? null }))
    .filter((change) => JSON.stringify(change.was) !== JSON.stringify(change.is));
}
