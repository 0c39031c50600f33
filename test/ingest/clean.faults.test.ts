import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { recordingName } from "../../lib/domain/recording-id.ts";
import { run as cleanJob, type CleanedFile } from "../../lib/ingest/clean-job.ts";
import { biometricId } from "../../lib/ingest/identity.ts";
import { clean, cleanStaged, FIRST_MS, goodRows, HEADER, PEPPER, smallSpec, stageOne, table, testFolder, type Cleaning } from "./corpus.ts";

const counts = ({ file }: Cleaning) => ({ in: file.rowsIn, ok: file.rowsOk, bad: file.rowsQuarantined, twice: file.rowsDuplicate });
const tolerant = (files: Record<string, unknown> = {}) => smallSpec({ rules: { maxBadShare: 1 }, ...files });

it("turns a good file into the Parquet file that later stages read", async () => {
  const { file, rows, subjects } = await clean(table(goodRows(300)));
  const subject = biometricId(PEPPER, "corpus", "p1");
  expect(file).toMatchObject({
    state: "clean",
    rowsIn: 300,
    rowsOk: 300,
    detail: { recordings: 1, subjects: 1, classes: { Walking: 200, Sitting: 100 }, measuredRateHz: 50, fromUs: FIRST_MS * 1000 },
  });
  expect(rows[7]).toEqual({
    subject,
    recording: expect.stringMatching(/^s1~[0-9a-f]{12}$/) as string,
    line: 9,
    index: 7,
    at_us: (FIRST_MS + 140) * 1000,
    x: Math.fround(0.657),
    y: Math.fround(-0.9477),
    label: "Walking",
    extras: null,
  });
  expect(subjects).toEqual([{ external: "p1", biometric: subject }]);
  expect(recordingName(rows[0]?.["recording"] as string)).toBe("s1");
});

describe("F14: rows that are out of order", () => {
  it("F14: shuffled and late rows are kept as they came, counted, and the same as sorted ones", async () => {
    const rows = goodRows(2000);
    const shuffled = rows
      .map((row, index) => [Math.sin(index * 7.7), row] as const)
      .sort(([a], [b]) => a - b)
      .map(([, row]) => row);
    const sorted = await clean(table(rows));
    const mixed = await clean(table(shuffled));
    const content = (cleaning: Cleaning) =>
      cleaning.rows
        .map(({ at_us, x, y, label, subject, recording }) => ({ at_us, x, y, label, subject, recording }))
        .sort((a, b) => Number(a.at_us) - Number(b.at_us));
    expect(counts(mixed)).toEqual({ in: 2000, ok: 2000, bad: 0, twice: 0 });
    expect(mixed.file.detail.outOfOrder).toBeGreaterThan(500);
    expect(content(mixed)).toEqual(content(sorted));
    expect(mixed.rows.map((row) => row["line"])).toEqual(rows.map((_, index) => index + 2));
  });
});

