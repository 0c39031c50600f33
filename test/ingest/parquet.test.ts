import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FloatColumn, Int32Column, Int64Column, StringColumn } from "../../lib/ingest/parquet/columns.ts";
import { ParquetWriter, rowGroupOf } from "../../lib/ingest/parquet/writer.ts";
import { literal, openDuckdb } from "../../lib/store/duckdb.ts";
import { testFolder } from "./corpus.ts";

type Row = [text: string | null, line: number, whole: number | null, value: number | null];

/** Writes rows, checks the hash, and reads them back with DuckDB: another implementation of the format. */
async function roundTrip(rows: readonly Row[], group = rowGroupOf(4, rows.length)): Promise<Row[]> {
  const folder = await testFolder();
  const path = join(folder, "rows.parquet");
  const [text, line, whole, value] = [
    new StringColumn("text", group),
    new Int32Column("line", group),
    new Int64Column("whole", group),
    new FloatColumn("value", group),
  ];
  const writer = new ParquetWriter(path, [text, line, whole, value], group);
  for (const row of rows) {
    text.set(writer.row, row[0]);
    line.values[writer.row] = row[1];
    whole.values[writer.row] = row[2] ?? NaN;
    value.values[writer.row] = row[3] ?? NaN;
    writer.endRow();
  }
  const written = writer.close();
  const bytes = readFileSync(path);
  expect(written).toEqual({ path, rows: rows.length, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") });
  await using duckdb = await openDuckdb({ folder, memoryMb: 200, threads: 2 });
  // Through the bounds, too: a wrong one would hide rows.
  const found = await duckdb.rows<{ text: string | null; line: number; whole: bigint | null; value: number | null }>(
    `SELECT * FROM read_parquet(${literal(path)})`,
  );
  const counted = await duckdb.rows<{ n: bigint }>(
    `SELECT count(*) AS n FROM read_parquet(${literal(path)}) a WHERE line = ? AND (whole = ? OR whole IS NULL)`,
    [rows.at(-1)?.[1] ?? 0, BigInt(rows.at(-1)?.[2] ?? 0)],
  );
  if (rows.length > 0) expect(Number(counted[0]?.n)).toBeGreaterThan(0);
  return found.map((row) => [row.text, row.line, row.whole === null ? null : Number(row.whole), row.value]);
}

/** A small generator, so that a failure can be had again. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("the Parquet writer", () => {
  it.each(Array.from({ length: 24 }, (_, seed) => seed))(
    "gives back what was written, whatever its runs, gaps and sizes (seed %i)",
    async (seed) => {
      const next = numbers(seed + 1);
      const count = [0, 1, 2, 7, 8, 9, 31, 32, 33, 127, 128, 129, 130, 257, 1000, 5000][Math.floor(next() * 16)] as number;
      const texts = Math.ceil(10 ** (next() * 3.5));
      const runs = 1 + Math.floor(next() * 40);
      const gaps = next() < 0.3 ? 0 : next();
      const spread = 10 ** (next() * 15);
      let text: string | null = null;
      let whole = Math.floor(next() * spread);
      const rows = Array.from({ length: count }, (_, row): Row => {
        if (row % runs === 0) text = next() < gaps * 0.3 ? null : `text ${Math.floor(next() * texts)} ö`;
        whole = next() < 0.5 ? whole + 20_000 : Math.floor((next() - 0.3) * spread);
        return [
          text,
          seed % 2 === 0 ? row * 3 + 1 : Math.floor((next() - 0.5) * 2 ** 32),
          next() < gaps ? null : whole,
          next() < gaps ? null : Math.fround((next() - 0.5) * spread),
        ];
      });
      expect(await roundTrip(rows)).toEqual(rows);
      if (count > 0) expect(await roundTrip(rows, Math.max(1, Math.floor(count / 3)))).toEqual(rows);
    },
  );

  it("keeps the largest and smallest values there are", async () => {
    const rows: Row[] = [
      ["", 2 ** 31 - 1, Number.MAX_SAFE_INTEGER, 3.4028234663852886e38],
      ["x".repeat(100_000), -(2 ** 31), -Number.MAX_SAFE_INTEGER, 1.401298464324817e-45],
      ["\u{1f600}", 0, 0, -0],
    ];
    expect(await roundTrip(rows)).toEqual(rows);
  });

  it("writes a column without a single value", async () => {
    const rows = Array.from({ length: 300 }, (_, row): Row => [null, row, null, null]);
    expect(await roundTrip(rows)).toEqual(rows);
  });

  it("takes next to nothing for what is regular", async () => {
    const folder = await testFolder();
    const group = rowGroupOf(3, 100_000);
    const [subject, line, at] = [new StringColumn("subject", group), new Int32Column("line", group), new Int64Column("at_us", group)];
    const writer = new ParquetWriter(join(folder, "a.parquet"), [subject, line, at], group);
    for (let row = 0; row < 100_000; row++) {
      subject.set(writer.row, "the same subject");
      line.values[writer.row] = row + 2;
      at.values[writer.row] = 1.7e15 + row * 20_000;
      writer.endRow();
    }
    expect(writer.close().bytes).toBeLessThan(2_000);
  });
});
