import * as app from "../../../lib/app/accounts.ts";
import { mayDo } from "../../../lib/domain/api/access.ts";
import { SensorloopError } from "../../../lib/domain/errors.ts";
import { findToken } from "../../../lib/store/repositories/tokens.ts";
import { need } from "../access.ts";
import type { Handlers, Services } from "../handlers.ts";

type Names = "listAccounts" | "addAccount" | "revokeAccount" | "listTokens" | "addToken" | "revokeToken";

export function accountHandlers({ platform: { db } }: Services): Handlers<Names> {
  return {
    listAccounts: async () => ({ items: await app.listAccounts(db) }),
    addAccount: ({ body, actor }) => app.addAccount(db, body, actor.account),
    revokeAccount: ({ params, actor }) => app.revokeAccount(db, params.account, actor.account),
    listTokens: async ({ actor }) => ({ items: await app.listTokens(db, mayDo(actor, "account.manage") ? undefined : actor.account) }),

    async addToken({ body, actor }) {
      const owner = body.account ?? actor.account;
      if (owner !== actor.account) need(actor, "account.manage");
      // A token limited to a project must not make one that is not.
      if (actor.projects !== null && (body.project === null ? owner !== actor.account : !actor.projects.includes(body.project))) need(actor, "account.manage");
      return app.addToken(db, { ...body, account: owner }, actor.account);
    },

    async revokeToken({ params, actor }) {
      const token = await findToken(db, params.token);
      if (token?.account !== actor.account && !mayDo(actor, "account.manage")) {
        throw new SensorloopError("NOT_FOUND", `there is no token '${params.token}'`, { facts: { token: params.token } });
      }
      return app.revokeToken(db, params.token, actor.account);
    },
  };
}
