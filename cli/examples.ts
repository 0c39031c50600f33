import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Simulate } from "../examples/simulation.ts";
import { showProject, applySpec } from "../lib/app/projects.ts";
import { SensorloopError } from "../lib/domain/errors.ts";
import { idSchema } from "../lib/domain/ids.ts";
import { readSpec } from "../lib/domain/spec-file.ts";
import type { Spec } from "../lib/domain/spec.ts";
import type { Session } from "./session.ts";

const FOLDER = join(import.meta.dirname, "..", "examples");

/**
 * The spec of a project. Where there is no such project but an example of that name, the example is applied first.
 * @throws SensorloopError SPEC_UNKNOWN, SPEC_INVALID
 */
export async function projectSpec(session: Session, project: string): Promise<Spec> {
  const platform = session.platform();
  try {
    const { spec } = await showProject(platform, project);
    return readSpec(spec.text, `spec of ${project}`);
  } catch (error) {
    const path = join(FOLDER, project, "spec.yaml");
    const known =
      error instanceof SensorloopError && error.code === "SPEC_UNKNOWN" && idSchema.safeParse(project).success && existsSync(path);
    if (!known) throw error;
    const text = readFileSync(path, "utf8");
    const name = `examples/${project}/spec.yaml`;
    await applySpec(platform, { text, name, project }, session.actor);
    session.note(`there was no project '${project}' yet: applied ${name}`);
    return readSpec(text, name);
  }
}

/** @throws SensorloopError NOT_FOUND where the project's example has no simulator */
export async function simulatorOf(project: string): Promise<Simulate> {
  const path = join(FOLDER, project, "simulate.ts");
  if (!idSchema.safeParse(project).success || !existsSync(path)) {
    const simulated = readdirSync(FOLDER).filter((name) => existsSync(join(FOLDER, name, "simulate.ts")));
    throw new SensorloopError("NOT_FOUND", `'${project}' has no simulator; those that have: ${simulated.join(", ")}`, {
      facts: { project, simulated },
    });
  }
  return ((await import(pathToFileURL(path).href)) as { simulate: Simulate }).simulate;
}
