import type { AppliedSpec, Project, ProjectDetail } from "../domain/api/projects.ts";
import { SensorloopError } from "../domain/errors.ts";
import { checkId } from "../domain/ids.ts";
import type { Spec } from "../domain/spec.ts";
import { readSpec } from "../domain/spec-file.ts";
import type { Platform } from "../platform.ts";
import { checkUrl } from "../sources/egress.ts";
import { sha256Of } from "../store/hashes.ts";
import { append, takeTurn } from "../store/journal.ts";
import { countOfProject, findProject, findSpec, keepSpec, listProjects as listStored } from "../store/repositories/projects.ts";
import type { Db, Visible } from "../store/repositories/rows.ts";

/**
 * Makes a spec the one its project works by from now on; the project is made with its first spec. The same text again
 * changes nothing.
 * @param name what the text is called in messages
 * @param project the project it must be for; whichever the text says where left out
 * @throws SensorloopError SPEC_INVALID with every problem, file, line and path; EGRESS_REFUSED where an address that nights
 * would speak to can be seen to lead inside (names are looked up when they are spoken to)
 */
export async function applySpec(
  { db }: Platform,
  spec: { text: string; name: string; project?: string },
  actor: string,
): Promise<AppliedSpec> {
  const body = readSpec(spec.text, spec.name);
  const id = body.project;
  if (spec.project !== undefined && spec.project !== id) {
    const message = `the spec is for project '${id}', and was applied to '${spec.project}'`;
    throw new SensorloopError("SPEC_INVALID", message, { facts: { path: "project", expected: spec.project, got: id } });
  }
  const { webhook } = body.notify;
  for (const url of [
    ...(webhook === undefined ? [] : [webhook]),
    ...body.retrain.watch.flatMap((place) => ("url" in place ? [place.url] : [])),
  ])
    checkUrl(url);
  const sha256 = sha256Of({ text: spec.text });
  return db.transaction().execute(async (tx) => {
    await takeTurn(tx, { table: "project", key: id });
    const before = await findProject(tx, id);
    if (before?.specSha256 === sha256) return { project: before, changed: false };
    const version = await keepSpec(tx, { project: id, sha256, text: spec.text, body });
    await append(tx, { kind: "project.applied", actor, project: id, payload: { version, sha256, title: body.title } });
    return { project: (await findProject(tx, id)) as Project, changed: true };
  });
}

export async function listProjects({ db }: Platform, visible: Visible = null): Promise<Project[]> {
  return listStored(db, visible);
}

/** @throws SensorloopError SPEC_UNKNOWN */
export async function showProject({ db }: Platform, id: string): Promise<ProjectDetail> {
  const project = await needProject(db, id);
  const spec = await findSpec(db, id, project.specVersion);
  if (!spec) throw new SensorloopError("SPEC_UNKNOWN", `project '${id}' has no spec version ${project.specVersion}`);
  return { ...project, spec, classes: spec.body.labels.classes, ...(await countOfProject(db, id)) };
}

/** @throws SensorloopError ID_INVALID, SPEC_UNKNOWN where no spec was applied under this name */
export async function needProject(db: Db, id: string): Promise<Project> {
  const project = await findProject(db, checkId("project", id));
  if (!project) throw new SensorloopError("SPEC_UNKNOWN", `there is no project '${id}'`, { facts: { project: id } });
  return project;
}

/** The spec a project works by now. @throws SensorloopError ID_INVALID, SPEC_UNKNOWN */
export async function needSpec(db: Db, id: string): Promise<Spec> {
  const { specVersion } = await needProject(db, id);
  const spec = await findSpec(db, id, specVersion);
  if (!spec) throw new SensorloopError("SPEC_UNKNOWN", `project '${id}' has no spec version ${specVersion}`);
  return spec.body;
}
