import { hash } from "node:crypto";
import { isSynthetic, RECORDING_MARK, SYNTHETIC_PREFIX } from "../domain/recording-id.ts";

/**
 * The id that data refers to a person or machine by: it cannot be traced back without the installation's pepper, and is
 * the same for all files of a project, whichever way they write the number. Somebody who was made up is never the same as
 * somebody real, and the id says so.
 */
export function biometricId(pepper: string, project: string, external: string, synthetic = false): string {
  const prefix = synthetic ? SYNTHETIC_PREFIX : "";
  return prefix + sha256(`${pepper}/${project}/${prefix}${external}`).slice(0, 24);
}

/**
 * The id of a recording, unique in its project: what the spec calls it, and a hash of subject and name, since two people
 * may both have a recording `1`. Samples and interval labels that name the same recording of the same subject therefore
 * meet, whichever files they come from. `recordingName` gets the name back.
 */
export function recordingId(biometric: string, name: string): string {
  const prefix = isSynthetic(biometric) ? SYNTHETIC_PREFIX : "";
  return `${prefix}${name}${RECORDING_MARK}${sha256(`${biometric}/${name}`).slice(0, 12)}`;
}

/** One spelling for one identity: `01` in a file's name is `1` in a column. */
function plainId(value: string): string {
  return /^\d+$/.test(value) ? value.replace(/^0+(?=\d)/, "") : value;
}

/** A tuple is one identity. */
export const joinIds = (values: readonly string[]): string => values.map(plainId).join("|");

function sha256(text: string): string {
  return hash("sha256", text, "hex");
}
