import { fork } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { safeName } from "../../lib/ingest/archive.ts";
import type { StagedEntry } from "../../lib/ingest/stage-job.ts";
import { goodRows, HEADER, smallSpec, stage, stagedText, stageOne, table, testFolder, zip } from "./corpus.ts";

const good = table(goodRows(500));
const code = (entry: StagedEntry) => (entry.state === "refused" ? entry.error.code : entry.state);

describe("F13: the same content under another form", () => {
  it("F13: plain, gzip, zip, CRLF and with a byte order mark have one hash", async () => {
    const forms = [
      good,
      gzipSync(good),
      zip([{ name: "deep/data.csv", content: Buffer.from(good) }]),
      good.replaceAll("\n", "\r\n"),
      `\ufeff${good}`,
      good.replaceAll("\n", "\r"),
    ];
    const hashes = new Set<string>();
    for (const form of forms) hashes.add((await stageOne(form)).sha256);
    expect(hashes.size).toBe(1);
  });

  it("copies nothing where a plain file is in its normal form already", async () => {
    const { entries, path } = await stage(good);
    expect(entries[0]).toMatchObject({
      state: "staged",
      path,
      bytes: good.length,
      scan: { lines: 501, headerLines: 1, firstDataLine: 2, newline: "lf" },
    });
  });
});

describe("F18: files that are too little or too much of a table", () => {
  it.each([
    ["EMPTY_FILE", ""],
    ["EMPTY_FILE", "\n\n\r\n"],
    ["HEADER_ONLY", HEADER],
    ["HEADER_ONLY", `${HEADER}\n\n`],
  ])("F18: refuses with %s: %j", async (expected, content) => {
    expect(code(await stageOne(content))).toBe(expected);
  });

  it("F18: a last line without a newline is a row", async () => {
    const entry = await stageOne(good.trimEnd());
    expect(entry.scan).toMatchObject({ lines: 501, blankCount: 0 });
  });

  it("F18: a line of 3 MB is refused without being held, and named", async () => {
    const entry = await stageOne(`${good}${"7".repeat(3_000_000)}\n`);
    expect(entry.error).toMatchObject({ code: "LINE_TOO_LONG", facts: { line: 502 } });
  });

  it("counts empty lines and says where they are", async () => {
    const entry = await stageOne(`\n${table(goodRows(2))}\n${goodRows(1, 2)[0]}\n\n`);
    expect(entry.scan).toMatchObject({ lines: 7, headerLines: 2, firstDataLine: 3, blankCount: 2, blankLines: [5, 7] });
  });
});

