import type { FastifyInstance, InjectOptions } from "fastify";
import { addAccount, addToken } from "../../lib/app/accounts.ts";
import { applySpec } from "../../lib/app/projects.ts";
import type { Role, TokenScope } from "../../lib/domain/api/access.ts";
import { openPlatform, type Platform } from "../../lib/platform.ts";
import { createApp, type AppOptions } from "../../web/api/app.ts";
import { specText } from "../app/world.ts";
import { closeAfterwards } from "../support/leftovers.ts";
import { testConfig } from "../support/services.ts";

export interface Api {
  readonly app: FastifyInstance;
  readonly platform: Platform;
  /** A bearer's header for a new account of this role. */
  bearer(account: {
    id: string;
    role: Role;
    projects?: string[] | null;
    scope?: TokenScope;
    project?: string;
  }): Promise<{ authorization: string }>;
  /** A browser that has signed in: its cookie, and the origin it sends. */
  signIn(account: string, password: string): Promise<{ cookie: string; origin: string; host: string }>;
  send(options: InjectOptions): Promise<{ status: number; body: Record<string, unknown>; headers: Record<string, unknown> }>;
}

/** The application on a database and bucket of the file's own, with projects `gym` and `har`. */
export async function openApi(options: AppOptions = {}): Promise<Api> {
  const platform = openPlatform(await testConfig({ SENSORLOOP_LOG_LEVEL: "silent" }));
  const app = await createApp(platform, options);
  closeAfterwards(async () => {
    await app.close();
    await platform[Symbol.asyncDispose]();
  });
  for (const project of ["gym", "har"]) await applySpec(platform, { text: specText(project), name: "spec.yaml" }, "test");
  const send: Api["send"] = async (request) => {
    const { statusCode, body, headers } = await app.inject(request);
    return { status: statusCode, body: body.startsWith("{") ? (JSON.parse(body) as Record<string, unknown>) : { text: body }, headers };
  };
  return {
    app,
    platform,
    send,
    async bearer({ id, role, projects = null, scope = "all", project }) {
      await addAccount(platform.db, { id, role, projects }, "test");
      const { secret } = await addToken(platform.db, { account: id, name: "test", scope, project: project ?? null, days: null }, "test");
      return { authorization: `Bearer ${secret}` };
    },
    async signIn(account, password) {
      const answer = await app.inject({ method: "POST", url: "/api/v1/session", payload: { account, password } });
      const [cookie = ""] = String(answer.headers["set-cookie"]).split(";");
      return { cookie, origin: "http://localhost", host: "localhost" };
    },
  };
}
