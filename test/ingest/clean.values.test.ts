import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { recordingName } from "../../lib/domain/recording-id.ts";
import { clean, counts, FIRST_MS, goodRows, HEADER, smallSpec, table, testFolder, tolerant } from "./corpus.ts";

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
      {
        subject: left.rows[0]?.["subject"],
        recording: left.rows[0]?.["recording"],
        line: 1,
        from: 249,
        to: 1232,
        label: "Walking",
        piece: 0,
      },
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