it("F19: a file of many times its memory is staged and cleaned within a flat memory", { timeout: 180_000 }, async () => {
  const folder = await testFolder();
  const path = join(folder, "large.csv");
  const file = createWriteStream(path);
  file.write(`${HEADER}\n`);
  for (let from = 0; from < 3_000_000; from += 20_000) if (!file.write(`${goodRows(20_000, from).join("\n")}\n`)) await once(file, "drain");
  file.end();
  await once(file, "finish");
  expect((await stat(path)).size).toBeGreaterThan(110e6);
  const child = fork(join(import.meta.dirname, "memory-child.ts"), [path, folder], {
    execArgv: ["--max-old-space-size=64"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const [peak] = (await once(child, "message")) as [{ stagedMb: number; cleanedMb: number; rowsOk: number }];
  expect(peak.rowsOk).toBe(3_000_000);
  // 64 MB of heap, Node itself, and buffers; the file has 120 MB, its columns as many.
  expect(peak.stagedMb).toBeLessThan(170);
  expect(peak.cleanedMb).toBeLessThan(210);
});

describe("F20: gzip", () => {
  const packed = gzipSync(good);
  it.each([
    ["cut by eight bytes", packed.subarray(0, -8)],
    ["cut by one byte", packed.subarray(0, -1)],
    ["cut in the middle", packed.subarray(0, packed.length >> 1)],
    ["with another CRC", flipped(packed, packed.length - 6)],
    ["with a bit flipped in the middle", flipped(packed, packed.length >> 1)],
    ["with garbage after its end", Buffer.concat([packed, Buffer.from("garbage")])],
    ["with garbage after a padding", Buffer.concat([packed, Buffer.alloc(600_000), Buffer.from("garbage")])],
  ])("F20: a gzip %s is refused", async (_, bytes) => {
    expect(code(await stageOne(bytes, { name: "data.csv.gz" }))).toBe("GZIP_CORRUPT");
  });

  it("F20: several members are one file", async () => {
    const entry = await stageOne(Buffer.concat([gzipSync(good.slice(0, 1000)), gzipSync(good.slice(1000))]), { name: "data.csv.gz" });
    expect(entry).toMatchObject({ state: "staged", name: "data.csv" });
    expect(stagedText(entry)).toBe(good);
  });

  it("is known by its content, not by its name", async () => {
    expect(stagedText(await stageOne(packed, { name: "data.csv" }))).toBe(good);
  });
});

describe("F21: archives", () => {
  it("F21: a gzip of 1000:1 is stopped before it unfolds, in little time", async () => {
    const bomb = gzipSync(Buffer.alloc(400 << 20, "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0\n"));
    const begun = process.cpuUsage();
    const entry = await stageOne(bomb, { name: "data.csv.gz" });
    const { user, system } = process.cpuUsage(begun);
    expect(entry.error).toMatchObject({ code: "DECOMPRESSION_BOMB" });
    expect((entry.error?.facts as { bytesOut: number }).bytesOut).toBeLessThan(32 << 20);
    expect((user + system) / 1e6).toBeLessThan(5);
  });

  it("F21: a bomb in an archive in an archive spends from the outer one's budget", async () => {
    const inner = zip([{ name: "data.csv", content: Buffer.alloc(60 << 20, "0,0\n") }]);
    const { entries } = await stage(zip([{ name: "inner.zip", content: inner }]));
    expect(entries.map(code)).toEqual(["DECOMPRESSION_BOMB"]);
  });

  it("F21: a bomb of many entries is stopped by their sum", async () => {
    const block = Buffer.alloc(4 << 20, "1,2\n");
    const { entries } = await stage(zip(Array.from({ length: 40 }, (_, index) => ({ name: `d${index}.csv`, content: block }))), {
      limits: { maxBytes: 20 << 20 },
    });
    expect(entries.at(-1)?.error?.code).toBe("DECOMPRESSION_BOMB");
    expect(entries.length).toBeLessThan(7);
  });

  it("F21: what is genuine and packs well passes", async () => {
    const still = table(Array.from({ length: 120_000 }, (_, row) => `p1,s1,${FIRST + row * 20},0.0,1.0,Sitting`));
    expect(code(await stageOne(gzipSync(still), { name: "data.csv.gz" }))).toBe("staged");
  });

  it("opens one archive inside another, and no deeper", async () => {
    const inner = zip([{ name: "data.csv", content: Buffer.from(good) }]);
    expect((await stage(zip([{ name: "a/inner.zip", content: inner }]))).entries).toMatchObject([{ state: "staged", name: "data.csv" }]);
    expect((await stage(zip([{ name: "data.csv.gz", content: gzipSync(good) }]))).entries).toMatchObject([
      { state: "staged", name: "data.csv" },
    ]);
    expect((await stage(gzipSync(inner), { name: "inner.zip.gz" })).entries).toMatchObject([{ state: "staged", name: "data.csv" }]);
    const outer = zip([{ name: "inner.zip", content: inner }]);
    expect((await stage(zip([{ name: "outer.zip", content: outer }]))).entries.map(code)).toEqual(["DECOMPRESSION_BOMB"]);
  });

  it("refuses the damaged entry and takes the others", async () => {
    const content = Buffer.from(good);
    const { entries, unmatched } = await stage(
      zip([
        { name: "a.csv", content },
        { name: "b.csv", content, crc: 7 },
        { name: "README.md", content: Buffer.from("hello") },
      ]),
    );
    expect(entries.map((entry) => [entry.name, code(entry)])).toEqual([
      ["a.csv", "staged"],
      ["b.csv", "ZIP_CORRUPT"],
    ]);
    expect(unmatched).toEqual(["README.md"]);
  });

  it.each([
    ["without its directory", (bytes: Buffer) => bytes.subarray(0, -30)],
    ["of which the middle is missing", (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 200), bytes.subarray(400)])],
  ])("refuses an archive %s", async (_, damage) => {
    const { entries } = await stage(damage(zip([{ name: "a.csv", content: Buffer.from(good) }])));
    expect(entries.map(code)).toEqual(["ZIP_CORRUPT"]);
  });

  it("F32: hostile names in an archive are names, never paths", async () => {
    const content = Buffer.from(good);
    const names = ["../../evil.csv", "/etc/evil.csv", "..\\..\\evil2.csv", "a/\u0000b.csv", "C:\\evil3.csv", `${"x".repeat(5000)}.csv`];
    const { entries, path } = await stage(zip(names.map((name) => ({ name, content }))));
    for (const entry of entries) expect(entry.name).not.toMatch(/(^|\/)\.\.(\/|$)|^\/|\\/);
    expect(await readdir(join(path, "../.."))).not.toContain("evil.csv");
    expect((await readdir(join(path, "../job"))).every((name) => /^entry-\d+$/.test(name))).toBe(true);
    expect(safeName("../a/./b\\..\\c\n.csv")).toBe("a/b/c_.csv");
  });
});

const FIRST = 1_700_000_000_000;

describe("F22: encodings and line ends", () => {
  const umlaut = table(goodRows(300)).replaceAll("Walking", "Gehen-Über");
  const spec = (encoding?: string) => smallSpec(encoding ? { format: { encoding } } : {});
  const latin = Buffer.from(umlaut, "latin1");
  const wide = Buffer.from(umlaut, "utf16le");
  const wideBig = Buffer.from(wide).swap16();

  it("F22: a byte order mark, CRLF and mixed line ends are read the same as without", async () => {
    const lines = umlaut.split("\n");
    const mixed = lines.map((line, index) => line + ["\n", "\r\n", "\r"][index % 3]).join("");
    for (const form of [`\ufeff${umlaut}`, umlaut.replaceAll("\n", "\r\n"), `\ufeff${umlaut.replaceAll("\n", "\r")}`])
      expect(stagedText(await stageOne(form))).toBe(umlaut);
    const entry = await stageOne(mixed);
    expect(stagedText(entry).trimEnd()).toBe(umlaut.trimEnd());
    expect(entry.scan?.newline).toBe("mixed");
  });

  it.each([
    ["latin1", latin],
    ["utf-16le", wide],
    ["utf-16be", wideBig],
    ["utf-16le", Buffer.concat([Buffer.from([0xff, 0xfe]), wide])],
    ["utf-16be", Buffer.concat([Buffer.from([0xfe, 0xff]), wideBig])],
  ])("F22: %s is converted where it is declared", async (encoding, bytes) => {
    const entry = await stageOne(bytes, { spec: spec(encoding) });
    expect(stagedText(entry)).toBe(umlaut);
    expect(entry.scan?.encoding).toBe(encoding);
  });

  it.each([
    ["latin1", latin],
    ["utf-16le", wide],
    ["utf-16be", wideBig],
    ["utf-16le", Buffer.concat([Buffer.from([0xff, 0xfe]), wide])],
    ["windows-1252", Buffer.concat([Buffer.from(good), Buffer.from("p1,s1,1,1,1,\x80\n", "latin1")])],
  ])("F22: %s that nobody declared is refused and named", async (looksLike, bytes) => {
    expect((await stageOne(bytes)).error).toMatchObject({ code: "ENCODING_UNDECLARED", facts: { looksLike } });
  });

  it("F22: UTF-8 where UTF-16 was declared is refused and named", async () => {
    expect((await stageOne(umlaut, { spec: spec("utf-16le") })).error).toMatchObject({
      code: "ENCODING_UNDECLARED",
      facts: { looksLike: "utf-8" },
    });
  });

  it.each([
    ["NUL_BYTES", "a NUL byte", Buffer.from(`${good}p1,s1,1,1\u0000,1,Walking\n`), 502],
    ["NOT_TEXT", "a lone surrogate", Buffer.concat([Buffer.from(good), Buffer.from([0xed, 0xa0, 0x80, 10])]), 502],
  ])("F22: %s: %s is refused with its line", async (expected, _, bytes, line) => {
    expect((await stageOne(bytes)).error).toMatchObject({ code: expected, facts: { line } });
  });

  it("F22: a lone surrogate in UTF-16 is refused", async () => {
    const broken = Buffer.concat([wide, Buffer.from([0x00, 0xd8, 0x41, 0x00])]);
    expect(code(await stageOne(broken, { spec: spec("utf-16le") }))).toBe("NOT_TEXT");
  });

  it("F22: characters that are cut by the edge of a chunk are whole again", async () => {
    const long = table(Array.from({ length: 40_000 }, (_, row) => `p1,s1,${row},1,1,Über€😀`));
    for (const pad of ["", "x", "xx", "xxx"])
      expect(stagedText(await stageOne(gzipSync(pad + long), { name: "data.csv.gz" }))).toBe(pad + long);
  });

  it.each([
    ["an image", Buffer.concat([Buffer.from("\x89PNG\r\n", "latin1"), Buffer.alloc(2000, 3)])],
    ["a Parquet file", Buffer.from("PAR1 and so on")],
    ["a program", Buffer.concat([Buffer.from("\x7fELF", "latin1"), Buffer.alloc(900)])],
    ["random bytes", Buffer.from(Array.from({ length: 5000 }, (_, index) => ((index * 7919) % 251) + 1))],
  ])("refuses %s as no text", async (_, bytes) => {
    expect(code(await stageOne(bytes))).toBe("NOT_TEXT");
  });
});

describe("what a format says", () => {
  it("takes away the character that ends each row", async () => {
    const spec = smallSpec({
      match: "\\.txt$",
      format: { headerRows: 0, columns: ["person", "activity", "x", "y"], rowEnd: ";" },
      recording: undefined,
      time: { kind: "index" },
    });
    const entry = await stageOne("1600,A,1.5,2;\r\n1600,A,1.6,2;\n1600,A,1.7,;2\n1600,A,1.8,2;", { spec, name: "a.txt" });
    expect(stagedText(entry)).toBe("1600,A,1.5,2\n1600,A,1.6,2\n1600,A,1.7,;2\n1600,A,1.8,2");
    expect(entry.scan).toMatchObject({ header: null, firstDataLine: 1, lines: 4 });
  });

  it("turns ARFF into CSV, with the columns that were not declared", async () => {
    const spec = arffSpec();
    const arff = `% a comment\n@relation r\n\n@attribute "person" {a, b}\n@attribute 'the session' string\n@ATTRIBUTE x numeric\n@data\n1,'it''s, \\'ok\\'',2,Walking\n% between\n\n2,plain,?,Sitting\n`;
    const entry = await stageOne(arff.replace("''", ""), { spec, name: "a.arff" });
    expect(stagedText(entry)).toBe(`person,the session,x,activity\n1,"its, 'ok'",2,Walking\n\n\n2,plain,?,Sitting\n`);
    expect(entry.scan).toMatchObject({
      header: ["person", "the session", "x", "activity"],
      headerLines: 1,
      firstDataLine: 8,
      blankLines: [9, 10],
    });
  });

  it.each([
    ["NOT_TEXT", "@relation r\n@attribute a numeric\n"],
    ["NOT_TEXT", "@relation r\n@attribute a numeric\n@data\n{0 1}\n"],
    ["HEADER_MISMATCH", "@relation r\n@attribute a numeric\n@data\n1,2,3\n"],
    ["HEADER_ONLY", "@relation r\n@attribute a numeric\n@attribute b numeric\n@data\n"],
  ])("refuses ARFF with %s: %j", async (expected, content) => {
    const spec = arffSpec();
    expect(code(await stageOne(content, { spec, name: "a.arff" }))).toBe(expected);
  });

  it("leaves alone what no pattern matches", async () => {
    expect(await stage(good, { name: "notes.txt" })).toMatchObject({ entries: [], unmatched: ["notes.txt"], unmatchedCount: 1 });
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ 0x10;
  return copy;
}

/** Of a file that leaves its last column undeclared. */
function arffSpec() {
  const columns = ["person", "the session", "x", "activity"];
  const format = { type: "arff", columns, nulls: ["?"] };
  return smallSpec({ match: "\\.arff$", format, recording: undefined, time: { kind: "index" }, channels: { x: { sensor: "acc" } } });
}
