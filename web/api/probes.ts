import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Services } from "./handlers.ts";

/** Asked by whoever supervises the process: is it alive, and can it do its work? Names and yes or no, nothing more. */
export function registerProbes(app: FastifyInstance, { health }: Services): void {
  const alive = z.object({ ok: z.literal(true) });
  const ready = z.object({ ok: z.boolean(), services: z.array(z.object({ name: z.string(), ok: z.boolean() })) });
  const config = { access: "public", rateLimit: false } as const;
  app.get(
    "/api/health",
    { config, schema: { operationId: "alive", tags: ["health"], summary: "The process is alive", response: { 200: alive } } },
    () => ({ ok: true }),
  );
  app.get(
    "/api/ready",
    {
      config,
      schema: { operationId: "ready", tags: ["health"], summary: "What it needs is there", response: { 200: ready, 503: ready } },
    },
    async (_request, reply) => {
      const services = (await health.probe()).map(({ name, ok }) => ({ name, ok }));
      // Without Temporal or workers requests are still taken and kept; a damaged champion leaves the one before it serving.
      const needed = new Set(["postgres", "object-store"]);
      const ok = services.every((service) => service.ok || !needed.has(service.name));
      return reply.status(ok ? 200 : 503).send({ ok, services });
    },
  );
}
