import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ident, literal, openDuckdb } from "../../lib/store/duckdb.ts";

let folder: string;
let outside: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sensorloop-duckdb-"));
  outside = join(folder, "outside");
  await mkdir(outside);
  await mkdir(join(folder, "inside"));
  await writeFile(join(outside, "secret.csv"), "a\n1\n");
  await writeFile(join(outside, "named.csv"), "a\n2\n");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = (readable?: string[]) => openDuckdb({ folder: join(folder, "inside"), memoryMb: 100, threads: 1, readable });

describe("F33: a DuckDB that was opened for some files", () => {
  it.each([
    ["another folder's file", () => `SELECT * FROM read_csv(${literal(join(outside, "secret.csv"))})`],
    ["the system's files", () => "SELECT * FROM read_text('/etc/passwd')"],
    ["a way up", () => `SELECT * FROM read_text(${literal(join(folder, "inside", "..", "outside", "secret.csv"))})`],
    ["a neighbour whose name begins alike", () => `COPY (SELECT 1) TO ${literal(`${join(folder, "inside")}-not/x.csv`)}`],
    ["the network", () => "SELECT * FROM read_csv('https://127.0.0.1/x.csv')"],
    ["writing elsewhere", () => `COPY (SELECT 1) TO ${literal(join(outside, "new.csv"))}`],
    ["another database", () => `ATTACH ${literal(join(outside, "evil.db"))}`],
    ["an extension", () => "INSTALL httpfs"],
    ["loading one", () => "LOAD httpfs"],
    ["its own lock", () => "SET lock_configuration = false"],
    ["its own reach", () => "SET enable_external_access = true"],
    ["its folders", () => "SET allowed_directories = ['/']"],
    ["its memory", () => "SET memory_limit = '100GB'"],
    ["shell-like exports", () => `EXPORT DATABASE ${literal(join(outside, "all"))}`],
  ])("does not reach %s", async (_, sql) => {
    await using duckdb = await open();
    await expect(duckdb.run(sql())).rejects.toThrow();
  });

  it("reads and writes its folder, and reads what it was given by name", async () => {
    await using duckdb = await open([join(outside, "named.csv")]);
    const path = join(folder, "inside", "it's.parquet");
    await duckdb.run(`COPY (SELECT 7 AS ${ident('a "b"')}) TO ${literal(path)}`);
    expect(await duckdb.rows(`SELECT * FROM read_parquet(${literal(path)})`)).toEqual([{ 'a "b"': 7 }]);
    expect(await duckdb.rows(`SELECT * FROM read_csv(${literal(join(outside, "named.csv"))})`)).toEqual([{ a: 2n }]);
    await expect(duckdb.run(`SELECT * FROM read_csv(${literal(join(outside, "secret.csv"))})`)).rejects.toThrow();
  });

  it("takes any text as a name, a literal and a value, but for NUL", async () => {
    await using duckdb = await open();
    for (const text of [`"; DROP TABLE t; --`, "'; SELECT 1; --", "\\", "\\'", "$$", "ö😀", "a\nb", "%s", ""]) {
      const name = text === "" ? "x" : text;
      expect(await duckdb.rows(`SELECT ${literal(text)} AS ${ident(name)}, ? AS bound`, [text])).toEqual([{ [name]: text, bound: text }]);
    }
    for (const quote of [ident, literal]) expect(() => quote("a\0b")).toThrow(expect.objectContaining({ code: "NUL_BYTES" }) as Error);
  });

  it("says when its memory is not enough", async () => {
    await using duckdb = await openDuckdb({ folder: join(folder, "inside"), memoryMb: 20, threads: 1 });
    await expect(duckdb.run("CREATE TABLE big AS SELECT list(range) AS l FROM range(20000000)")).rejects.toMatchObject({
      code: "OUT_OF_MEMORY",
    });
  });
});
