import { Context } from "@temporalio/activity";
import { ApplicationFailure } from "@temporalio/common";
import type { Transaction } from "kysely";
import { notify } from "../lib/app/notify.ts";
import { endOrphanRuns, isOpen } from "../lib/app/orphan-runs.ts";
import { newRunId } from "../lib/app/outbox.ts";
import { takeInWatched, type Watched } from "../lib/app/watch.ts";
import type { NightState } from "../lib/domain/api/nights.ts";
import { SensorloopError } from "../lib/domain/errors.ts";
import { workflowId } from "../lib/domain/ids.ts";
import type { NightContext } from "../lib/domain/nights/night-order.ts";
import { noticeOf } from "../lib/domain/nights/notice.ts";
import { isWorthIt } from "../lib/domain/nights/worth.ts";
import type { RunContext } from "../lib/domain/stages.ts";
import type { Platform } from "../lib/platform.ts";
import type { Database } from "../lib/store/database.ts";
import { append } from "../lib/store/journal.ts";
import * as store from "../lib/store/repositories/nights.ts";
import { findProject } from "../lib/store/repositories/projects.ts";
import { findRun, insertRun, markStarted } from "../lib/store/repositories/runs.ts";
import { countNew, findTrainingBefore, trainingData } from "../lib/store/repositories/training-data.ts";
import { currentSignal } from "./attempt.ts";
import { specOf } from "./spec-of.ts";

