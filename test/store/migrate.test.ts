import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { migrate } from "../../lib/store/migrate.ts";
import { testDatabase, testFolder } from "../support/services.ts";

async function folderWith(files: Record<string, string>): Promise<string> {
  const folder = join(await testFolder(), "migrations");
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<Record<string, unknown>>(text);
  await client.end();
  return rows;
}

describe("migrate", () => {
  it("runs each file once, although several processes start together", async () => {
    const url = await testDatabase();
    await query(url, "drop table migration");
    const folder = await folderWith({
      "0001_a.sql": "create table a (n int); insert into a values (1)",
      "0002_b.sql": "insert into a values (2)",
    });
    const applied = await Promise.all([1, 2, 3, 4].map(() => migrate(url, folder)));
    expect(applied.flat().sort()).toEqual(["0001_a.sql", "0002_b.sql"]);
    expect(await query(url, "select n from a order by n")).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it("leaves nothing of a file that fails halfway, and goes on from there when it is mended", async () => {
    const url = await testDatabase();
    await query(url, "drop table migration");
    const broken = await folderWith({ "0001_a.sql": "create table a (n int)", "0002_b.sql": "create table b (n int); select 1 / 0" });
    await expect(migrate(url, broken)).rejects.toThrow(/division by zero/);
    expect(await query(url, "select to_regclass('a') is not null as a, to_regclass('b') is not null as b")).toEqual([
      { a: true, b: false },
    ]);
    const mended = await folderWith({ "0001_a.sql": "create table a (n int)", "0002_b.sql": "create table b (n int)" });
    expect(await migrate(url, mended)).toEqual(["0002_b.sql"]);
  });

  it("refuses a database that a newer version migrated", async () => {
    const url = await testDatabase();
    await query(url, "insert into migration (name) values ('9999_from_the_future.sql')");
    await expect(migrate(url)).rejects.toMatchObject({ code: "SCHEMA_TOO_NEW", facts: { unknown: ["9999_from_the_future.sql"] } });
  });
});
