import { readdir } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { sql } from "kysely";
import { beforeAll, describe, expect, it } from "vitest";
import { MAX_PAGE } from "../../lib/domain/api/page.ts";
import { append } from "../../lib/store/journal.ts";
import { insertModel } from "../app/world.ts";
import { openApi, type Api } from "./world.ts";

let api: Api;
let headers: { authorization: string };

beforeAll(async () => {
  api = await openApi();
  headers = await api.bearer({ id: "boss", role: "engineer" });
});

const get = (url: string) => api.send({ method: "GET", url, headers });

/** The body of a form with files, as a browser or curl sends it. */
function form(files: readonly { name: string; bytes: string }[]) {
  const boundary = "----sensorloop-test";
  const parts = files.map(
    ({ name, bytes }) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="files"; filename="${name}"\r\nContent-Type: text/csv\r\n\r\n${bytes}\r\n`,
  );
  return {
    payload: `${parts.join("")}--${boundary}--\r\n`,
    headers: { ...headers, "content-type": `multipart/form-data; boundary=${boundary}` },
  };
}
const upload = (files: readonly { name: string; bytes: string }[]) =>
  api.send({ method: "POST", url: "/api/v1/projects/gym/uploads", ...form(files) });

describe("refusals", () => {
  it("have one shape: code, message, remedy, retryable, facts and the request's id", async () => {
    const { status, body, headers: answered } = await get("/api/v1/runs/no-such-run");
    expect(status).toBe(404);
    expect(body).toEqual({
      code: "NOT_FOUND",
      message: expect.stringContaining("no-such-run"),
      remedy: expect.any(String),
      retryable: false,
      facts: {},
      request: answered["x-request-id"],
    });
  });

  it("name the night that was asked about, whose id holds a time and a slash", async () => {
    const night = "gym/2027-03-28T01:00:00Z";
    const url = `/api/v1/projects/gym/nights/${encodeURIComponent(night)}/cancel`;
    const { status, body } = await api.send({ method: "POST", url, headers, payload: { why: "enough" } });
    expect([status, body["message"]]).toEqual([404, `project 'gym' has no night '${night}'`]);
  });

  it("name the fields of a request that are wrong", async () => {
    const { status, body } = await api.send({
      method: "POST",
      url: "/api/v1/projects/gym/runs",
      headers,
      payload: { seed: "seven", other: 1 },
    });
    expect(status).toBe(400);
    expect(body["code"]).toBe("REQUEST_INVALID");
    const problems = (body["facts"] as { problems: { field: string }[] }).problems;
    expect(problems.map(({ field }) => field)).toContain("seed");
  });

  it("name line and path of each problem of a spec", async () => {
    const { status, body } = await api.send({
      method: "PUT",
      url: "/api/v1/projects/gym/spec",
      headers,
      payload: { text: "project: gym\ntitle: x\nfiels: []\n" },
    });
    expect(status).toBe(400);
    expect(body["code"]).toBe("SPEC_INVALID");
    expect(JSON.stringify(body["facts"])).toContain('"line":3');
  });

  it("F32: ids that climb, hide or overflow are refused before anything is looked up", async () => {
    const ids = [
      "..",
      "%2e%2e",
      "..%2f..%2fetc",
      "a%00b",
      "A",
      "%ff",
      "gym%20",
      "a".repeat(64),
      "a".repeat(10_000),
      "'; drop table run;--",
      "․․",
    ];
    for (const id of ids) {
      const url = `/api/v1/projects/${id.includes("%") ? id : encodeURIComponent(id)}/files`;
      expect([400, 404, 414], `${id.slice(0, 30)}`).toContain((await get(url)).status);
    }
    await sql`select 1 from run`.execute(api.platform.db);
  });

  it("F31: bodies too large, of the wrong type, too deep or with `__proto__` are refused", async () => {
    const post = (payload: string, type = "application/json") =>
      api.send({ method: "POST", url: "/api/v1/projects/gym/runs", headers: { ...headers, "content-type": type }, payload });
    expect((await post(`{"id":"${"a".repeat(2 ** 20)}"}`)).status).toBe(413);
    expect((await post("<run/>", "application/xml")).status).toBe(400);
    expect((await post('{"__proto__": {"admin": true}}')).status).toBe(400);
    expect((await post(`{"set": ${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}}`)).status).toBe(400);
    expect(({} as Record<string, unknown>)["admin"]).toBeUndefined();
  });

  it("tell nothing of the inside when something fails that should not", async () => {
    await sql`alter table run_log rename to run_log_gone`.execute(api.platform.db);
    try {
      await api.platform.db
        .insertInto("run")
        .values({ id: "broken", project: "gym", spec_version: 1, seed: 1, state: "done", params: "{}", requested_by: "t" })
        .execute();
      const { status, body } = await get("/api/v1/runs/broken/logs");
      expect(status).toBe(500);
      expect(body["code"]).toBe("INTERNAL");
      expect(JSON.stringify(body)).not.toMatch(/run_log|relation|select/i);
    } finally {
      await sql`alter table run_log_gone rename to run_log`.execute(api.platform.db);
    }
  });
});

describe("uploads", () => {
  it("F13: the same bytes under the same name are one upload, also when ten arrive at once", async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => upload([{ name: "same.csv", bytes: "x,label\n1,rest\n" }])));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 201));
    const ids = new Set(answers.map(({ body }) => (body["items"] as { id: string }[])[0]?.id));
    expect(ids.size).toBe(1);
    const rows = await api.platform.db.selectFrom("upload").selectAll().where("name", "=", "same.csv").execute();
    expect(rows).toHaveLength(1);
    const events = await api.platform.db
      .selectFrom("journal")
      .select("id")
      .where("kind", "=", "file.added")
      .where("subject", "=", rows[0]?.id ?? "")
      .execute();
    expect(events).toHaveLength(1);
  });

  it("F32: hostile file names are refused, and no key lies outside the project", async () => {
    const hostile = ["../../etc/passwd", "a/../b.csv", "..\\..\\x.csv", "/etc/passwd", "a//b.csv", "./a.csv", "x".repeat(300)];
    for (const name of hostile) {
      const { status, body } = await upload([{ name, bytes: "x\n1\n" }]);
      expect([status, body["code"]], name).toEqual([400, "REQUEST_INVALID"]);
    }
    const fine = await upload([{ name: "person 1/Übung — 2.csv", bytes: "x\n1\n" }]);
    expect((fine.body["items"] as { name: string }[])[0]?.name).toBe("person 1/Übung — 2.csv");
    const keys: string[] = [];
    for await (const { key } of api.platform.objects.list("")) keys.push(key);
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter((key) => !/^gym\/upload\/[0-9a-f-]{36}$/.test(key))).toEqual([]);
  });

  it("an empty file, a form without files and a body that is no form are refused; what came before them stays", async () => {
    expect((await upload([{ name: "empty.csv", bytes: "" }])).body["code"]).toBe("EMPTY_FILE");
    expect((await upload([])).body["code"]).toBe("NO_FILES");
    const both = await upload([
      { name: "good.csv", bytes: "x\n1\n" },
      { name: "empty.csv", bytes: "" },
    ]);
    expect(both.status).toBe(422);
    const names = ((await get("/api/v1/projects/gym/uploads")).body["items"] as { name: string }[]).map(({ name }) => name);
    expect(names).toContain("good.csv");
    expect(names).not.toContain("empty.csv");
  });

  it("an upload that breaks off leaves no row and no file behind", async () => {
    const address = await api.app.listen({ host: "127.0.0.1", port: 0 });
    const { payload, headers: sent } = form([{ name: "broken.csv", bytes: "x".repeat(500_000) }]);
    await new Promise<void>((resolve) => {
      const request = httpRequest(`${address}/api/v1/projects/gym/uploads`, {
        method: "POST",
        headers: { ...sent, "content-length": String(payload.length) },
      });
      request.on("error", () => resolve());
      request.write(payload.slice(0, 250_000), () => setTimeout(() => request.destroy(), 100));
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await api.platform.db.selectFrom("upload").select("id").where("name", "=", "broken.csv").execute()).toEqual([]);
    expect((await readdir(api.platform.config.scratchDir)).filter((name) => name.startsWith("intake-"))).toEqual([]);
  });
});

describe("lists", () => {
  beforeAll(async () => {
    // Equal times, so that only the second sort value tells rows apart.
    const at = new Date("2026-01-01T00:00:00.000Z");
    for (let n = 0; n < 23; n++)
      await insertModel(api.platform.db, { id: `paged-${String(n).padStart(2, "0")}`, project: "har", slot: "har/all/acc", at });
    await api.platform.db.transaction().execute(async (tx) => {
      for (let n = 0; n < 25; n++)
        await append(tx, { kind: "run.cancelled", actor: "pager", project: "har", payload: { run: `r${n}`, why: "" } });
    });
  });

  const walk = async (url: string) => {
    const seen: Record<string, unknown>[] = [];
    let after = "";
    for (let page = 0; page < 20; page++) {
      const { body } = await get(`${url}${url.includes("?") ? "&" : "?"}limit=7${after}`);
      seen.push(...(body["items"] as Record<string, unknown>[]));
      if (body["next"] === null) return seen;
      after = `&after=${String(body["next"])}`;
    }
    return seen;
  };

  it("walk by keyset: every row once, also where times are equal and rows arrive meanwhile", async () => {
    const models = (await walk("/api/v1/projects/har/models")).map((model) => model["id"]);
    expect(models).toHaveLength(23);
    expect(new Set(models).size).toBe(23);
    const events = await walk("/api/v1/journal?actor=pager");
    expect(events.map((event) => event["subject"])).toEqual(Array.from({ length: 25 }, (_, n) => `r${24 - n}`));
  });

  it("answer no more than the cap, and refuse cursors that are not theirs", async () => {
    expect((await get(`/api/v1/journal?limit=${MAX_PAGE + 1}`)).status).toBe(400);
    expect((await get("/api/v1/journal?limit=0")).status).toBe(400);
    for (const cursor of [
      "garbage",
      Buffer.from('["2026-01-01 00:00:00+00","x"]').toString("base64url"),
      Buffer.from('["x\'; drop table run;--"]').toString("base64url"),
    ]) {
      const { status, body } = await get(`/api/v1/journal?after=${cursor}`);
      expect([status, body["code"]]).toEqual([400, "REQUEST_INVALID"]);
    }
    expect((await get("/api/v1/journal?kind=made-up")).status).toBe(400);
  });

  it("all answer, empty or not", async () => {
    const urls = [
      "overview",
      "projects",
      "projects/har",
      "projects/har/counts",
      "projects/har/files",
      "projects/har/snapshots",
      "projects/har/quarantine",
      "projects/har/quarantine/rows",
      "runs",
      "projects/har/models",
      "models/paged-01",
      "models/compare?a=paged-01&b=paged-02",
      "projects/har/champions",
      "projects/har/predictions",
      "projects/har/predictions?order=doubtful&wrong=true",
      "accounts",
      "tokens",
    ];
    for (const url of urls) {
      const { status, body } = await get(`/api/v1/${url}`);
      expect(status, `${url}: ${JSON.stringify(body)}`).toBe(200);
    }
  });
});

describe("champions over HTTP", () => {
  it("F27: a promotion that expected another champion is told 409 and who it is", async () => {
    await Promise.all(
      ["one", "two"].map((name) => insertModel(api.platform.db, { id: `http-${name}`, project: "gym", slot: "gym/c1/acc" })),
    );
    const promote = (model: string, expected: string | null) =>
      api.send({ method: "POST", url: `/api/v1/models/${model}/promote`, headers, payload: { expected, why: "better" } });
    expect((await promote("http-one", null)).body["model"]).toBe("http-one");
    const late = await promote("http-two", null);
    expect([late.status, (late.body["facts"] as { champion: string }).champion]).toEqual([409, "http-one"]);
    const whileOne = new Date().toISOString();
    expect((await promote("http-two", "http-one")).status).toBe(200);
    const at = await get(`/api/v1/projects/gym/champions?at=${whileOne}&slot=gym/c1/acc`);
    expect((at.body["items"] as { model: string }[])[0]?.model).toBe("http-one");
    const back = await api.send({ method: "POST", url: "/api/v1/projects/gym/rollback", headers, payload: { slot: "gym/c1/acc" } });
    expect(back.body["model"]).toBe("http-one");
  });
});

describe("documentation", () => {
  it("OpenAPI names every operation with its answers, and all its references lead somewhere", async () => {
    const { body } = await get("/api/openapi.json");
    expect(body["openapi"]).toBe("3.1.0");
    const paths = body["paths"] as Record<
      string,
      Record<string, { operationId: string; responses: Record<string, unknown>; parameters?: { name: string; in: string }[] }>
    >;
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.values(methods).map((operation) => ({ path, ...operation })),
    );
    expect(operations.length).toBeGreaterThan(38);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    for (const { path, parameters = [], responses } of operations) {
      expect(Object.keys(responses).length, path).toBeGreaterThan(0);
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(
        parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name),
        path,
      ).toEqual(named);
    }
    const text = JSON.stringify(body);
    for (const [, pointer = ""] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const target = pointer.split("/").reduce<unknown>((node, step) => (node as Record<string, unknown> | undefined)?.[step], body);
      expect(target, pointer).toBeDefined();
    }
  });

  it("pages stand under a policy that lets no other site's script run", async () => {
    const answer = await api.app.inject({ method: "GET", url: "/api/docs/static/index.html", headers });
    const policy = String(answer.headers["content-security-policy"]);
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toMatch(/script-src[^;]*unsafe/);
    expect(policy).toContain("frame-ancestors 'none'");
  });
});

describe("events", () => {
  it("a page gets a snapshot, then each change of what it may see, within a second", async () => {
    const { port } = api.app.server.address() as AddressInfo;
    const viewer = await api.bearer({ id: "watcher", role: "viewer", projects: ["gym"] });
    const stream = await new Promise<IncomingMessage>((resolve, reject) => {
      httpRequest({ port, host: "127.0.0.1", path: "/api/v1/events", headers: viewer }, resolve).on("error", reject).end();
    });
    let text = "";
    stream.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    const until = async (pattern: RegExp) => {
      for (let n = 0; n < 50 && !pattern.test(text); n++) await new Promise((resolve) => setTimeout(resolve, 40));
      return text;
    };
    expect(stream.headers["content-type"]).toContain("text/event-stream");
    expect(await until(/event: snapshot\ndata: .*\n\n/)).toMatch(/event: snapshot\ndata: \{"active":\[\]\}/);
    const tell = (project: string, run: string) =>
      sql`select pg_notify('sensorloop', ${JSON.stringify({ project, run, kind: "run" })})`.execute(api.platform.db);
    await tell("har", "secret-run");
    for (let n = 0; n < 20; n++) await tell("gym", "open-run");
    await api.platform.db
      .transaction()
      .execute((tx) => append(tx, { kind: "run.cancelled", actor: "a", project: "gym", payload: { run: "other-run", why: "" } }));
    await until(/run\.cancelled/);
    const changes = [...text.matchAll(/event: change\ndata: (.*)\n/g)].map(
      ([, data = ""]) => JSON.parse(data) as { run: string; kind: string },
    );
    expect(changes.filter(({ run }) => run === "secret-run")).toEqual([]);
    expect(changes.find(({ run }) => run === "other-run")?.kind).toBe("run.cancelled");
    const open = changes.filter(({ run }) => run === "open-run").length;
    expect(open).toBeGreaterThan(0);
    expect(open).toBeLessThanOrEqual(5);
    stream.destroy();
  });

  it("after the line to Postgres was cut, the page gets a snapshot again", async () => {
    const { port } = api.app.server.address() as AddressInfo;
    const stream = await new Promise<IncomingMessage>((resolve, reject) => {
      httpRequest({ port, host: "127.0.0.1", path: "/api/v1/events?project=gym", headers }, resolve).on("error", reject).end();
    });
    let snapshots = 0;
    stream.setEncoding("utf8").on("data", (piece: string) => (snapshots += piece.split("event: snapshot").length - 1));
    const until = async (count: number) => {
      for (let n = 0; n < 150 && snapshots < count; n++) await new Promise((resolve) => setTimeout(resolve, 40));
    };
    await until(1);
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'sensorloop-changes' and datname = current_database()`.execute(
      api.platform.db,
    );
    await until(2);
    expect(snapshots).toBe(2);
    stream.destroy();
  });
});

describe("probes", () => {
  it("the process is alive, and ready as long as Postgres and the object store are", async () => {
    expect((await api.send({ method: "GET", url: "/api/health" })).body).toEqual({ ok: true });
    const { status, body } = await api.send({ method: "GET", url: "/api/ready" });
    expect(status).toBe(200);
    expect((body["services"] as { name: string; ok: boolean }[]).map(({ name }) => name)).toEqual([
      "postgres",
      "object-store",
      "temporal",
      "worker",
      "predictor",
    ]);
  });
});
