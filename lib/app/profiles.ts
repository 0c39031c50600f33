import type { Page, PageQuery } from "../domain/api/page.ts";
import { SensorloopError } from "../domain/errors.ts";
import { PROFILE_FIELDS, readProfileField, type Profile, type ProfileField } from "../domain/profile.ts";
import type { Platform } from "../platform.ts";
import { append } from "../store/journal.ts";
import { holdErasures } from "../store/repositories/erasures.ts";
import { findSubject, listSubjects as list, stateProfiles, type Subject } from "../store/repositories/profiles.ts";
import { needProject } from "./projects.ts";

/** What takes a field back: nothing is known of it any more. */
const UNKNOWN = "unknown";

export async function listSubjects({ db }: Platform, project: string, query: PageQuery): Promise<Page<Subject>> {
  await needProject(db, project);
  return list(db, project, query);
}

/** @param name as the files call them, or their biometric id. @throws SensorloopError SPEC_UNKNOWN, SUBJECT_UNKNOWN */
export async function needSubject({ db }: Pick<Platform, "db">, project: string, name: string): Promise<Subject> {
  await needProject(db, project);
  const found = await findSubject(db, project, name);
  if (!found) throw new SensorloopError("SUBJECT_UNKNOWN", `project '${project}' has no subject '${name}'`, { facts: { subject: name } });
  return found;
}

/**
 * Says by hand what is known of a person. It outranks what files said before, and a file sent later outranks it. The
 * journal keeps who said what kind of thing of whom, not the values: it can never be erased, and they must be.
 * @param texts as they were typed; `unknown` takes a field back, a field that is left out stays
 * @throws SensorloopError NOT_FOUND, REQUEST_INVALID
 */
export async function setProfile(
  { db }: Platform,
  project: string,
  name: string,
  texts: Readonly<Partial<Record<ProfileField, string>>>,
  actor: string,
): Promise<Subject> {
  await needProject(db, project);
  const fields = PROFILE_FIELDS.filter((field) => texts[field] !== undefined);
  if (fields.length === 0)
    throw new SensorloopError("REQUEST_INVALID", `nothing was said of '${name}'`, { facts: { fields: PROFILE_FIELDS } });
  const profile = readProfile(fields, texts);
  return db.transaction().execute(async (tx) => {
    await holdErasures(tx, project);
    const found = await findSubject(tx, project, name);
    if (!found) throw new SensorloopError("NOT_FOUND", `project '${project}' has no subject '${name}'`, { facts: { subject: name } });
    const { biometricId: person } = found;
    const { at } = await append(tx, { kind: "subject.profiled", actor, project, payload: { subject: person, fields } });
    await stateProfiles(tx, project, at, [{ person, profile }]);
    return (await findSubject(tx, project, person)) as Subject;
  });
}

function readProfile(fields: readonly ProfileField[], texts: Readonly<Partial<Record<ProfileField, string>>>): Partial<Profile> {
  const readings = fields.map((field) => {
    const text = texts[field]!.trim();
    if (text.toLowerCase() === UNKNOWN) return [field, null] as const;
    const reading = readProfileField(field, text);
    if ("value" in reading) return [field, reading.value] as const;
    throw new SensorloopError("REQUEST_INVALID", `${field}: ${reading.reason}`, { facts: { field } });
  });
  return Object.fromEntries(readings);
}
