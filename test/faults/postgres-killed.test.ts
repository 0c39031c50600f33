import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyInstance, InjectOptions } from "fastify";
import { beforeAll, describe, expect, it } from "vitest";
import { addAccount, addToken } from "../../lib/app/accounts.ts";
import { openPlatform, type Platform } from "../../lib/platform.ts";
import { rebuild } from "../../lib/store/journal-rebuild.ts";
import { createApp } from "../../web/api/app.ts";
import { annotatedProject, RECORDING } from "../app/annotation-world.ts";
import { insertModel } from "../app/world.ts";
import { closeAfterwards } from "../support/leftovers.ts";
import { startOwnStack, type OwnStack } from "../support/own-stack.ts";
import { environmentOf } from "../support/worker-process.ts";

/** Not that of the champion whose predictions make the recording known that is labelled. */
const SLOT = "gym/all/gyro";
/** More than are promoted in a test; each is promoted once. */
const MODELS = 2_000;

let stack: OwnStack;
let platform: Platform;
let app: FastifyInstance;
let authorization: string;

beforeAll(async () => {
  stack = await startOwnStack({ SENSORLOOP_LOG_LEVEL: "silent" });
  closeAfterwards(async () => stack[Symbol.asyncDispose]());
  platform = openPlatform(stack.config);
  closeAfterwards(async () => platform[Symbol.asyncDispose]());
  app = await createApp(platform);
  closeAfterwards(async () => app.close());
  await annotatedProject(platform, "gym");
  await addAccount(platform.db, { id: "boss", role: "engineer", projects: null }, "test");
  const { secret } = await addToken(platform.db, { account: "boss", name: "t", scope: "all", project: null, days: null }, "test");
  authorization = `Bearer ${secret}`;
  await insertModel(platform.db, { id: "candidate-0", project: "gym", slot: SLOT });
  const template = await platform.db.selectFrom("model").selectAll().where("id", "=", "candidate-0").executeTakeFirstOrThrow();
  const { genome, parents: _parents, curve: _curve, training: _training, validation: _validation, error: _error, ...rest } = template;
  const rows = Array.from({ length: MODELS }, (_, n) => ({ ...rest, genome: JSON.stringify(genome), id: `candidate-${n + 1}` }));
  await platform.db.insertInto("model").values(rows).execute();
});

interface Client {
  readonly acknowledged: string[];
  readonly statuses: Map<number, number>;
  readonly broken: string[];
}

