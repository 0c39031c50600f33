import { beforeAll, describe, expect, it } from "vitest";
import { addAccount, addToken, revokeAccount } from "../../lib/app/accounts.ts";
import { PERMISSIONS, ROLES, type Action, type Role } from "../../lib/domain/api/access.ts";
import type { RouteSpec } from "../../lib/domain/api/route-spec.ts";
import { ROUTES } from "../../lib/domain/api/routes.ts";
import { insertModel } from "../app/world.ts";
import { openApi, type Api } from "./world.ts";

let api: Api;
const routes: { method: string; url: string }[] = [];

beforeAll(async () => {
  api = await openApi();
  for (const line of listed(api.app.printRoutes({ commonPrefix: false }))) routes.push(line);
  await insertModel(api.platform.db, { id: "gym-model", project: "gym", slot: "gym/all/acc" });
  await insertModel(api.platform.db, { id: "har-model", project: "har", slot: "har/all/acc" });
  for (const project of ["gym", "har"]) {
    await api.platform.db
      .insertInto("run")
      .values({
        id: `${project}-run`,
        project,
        spec_version: 1,
        seed: 1,
        state: "done",
        params: '{"kind":"training"}',
        requested_by: "test",
      })
      .execute();
  }
});

/** `printRoutes` draws a tree, `commonPrefix: false` one line for each path. */
function listed(tree: string): { method: string; url: string }[] {
  const found: { method: string; url: string }[] = [];
  const parents: string[] = [];
  for (const line of tree.split("\n")) {
    const match = /^([│ ]*)(?:├──|└──) (\S*)(?: \(([A-Z, ]+)\))?/.exec(line);
    if (!match) continue;
    const depth = (match[1] ?? "").length / 4;
    parents[depth] = match[2] ?? "";
    const url = parents.slice(0, depth + 1).join("");
    for (const method of match[3]?.split(", ") ?? []) found.push({ method, url });
  }
  return found;
}

const SOME_ID = "00000000-0000-4000-8000-000000000000";

/** A path with something for each parameter. */
function filled(path: string, project = "gym"): string {
  return path
    .replace(":project", project)
    .replace(":run", `${project}-run`)
    .replace(":model", `${project}-model`)
    .replace(":account", "nobody")
    .replace(":token", "nothing")
    .replace(/:(task|label)/, SOME_ID)
    .replace(/:\w+/, "something")
    .replace("*", "");
}

describe("without credentials", () => {
  const open = new Set([
    "POST /api/v1/session",
    "GET /api/health",
    "HEAD /api/health",
    "GET /api/ready",
    "HEAD /api/ready",
    "GET /metrics",
    "HEAD /metrics",
  ]);

  it("every route that is registered answers 401, except those on the list", async () => {
    expect(routes.length).toBeGreaterThan(50);
    const answers: Record<string, number> = {};
    for (const { method, url } of routes) {
      if (open.has(`${method} ${url}`)) continue;
      answers[`${method} ${url}`] = (await api.send({ method: method, url: filled(url) })).status;
    }
    expect(Object.entries(answers).filter(([, status]) => status !== 401)).toEqual([]);
    expect(Object.keys(answers).length).toBe(routes.length - open.size);
  });

  it("all routes of the table are registered", () => {
    const there = new Set(routes.map(({ method, url }) => `${method} ${url}`));
    expect(
      (Object.values(ROUTES) as RouteSpec[]).map(({ method, path }) => `${method} ${path}`).filter((route) => !there.has(route)),
    ).toEqual([]);
  });

  it("paths that do not exist are not told from those that do", async () => {
    expect((await api.send({ method: "GET", url: "/api/v1/secrets" })).status).toBe(401);
    expect((await api.send({ method: "GET", url: "/api/v1/projects/gym" })).status).toBe(401);
  });

  it("a forged cookie, a wrong token and another scheme are no credentials", async () => {
    const wrong = [
      { cookie: "sensorloop_00000000=abc.def" },
      { authorization: `Bearer slt_${"A".repeat(43)}` },
      { authorization: "Bearer ' or 1=1 --" },
      { authorization: "Basic YWRtaW46YWRtaW4=" },
    ];
    for (const headers of wrong) expect((await api.send({ method: "GET", url: "/api/v1/projects", headers })).status).toBe(401);
  });
});

