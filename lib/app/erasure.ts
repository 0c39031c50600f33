import type { ErasedSubject } from "../domain/api/subjects.ts";
import { SensorloopError } from "../domain/errors.ts";
import type { Platform } from "../platform.ts";
import { append } from "../store/journal.ts";
import { beginErasure, removeSubject } from "../store/repositories/erasures.ts";
import { findSubject } from "../store/repositories/profiles.ts";
import { needProject } from "./projects.ts";

/**
 * Erases a person: their name, profile, features, predictions and the viewer's files of their recordings are removed, open
 * questions about them are taken back, and from now on nothing of them is taken in, labelled, or part of a snapshot. What
 * stays, and until when, is in docs/operations.md. It can't be undone.
 * @param name as the files call them, or their biometric id
 * @param why for the journal, which is never erased: without a name
 * @throws SensorloopError SPEC_UNKNOWN, SUBJECT_UNKNOWN (also for who is erased already), REQUEST_INVALID without a reason
 */
export async function eraseSubject({ db }: Platform, project: string, name: string, why: string, actor: string): Promise<ErasedSubject> {
  await needProject(db, project);
  if (why.trim() === "") throw new SensorloopError("REQUEST_INVALID", "erasing somebody needs a reason", { facts: { field: "why" } });
  return db.transaction().execute(async (tx) => {
    await beginErasure(tx, project);
    const found = await findSubject(tx, project, name);
    if (!found) throw new SensorloopError("SUBJECT_UNKNOWN", `project '${project}' has no subject '${name}'`, { facts: { subject: name } });
    const { biometricId: subject } = found;
    await append(tx, { kind: "subject.erased", actor, project, payload: { subject, why } });
    const removed = await removeSubject(tx, project, subject);
    for (const task of removed.tasks)
      await append(tx, { kind: "task.settled", actor, project, payload: { task, outcome: null, how: "withdrawn" } });
    return { subject, ...removed, tasks: removed.tasks.length };
  });
}
