import * as app from "../../../lib/app/accounts.ts";
import { mayDo } from "../../../lib/domain/api/access.ts";
import { SensorloopError } from "../../../lib/domain/errors.ts";
import { findToken } from "../../../lib/store/repositories/tokens.ts";
import { need, refuseLimited } from "../access.ts";
import type { Handlers, Services } from "../handlers.ts";

type Names = "listAccounts" | "addAccount" | "revokeAccount" | "listTokens" | "addToken" | "revokeToken";

export function accountHandlers({ platform: { db } }: Services): Handlers<Names> {
  return {
    listAccounts: async () => ({ items: await app.listAccounts(db) }),
    async addAccount({ body, actor, request }) {
      refuseLimited(request);
      return app.addAccount(db, body, actor.account);
    },
    async revokeAccount({ params, actor, request }) {
      refuseLimited(request);
      return app.revokeAccount(db, params.account, actor.account);
    },
    listTokens: async ({ actor }) => ({ items: await app.listTokens(db, mayDo(actor, "account.manage") ? undefined : actor.account) }),

    async addToken({ body, actor, request }) {
      refuseLimited(request);
      const owner = body.account ?? actor.account;
      if (owner !== actor.account) need(actor, "account.manage");
      return app.addToken(db, { ...body, account: owner }, actor.account);
    },

    async revokeToken({ params, actor, request }) {
      refuseLimited(request);
      const token = await findToken(db, params.token);
      if (token?.account !== actor.account && !mayDo(actor, "account.manage")) {
        throw new SensorloopError("NOT_FOUND", `there is no token '${params.token}'`, { facts: { token: params.token } });
      }
      return app.revokeToken(db, params.token, actor.account);
    },
  };
}