describe("duplicates", () => {
  it("F13: rows that come again are counted, those that contradict an earlier one are refused", async () => {
    const rows = goodRows(500);
    const contradiction = (rows[10] as string).replace(/,[^,]+,(\w+)$/, ",3.5,$1");
    const again = [...rows, ...rows.slice(100, 150), contradiction, ...goodRows(10, 500)];
    const cleaning = await clean(table(again));
    expect(counts(cleaning)).toEqual({ in: 561, ok: 510, bad: 1, twice: 50 });
    expect(cleaning.quarantine).toMatchObject([{ line: 552, rule: "conflict" }]);
    expect(cleaning.rows.map((row) => row["line"])).toEqual([
      ...Array.from({ length: 500 }, (_, i) => i + 2),
      ...Array.from({ length: 10 }, (_, i) => i + 553),
    ]);
  });

  it("compares within a recording: two people may have the same time", async () => {
    const other = goodRows(100).map((row) => row.replace("p1", "p2"));
    expect(counts(await clean(table(goodRows(100).flatMap((row, index) => [row, other[index] as string]))))).toMatchObject({
      ok: 200,
      twice: 0,
    });
  });

  it("counts a whole file that is appended to itself ten times over", async () => {
    const rows = goodRows(50);
    expect(counts(await clean(table(Array.from({ length: 10 }, () => rows).flat())))).toEqual({ in: 500, ok: 50, bad: 0, twice: 450 });
  });

  it("keeps them where the spec says so", async () => {
    const rows = goodRows(50);
    expect(counts(await clean(table([...rows, ...rows]), { spec: smallSpec({ rules: { duplicates: "keep" } }) }))).toMatchObject({
      ok: 100,
      twice: 0,
    });
  });

  describe("without a clock", () => {
    const spec = smallSpec({
      format: { headerRows: 0, columns: ["person", "activity", "x", "y"] },
      recording: undefined,
      time: { kind: "index" },
    });
    const noise = (count: number) =>
      Array.from(
        { length: count },
        (_, index) => `7,${index < count / 2 ? "Walking" : "Sitting"},${Math.sin(index ** 1.5).toFixed(5)},0.5`,
      );

    it.each([2, 3, 4])("finds a file that holds its rows %i times, block after block", async (copies) => {
      const rows = noise(400);
      const content = Array.from({ length: copies }, () => rows)
        .flat()
        .join("\n");
      for (const end of ["", "\n"])
        expect(counts(await clean(content + end, { spec }))).toEqual({ in: 400 * copies, ok: 400, bad: 0, twice: 400 * (copies - 1) });
    });

    it("takes a signal that stands still, or repeats itself, for what it is", async () => {
      const still = Array.from({ length: 1000 }, () => "7,Sitting,0.1,0.5");
      const wave = Array.from({ length: 1000 }, (_, index) => `7,Walking,${Math.sin((index % 50) / 8).toFixed(3)},0.5`);
      for (const rows of [still, wave]) expect(counts(await clean(rows.join("\n"), { spec }))).toMatchObject({ ok: 1000, twice: 0 });
    });

    it("does not take a file for repeated whose last row differs", async () => {
      const rows = noise(400);
      expect(counts(await clean([...rows, ...rows.slice(0, -1), "7,Sitting,0.1,0.5"].join("\n"), { spec }))).toMatchObject({
        ok: 800,
        twice: 0,
      });
    });
  });

  it("finds unfolded rows that come again", async () => {
    const spec = smallSpec({
      format: { unfold: { samples: 3, pattern: "{channel}_{i}" } },
      rateHz: 50,
      channels: { x: { sensor: "acc" } },
    });
    const row = (second: number, last: number) => `p1,s1,${FIRST_MS + second * 60},Walking,${second},1,${last}`;
    const cleaning = await clean(table([row(0, 2), row(1, 2), row(2, 2), row(1, 2), row(0, 9)], "person,session,at,activity,x_1,x_2,x_3"), {
      spec: { ...spec, files: [{ ...spec.files[0]!, rules: { ...spec.files[0]!.rules, maxBadShare: 1 } }] },
    });
    expect(counts(cleaning)).toEqual({ in: 5, ok: 3, bad: 1, twice: 1 });
    expect(
      cleaning.rows.map((sample) => [sample["line"], sample["index"], Number(sample["at_us"]) - FIRST_MS * 1000, sample["x"]]),
    ).toEqual([
      [2, 0, 0, 0],
      [2, 1, 20_000, 1],
      [2, 2, 40_000, 2],
      [3, 3, 60_000, 1],
      [3, 4, 80_000, 1],
      [3, 5, 100_000, 2],
      [4, 6, 120_000, 2],
      [4, 7, 140_000, 1],
      [4, 8, 160_000, 2],
    ]);
    expect(cleaning.quarantine).toMatchObject([{ line: 6, rule: "conflict" }]);
  });
});

