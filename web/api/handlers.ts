import type { FastifyReply, FastifyRequest } from "fastify";
import type { Health } from "../../lib/app/health.ts";
import type { Serving } from "../../lib/app/serving.ts";
import type { Actor } from "../../lib/domain/api/access.ts";
import type { ByteRouteName, RouteBody, RouteName, RouteParams, RouteQuery, RouteResponse } from "../../lib/domain/api/routes.ts";
import type { Platform } from "../../lib/platform.ts";

/** What every handler works with. */
export interface Services {
  readonly platform: Platform;
  readonly serving: Serving;
  readonly health: Health;
  readonly sessionCookie: string;
  readonly origins: ReadonlySet<string>;
  readonly secureCookies: boolean;
}

/** One request of a route, validated and allowed. */
export interface Call<Name extends RouteName> {
  readonly params: RouteParams<Name>;
  readonly query: RouteQuery<Name>;
  readonly body: RouteBody<Name>;
  /** Throws for a public route without a caller. */
  readonly actor: Actor;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** A route that answers with bytes sends them itself, with their type, tag and length. */
export type Handler<Name extends RouteName> = (
  call: Call<Name>,
) => Promise<Name extends ByteRouteName ? FastifyReply : RouteResponse<Name>>;
export type Handlers<Name extends RouteName = RouteName> = { readonly [Each in Name]: Handler<Each> };
