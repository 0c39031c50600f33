import { randomBytes } from "node:crypto";
import { verifyPassword } from "../../../lib/app/accounts.ts";
import type { Me } from "../../../lib/domain/api/access.ts";
import { SensorloopError } from "../../../lib/domain/errors.ts";
import { insertSession, removeExpiredSessions, removeSession } from "../../../lib/store/repositories/sessions.ts";
import { fromHere, sessionSecretOf, setSessionCookie, type Caller } from "../access.ts";
import type { Handlers, Services } from "../handlers.ts";
import { createLockout } from "../lockout.ts";

/** A page left open over a week end is still right on Monday. */
const SESSION_MS = 7 * 86_400_000;

export function sessionHandlers({ platform, sessionCookie, origins, secureCookies }: Services): Handlers<"signIn" | "signOut" | "me"> {
  const { db } = platform;
  const lockout = createLockout();
  return {
    async signIn({ body: { account: id, password }, request, reply }) {
      if (request.headers.origin !== undefined && !fromHere(request, origins))
        throw new SensorloopError("FORBIDDEN", "this came from another site");
      lockout.check(id, request.ip);
      const account = await verifyPassword(db, id, password);
      if (!account) {
        lockout.failed(id, request.ip);
        throw new SensorloopError("UNAUTHENTICATED", "account or password is wrong");
      }
      lockout.succeeded(id, request.ip);
      const secret = randomBytes(32).toString("base64url");
      const expires = new Date(Date.now() + SESSION_MS);
      // Whoever held a session here before has it no longer: a new sign-in never goes on with an old secret.
      const before = sessionSecretOf(request, sessionCookie);
      if (before !== undefined) await removeSession(db, before);
      await removeExpiredSessions(db);
      await insertSession(db, { secret, account: account.id, expiresAt: expires, data: { address: request.ip } });
      setSessionCookie(reply, sessionCookie, { secret, expires, secure: secureCookies });
      return { account: account.id, role: account.role, projects: account.projects, scope: "all", expiresAt: expires.toISOString() };
    },

    async signOut({ request, reply }) {
      const secret = sessionSecretOf(request, sessionCookie);
      if (secret !== undefined) await removeSession(db, secret);
      void reply.clearCookie(sessionCookie, { path: "/" });
      return { done: true };
    },

    me({ request }) {
      return Promise.resolve(meOf(request.caller));
    },
  };
}

function meOf(caller: Caller | null): Me {
  if (!caller) throw new SensorloopError("UNAUTHENTICATED", "nobody is signed in");
  const { account, role, projects, scope } = caller.actor;
  return { account, role, projects: projects && [...projects], scope, expiresAt: caller.expiresAt };
}