describe("F15: time", () => {
  const iso = (zone = "UTC", rest = {}) => tolerant({ time: { kind: "column", column: "at", zone }, ...rest });
  const at = (time: string) => `p1,s1,${time},1,1,Walking`;
  const times = async (values: string[], spec = iso()) => {
    const { rows, quarantine } = await clean(table(values.map(at)), { spec });
    return {
      kept: rows.map((row) => new Date(Number(row["at_us"]) / 1000).toISOString()),
      refused: quarantine.map(({ line, rule, reason }) => `${line} ${rule} ${reason}`),
    };
  };

  it("F15: a unit that is a thousand times off is refused, and named", async () => {
    const { quarantine } = await clean(table(goodRows(20)), { spec: tolerant({ time: { kind: "column", column: "at", format: "s" } }) });
    expect(quarantine).toHaveLength(20);
    expect(quarantine[0]).toMatchObject({ line: 2, rule: "time", column: "at" });
    expect(quarantine[0]?.reason).toContain("if its unit were 'ms'");
  });

  it("F15: unset clocks and far futures are refused", async () => {
    const { kept, refused } = await times([
      "1970-01-01 00:00:00",
      "1989-12-31 23:59:59.999999",
      "1990-01-01",
      "2099-12-31T23:59:59Z",
      "2100-01-01",
      "9999-12-31",
    ]);
    expect(kept).toEqual(["1990-01-01T00:00:00.000Z", "2099-12-31T23:59:59.000Z"]);
    expect(refused.map((reason) => reason.split(" ")[0])).toEqual(["2", "3", "6", "7"]);
  });

  it("F15: dates and offsets as ISO 8601 has them, and nothing else", async () => {
    const { kept, refused } = await times([
      "2024-02-29 12:30",
      "2024-03-01T12:30:15.5Z",
      "2024-03-01T12:30:15.123456789+02:00",
      "2024-03-01 12:30:15-0530",
      "2024-03-01 12:30:15+01",
      "2023-02-29",
      "2024-13-01",
      "2024-03-01 24:00:00",
      "2024-03-01 12:60",
      "01.03.2024",
      "2024-03-01 12:30:15+25:00",
      "now",
      "infinity",
      "2024-3-1",
      "2024-03-01 12:30:15.",
      "",
    ]);
    expect(kept).toEqual([
      "2024-02-29T12:30:00.000Z",
      "2024-03-01T12:30:15.500Z",
      "2024-03-01T10:30:15.123Z",
      "2024-03-01T18:00:15.000Z",
      "2024-03-01T11:30:15.000Z",
    ]);
    expect(refused).toHaveLength(11);
  });

  it("F15: the hour that never was is refused, the hour that comes twice runs on", async () => {
    const spring = await times(["2024-03-31 01:59:59", "2024-03-31 02:30:00", "2024-03-31 03:00:00"], iso("Europe/Berlin"));
    expect(spring.kept).toEqual(["2024-03-31T00:59:59.000Z", "2024-03-31T01:00:00.000Z"]);
    expect(spring.refused[0]).toContain("never was");
    const autumn = await times(
      [
        "2024-10-27 01:59",
        "2024-10-27 02:00",
        "2024-10-27 02:30",
        "2024-10-27 02:59",
        "2024-10-27 02:00",
        "2024-10-27 02:30",
        "2024-10-27 02:59",
        "2024-10-27 03:00",
      ],
      iso("Europe/Berlin"),
    );
    expect(autumn.kept).toEqual(
      ["23:59", "00:00", "00:30", "00:59", "01:00", "01:30", "01:59", "02:00"].map(
        (time, index) => `2024-10-2${index === 0 ? 6 : 7}T${time}:00.000Z`,
      ),
    );
    expect(autumn.refused).toEqual([]);
  });

  it("F15: seconds with a fraction keep every microsecond", async () => {
    const spec = tolerant({ time: { kind: "column", column: "at", format: "s" } });
    const { rows } = await clean(table(["1700000000.000001", "1700000000.123456", "1700000001", "1.7000000025E9"].map(at)), { spec });
    expect(rows.map((row) => row["at_us"])).toEqual([1700000000000001, 1700000000123456, 1700000001000000, 1700000002500000]);
  });

  it("F15: a zone that does not exist is the spec's fault", async () => {
    await expect(clean(table(goodRows(5)), { spec: iso("Europe/Atlantis") })).rejects.toMatchObject({ code: "SPEC_INVALID" });
  });

  it("refuses a file that was recorded at another rate than the spec says", async () => {
    const { file } = await clean(table(goodRows(100)), { spec: smallSpec({ rateHz: 100 }) });
    expect(file).toMatchObject({
      state: "refused",
      parquet: null,
      error: { code: "RATE_MISMATCH", facts: { measuredHz: 50, declaredHz: 100 } },
    });
    expect((await clean(table(goodRows(100)), { spec: smallSpec({ rateHz: 52 }) })).file.state).toBe("clean");
  });
});