describe("roles", () => {
  const callers = new Map<Role, { authorization: string }>();
  beforeAll(async () => {
    for (const role of ROLES) callers.set(role, await api.bearer({ id: `gym-${role}`, role, projects: ["gym"] }));
  });

  const guarded = Object.entries(ROUTES as Record<string, RouteSpec>).filter(
    ([, route]) => route.access !== "public" && route.access !== "account",
  );

  it.each(ROLES)("F38: a %s is refused exactly what the table refuses, on each route", async (role) => {
    const headers = callers.get(role) as { authorization: string };
    const wrong: string[] = [];
    for (const [name, route] of guarded) {
      const { roles, everywhere } = PERMISSIONS[route.access as Action];
      const allowed = (roles as readonly Role[]).includes(role) && !everywhere;
      const { status } = await api.send({ method: route.method, url: filled(route.path), headers });
      if (allowed === (status === 403)) wrong.push(`${name}: ${status}`);
    }
    expect(wrong).toEqual([]);
  });

  it.each(ROLES)("F38: a %s of one project finds nothing of another, on each route that names one", async (role) => {
    const headers = callers.get(role) as { authorization: string };
    const named = guarded.filter(([, route]) => /:(project|run|model)/.test(route.path));
    expect(named.length).toBeGreaterThan(20);
    const wrong: string[] = [];
    for (const [name, route] of named) {
      const payload = BODIES[name];
      const url = filled(route.path, "har") + (QUERIES[name] ?? "");
      const { status, body } = await api.send({ method: route.method, url, headers, ...(payload && { payload }) });
      const refused = (PERMISSIONS[route.access as Action].roles as readonly Role[]).includes(role) ? 404 : 403;
      if (status !== refused || JSON.stringify(body).includes("snapshot")) wrong.push(`${name}: ${status} ${JSON.stringify(body)}`);
    }
    expect(wrong).toEqual([]);
  });

  it("lists hold only what the caller's projects hold", async () => {
    const headers = callers.get("viewer");
    const projects = (await api.send({ method: "GET", url: "/api/v1/projects", headers })).body["items"] as { id: string }[];
    expect(projects.map(({ id }) => id)).toEqual(["gym"]);
    const runs = (await api.send({ method: "GET", url: "/api/v1/runs", headers })).body["items"] as { run: string; project: string }[];
    expect(runs.map(({ run }) => run)).toContain("gym-run");
    expect(new Set(runs.map(({ project }) => project))).toEqual(new Set(["gym"]));
    const journal = (await api.send({ method: "GET", url: "/api/v1/journal", headers })).body["items"] as { project: string | null }[];
    expect(new Set(journal.map(({ project }) => project))).toEqual(new Set(["gym"]));
    expect((await api.send({ method: "GET", url: "/api/v1/runs?project=har", headers })).status).toBe(404);
    expect((await api.send({ method: "GET", url: "/api/v1/models/compare?a=gym-model&b=har-model", headers })).status).toBe(404);
    const overview = (await api.send({ method: "GET", url: "/api/v1/overview", headers })).body["projects"] as {
      project: { id: string };
    }[];
    expect(overview.map(({ project }) => project.id)).toEqual(["gym"]);
  });

  it("a token for one thing does that thing and no other, and only in its project", async () => {
    const phone = await api.bearer({ id: "phone", role: "engineer", scope: "data.add", project: "gym" });
    expect((await api.send({ method: "GET", url: "/api/v1/projects/gym", headers: phone })).status).toBe(403);
    expect((await api.send({ method: "POST", url: "/api/v1/projects/gym/uploads", headers: phone })).status).toBe(400);
    expect((await api.send({ method: "POST", url: "/api/v1/projects/har/uploads", headers: phone })).status).toBe(404);
    expect((await api.send({ method: "POST", url: "/api/v1/tokens", headers: phone, payload: { name: "more" } })).status).toBe(403);
  });

  it("nobody makes a token that may more than its maker", async () => {
    const viewer = callers.get("viewer");
    expect(
      (await api.send({ method: "POST", url: "/api/v1/tokens", headers: viewer, payload: { name: "x", account: "gym-engineer" } })).status,
    ).toBe(403);
    expect(
      (await api.send({ method: "POST", url: "/api/v1/tokens", headers: viewer, payload: { name: "x", project: "har" } })).status,
    ).toBe(403);
    const admin = await api.bearer({ id: "narrow", role: "engineer", project: "gym" });
    expect(
      (await api.send({ method: "POST", url: "/api/v1/accounts", headers: admin, payload: { id: "sneak", role: "engineer" } })).status,
    ).toBe(403);
    expect((await api.send({ method: "POST", url: "/api/v1/tokens", headers: admin, payload: { name: "wide" } })).status).toBe(403);
  });

  it("a token that ends makes none that does not", async () => {
    const { secret } = await addToken(api.platform.db, { account: "narrow", name: "a day", scope: "all", project: null, days: 1 }, "test");
    const day = { authorization: `Bearer ${secret}` };
    expect((await api.send({ method: "POST", url: "/api/v1/tokens", headers: day, payload: { name: "for ever" } })).status).toBe(403);
    expect(
      (await api.send({ method: "POST", url: "/api/v1/accounts", headers: day, payload: { id: "sneak", role: "engineer" } })).status,
    ).toBe(403);
  });

  it("a revoked account is out at once", async () => {
    const headers = await api.bearer({ id: "leaver", role: "viewer" });
    expect((await api.send({ method: "GET", url: "/api/v1/session", headers })).status).toBe(200);
    await revokeAccount(api.platform.db, "leaver", "test");
    expect((await api.send({ method: "GET", url: "/api/v1/session", headers })).status).toBe(401);
  });
});

