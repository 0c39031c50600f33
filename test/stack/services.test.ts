import { readFile } from "node:fs/promises";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { ObjectStore } from "../../lib/store/objects.ts";
import { temporalConnection, testDatabase, testFolder, testObjects } from "../support/services.ts";

describe("the services of a test run", () => {
  it("give each file a database with the schema and no rows", async () => {
    const [one, other] = [await testDatabase(), await testDatabase()];
    expect(one).not.toBe(other);
    const client = new pg.Client({ connectionString: one });
    await client.connect();
    await client.query("insert into fence (scope, token) values ('a', 1)");
    await client.end();
    const second = new pg.Client({ connectionString: other });
    await second.connect();
    expect((await second.query("select from fence")).rowCount).toBe(0);
    await second.end();
  });

  it("give each file a bucket that keeps what is put", async () => {
    const objects = await testObjects();
    await using store = new ObjectStore(objects);
    const put = await store.putBytes("demo", "file", Buffer.from("five bytes and more"));
    const fresh = new ObjectStore({ ...objects, scratchDir: await testFolder() });
    expect(await readFile(await fresh.fetch(put), "utf8")).toBe("five bytes and more");
    await fresh[Symbol.asyncDispose]();
  });

  it("answer as Temporal", async () => {
    const connection = await temporalConnection();
    const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace: "default" });
    expect(namespaceInfo?.name).toBe("default");
  });
});