describe("F16: poison rows", () => {
  const poisoned = (every: number) =>
    goodRows(2000).map((row, index) => (index % every === 0 ? row.replace(/,[^,]+,(\w+)$/, ",poison,$1") : row));

  it("F16: 0.1 % are listed with line, column and reason, and leave gaps", async () => {
    const cleaning = await clean(table(poisoned(1000)));
    expect(counts(cleaning)).toEqual({ in: 2000, ok: 1998, bad: 2, twice: 0 });
    expect(cleaning.quarantine).toEqual([
      { line: 2, rule: "type", column: "y", reason: "y is 'poison', which is no number", raw: `p1,s1,${FIRST_MS},0.0000,poison,Walking` },
      {
        line: 1002,
        rule: "type",
        column: "y",
        reason: "y is 'poison', which is no number",
        raw: expect.stringContaining("poison") as string,
      },
    ]);
    expect(cleaning.rows[0]).toMatchObject({ line: 3, index: 1 });
    expect(cleaning.rows[999]).toMatchObject({ line: 1003, index: 1001 });
  });

  it.each([2, 1])("F16: where every %i. row is poison the file is refused as a whole", async (every) => {
    const { file, folder, quarantine } = await clean(table(poisoned(every)));
    const bad = 2000 / every;
    expect(file).toMatchObject({
      state: "refused",
      rowsIn: 2000,
      rowsOk: 2000 - bad,
      rowsQuarantined: bad,
      parquet: null,
      subjects: null,
      error: { code: "TOO_MANY_BAD_ROWS", facts: { rules: { type: bad } } },
    });
    expect(file.error?.message).toContain("the first is line 2: y is 'poison'");
    expect(quarantine).toHaveLength(bad);
    expect((await readdir(folder)).filter((name) => name.endsWith(".parquet"))).toEqual([]);
  });

  it("F16: exactly the spec's share is still accepted", async () => {
    expect((await clean(table(poisoned(20)))).file.state).toBe("clean");
    expect((await clean(table(poisoned(19)))).file.state).toBe("refused");
  });
});

describe("F17: quotes", () => {
  it("F17: an unterminated quote refuses the file and names its line", async () => {
    const rows = goodRows(100);
    rows[4] = (rows[4] as string).replace("s1", '"s1');
    expect((await clean(`\n${table(rows)}`)).file).toMatchObject({
      state: "refused",
      rowsIn: 0,
      error: { code: "UNTERMINATED_QUOTE", facts: { line: 7 } },
    });
  });

  it("F17: what stands in quotes may hold delimiters and quotes", async () => {
    const rows = goodRows(50);
    rows[3] = `p1,"s1",${FIRST_MS + 60},"0.1", "0.2" ,"Walking"`;
    rows[4] = `p1,"the ""first"", really",${FIRST_MS + 80},0.1,0.2,Sitting`;
    rows[5] = `p1,s1,${FIRST_MS + 100},0.1,0.2,Sit"ting`;
    rows[6] = `p1,"s1"x,${FIRST_MS + 120},0.1,0.2,Sitting`;
    const cleaning = await clean(table(rows), { spec: tolerant() });
    expect(counts(cleaning)).toEqual({ in: 50, ok: 48, bad: 2, twice: 0 });
    expect(cleaning.rows[3]).toMatchObject({ line: 5, x: Math.fround(0.1), y: Math.fround(0.2), label: "Walking" });
    expect(recordingName(cleaning.rows[4]?.["recording"] as string)).toBe('the "first", really');
    expect(cleaning.quarantine).toMatchObject([
      { line: 7, rule: "vocabulary" },
      { line: 8, rule: "structure" },
    ]);
  });

  it("knows rows with too few and too many cells", async () => {
    const rows = goodRows(50);
    rows[3] = "p1,s1,7";
    rows[4] += ",more";
    rows[5] = "p1";
    const cleaning = await clean(table(rows), { spec: tolerant() });
    expect(cleaning.quarantine.map(({ line, rule, reason }) => [line, rule, reason])).toEqual([
      [5, "structure", "3 cells where 6 belong, 3 too few"],
      [6, "structure", "7 cells where 6 belong, 1 too many"],
      [7, "structure", "1 cells where 6 belong, 5 too few"],
    ]);
    expect(cleaning.rows.map((row) => row["index"]).slice(0, 5)).toEqual([0, 1, 2, 6, 7]);
  });
});

