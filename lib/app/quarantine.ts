import type { QuarantineRow, QuarantineRule, Replay } from "../domain/api/data.ts";
import type { Page, PageQuery } from "../domain/api/page.ts";
import { SensorloopError } from "../domain/errors.ts";
import type { Platform } from "../platform.ts";
import { append } from "../store/journal.ts";
import { findSpec } from "../store/repositories/projects.ts";
import { listQuarantineRows, listQuarantineRules } from "../store/repositories/quarantine.ts";
import { findNewestReplay, insertRun, type RunRecord } from "../store/repositories/runs.ts";
import { newRunId } from "./outbox.ts";
import { needProject } from "./projects.ts";
import { needRun, startOrLeave } from "./runs.ts";

/** Refused rows by rule, most first; only what is still held. */
export async function listQuarantine({ db }: Platform, project: string): Promise<QuarantineRule[]> {
  await needProject(db, project);
  return listQuarantineRules(db, project);
}

export async function showQuarantine(
  { db }: Platform,
  project: string,
  query: PageQuery & { rule?: string; file?: string },
): Promise<Page<QuarantineRow>> {
  await needProject(db, project);
  return listQuarantineRows(db, project, query);
}

/**
 * Cleans again, with the newest spec, the files that still hold refused rows. A replay is a run that only cleans; its
 * answer tells how many rows moved once it is done (`showReplay`, or `waitForRun` with its id).
 * @throws SensorloopError SPEC_UNKNOWN
 */
export async function replayQuarantine(platform: Platform, project: string, actor: string): Promise<Replay> {
  const { db } = platform;
  const { specVersion } = await needProject(db, project);
  const seed = (await findSpec(db, project, specVersion))?.body.seed ?? 1;
  const run = newRunId();
  await db.transaction().execute(async (tx) => {
    await insertRun(tx, { id: run, project, specVersion, seed, requestedBy: actor, params: { kind: "replay" } });
    await append(tx, { kind: "quarantine.replayed", actor, project, payload: { run, specVersion } });
  });
  await startOrLeave(platform, run);
  return replayOf(await needRun(db, run));
}

/** The newest replay of a project, or the one named. @throws SensorloopError NOT_FOUND */
export async function showReplay({ db }: Platform, project: string, id?: string): Promise<Replay> {
  const run = id === undefined ? await findNewestReplay(db, project) : await needRun(db, id);
  if (run?.kind !== "replay" || run.project !== project)
    throw new SensorloopError("NOT_FOUND", `project '${project}' has had no such replay`);
  return replayOf(run);
}

function replayOf(run: RunRecord): Replay {
  return { run: run.run, state: run.state, moved: run.params.replay?.released ?? null, left: run.params.replay?.held ?? null };
}
