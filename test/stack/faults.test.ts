import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { ObjectStore } from "../../lib/store/objects.ts";
import { httpFaultProxy } from "../support/http-fault-proxy.ts";
import { listenOnLoopback } from "../support/loopback.ts";
import { startOwnStack } from "../support/own-stack.ts";
import { testDatabase, testObjects } from "../support/services.ts";
import { tcpFaultProxy } from "../support/tcp-fault-proxy.ts";

describe("the proxy before Postgres", () => {
  it("drops the reply to a commit that Postgres has carried out", async () => {
    const url = new URL(await testDatabase());
    await using proxy = await tcpFaultProxy(Number(url.port));
    const direct = new pg.Client({ connectionString: url.href });
    url.port = String(proxy.port);
    const client = new pg.Client({ connectionString: url.href });
    client.on("error", () => {});
    await client.connect();
    proxy.set({ kind: "drop-reply", after: "commit" });
    await client.query("begin");
    await client.query("insert into fence (scope, token) values ('told', 1)");
    await expect(client.query("commit")).rejects.toThrow(/terminated|ended|reset/i);
    expect(proxy.faults).toBe(1);
    await direct.connect();
    expect((await direct.query("select from fence")).rowCount).toBe(1);
    await direct.end();
  });

  it("holds everything back while it stalls, and loses nothing", async () => {
    const url = new URL(await testDatabase());
    await using proxy = await tcpFaultProxy(Number(url.port));
    url.port = String(proxy.port);
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    proxy.set({ kind: "stall" });
    const answer = client.query("select 1 as one");
    expect(await Promise.race([answer, sleep(200, "nothing")])).toBe("nothing");
    proxy.set(null);
    expect((await answer).rows).toEqual([{ one: 1 }]);
    await client.end();
  });
});

describe("the proxy before the object store", () => {
  it("passes signed requests, and answers a share of them with an error", async () => {
    const objects = await testObjects();
    await using proxy = await httpFaultProxy(Number(new URL(objects.endpoint).port));
    await using store = new ObjectStore({ ...objects, endpoint: proxy.url });
    await store.putBytes("demo", "file", Buffer.from("signed"));
    proxy.set({ kind: "status", status: 503, share: 0.3 });
    const puts = await Promise.all(Array.from({ length: 20 }, (_, i) => store.putBytes("demo", "file", Buffer.from(`object ${i}`))));
    expect(puts).toHaveLength(20);
    expect(proxy.faults).toBeGreaterThan(2);
    expect(proxy.faults / proxy.seen).toBeCloseTo(0.3, 0);
  });

  it("flips one bit, or cuts the body", async () => {
    const server = createServer((_, response) => response.end("abcdef"));
    const { port, close } = await listenOnLoopback(server);
    await using proxy = await httpFaultProxy(port);
    proxy.set({ kind: "flip", byte: 1 });
    expect(await (await fetch(proxy.url)).text()).toBe("accdef");
    proxy.set({ kind: "truncate", bytes: 4 });
    await expect(fetch(proxy.url).then((reply) => reply.text())).rejects.toThrow();
    await close();
  });
});

describe("a stack of a test's own", () => {
  it("comes back at the same address with its data after kill -9 and after a stop", async () => {
    await using stack = await startOwnStack();
    const query = async (text: string) => {
      const client = new pg.Client({ connectionString: stack.config.database.url, connectionTimeoutMillis: 1_000 });
      client.on("error", () => {});
      try {
        await client.connect();
        return (await client.query(text)).rowCount;
      } finally {
        await client.end().catch(() => undefined);
      }
    };
    await query("insert into fence (scope, token) values ('kept', 1)");
    const before = stack.postgres.pid;
    stack.postgres.kill();
    await expect.poll(() => query("select from fence").catch(() => -1), { timeout: 20_000 }).toBe(1);
    expect(stack.postgres.pid).not.toBe(before);
    await stack.postgres.stop();
    await expect(query("select 1")).rejects.toThrow();
    await stack.postgres.start();
    expect(await query("select from fence")).toBe(1);
  });
});