describe("F23: numbers that are none", () => {
  const cells: [cell: string, rule: string | null, value?: number][] = [
    ["NaN", "finite"],
    ["-nan", "finite"],
    ["inf", "finite"],
    ["-Infinity", "finite"],
    ["1e999", "finite"],
    ["-1e400", "finite"],
    ["3.5e38", "finite"],
    ['"1,5"', "type"],
    ["0x1F", "type"],
    ["1_000", "type"],
    ["1.2.3", "type"],
    ["--1", "type"],
    ["1e", "type"],
    [".", "type"],
    ["1 2", "type"],
    ["true", "type"],
    ["١", "type"],
    ["", "null"],
    ["4.1", "range"],
    ["-4.0001", "range"],
    ["1e-310", null, 0],
    ["1e-40", null, 1e-40],
    ["-0.0", null, -0],
    ["4", null, 4],
    [" 1.5 ", null, 1.5],
    ["+2", null, 2],
    [".5", null, 0.5],
    ["3.", null, 3],
    ["1E-1", null, 0.1],
    ["0.30000000000000004441", null, 0.3],
  ];
  it.each(cells)("F23: %j is %j", async (cell, rule, value) => {
    const cleaning = await clean(table([`p1,s1,${FIRST_MS},${cell},0.5,Walking`]), { spec: tolerant() });
    if (rule) expect(cleaning.quarantine).toMatchObject([{ line: 2, rule, column: "x" }]);
    else expect(cleaning.rows[0]?.["x"]).toBe(Math.fround(value as number));
  });

  it("F23: nothing that is not finite reaches a Parquet file", async () => {
    const cleaning = await clean(
      table([...goodRows(100), ...cells.map(([cell], index) => `p1,s1,${FIRST_MS + 5000 + index},${cell},0.5,Walking`)]),
      { spec: tolerant({ channels: { x: { sensor: "acc", scale: 1e30 }, y: { sensor: "acc" } } }) },
    );
    expect(cleaning.rows.every((row) => Number.isFinite(row["x"]))).toBe(true);
    expect(cleaning.file.rowsIn).toBe(cleaning.file.rowsOk + cleaning.file.rowsQuarantined);
  });

  it("carries the last value forward within a recording, or keeps what is missing", async () => {
    const spec = tolerant({
      channels: { x: { sensor: "acc", nulls: "carry" }, y: { sensor: "acc", nulls: "keep", scale: 2 } },
      format: { nulls: ["", "?", "-999"] },
    });
    const row = (person: string, index: number, x: string, y: string) => `${person},s,${FIRST_MS + index * 20},${x},${y},Walking`;
    const { rows } = await clean(
      table([row("a", 0, "", "1"), row("a", 1, "5", "?"), row("a", 2, "", "2"), row("b", 0, "-999", "3"), row("a", 3, "?", "")]),
      { spec },
    );
    expect(rows.map((found) => [found["x"], found["y"]])).toEqual([
      [null, 2],
      [5, null],
      [5, 4],
      [null, 6],
      [5, null],
    ]);
  });
});

