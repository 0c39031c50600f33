import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { SensorloopError } from "../../lib/domain/errors.ts";

/** The UI's files, for anyone: they hold no data. Paths of the UI itself all get its one page. */
export async function registerPages(app: FastifyInstance, folder: string | undefined): Promise<void> {
  if (folder === undefined || !existsSync(join(folder, "index.html"))) return;
  await app.register(fastifyStatic, { root: folder, serve: false, index: false, dotfiles: "deny" });
  app.get("/*", { config: { access: "public", rateLimit: false }, schema: { hide: true } }, (request, reply) => {
    const path = (request.params as { "*": string })["*"];
    if (path.startsWith("api/")) throw new SensorloopError("NOT_FOUND", `there is no '/${path}'`);
    // Built files carry a hash of their content in their name and never change; the page that names them must be fresh.
    if (/^assets\/[\w.-]+$/.test(path)) return reply.sendFile(path, { maxAge: "365d", immutable: true });
    if (/^[\w-]+\.(ico|svg|png|txt|webmanifest)$/.test(path)) return reply.sendFile(path);
    return reply.header("cache-control", "no-cache").sendFile("index.html", { cacheControl: false });
  });
}
