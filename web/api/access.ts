import { createHash } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { actorOf } from "../../lib/app/accounts.ts";
import { mayDo, MEANT_ACCOUNT, PERMISSIONS, type Action, type Actor } from "../../lib/domain/api/access.ts";
import { SensorloopError } from "../../lib/domain/errors.ts";
import type { Platform } from "../../lib/platform.ts";
import type { Db } from "../../lib/store/repositories/rows.ts";
import { findSession } from "../../lib/store/repositories/sessions.ts";
import { findTokenBySecret } from "../../lib/store/repositories/tokens.ts";

/** Who asks, and by what: a cookie needs the origin's word for writes, a token does not. */
export interface Caller {
  readonly actor: Actor;
  readonly by: "session" | "token";
  readonly expiresAt: string | null;
  /** A token that ends, or holds for one project: it must not make another that goes further. */
  readonly limited: boolean;
}

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    /** What the route needs. A route that says nothing needs someone signed in. */
    access?: Action | "public" | "account";
  }
}

/** Browsers send cookies to every port of a host: installations beside each other need names of their own. */
export function sessionCookie(sessionSecret: string): string {
  return `sensorloop_${createHash("sha256").update(sessionSecret).digest("hex").slice(0, 8)}`;
}

/**
 * The one gate: it stands before every route, those of plugins and those that do not exist included, and lets pass
 * without a caller only what is marked `public`.
 */
export function guard(app: FastifyInstance, platform: Platform, options: { cookie: string; origins: ReadonlySet<string> }): void {
  app.decorateRequest("caller", null);
  app.addHook("onRequest", async (request: FastifyRequest) => {
    const access = request.routeOptions.config.access ?? "account";
    request.caller = await authenticate(request, platform.db, options.cookie);
    if (access === "public") return;
    if (!request.caller) throw new SensorloopError("UNAUTHENTICATED", "this needs someone signed in");
    const meant = request.headers[MEANT_ACCOUNT];
    if (meant !== undefined && meant !== request.caller.actor.account)
      throw new SensorloopError("UNAUTHENTICATED", `this was written by '${String(meant).slice(0, 80)}', and another account is signed in`);
    if (request.caller.by === "session" && !isRead(request) && !fromHere(request, options.origins)) {
      throw new SensorloopError("FORBIDDEN", "this came from another site", { facts: { origin: request.headers.origin ?? null } });
    }
    if (access !== "account") need(request.caller.actor, access);
  });
}

/** @throws SensorloopError FORBIDDEN, with the roles that may */
export function need(actor: Actor, action: Action, project?: string): void {
  if (mayDo(actor, action, project)) return;
  const { roles, everywhere } = PERMISSIONS[action];
  const why = actor.scope !== "all" && actor.scope !== action ? `a token for '${actor.scope}'` : `role '${actor.role}'`;
  throw new SensorloopError("FORBIDDEN", `'${action}' is not for ${why}`, { facts: { action, roles: [...roles], everywhere } });
}

/** For what outlives the caller: accounts and tokens. @throws SensorloopError FORBIDDEN for a token that is limited */
export function refuseLimited({ caller }: FastifyRequest): void {
  if (caller?.limited)
    throw new SensorloopError("FORBIDDEN", "a token that ends or holds for one project cannot manage accounts and tokens");
}

/** The projects an actor sees, for lists; null: all. */
export function visibleTo(actor: Actor): readonly string[] | null {
  return actor.projects;
}

/**
 * The same for what lies in a project: someone who may not see the project is told that there is nothing, as if there
 * were nothing.
 * @throws SensorloopError NOT_FOUND, FORBIDDEN
 */
export function needIn(actor: Actor, action: Action, project: string | undefined, what: string): void {
  const seen = project !== undefined && (actor.projects === null || actor.projects.includes(project));
  if (!seen) throw new SensorloopError("NOT_FOUND", `there is no ${what}`);
  need(actor, action, project);
}

/** The project that a run or a model belongs to. */
export async function projectOf(db: Db, noun: "run" | "model", id: string): Promise<string | undefined> {
  return (await db.selectFrom(noun).select("project").where("id", "=", id).executeTakeFirst())?.project;
}

/** A page of another site cannot make this: browsers name the origin of what they send. Programs name none. */
export function fromHere(request: FastifyRequest, origins: ReadonlySet<string>): boolean {
  const { origin, host } = request.headers;
  if (origin !== undefined) return origins.has(origin) || (URL.canParse(origin) && new URL(origin).host === host);
  return request.headers["sec-fetch-site"] === "same-origin";
}

async function authenticate(request: FastifyRequest, db: Db, cookie: string): Promise<Caller | null> {
  const bearer = /^Bearer (slt_[\w-]{43})$/.exec(request.headers.authorization ?? "")?.[1];
  if (bearer !== undefined) {
    const found = await findTokenBySecret(db, bearer);
    return found
      ? {
          actor: actorOf(found.account, found.token),
          by: "token",
          expiresAt: found.token.expiresAt,
          limited: found.token.expiresAt !== null || found.token.project !== null,
        }
      : null;
  }
  // A wrong token is no reason to look for a cookie: the caller meant to be someone else.
  if (request.headers.authorization !== undefined) return null;
  const secret = sessionSecretOf(request, cookie);
  const found = secret === undefined ? undefined : await findSession(db, secret);
  return found ? { actor: actorOf(found.account), by: "session", expiresAt: found.expiresAt.toISOString(), limited: false } : null;
}

/** The session's secret, where its cookie was signed here; forged ones never reach the database. */
export function sessionSecretOf(request: FastifyRequest, cookie: string): string | undefined {
  const sent = request.cookies[cookie];
  if (sent === undefined) return undefined;
  const { valid, value } = request.unsignCookie(sent);
  return valid ? (value ?? undefined) : undefined;
}

function isRead({ method }: FastifyRequest): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

export function setSessionCookie(reply: FastifyReply, cookie: string, session: { secret: string; expires: Date; secure: boolean }): void {
  void reply.setCookie(cookie, session.secret, {
    path: "/",
    httpOnly: true,
    sameSite: "strict",
    secure: session.secure,
    signed: true,
    expires: session.expires,
  });
}