/** Sends request after request, each until it is acknowledged, as a client does that does not know what became of the last. */
function client(requestOf: (n: number) => { readonly id: string } & InjectOptions, address: string, signal: AbortSignal) {
  const state: Client = { acknowledged: [], statuses: new Map(), broken: [] };
  const work = (async () => {
    for (let n = 0, tries = 0; !signal.aborted; tries++) {
      const { id, headers, ...request } = requestOf(n);
      // Each try from another address: what a single one may ask for in a minute is no part of this.
      const remoteAddress = `${address}.${(tries >> 8) & 255}.${tries & 255}`;
      const answer = await app.inject({ ...request, remoteAddress, headers: { authorization, ...headers } });
      state.statuses.set(answer.statusCode, (state.statuses.get(answer.statusCode) ?? 0) + 1);
      if (answer.statusCode === 503 && Number(answer.headers["retry-after"]) > 0) await sleep(20);
      else if (answer.statusCode < 300) n = state.acknowledged.push(id);
      else return void state.broken.push(`${id}: ${answer.statusCode} ${answer.body}`);
    }
  })();
  return { state, work };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Answers as soon as it listens. */
async function startApi(): Promise<{ url: string; child: ChildProcess }> {
  const port = await freePort();
  const env = { ...process.env, ...environmentOf(stack.config), SENSORLOOP_WEB_PORT: String(port) };
  const child = spawn(process.execPath, [join(import.meta.dirname, "../../web/api/server.ts")], { env, stdio: "ignore" });
  closeAfterwards(async () => void child.kill("SIGKILL"));
  const url = `http://127.0.0.1:${port}`;
  const alive = () =>
    fetch(`${url}/api/health`).then(
      ({ status }) => status,
      () => 0,
    );
  await expect.poll(alive, { timeout: 60_000, interval: 50 }).toBe(200);
  return { url, child };
}

describe("an api that is started before its Postgres", () => {
  it("F04: answers 503 until Postgres is there, and then does its work", async () => {
    await stack.postgres.stop();
    const { url, child } = await startApi();
    const ask = async (path: string) => {
      const answer = await fetch(url + path, { headers: { authorization } });
      return {
        status: answer.status,
        again: Number(answer.headers.get("retry-after")) > 0,
        body: (await answer.json()) as { code?: string },
      };
    };
    expect(await ask("/api/v1/projects")).toMatchObject({ status: 503, again: true, body: { code: "DATABASE_UNAVAILABLE" } });
    expect((await ask("/api/ready")).status).toBe(503);
    await stack.postgres.start();
    await expect.poll(async () => (await ask("/api/v1/projects")).status, { timeout: 60_000, interval: 100 }).toBe(200);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  }, 240_000);
});

describe("Postgres killed under load", () => {
  it("F04: is answered with 503 and when to try again; all that was acknowledged is there, once, however often it was sent", async () => {
    const stop = new AbortController();
    const labels = Array.from({ length: 100_000 }, () => randomUUID());
    const boundary = "----sensorloop";
    const clients = [
      client(
        (n) => ({
          id: `file-${n}.csv`,
          method: "POST",
          url: "/api/v1/projects/gym/uploads",
          headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
          payload: `--${boundary}\r\nContent-Disposition: form-data; name="files"; filename="file-${n}.csv"\r\n\r\nx,label\n${n},rest\n\r\n--${boundary}--\r\n`,
        }),
        "10.1",
        stop.signal,
      ),
      client(
        (n) => ({
          id: labels[n]!,
          method: "POST",
          url: "/api/v1/projects/gym/labels",
          payload: { id: labels[n]!, subject: "s1", recording: RECORDING, from: 0, to: 10, class: "walk" },
        }),
        "10.2",
        stop.signal,
      ),
      client(
        (n) => ({
          id: `candidate-${n}`,
          method: "POST",
          url: `/api/v1/models/candidate-${n}/promote`,
          payload: { expected: n === 0 ? null : `candidate-${n - 1}`, why: "" },
        }),
        "10.3",
        stop.signal,
      ),
    ];
    const [uploads, signed, promotions] = clients.map(({ state }) => state) as [Client, Client, Client];
    const states = [uploads, signed, promotions];
    const further = async () => {
      const before = states.map(({ acknowledged }) => acknowledged.length);
      const went = () => states.map(({ acknowledged, broken }, index) => broken[0] ?? acknowledged.length >= before[index]! + 10);
      await expect.poll(went, { timeout: 60_000, interval: 20 }).toEqual([true, true, true]);
    };
    try {
      await further();
      for (let kill = 0; kill < 2; kill++) {
        stack.postgres.kill();
        await further();
      }
    } finally {
      stop.abort();
      await Promise.all(clients.map(({ work }) => work));
    }

    expect(states.flatMap(({ broken }) => broken)).toEqual([]);
    expect(states.reduce((sum, { statuses }) => sum + (statuses.get(503) ?? 0), 0)).toBeGreaterThan(0);

    const { db } = platform;
    const files = await db.selectFrom("upload").select(["id", "name"]).execute();
    expect(files.map(({ name }) => name).sort()).toEqual([...uploads.acknowledged].sort());
    const told = (kind: string) => db.selectFrom("journal").select(["subject", "payload"]).where("kind", "=", kind).orderBy("id").execute();
    expect((await told("file.added")).map(({ subject }) => subject).sort()).toEqual(files.map(({ id }) => id).sort());
    const rows = await db.selectFrom("label").select("id").execute();
    expect(rows.map(({ id }) => id).sort()).toEqual([...signed.acknowledged].sort());
    expect((await told("label.signed")).map(({ subject }) => subject)).toEqual(signed.acknowledged);
    const promoted = (await told("model.promoted")).map(({ payload }) => (payload as { model: string }).model);
    expect(promoted).toEqual(["gym-model", ...promotions.acknowledged]);
    expect(await rebuild(db)).toMatchObject({ differences: [] });
  }, 240_000);
});
