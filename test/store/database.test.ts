import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "kysely";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { openDatabase } from "../../lib/store/database.ts";
import { testDatabase } from "../support/services.ts";

/** Tables and columns as they are declared, read from the syntax. */
async function declared(): Promise<Record<string, string[]>> {
  const interfaces = new Map<string, ts.InterfaceDeclaration>();
  for (const file of ["database.ts", "annotation-tables.ts", "../domain/projections.ts"]) {
    const path = join(import.meta.dirname, "../../lib/store", file);
    const source = ts.createSourceFile(path, await readFile(path, "utf8"), ts.ScriptTarget.Latest, true);
    for (const node of source.statements.filter(ts.isInterfaceDeclaration)) interfaces.set(node.name.text, node);
  }
  const columnsOf = (type: ts.TypeNode | undefined): string[] => {
    if (type && ts.isIntersectionTypeNode(type)) return [...new Set(type.types.flatMap(columnsOf))].sort();
    const node = type && ts.isTypeLiteralNode(type) ? type : interfaces.get(type?.getText() ?? "");
    if (!node) throw new Error(`${type?.getText()} is declared nowhere`);
    return node.members.map((member) => (member.name as ts.Identifier).text).sort();
  };
  const tables = ["Database", "AnnotationTables"].flatMap((name) => [...interfaces.get(name)!.members]);
  return Object.fromEntries(tables.filter(ts.isPropertySignature).map(({ name, type }) => [(name as ts.Identifier).text, columnsOf(type)]));
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