/** What validation wants before the project is looked at. */
const BODIES: Record<string, object> = {
  applySpec: { text: "x" },
  eraseSubject: { why: "asked to be" },
  startRun: {},
  cancelRun: {},
  approveRun: { approve: true },
  promoteModel: { expected: null },
  rollbackModel: {},
  predict: { rows: [{ x: 1 }] },
  makeTasks: { model: "m" },
  claimTasks: {},
  skipTask: {},
  adjudicateTask: { id: SOME_ID, class: "walk", version: 0 },
  addLabel: { id: SOME_ID, subject: "s", recording: "r", from: 0, to: 1, class: "walk" },
  withdrawLabel: { id: SOME_ID },
  importLabels: { format: "csv", text: "x" },
  joinFeatures: { rows: [{ subject: "s", at: "2025-01-01T00:00:00Z" }] },
  previewSchedule: { cron: "0 3 * * *", timezone: "UTC" },
  setSchedule: { cron: "0 3 * * *", timezone: "UTC" },
  pauseSchedule: {},
  resumeSchedule: {},
  backfillSchedule: { from: "2025-01-01T00:00:00Z", to: "2025-01-02T00:00:00Z" },
  askNight: {},
  cancelNight: { why: "not tonight" },
};
const SIGNAL = "?subject=s&recording=r";
const QUERIES: Record<string, string> = {
  tracePrediction: "?model=m&recording=r&subject=s&from=0&to=1",
  showLineage: "?slot=har/all/acc",
  showSignal: SIGNAL,
  viewSignal: `${SIGNAL}&from=0&to=1`,
  showMedia: SIGNAL,
};