describe("F24: labels", () => {
  const label = (name: string) => clean(table([`p1,s1,${FIRST_MS},1,1,${name}`]), { spec: tolerant({}) });

  it.each([
    ["walking", "Walking"],
    ["WALKING", "Walking"],
    ["Walkng", "Walking"],
    ["W\u0430lking", "Walking"],
    ["Ｗalking", "Walking"],
  ])("F24: %j is refused, and %j suggested", async (raw, suggestion) => {
    const { quarantine, rows } = await label(raw);
    expect(rows).toEqual([]);
    expect(quarantine).toMatchObject([{ rule: "vocabulary", column: "activity" }]);
    expect(quarantine[0]?.reason).toContain(`is '${suggestion}' meant?`);
  });

  it("F24: a look-alike's letters are shown", async () => {
    expect((await label("W\u0430lking")).quarantine[0]?.reason).toContain("U+0430");
  });

  it("F24: how a letter is composed makes no difference", async () => {
    const spec = smallSpec({}, { labels: { classes: ["Übung".normalize("NFC"), "Pause"] } });
    const { rows } = await clean(table([`p1,s1,${FIRST_MS},1,1,${"Übung".normalize("NFD")}`]), { spec });
    expect(rows[0]?.["label"]).toBe("Übung".normalize("NFC"));
  });

  it("F24: empty, and mapped to nothing, is unlabelled; anything far off is refused without a guess", async () => {
    expect((await label("")).rows[0]?.["label"]).toBe(null);
    expect((await label("unknown")).rows[0]?.["label"]).toBe(null);
    expect((await label("Bicycle repair")).quarantine[0]?.reason).not.toContain("meant");
  });

  it("F24: a label in the file's name that is no class refuses the file", async () => {
    const spec = smallSpec({ match: "(?<label>\\w+)\\.csv$", label: { fileName: "label" } });
    expect((await clean(table(goodRows(10)), { spec, name: "Jumping.csv" })).file).toMatchObject({
      state: "refused",
      error: { code: "UNKNOWN_CLASS" },
    });
    expect((await clean(table(goodRows(10)), { spec, name: "Sitting.csv" })).rows[0]?.["label"]).toBe("Sitting");
  });
});

describe("F25: another header", () => {
  const rows = goodRows(100);
  const reordered = (names: string[]) =>
    table(
      rows.map((row) => names.map((name) => row.split(",")[HEADER.split(",").indexOf(name)] ?? "7").join(",")),
      names.join(","),
    );

  it("F25: another order and more columns make no difference", async () => {
    const plain = await clean(table(rows));
    const other = await clean(reordered(["y", "battery", "activity", "x", "at", "person", "session"]));
    expect(other.rows).toEqual(plain.rows);
  });

  it.each([
    ["removed", ["person", "session", "at", "x", "activity"], { missing: ["y"], unexpected: [] }],
    ["renamed", ["person", "session", "at", "x", "Y_", "activity"], { missing: ["y"], unexpected: ["Y_"], nearest: { y: "Y_" } }],
    ["doubled", ["person", "session", "at", "x", "y", "activity", "x"], { twice: ["x"] }],
  ])("F25: a column that was %s refuses the file with the difference", async (_, names, facts) => {
    expect((await clean(reordered(names))).file).toMatchObject({
      state: "refused",
      rowsIn: 0,
      parquet: null,
      error: { code: "HEADER_MISMATCH", facts },
    });
  });

  it("F25: a column that holds something else is refused row by row, then as a whole", async () => {
    const { file } = await clean(table(rows.map((row) => row.replace(/,-?\d\.\d{4},/, ",abc,"))));
    expect(file).toMatchObject({ state: "refused", error: { code: "TOO_MANY_BAD_ROWS", facts: { rules: { type: 100 } } } });
  });

  it("F25: without a header, another number of columns refuses the rows", async () => {
    const spec = smallSpec({ format: { headerRows: 0, columns: HEADER.split(",") } });
    expect((await clean(rows.map((row) => `${row},1`).join("\n"), { spec })).file.error).toMatchObject({
      code: "TOO_MANY_BAD_ROWS",
      facts: { rules: { structure: 100 } },
    });
  });

  it("reads names from the first of two header rows", async () => {
    const spec = smallSpec({ format: { headerRows: 2 } });
    const { rows: found } = await clean(table(["s,s,dt,f,f,s", ...rows]), { spec });
    expect(found).toHaveLength(100);
    expect(found[0]).toMatchObject({ line: 3, index: 0 });
  });
});

