import { overviews } from "../../../lib/app/overview.ts";
import { applySpec, listProjects, showProject } from "../../../lib/app/projects.ts";
import { visibleTo } from "../access.ts";
import type { Handlers, Services } from "../handlers.ts";

export function projectHandlers({
  platform,
  health,
}: Services): Handlers<"overview" | "services" | "listProjects" | "showProject" | "applySpec"> {
  return {
    overview: async ({ query, actor }) => ({ projects: await overviews(platform, { ...query, visible: visibleTo(actor) }) }),
    services: async () => {
      const services = await health.probe();
      return { ok: services.every((service) => service.ok), services };
    },
    listProjects: async ({ actor }) => ({ items: await listProjects(platform, visibleTo(actor)) }),
    showProject: ({ params }) => showProject(platform, params.project),
    applySpec: ({ params, body, actor }) => applySpec(platform, { ...body, project: params.project }, actor.account),
  };
}
