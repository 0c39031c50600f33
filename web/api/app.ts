import cookie from "@fastify/cookie";
import helmet from "@fastify/helmet";
import multipart from "@fastify/multipart";
import rateLimit from "@fastify/rate-limit";
import { randomUUID } from "node:crypto";
import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from "fastify";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import { parseFeatureRows } from "../../lib/app/feature-rows.ts";
import { createHealth } from "../../lib/app/health.ts";
import { createServing } from "../../lib/app/serving.ts";
import { SensorloopError } from "../../lib/domain/errors.ts";
import type { Platform } from "../../lib/platform.ts";
import { guard, sessionCookie } from "./access.ts";
import { registerDocs } from "./docs.ts";
import { answerError } from "./errors.ts";
import { registerEvents } from "./events.ts";
import type { Services } from "./handlers.ts";
import { registerMetrics } from "./metrics.ts";
import { registerPages } from "./pages.ts";
import { registerProbes } from "./probes.ts";
import { registerRoutes } from "./register.ts";
import { cutSlowClients } from "./slow-clients.ts";

export interface AppOptions {
  /** The built UI; without it only the API is served. */
  readonly uiFolder?: string;
  /** Lets Prometheus ask from elsewhere than this machine. */
  readonly metricsToken?: string;
  /** Behind a proxy: the addresses whose `X-Forwarded-For` is believed. */
  readonly trustProxy?: string;
}

/** The web application, ready to listen or to be injected into. It owns no connection but its listener for changes. */
export async function createApp(platform: Platform, options: AppOptions = {}): Promise<FastifyInstance> {
  const { config } = platform;
  const logger: FastifyBaseLogger = platform.log;
  const app: FastifyInstance = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    trustProxy: options.trustProxy ?? false,
    bodyLimit: 2 ** 20,
    routerOptions: { maxParamLength: 200 },
    // Headers within ten seconds, checked every two; bodies are timed by `cutSlowClients`.
    requestTimeout: 0,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 2_000 },
    forceCloseConnections: "idle",
  });
  app.server.maxConnections = 5_000;
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request) => {
    throw new SensorloopError("NOT_FOUND", `there is no ${request.method} ${request.url.split("?")[0]?.slice(0, 200)}`);
  });

  const serving = createServing(platform);
  const origins = new Set([new URL(config.web.publicUrl).origin]);
  const services: Services = {
    platform,
    serving,
    health: createHealth(platform, serving),
    sessionCookie: sessionCookie(config.sessionSecret),
    origins,
    secureCookies: config.web.publicUrl.startsWith("https:"),
  };

  // Whoever has left before the request is looked at has no address any more, and wants no answer.
  app.addHook("onRequest", (request, reply, done) => {
    if (request.raw.socket.destroyed) reply.hijack();
    done();
  });
  registerMetrics(app, options.metricsToken);
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: CSP },
    strictTransportSecurity: services.secureCookies,
  });
  await app.register(cookie, { secret: config.sessionSecret });
  await app.register(rateLimit, { max: 1_200, timeWindow: 60_000, cache: 20_000 });
  cutSlowClients(app);
  guard(app, platform, { cookie: services.sessionCookie, origins });
  await app.register(multipart, { throwFileSizeLimit: true });
  app.addContentTypeParser("text/csv", { parseAs: "string" }, (_request, text, done) => {
    try {
      done(null, { rows: parseFeatureRows(text as string) });
    } catch (error) {
      done(error as Error);
    }
  });
  app.addHook("onSend", (request, reply, payload, done) => {
    reply.header("x-request-id", request.id);
    // Answers are about now, and some are secret: no cache between here and the page may keep them.
    if (request.url.startsWith("/api/") && !reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
    done(null, payload);
  });
  await registerDocs(app);
  registerRoutes(app, services);
  registerEvents(app, services);
  registerProbes(app, services);
  await registerPages(app, options.uiFolder);
  await app.ready();
  return app;
}

/** Scripts, connections and frames from here alone. Styles may stand inline: the component library sets them so. */
const CSP = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", "data:"],
  mediaSrc: ["'self'"],
  fontSrc: ["'self'", "data:"],
  connectSrc: ["'self'"],
  manifestSrc: ["'self'"],
  formAction: ["'self'"],
  baseUri: ["'none'"],
  frameAncestors: ["'none'"],
  objectSrc: ["'none'"],
};