describe("identities", () => {
  it("are one where the number is written in two ways, and apart where two people share a name", async () => {
    const row = (person: string, session: string, at: number) => `${person},${session},${FIRST_MS + at * 20},1,1,Walking`;
    const { rows, subjects } = await clean(table([row("01", "07", 0), row("1", "7", 1), row("2", "7", 2), row("x01", "7", 3)]));
    expect(subjects.map(({ external }) => external)).toEqual(["1", "2", "x01"]);
    expect(rows[0]?.["recording"]).toBe(rows[1]?.["recording"]);
    expect(new Set(rows.map((found) => found["recording"])).size).toBe(3);
  });

  it("a row that names nobody is refused", async () => {
    const cleaning = await clean(table([...goodRows(50), `,s1,${FIRST_MS + 5000},1,1,Walking`]));
    expect(cleaning.quarantine).toMatchObject([{ line: 52, rule: "null", column: "person" }]);
  });

  it("interval labels and samples of one recording meet", async () => {
    const samples = smallSpec({
      match: "acc_exp(?<exp>\\d+)_user(?<user>\\d+)\\.txt$",
      subject: { fileName: "user" },
      recording: { fileName: "exp" },
      time: { kind: "index" },
      label: undefined,
      format: { delimiter: " ", headerRows: 0, columns: ["x", "y"] },
    });
    const intervals = smallSpec(
      {
        match: "labels\\.txt$",
        role: "intervals",
        channels: {},
        format: { delimiter: " ", headerRows: 0, columns: ["exp", "user", "activity", "from", "to"] },
        subject: { column: "user" },
        recording: { column: "exp" },
        time: { kind: "index" },
        interval: { from: "from", to: "to" },
      },
      {
        labels: { classes: ["Walking", "Sitting"], map: { 5: "Walking" } },
        features: undefined,
        models: [{ family: "cnn", convolutions: [{ filters: 2, kernel: 3 }] }],
      },
    );
    const left = await clean("  0.1   0.2\n0.3 0.4 \n", { spec: samples, name: "RawData/acc_exp01_user07.txt" });
    const right = await clean("1 7 5 250 1232\n1 7 5 250 1232\n1 7 9 5 6\n1 7 5 9 8\n1 7 5 0 8\n1 7 5 1.5 8\n", {
      spec: { ...intervals, files: [{ ...intervals.files[0]!, rules: { ...intervals.files[0]!.rules, maxBadShare: 1 } }] },
      name: "labels.txt",
    });
    expect(left.rows.map((row) => [row["x"], row["index"], row["at_us"]])).toEqual([
      [Math.fround(0.1), 0, null],
      [Math.fround(0.3), 1, null],
    ]);
    expect(right.rows).toEqual([
      { subject: left.rows[0]?.["subject"], recording: left.rows[0]?.["recording"], line: 1, from: 249, to: 1232, label: "Walking" },
    ]);
    expect(counts(right)).toEqual({ in: 6, ok: 1, bad: 4, twice: 1 });
    expect(right.quarantine.map(({ rule }) => rule)).toEqual(["vocabulary", "range", "range", "type"]);
  });

  it("reads only the rows the spec wants, and counts the others apart", async () => {
    const rows = goodRows(100).map((row, index) =>
      index % 2 === 0 ? row.replace("p1", "p2").replace(/,[^,]+,(\w+)$/, ",broken,$1") : row,
    );
    const cleaning = await clean(table(rows), { spec: smallSpec({ only: { person: ["p1"] } }) });
    expect({ ...counts(cleaning), left: cleaning.file.leftOut }).toEqual({ in: 50, ok: 50, bad: 0, twice: 0, left: 50 });
    expect(cleaning.rows.map((row) => row["index"])).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  it("keeps extra columns beside the rows", async () => {
    const spec = smallSpec({ extra: ["weight", "note"] });
    const rows = goodRows(3).map(
      (row, index) => `${row},${["30.0", "30.0", ""][index]},${["", 'say ""hi""', ""][index] ? `"say ""hi"""` : ""}`,
    );
    const { rows: found } = await clean(table(rows, `${HEADER},weight,note`), { spec });
    expect(found.map((row) => row["extras"])).toEqual(['{"weight":"30.0"}', '{"weight":"30.0","note":"say \\"hi\\""}', null]);
  });
});

describe("F33: names and cells that are SQL", () => {
  const hostile = [
    `x"; DROP TABLE cleaned; --`,
    `x'; COPY (SELECT 1) TO '/tmp/x'; --`,
    `read_text('/etc/passwd')`,
    `"x" FROM sample; ATTACH 'evil.db'; --`,
    "x\\",
    "ö😀 §",
    "${x}",
    "cleaned",
    "label",
  ];

  it.each(hostile)("F33: a column named %j is a column", async (column) => {
    const canary = await testFolder();
    await writeFile(join(canary, "canary"), "intact");
    const spec = smallSpec({ channels: { x: { sensor: "acc", column }, y: { sensor: "acc" } }, extra: [column] });
    // Twice the same row, so that the query for repeated times runs too.
    const rows = [...goodRows(30), ...goodRows(2)];
    const header = HEADER.replace(",x,", `,"${column.replaceAll('"', '""')}",`);
    const cleaning = await clean(table(rows, header), { spec, name: `${column.replaceAll("/", "")}.csv` });
    expect(counts(cleaning)).toEqual({ in: 32, ok: 30, bad: 0, twice: 2 });
    expect(await readFile(join(canary, "canary"), "utf8")).toBe("intact");
  });

  it.each(hostile)("F33: a person, a session and a class named %j are texts", async (name) => {
    const spec = smallSpec({}, { labels: { classes: [name, "Sitting"] } });
    const cell = `"${name.replaceAll('"', '""')}"`;
    const rows = [0, 1, 0].map((index) => `${cell},${cell},${FIRST_MS + index * 20},1,1,${cell}`);
    const cleaning = await clean(table(rows), { spec });
    expect(counts(cleaning)).toEqual({ in: 3, ok: 2, bad: 0, twice: 1 });
    expect(cleaning.rows[0]?.["label"]).toBe(name);
    expect(cleaning.subjects[0]?.external).toBe(name);
    expect(recordingName(cleaning.rows[0]?.["recording"] as string)).toBe(name);
  });
});

it.skipIf(process.getuid?.() !== 0)(
  "F10: a full disk is STORAGE_FULL, leaves nothing behind, and the next try succeeds (needs root to mount a small disk)",
  async () => {
    const disk = join(await testFolder(), "disk");
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]);
    onTestFinished(() => void execFileSync("umount", [disk]));
    const spec = smallSpec();
    const noise = Array.from(
      { length: 200_000 },
      (_, row) => `p1,s1,${FIRST_MS + row * 20},${Math.sin(row ** 1.3).toFixed(6)},${Math.cos(row ** 1.7).toFixed(6)},Walking`,
    );
    const entry = await stageOne(table(noise), { spec });
    if (entry.state !== "staged") throw new Error("not staged");
    const job = (path: string) =>
      cleanJob({ files: [{ id: "f1", ...entry }], spec, pepper: PEPPER, memoryMb: 300, threads: 1 }, { folder: path, progress() {} });
    await expect(job(disk)).rejects.toMatchObject({ code: "STORAGE_FULL", retryable: true });
    expect(await readdir(disk)).toEqual([]);
    execFileSync("mount", ["-o", "remount,size=64m", disk]);
    expect(((await job(disk)).files[0] as CleanedFile).rowsOk).toBe(200_000);
  },
);

it("several files of one job are cleaned apart from each other", async () => {
  const folder = await testFolder();
  const spec = smallSpec();
  const good = await stageOne(table(goodRows(50)), { spec });
  const bad = await stageOne(table(goodRows(50), HEADER.replace("x", "z")), { spec });
  const done: number[] = [];
  const files = [good, bad, good].map((entry, index) => ({ id: `f${index}`, ...(entry as Extract<typeof entry, { state: "staged" }>) }));
  const output = await cleanJob(
    { files, spec, pepper: PEPPER, memoryMb: 300, threads: 1 },
    { folder, progress: (progress) => void done.push(progress.done) },
  );
  expect(output.files.map(({ file, state }) => [file, state])).toEqual([
    ["f0", "clean"],
    ["f1", "refused"],
    ["f2", "clean"],
  ]);
  expect(done.at(-1)).toBe(150);
});

it("the same content, spec and pepper give the same bytes", async () => {
  const entry = await stageOne(table(goodRows(3000)));
  const [first, second] = [await cleanStaged(entry, smallSpec()), await cleanStaged(entry, smallSpec())];
  expect(second.file.parquet?.sha256).toBe(first.file.parquet?.sha256);
});
