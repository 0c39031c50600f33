import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { recordingName } from "../../lib/domain/recording-id.ts";
import { run as cleanJob, type CleanedFile } from "../../lib/ingest/clean-job.ts";
import { biometricId } from "../../lib/ingest/identity.ts";
import {
  clean,
  cleanStaged,
  counts,
  FIRST_MS,
  goodRows,
  HEADER,
  PEPPER,
  smallSpec,
  stageOne,
  table,
  testFolder,
  tolerant,
} from "./corpus.ts";

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
    piece: 0,
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
