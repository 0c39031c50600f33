import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Kysely } from "kysely";
import { openDatabase, type Database } from "../../lib/store/database.ts";
import { ObjectStore, record } from "../../lib/store/objects.ts";
import { sweep } from "../../lib/store/sweep.ts";
import { httpFaultProxy, type HttpFaultProxy } from "../support/http-fault-proxy.ts";
import { testDatabase, testFolder, testObjects } from "../support/services.ts";

let proxy: HttpFaultProxy;
let options: ConstructorParameters<typeof ObjectStore>[0];
let direct: ObjectStore;
let db: Kysely<Database>;

beforeAll(async () => {
  const settings = await testObjects();
  proxy = await httpFaultProxy(Number(new URL(settings.endpoint).port));
  options = { ...settings, endpoint: `http://127.0.0.1:${proxy.port}` };
  direct = new ObjectStore(settings);
  db = openDatabase(await testDatabase());
  return async () => {
    await proxy[Symbol.asyncDispose]();
    await direct[Symbol.asyncDispose]();
    await db.destroy();
  };
});
beforeEach(() => proxy.set(null));

/** A store behind the proxy, with a scratch folder of its own, so that nothing is answered from a cache. */
async function storeBehindProxy(more: Partial<typeof options> = {}): Promise<ObjectStore> {
  return new ObjectStore({ ...options, scratchDir: await testFolder(), ...more });
}

async function keys(): Promise<string[]> {
  const found: string[] = [];
  for await (const item of direct.list("")) found.push(item.key);
  return found;
}

describe("the object store", () => {
  it("F07: finishes every put and get while 30 % of its requests fail, with fewer than four times the calls", async () => {
    await using store = await storeBehindProxy();
    const bodies = Array.from({ length: 40 }, (_, index) => Buffer.from(`object ${index}`));
    for (const status of [500, 503]) {
      const before = proxy.seen;
      proxy.set({ kind: "status", status, share: 0.3 });
      const refs = await Promise.all(bodies.map((body) => store.putBytes("gym", "file", body)));
      await using cold = await storeBehindProxy();
      const read = await Promise.all(refs.map(async (ref) => readFile(await cold.fetch(ref), "utf8")));
      expect(read).toEqual(bodies.map(String));
      expect(proxy.seen - before).toBeLessThan(4 * 2 * bodies.length);
    }
    expect(proxy.faults).toBeGreaterThan(10);
  });

  it("F07: finishes although connections are reset and answers are lost", async () => {
    await using store = await storeBehindProxy();
    for (const kind of ["reset", "drop-reply"] as const) {
      proxy.set({ kind, share: 0.3 });
      const path = join(await testFolder(), "file");
      await writeFile(path, randomBytes(300_000));
      const refs = await Promise.all(Array.from({ length: 10 }, () => store.putFile("gym", "file", path)));
      proxy.set(null);
      await using cold = await storeBehindProxy();
      for (const ref of refs) expect(await readFile(await cold.fetch(ref))).toEqual(await readFile(path));
    }
  });

  it("F08: never hands out bytes that were cut or changed on the way, and leaves none in its cache", async () => {
    const ref = await direct.putBytes("gym", "file", randomBytes(50_000));
    const scratchDir = await testFolder();
    await using store = await storeBehindProxy({ scratchDir });
    proxy.set({ kind: "flip", byte: 777 });
    await expect(store.fetch(ref)).rejects.toMatchObject({ code: "OBJECT_CORRUPT", retryable: true });
    proxy.set({ kind: "truncate", bytes: 1_000 });
    await expect(store.fetch(ref)).rejects.toMatchObject({
      code: expect.stringMatching(/OBJECT_CORRUPT|OBJECT_STORE_UNAVAILABLE/) as string,
      retryable: true,
    });
    expect(await readdir(scratchDir)).toEqual([]);
    proxy.set(null);
    expect((await readFile(await store.fetch(ref))).length).toBe(50_000);
  });

  it("F09: a put in parts that breaks off leaves no object, and its parts are swept", async () => {
    await using store = await storeBehindProxy({ multipartBytes: 1_000_000 });
    const path = join(await testFolder(), "large");
    await writeFile(path, randomBytes(70 * 2 ** 20));
    const before = await keys();
    proxy.set({ kind: "status", status: 503 }, (method, url) => method === "PUT" && url.includes("partNumber=2"));
    await expect(store.putFile("gym", "file", path)).rejects.toMatchObject({ code: "OBJECT_STORE_UNAVAILABLE" });
    expect(await keys()).toEqual(before);
    proxy.set(null);
    await sweep(db, direct, -60_000);
    expect(await direct.abortParts(new Date(Date.now() + 60_000))).toBe(0);
    const ref = await store.putFile("gym", "file", path);
    expect(ref.bytes).toBe(70 * 2 ** 20);
  });

  it("sweeps what no row names, and nothing else", async () => {
    const named = await direct.putBytes("gym", "file", Buffer.from("named"));
    await db.transaction().execute((tx) => record(tx, [named]));
    const orphan = await direct.putBytes("gym", "file", Buffer.from("orphan"));
    await sweep(db, direct);
    expect(await keys()).toContain(orphan.key);
    await sweep(db, direct, -60_000);
    expect(await keys()).toContain(named.key);
    expect(await keys()).not.toContain(orphan.key);
  });

  it.skipIf(process.getuid?.() !== 0)(
    "F10: says that the scratch volume is full, leaves no part there, and goes on when there is space",
    async () => {
      const volume = join(await testFolder(), "small");
      await mkdir(volume);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", volume]);
      try {
        const ref = await direct.putBytes("gym", "file", randomBytes(2 ** 20 - 4_096));
        await using store = await storeBehindProxy({ scratchDir: volume });
        const filler = join(volume, "filler");
        await writeFile(filler, randomBytes(600_000));
        await expect(store.fetch(ref)).rejects.toMatchObject({ code: "STORAGE_FULL", retryable: true });
        expect(await readdir(volume)).toEqual(["filler"]);
        await writeFile(filler, "");
        expect((await readFile(await store.fetch(ref))).length).toBe(ref.bytes);
      } finally {
        execFileSync("umount", [volume]);
      }
    },
  );
});