/** What of a night is not its own: whether the project is free, whether there is something new, and its end. */
export function createNightActivities(platform: Platform) {
  const { db } = platform;

  /**
   * Opens a night, or writes why it is skipped. `state` is what became of it here: `running` where it is this workflow's.
   * @throws ApplicationFailure CONFLICT, to be tried again, while a night of a backfill has to wait
   */
  async function openNight(context: NightContext): Promise<{ state: "running"; specVersion: number } | { state: "skipped" | "cancelled" }> {
    const { night, project, cause } = context;
    const current = await findProject(db, project);
    if (!current) throw new SensorloopError("SPEC_UNKNOWN", `there is no project '${project}'`);
    const open = { state: "running", specVersion: current.specVersion } as const;
    const workflow = Context.current().info.workflowExecution?.workflowId ?? workflowId.night(night);
    await closeAbandoned(project, workflow);
    await endOrphanRuns(platform, project);
    if (cause === "backfill" && context.after !== null && (await isToCome(context.after))) wait(`night '${context.after}' comes first`);

    return db.transaction().execute(async (tx) => {
      await store.takeNightsTurn(tx, project);
      const row = await store.findNight(tx, night);
      // Tried again after its answer was lost: what was decided stands.
      if (row?.detail.workflow === workflow && row.state === "running") return open;
      if (row?.detail.workflow === workflow && row.state === "skipped") return { state: "skipped" };
      // A backfill may take up what was cancelled. Otherwise a night that has begun, or ended, is nobody else's.
      const mine = row === undefined || row.state === "asked" || (row.state === "cancelled" && cause === "backfill");
      if (!mine) return { state: "cancelled" };
      const busy = await whyNot(tx, context);
      if (busy && cause === "backfill") wait(busy.reason);
      if (row?.state === "cancelled") await store.resetNight(tx, night);
      const startedAt = new Date();
      const end = busy && ({ state: "skipped", reason: busy.reason } as const);
      const next = { state: end?.state ?? ("running" as const), ...end, detail: { workflow, ...(busy && { beside: busy.beside }) } };
      if (row) await store.changeNight(tx, night, { ...next, startedAt, ...(end && { endedAt: startedAt }) });
      else await store.insertNight(tx, { id: night, project, cause, dueAt: new Date(context.dueAt), by: context.by, ...next });
      if (!end) return open;
      await journalEnd(tx, context, end.state, end.reason, null);
      return { state: "skipped" };
    });
  }

  async function whyNot(tx: Transaction<Database>, { project, cause, dueAt }: NightContext): Promise<Busy | undefined> {
    if (cause === "clock") {
      const made = await store.findMadeUp(tx, project, new Date(dueAt));
      const began = made?.started_at?.toISOString() ?? "?";
      if (made) return { beside: made.id, reason: `night '${made.id}', which began late, at ${began}, has made up for it` };
    }
    const other = await store.findRunningNight(tx, project);
    if (!other) return besideRun(tx, project);
    return { beside: other.id, reason: `night '${other.id}' is under way${other.run === null ? "" : ` with run ${other.run}`}` };
  }

  async function besideRun(tx: Transaction<Database>, project: string): Promise<Busy | undefined> {
    const run = await store.findOpenRun(tx, project);
    return run && { beside: run.id, reason: `run ${run.id} of ${run.requestedBy} is ${run.state}` };
  }

  /** A night whose workflow was ended from outside ended without a word; it must not keep all others away. */
  async function closeAbandoned(project: string, asking: string): Promise<void> {
    const running = await store.findRunningNight(db, project);
    const workflow = running?.detail.workflow;
    if (!running || workflow === undefined || workflow === asking || (await isOpen(platform, workflow))) return;
    await db.transaction().execute(async (tx) => {
      await store.takeNightsTurn(tx, project);
      const now = await store.findNight(tx, running.id);
      if (now?.state !== "running") return;
      const reason = "its workflow was ended from outside";
      await store.changeNight(tx, running.id, { state: "failed", reason, endedAt: new Date() });
      await journalEnd(tx, { project, night: running.id }, "failed", reason, now.run);
    });
  }

  /** Whether an older night of the same backfill has not had its turn. */
  async function isToCome(night: string): Promise<boolean> {
    const row = await store.findNight(db, night);
    if (row)
      return (
        row.state === "running" || row.state === "asked" || (row.state === "cancelled" && (await isOpen(platform, workflowId.night(night))))
      );
    return isOpen(platform, workflowId.night(night));
  }

  /** Takes in what is new where the spec says to look. A night of the past takes in nothing: it would not be of its time. */
  async function takeInNew(context: NightContext & { specVersion: number }): Promise<Watched> {
    if (context.cause === "backfill") return { files: 0, notes: [] };
    const spec = await specOf(db, context);
    return takeInWatched(platform, spec, `night/${context.night}`, { signal: currentSignal() });
  }

  /**
   * Whether there is enough that is new; if there is, the run's row, so that people see it before it begins. A person may
   * have started a run since the night was opened: then the night steps back.
   * @throws SensorloopError STALE_ATTEMPT where the night has ended meanwhile
   * @throws ApplicationFailure CONFLICT, to be tried again, where a night of a backfill has to wait for a run
   */
  async function judgeNight(
    context: NightContext & { specVersion: number },
  ): Promise<{ run: RunContext; measureGain: boolean } | { run: null; reason: string }> {
    const { night, project, specVersion, cause } = context;
    const spec = await specOf(db, context);
    const { measureGain } = spec.retrain;
    const before = cause === "backfill" ? { before: context.dueAt } : {};
    const asOf = new Date(before.before ?? Date.now());
    const now = await trainingData(db, { project, specVersion, ...before });
    const last = await findTrainingBefore(db, project, asOf);
    const fresh = last ? await countNew(db, project, last.asOf, asOf) : { labels: now.labels, files: now.uploads };
    const known = last?.data ?? { sha256: "", specSha256: now.specSha256 };
    const verdict = isWorthIt(
      { cause, ...now, last: last ? { run: last.run, ...known } : null, newLabels: fresh.labels, newFiles: fresh.files },
      spec.retrain,
    );

    return db.transaction().execute(async (tx) => {
      await store.takeNightsTurn(tx, project);
      const row = await store.findNight(tx, night);
      // A cancelled workflow does not wait for this: a run that is made after its night's end would have nobody to end it.
      if (row?.state !== "running") throw new SensorloopError("STALE_ATTEMPT", `night '${night}' has ended`, { facts: { night } });
      const given = row.run ? await findRun(tx, row.run) : undefined;
      if (given) return { run: { run: given.run, project, specVersion: given.specVersion, seed: given.seed }, measureGain };
      await store.changeNight(tx, night, { detail: fresh, ...(verdict.worth && { reason: verdict.reason }) });
      if (!verdict.worth) return { run: null, reason: verdict.reason };
      const busy = await besideRun(tx, project);
      if (busy && cause === "backfill") wait(busy.reason);
      if (busy) {
        await store.changeNight(tx, night, { detail: { beside: busy.beside } });
        return { run: null, reason: busy.reason };
      }
      const { seed } = spec;
      const run = newRunId();
      const actor = `night/${night}`;
      await insertRun(tx, { id: run, project, specVersion, seed, requestedBy: actor, params: { kind: "training", set: {}, ...before } });
      // The night starts its workflow; the outbox must not.
      await markStarted(tx, run);
      await append(tx, { kind: "run.requested", actor, project, payload: { run, specVersion, seed, uploads: now.uploads, set: {} } });
      await store.changeNight(tx, night, { run });
      return { run: { run, project, specVersion, seed }, measureGain };
    });
  }

  /** The end, in words: the gate's where it trained. A night that never opened gets its row here. */
  async function closeNight(
    context: NightContext & { state: NightState; reason: string | null; run: string | null; notes: readonly string[] },
  ): Promise<void> {
    const { night, project, cause, state, notes } = context;
    await db.transaction().execute(async (tx) => {
      await store.takeNightsTurn(tx, project);
      const row = await store.findNight(tx, night);
      if (row && row.state !== "running" && row.state !== "asked") return;
      // Cancelled while it was judged, the workflow was not told of the run that was made.
      const run = context.run ?? row?.run ?? null;
      const decision = run !== null && state === "done" ? (await findRun(tx, run))?.decision : undefined;
      const promoted = decision?.promoted;
      const said = decision && `${promoted ? "promoted" : "not promoted"}: ${decision.reason}`;
      const reason = said ?? (state === "cancelled" ? row?.detail.cancelled : undefined) ?? context.reason ?? state;
      const detail = { notes, ...(promoted !== undefined && { promoted }) };
      if (row) await store.changeNight(tx, night, { state, reason, endedAt: new Date(), detail });
      else
        await store.insertNight(tx, { id: night, project, cause, dueAt: new Date(context.dueAt), by: context.by, state, reason, detail });
      await journalEnd(tx, context, state, reason, run);
    });
    await endOrphanRuns(platform, project);
  }

  /** Tells people of a night that has ended; what could not be told stands in its row. */
  async function tellOfNight({ project, night }: { project: string; night: string }): Promise<void> {
    const row = await store.findNight(db, night);
    const notice = row && noticeOf(store.nightOf(row));
    if (!notice) return;
    const { kind, ...words } = notice;
    const troubles = await notify(platform, project, kind, words, { delivery: `night-${night}` });
    if (troubles.length > 0) await store.changeNight(db, night, { detail: { notes: [...(row.detail.notes ?? []), ...troubles] } });
  }

  return {
    runs: { openNight, judgeNight, closeNight },
    data: { takeInNew, tellOfNight },
  };
}

/** Why a project is not free, and which run or night keeps it busy. */
interface Busy {
  readonly beside: string;
  readonly reason: string;
}

async function journalEnd(
  tx: Transaction<Database>,
  { project, night }: { readonly project: string; readonly night: string },
  state: NightState,
  why: string,
  run: string | null,
): Promise<void> {
  await append(tx, { kind: "night.ended", actor: `night/${night}`, project, payload: { night, state, why, run } });
}

function wait(why: string): never {
  throw ApplicationFailure.create({ message: why, type: "CONFLICT", nonRetryable: false });
}
