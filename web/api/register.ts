import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { RateLimitOptions } from "@fastify/rate-limit";
import type { Actor } from "../../lib/domain/api/access.ts";
import { errorBodySchema } from "../../lib/domain/api/page.ts";
import type { RouteSpec } from "../../lib/domain/api/route-spec.ts";
import { ROUTES, type RouteName } from "../../lib/domain/api/routes.ts";
import { SensorloopError } from "../../lib/domain/errors.ts";
import { needIn, projectOf } from "./access.ts";
import type { Call, Handlers, Services } from "./handlers.ts";
import { accountHandlers } from "./routes/accounts.ts";
import { dataHandlers } from "./routes/data.ts";
import { featureHandlers } from "./routes/features.ts";
import { labelHandlers } from "./routes/labels.ts";
import { modelHandlers } from "./routes/models.ts";
import { nightHandlers } from "./routes/nights.ts";
import { projectHandlers } from "./routes/projects.ts";
import { runHandlers } from "./routes/runs.ts";
import { sessionHandlers } from "./routes/session.ts";
import { signalHandlers } from "./routes/signals.ts";
import { taskHandlers } from "./routes/tasks.ts";

/** Bodies larger than a spec: windows of raw samples, a file of labels, ten thousand moments. */
const BODY_LIMITS: Partial<Record<RouteName, number>> = { predict: 16 * 2 ** 20, importLabels: 32 * 2 ** 20, joinFeatures: 4 * 2 ** 20 };
/** A minute's requests of one address where the usual is not right. Devices ask for predictions many times a second. */
const RATES: Partial<Record<RouteName, RateLimitOptions | false>> = {
  signIn: { max: 20, timeWindow: 60_000 },
  predict: false,
  addUploads: false,
  // A viewer asks for its picture piece by piece, a player for its video.
  viewSignal: { max: 6_000, timeWindow: 60_000 },
  showMedia: { max: 6_000, timeWindow: 60_000 },
};

/** Registers the table of routes, each with the one handler of its name. */
export function registerRoutes(app: FastifyInstance, services: Services): void {
  const handlers: Handlers = {
    ...sessionHandlers(services),
    ...accountHandlers(services),
    ...projectHandlers(services),
    ...dataHandlers(services),
    ...runHandlers(services),
    ...modelHandlers(services),
    ...taskHandlers(services),
    ...labelHandlers(services),
    ...signalHandlers(services),
    ...featureHandlers(services),
    ...nightHandlers(services),
  };
  for (const name of Object.keys(ROUTES) as RouteName[]) {
    const route: RouteSpec = ROUTES[name];
    const handler = handlers[name] as (call: Call<RouteName>) => Promise<unknown>;
    const status = route.status ?? 200;
    app.route({
      method: route.method,
      url: route.path,
      ...(BODY_LIMITS[name] && { bodyLimit: BODY_LIMITS[name] }),
      config: { access: route.access, ...(name in RATES && { rateLimit: RATES[name] }) },
      schema: {
        operationId: name,
        summary: route.summary,
        tags: [route.path.split("/")[3] ?? "api"],
        ...(route.params && { params: route.params }),
        ...(route.query && { querystring: route.query }),
        ...(route.body && { body: route.body }),
        response: { ...(route.response && { [status]: route.response }), default: errorBodySchema },
      },
      preHandler: async (request) => {
        if (route.access !== "public") await checkProject(request, services, route);
      },
      handler: async (request: FastifyRequest, reply: FastifyReply) => {
        const { params, query, body } = request;
        const call = { params, query, body, request, reply, actor: actorOf(request, route) } as Call<RouteName>;
        const answer = await handler(call);
        // Whoever sends bytes answers with the reply; awaiting that waits until they are out, and leaves nothing to send.
        return reply.sent ? reply : reply.status(status).send(answer);
      },
    });
  }
}

/** Whatever names a project, a run or a model must lie where the caller may do this. */
async function checkProject(request: FastifyRequest, { platform: { db } }: Services, { access }: RouteSpec): Promise<void> {
  if (access === "public" || access === "account") return;
  const actor = actorOf(request, { access });
  const named = { ...(request.query as Record<string, string>), ...(request.params as Record<string, string>) };
  if (named["project"] !== undefined) needIn(actor, access, named["project"], `project '${named["project"]}'`);
  // A filter of a list may name a run or model that is not there; the list is then empty.
  const { params } = request as { params: Record<string, string> };
  const models = [params["model"], named["a"], named["b"]].filter((id) => id !== undefined);
  if (params["run"] !== undefined) needIn(actor, access, await projectOf(db, "run", params["run"]), `run '${params["run"]}'`);
  for (const model of models) needIn(actor, access, await projectOf(db, "model", model), `model '${model}'`);
}

function actorOf(request: FastifyRequest, { access }: Pick<RouteSpec, "access">): Actor {
  if (request.caller) return request.caller.actor;
  if (access === "public") return { account: "", role: "viewer", projects: [], scope: "read" };
  throw new SensorloopError("UNAUTHENTICATED", "this needs someone signed in");
}
