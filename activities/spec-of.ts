import type { Kysely } from "kysely";
import { SensorloopError } from "../lib/domain/errors.ts";
import type { Spec } from "../lib/domain/spec.ts";
import type { Database } from "../lib/store/database.ts";
import { findSpec } from "../lib/store/repositories/projects.ts";

/** The version of the spec that a run was started with. @throws SensorloopError SPEC_UNKNOWN */
export async function specOf(db: Kysely<Database>, { project, specVersion }: { project: string; specVersion: number }): Promise<Spec> {
  const row = await findSpec(db, project, specVersion);
  if (!row) throw new SensorloopError("SPEC_UNKNOWN", `project '${project}' has no spec version ${specVersion}`);
  return row.body;
}
