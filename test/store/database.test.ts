import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "kysely";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { openDatabase } from "../../lib/store/database.ts";
import { testDatabase } from "../support/services.ts";

/** Tables and columns as `database.ts` declares them, read from its syntax. */
async function declared(): Promise<Record<string, string[]>> {
  const path = join(import.meta.dirname, "../../lib/store/database.ts");
  const source = ts.createSourceFile(path, await readFile(path, "utf8"), ts.ScriptTarget.Latest, true);
  const members = (node: ts.TypeLiteralNode | ts.InterfaceDeclaration) => node.members.map((member) => (member.name as ts.Identifier).text);
  const interfaces = new Map(source.statements.filter(ts.isInterfaceDeclaration).map((node) => [node.name.text, node]));
  const database = interfaces.get("Database");
  if (!database) throw new Error("database.ts declares no Database");
  return Object.fromEntries(
    database.members.filter(ts.isPropertySignature).map((member) => {
      const { type } = member;
      const columns = type && ts.isTypeLiteralNode(type) ? members(type) : members(interfaces.get(type?.getText() ?? "")!);
      return [(member.name as ts.Identifier).text, columns.sort()];
    }),
  );
}

describe("the Database interface", () => {
  it("names exactly the tables and columns that the migrations make", async () => {
    await using db = openDatabase(await testDatabase());
    const { rows } = await sql<{ table_name: string; column_name: string }>`
      select table_name, column_name from information_schema.columns where table_schema = 'public' and table_name <> 'migration'`.execute(
      db,
    );
    const actual: Record<string, string[]> = {};
    for (const row of rows) (actual[row.table_name] ??= []).push(row.column_name);
    for (const columns of Object.values(actual)) columns.sort();
    expect(await declared()).toEqual(actual);
  });
});