/** Each route that changes something, asked for with these headers and nothing that its handler could work with. */
async function writeEverywhere(headers: Record<string, string>): Promise<[name: string, status: number][]> {
  const answers: [string, number][] = [];
  for (const [name, { method, path, access }] of Object.entries(ROUTES as Record<string, RouteSpec>)) {
    if (method === "GET" || access === "public") continue;
    answers.push([name, (await api.send({ method, url: filled(path), headers })).status]);
  }
  return answers;
}

describe("signing in", () => {
  let password = "";
  beforeAll(async () => {
    ({ password } = await addAccount(api.platform.db, { id: "eve", role: "engineer", projects: null }, "test"));
  });

  it("gives a cookie that scripts cannot read and other sites cannot send, and ends with signing out", async () => {
    const answer = await api.app.inject({ method: "POST", url: "/api/v1/session", payload: { account: "eve", password } });
    const cookie = String(answer.headers["set-cookie"]);
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    const headers = { cookie: cookie.split(";")[0] ?? "", origin: "http://localhost", host: "localhost" };
    expect((await api.send({ method: "GET", url: "/api/v1/session", headers })).body["account"]).toBe("eve");
    const stored = await api.platform.db.selectFrom("session").selectAll().execute();
    expect(JSON.stringify(stored)).not.toContain(headers.cookie.split("=")[1]?.split(".")[0]);
    expect((await api.send({ method: "DELETE", url: "/api/v1/session", headers })).status).toBe(200);
    expect((await api.send({ method: "GET", url: "/api/v1/session", headers })).status).toBe(401);
  });

  it("F36: a write with the cookie is refused from another site, and where no origin is named", async () => {
    const { cookie, host } = await api.signIn("eve", password);
    const write = (headers: Record<string, string>) =>
      api.send({ method: "POST", url: "/api/v1/tokens", headers: { cookie, host, ...headers }, payload: { name: "n" } });
    expect((await write({ origin: "https://evil.example" })).status).toBe(403);
    expect((await write({ origin: "null" })).status).toBe(403);
    expect((await write({ origin: "http://localhost.evil.example" })).status).toBe(403);
    expect((await write({ "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await write({})).status).toBe(403);
    expect((await write({ "sec-fetch-site": "same-origin" })).status).toBe(201);
    expect((await write({ origin: "http://localhost" })).status).toBe(201);
    const forged = await writeEverywhere({ cookie, host, origin: "https://evil.example" });
    expect(forged.length).toBeGreaterThan(20);
    expect(forged.filter(([, status]) => status !== 403)).toEqual([]);
    const token = await api.bearer({ id: "script", role: "viewer" });
    expect(
      (
        await api.send({
          method: "POST",
          url: "/api/v1/tokens",
          headers: { ...token, origin: "https://evil.example" },
          payload: { name: "n" },
        })
      ).status,
    ).toBe(201);
    const signIn = await api.send({
      method: "POST",
      url: "/api/v1/session",
      headers: { origin: "https://evil.example" },
      payload: { account: "eve", password },
    });
    expect(signIn.status).toBe(403);
  });

  it("F37: guesses are locked out by account and address, the same for accounts that do not exist", async () => {
    const outcomes: Record<string, unknown[]> = {};
    for (const account of ["nobody-at-all", "eve"]) {
      const answers = [];
      for (let n = 0; n < 7; n++) {
        const { status, body } = await api.send({
          method: "POST",
          url: "/api/v1/session",
          remoteAddress: "10.0.0.9",
          payload: { account, password: "guess" },
        });
        answers.push({ status, code: body["code"], message: body["message"] });
      }
      outcomes[account] = answers;
    }
    expect(outcomes["eve"]).toEqual(outcomes["nobody-at-all"]);
    expect(outcomes["eve"]?.map((answer) => (answer as { status: number }).status)).toEqual([401, 401, 401, 401, 401, 429, 429]);
    const locked = await api.app.inject({
      method: "POST",
      url: "/api/v1/session",
      remoteAddress: "10.0.0.9",
      payload: { account: "eve", password },
    });
    expect(locked.statusCode).toBe(429);
    expect(Number(locked.headers["retry-after"])).toBeGreaterThan(0);
    const elsewhere = await api.app.inject({
      method: "POST",
      url: "/api/v1/session",
      remoteAddress: "10.0.0.10",
      payload: { account: "eve", password },
    });
    expect(elsewhere.statusCode).toBe(200);
  });

  it("F37: one address gets twenty tries a minute, whatever accounts it names", async () => {
    const statuses = [];
    for (let n = 0; n < 22; n++) {
      statuses.push(
        (
          await api.send({
            method: "POST",
            url: "/api/v1/session",
            remoteAddress: "10.0.0.11",
            payload: { account: `guess-${n}`, password: "guess" },
          })
        ).status,
      );
    }
    expect(statuses.filter((status) => status === 401)).toHaveLength(20);
    expect(statuses.slice(-2)).toEqual([429, 429]);
  });
});

describe("a thousand guesses at once", () => {
  const guess = async (account: string, remoteAddress: string) => {
    const began = performance.now();
    const { status, body } = await api.send({
      method: "POST",
      url: "/api/v1/session",
      remoteAddress,
      payload: { account, password: "guess" },
    });
    return { status, told: `${String(body["code"])} ${String(body["message"])}`, ms: performance.now() - began };
  };

  it("F37: are refused, few of them hashed, while others are answered and a right password opens soon after", async () => {
    const { password } = await addAccount(api.platform.db, { id: "frank", role: "viewer", projects: null }, "test");
    const reader = await api.bearer({ id: "reader", role: "viewer" });
    const guesses = Array.from({ length: 1_000 }, (_, n) => guess(n % 2 ? "frank" : `nobody-${n}`, `10.2.${Math.floor(n / 10)}.1`));
    const read = await api.send({ method: "GET", url: "/api/v1/projects", headers: reader });
    expect(read.status).toBe(200);
    const answers = await Promise.all(guesses);
    const hashed = answers.filter(({ status }) => status === 401).length;
    expect(answers.every(({ status }) => status === 401 || status === 429)).toBe(true);
    // Two at once and 32 in line; whoever comes while the line is full is turned away without work.
    expect(hashed).toBeGreaterThan(0);
    expect(hashed).toBeLessThan(800);
    const payload = { account: "frank", password };
    expect((await api.send({ method: "POST", url: "/api/v1/session", remoteAddress: "10.3.0.1", payload })).status).toBe(200);
  });

  it("F37: take as long, and are told the same, whether or not there is such an account", async () => {
    const known = [];
    const unknown = [];
    // In turn, so that a busy moment meets both.
    for (let n = 0; n < 9; n++) {
      known.push(await guess("frank", `10.4.${n}.1`));
      unknown.push(await guess(`no-such-${n}`, `10.4.${n}.2`));
    }
    expect(new Set([...known, ...unknown].map(({ status, told }) => `${status} ${told}`)).size).toBe(1);
    const median = (answers: { ms: number }[]) => answers.map(({ ms }) => ms).sort((a, b) => a - b)[4]!;
    // A look-up without a hash would be twenty times as fast.
    expect(median(known) / median(unknown)).toBeGreaterThan(1 / 4);
    expect(median(known) / median(unknown)).toBeLessThan(4);
  });
});

describe("metrics", () => {
  it("are for this machine, and from elsewhere for nobody without the token", async () => {
    expect((await api.send({ method: "GET", url: "/metrics" })).status).toBe(200);
    expect((await api.send({ method: "GET", url: "/metrics", remoteAddress: "10.1.1.1" })).status).toBe(401);
    expect((await api.send({ method: "GET", url: "/metrics", headers: { "x-forwarded-for": "1.2.3.4" } })).status).toBe(401);
  });
});
