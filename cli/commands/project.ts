import { Command } from "commander";
import { applySpec, listProjects, showProject } from "../../lib/app/projects.ts";
import { readSpec } from "../../lib/domain/spec-file.ts";
import { sensorsOf } from "../../lib/domain/spec.ts";
import { jsonOption } from "../arguments.ts";
import { verb } from "../session.ts";
import { sheet, table } from "../table.ts";
import { readText } from "../text-file.ts";

export function projectCommand(): Command {
  const project = new Command("project").description("projects and their specs");
  jsonOption(
    project
      .command("apply")
      .description("make a spec the one its project works by; makes the project with its first")
      .argument("<file>", "YAML file"),
  ).action(
    verb(async (session, file: string) => {
      const applied = await applySpec(session.platform(), { text: await readText(file), name: file }, session.actor);
      const { id, specVersion } = applied.project;
      const text = applied.changed
        ? `applied: ${id}, spec version ${specVersion}`
        : `${id} works by this spec already (version ${specVersion})`;
      return { value: applied, text };
    }),
  );
  jsonOption(
    project
      .command("check")
      .description("read a spec and tell every problem; changes nothing and needs no services")
      .argument("<file>", "YAML file"),
  ).action(
    verb(async (_session, file: string) => {
      const spec = readSpec(await readText(file), file);
      const value = {
        ok: true,
        project: spec.project,
        classes: spec.labels.classes.length,
        sensors: sensorsOf(spec),
        windows: spec.windows.kind,
        split: spec.split.by,
      };
      return {
        value,
        text: `${file}: no problem (project ${spec.project}, ${value.classes} classes, sensors ${value.sensors.join(", ")})`,
      };
    }),
  );
  jsonOption(project.command("list").description("all projects")).action(
    verb(async (session) => {
      const items = await listProjects(session.platform());
      return {
        value: { items },
        text: table(items, ["id", "title", "specVersion", "appliedBy", "appliedAt"], "no project yet: sensorloop project apply FILE"),
      };
    }),
  );
  jsonOption(project.command("show").description("a project and its spec").argument("<project>")).action(
    verb(async (session, id: string) => {
      const detail = await showProject(session.platform(), id);
      const { title, specVersion, appliedBy, appliedAt, classes, files, runs, models } = detail;
      return {
        value: detail,
        text: `${sheet({ project: id, title, specVersion, appliedBy, appliedAt, classes: classes.join(", "), files, runs, models })}\n\n${detail.spec.text}`,
      };
    }),
  );
  return project;
}
