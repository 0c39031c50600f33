import { timingSafeEqual } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { SensorloopError } from "../../lib/domain/errors.ts";

/** Numbers for Prometheus: on the loopback for whoever asks, from elsewhere for a bearer of `token`. */
export function registerMetrics(app: FastifyInstance, token: string | undefined): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const seconds = new Histogram({
    name: "sensorloop_http_request_seconds",
    help: "Time from a request's headers to the end of its answer",
    labelNames: ["method", "route", "status"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  });
  const open = new Gauge({ name: "sensorloop_http_requests_open", help: "Requests being answered", registers: [registry] });
  app.addHook("onRequest", (_request, _reply, done) => {
    open.inc();
    done();
  });
  app.addHook("onResponse", (request, reply, done) => {
    open.dec();
    // Routes, not paths: what strangers ask for must not become label values.
    const route = request.routeOptions.url ?? "none";
    seconds.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
    done();
  });
  app.get("/metrics", { config: { access: "public", rateLimit: false }, schema: { hide: true } }, async (request, reply) => {
    const address = request.socket.remoteAddress ?? "";
    const local = /^(127\.|::1$|::ffff:127\.)/.test(address) && request.headers["x-forwarded-for"] === undefined;
    if (!local && !holds(request.headers.authorization, token)) throw new SensorloopError("UNAUTHENTICATED", "metrics need their token");
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}

function holds(header: string | undefined, token: string | undefined): boolean {
  const [sent, wanted] = [Buffer.from(header ?? ""), Buffer.from(`Bearer ${token ?? ""}`)];
  return token !== undefined && sent.length === wanted.length && timingSafeEqual(sent, wanted);
}
