import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import { specSchema } from "../../lib/domain/spec.ts";
import { literal, openDuckdb } from "../../lib/store/duckdb.ts";
import { clean, cleanStaged, FIRST_MS, HEADER, smallSpec, stageOne } from "./corpus.ts";

type Verdict = "ok" | "duplicate" | string;

/** What each row should come to, said as plainly as possible: cell by cell on strings, and everything kept in memory. */
function oracle(content: string): Map<number, Verdict> {
  const verdicts = new Map<number, Verdict>();
  const seen = new Map<string, string>();
  for (const [index, line] of content.split("\n").entries()) {
    if (index === 0 || line === "") continue;
    const at = index + 1;
    verdicts.set(at, judge(line, seen));
  }
  return verdicts;
}

function judge(line: string, seen: Map<string, string>): Verdict {
  const cells = ((parse(line, { relax_quotes: true }) as string[][])[0] ?? []).map((cell) => cell.trim());
  if (cells.length !== 6) return "structure";
  const [person, session, time, x, y, label] = cells as [string, string, string, string, string, string];
  if (person === "" || session === "" || time === "") return "null";
  if (!/^\d+$/.test(time) || Number(time) < Date.parse("1990-01-01") || Number(time) >= Date.parse("2100-01-01")) return "time";
  for (const cell of [x, y]) {
    if (cell === "") return "null";
    if (/^[+-]?(nan|inf|infinity)$/i.test(cell)) return "finite";
    if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(cell)) return "type";
    if (!Number.isFinite(Math.fround(Number(cell)))) return "finite";
    if (Math.abs(Math.fround(Number(cell))) > 4) return "range";
  }
  if (!["Walking", "Sitting", "unknown", ""].includes(label)) return "vocabulary";
  const key = JSON.stringify([person.replace(/^0+(?=\d+$)/, ""), session.replace(/^0+(?=\d+$)/, ""), time]);
  const values = JSON.stringify([Math.fround(Number(x)) + 0, Math.fround(Number(y)) + 0, label === "unknown" ? "" : label]);
  if (!seen.has(key)) {
    seen.set(key, values);
    return "ok";
  }
  return seen.get(key) === values ? "duplicate" : "conflict";
}

function corpus(seed: number): string {
  let state = seed * 7919 + 1;
  const next = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const poison = [0, 1, 3, 10][next(4)] as number;
  const pick = <T>(values: readonly T[]) => values[next(values.length)] as T;
  const numbers = [
    "",
    "nan",
    "-inf",
    "1e999",
    "1,5",
    "0x1",
    "4.0000001",
    "4.01",
    "-9",
    "1e-50",
    " 2 ",
    "+.5",
    "abc",
    "1 2",
    '"3"',
    "--1",
    "9e99999",
  ];
  const rows: string[] = [];
  for (let index = 0; index < 400; index++) {
    const bad = next(40) < poison;
    const cells = [
      bad && next(6) === 0 ? pick(["", "01", "  "]) : pick(["1", "2", "p"]),
      pick(["s", "s", "007", "7"]),
      bad && next(6) === 0 ? pick(["", "x", "17", "99999999999999", "-5"]) : String(FIRST_MS + (next(3) === 0 ? next(400) : index) * 20),
      bad && next(3) === 0 ? pick(numbers) : (next(8000) / 1000 - 4).toFixed(next(6)),
      bad && next(3) === 0 ? pick(numbers) : String(next(3)),
      bad && next(4) === 0 ? pick(["walking", "Jog", "W\u0430lking"]) : pick(["Walking", "Sitting", "", "unknown", '"Walking"']),
    ];
    let row = cells.join(",");
    if (bad && next(8) === 0) row = pick([row + ",7", row.slice(0, row.lastIndexOf(",")), "oops", ",,,,,", " "]);
    rows.push(row);
    if (next(20) === 0) rows.push(pick(rows));
    if (next(60) === 0) rows.push("");
  }
  return `${[HEADER, ...rows].join("\n")}${pick(["", "\n", "\n\n"])}`;
}

describe("cleaning", () => {
  it.each(Array.from({ length: 40 }, (_, seed) => seed))(
    "comes to the same as a plain reading of the rules, to the row (seed %i)",
    async (seed) => {
      const content = corpus(seed);
      const expected = oracle(content);
      const { file, rows, quarantine } = await clean(content, { spec: smallSpec({ rules: { maxBadShare: 1 } }) });
      expect(file.rowsIn).toBe(file.rowsOk + file.rowsQuarantined + file.rowsDuplicate);
      expect(file.rowsIn).toBe(expected.size);
      expect(rows.map((row) => row["line"])).toEqual([...expected].filter(([, verdict]) => verdict === "ok").map(([line]) => line));
      expect(quarantine.map(({ line, rule }) => [line, rule])).toEqual(
        [...expected].filter(([, verdict]) => verdict !== "ok" && verdict !== "duplicate"),
      );
      expect(file.rowsDuplicate).toBe([...expected.values()].filter((verdict) => verdict === "duplicate").length);
      const lines = content.split("\n");
      for (const refused of quarantine) expect(refused.raw).toBe(lines[refused.line - 1]);
      // A row's place in its recording counts refused and repeated rows, so that the places taken are all different.
      expect(new Set(rows.map((row) => `${String(row["recording"])} ${String(row["index"])}`)).size).toBe(rows.length);
    },
  );

  it("is the same whether a file is one of many row groups or of one", async () => {
    // So many channels make row groups small enough for a test.
    const columns = Array.from({ length: 1200 }, (_, index) => `c${index}`);
    const channels = Object.fromEntries(columns.map((name) => [name, { sensor: "s" }]));
    const spec = specSchema.parse({
      ...smallSpec(),
      files: [{ match: "csv$", subject: { column: "person" }, channels, rules: { duplicates: "keep" } }],
      features: { groups: [{ channels: ["c0"], formulas: ["summary"] }] },
    });
    const content = [
      `person,${columns.join(",")}`,
      ...Array.from({ length: 9000 }, (_, row) => `p${row >> 9},${columns.map((_, column) => (row + column) % 97).join(",")}`),
    ].join("\n");
    const { file, folder } = await cleanStaged(await stageOne(content, { spec }), spec, false);
    await using duckdb = await openDuckdb({ folder, memoryMb: 300, threads: 1 });
    const source = `read_parquet(${literal(file.parquet?.path ?? "")})`;
    const [found] = await duckdb.rows(`
      SELECT count(*)::INT AS rows, count(*) FILTER (line <> n + 2 OR index <> n % 512 OR c0 <> n % 97 OR c1199 <> (n + 1199) % 97)::INT AS wrong
      FROM (SELECT *, row_number() OVER () - 1 AS n FROM ${source})`);
    expect(found).toEqual({ rows: 9000, wrong: 0 });
    const groups = await duckdb.rows(`SELECT DISTINCT row_group_id FROM parquet_metadata(${literal(file.parquet?.path ?? "")})`);
    expect(groups).toHaveLength(2);
  });
});
