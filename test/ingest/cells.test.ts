import { describe, expect, it } from "vitest";
import { numberFault, parseFloat32 } from "../../lib/ingest/number.ts";
import { parseEpoch, parseIso, wasLocal } from "../../lib/ingest/time.ts";
import { Zone } from "../../lib/ingest/zone.ts";
import { literal, openDuckdb } from "../../lib/store/duckdb.ts";
import { testFolder } from "./corpus.ts";

const parse = (text: string, scale = 1) => {
  // In the middle of other bytes: nothing beyond the cell may be read.
  const bytes = Buffer.from(`9${text}9`);
  return parseFloat32(bytes, 1, bytes.length - 1, scale);
};

function* decimals(count: number): Generator<string> {
  let state = 12345;
  const next = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const digits = (length: number) => Array.from({ length }, () => next(10)).join("");
  for (let index = 0; index < count; index++) {
    const sign = ["", "-", "+"][next(3)] as string;
    const body = [
      digits(1 + next(20)),
      `${digits(1 + next(12))}.${digits(next(20))}`,
      `.${digits(1 + next(25))}`,
      `0.${"0".repeat(next(30))}${digits(1 + next(20))}`,
    ][next(4)] as string;
    const power = next(3) === 0 ? `${["e", "E"][next(2)]}${["", "+", "-"][next(3)]}${next(45)}` : "";
    yield sign + body + power;
  }
}

describe("numbers", () => {
  it("are the nearest float of the text's double, times the scale", () => {
    for (const text of decimals(200_000)) {
      for (const scale of [1, 0.10197, -3]) {
        const exact = Number(text) * scale;
        const value = parse(text, scale);
        if (Math.abs(exact) <= 3.4028234663852886e38)
          expect(Object.is(value, Math.fround(exact)) || `${text} x ${scale}: ${value}`).toBe(true);
        else expect(Number.isNaN(value) && numberFault()).toBe("finite");
      }
    }
  });

  it("are right where two floats are equally near, and a breath beside", () => {
    for (const text of [
      "1.00000005960464477539062500000000",
      "1.00000005960464477539062500000001",
      "1.00000005960464477539062499999999",
      "0.500000029802322387695312500",
      "16777217",
      "16777217.0000000000001",
      "3.4028235677973366e38",
      "7.006492321624085e-46",
    ]) {
      const value = parse(text);
      if (Number.isFinite(Math.fround(Number(text)))) expect(value).toBe(Math.fround(Number(text)));
      else expect(value).toBeNaN();
    }
  });

  it("agree with DuckDB on what is a number", async () => {
    const folder = await testFolder();
    await using duckdb = await openDuckdb({ folder, memoryMb: 100, threads: 1 });
    const texts = [...decimals(3000)];
    const rows = await duckdb.rows<{ value: number }>(`SELECT try_cast(unnest([${texts.map(literal).join(", ")}]) AS DOUBLE) AS value`);
    for (const [index, row] of rows.entries()) expect(row.value).toBe(Number(texts[index]));
  });
});

describe("times", () => {
  const iso = (text: string) => parseIso(Buffer.from(`9${text}9`), 1, text.length + 1);

  it("agree with the engine's own parser", () => {
    for (let ms = -62_000_000_000_000; ms < 62_000_000_000_000; ms += 123_456_789_012) {
      const text = new Date(ms).toISOString();
      if (text.length === 24) expect(iso(text)).toBe(ms * 1000);
      if (text.length === 24) expect(iso(text.slice(0, 10))).toBe(Math.floor(ms / 86_400_000) * 86_400e6);
      expect(wasLocal()).toBe(true);
    }
  });

  it("of every day of four centuries are known, and no others", () => {
    for (let year = 1900; year < 2300; year += 1) {
      for (let month = 1; month <= 12; month++) {
        const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
        const name = `${year}-${String(month).padStart(2, "0")}`;
        expect(iso(`${name}-${last}`)).toBe(Date.UTC(year, month - 1, last) * 1000);
        expect(iso(`${name}-${last + 1}`)).toBeNaN();
      }
    }
  });

  it("in numbers are exact in every unit", () => {
    const epoch = (text: string, format: "s" | "ms" | "us" | "ns") => parseEpoch(Buffer.from(text), 0, text.length, format);
    expect(epoch("1700000000.1234567", "s")).toBe(1700000000123456);
    expect(epoch("1700000000123.5", "ms")).toBe(1700000000123500);
    expect(epoch("1700000000123456", "us")).toBe(1700000000123456);
    expect(epoch("1700000000123456789", "ns")).toBe(1700000000123456);
    expect(epoch("-1.5", "s")).toBe(-1500000);
    expect(epoch("1.7e9", "s")).toBe(1.7e15);
    for (const wrong of ["", ".", "-", "1.2.3", "0x10", "1e9999", "12:30", "nan"]) expect(epoch(wrong, "s")).toBeNaN();
  });

  it.each(["Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia"])(
    "in %s are those whose clocks show them",
    (name) => {
      const zone = new Zone(name);
      const format = new Intl.DateTimeFormat("sv-SE", { timeZone: name, dateStyle: "short", timeStyle: "medium" });
      for (let at = Date.UTC(2009, 0, 1); at < Date.UTC(2013, 0, 1); at += 4_321_000) {
        const shown = iso(format.format(at).replace(" ", "T"));
        const { earlier, later } = zone.resolve(shown);
        expect([earlier, later]).toContain(at * 1000);
        expect(later).toBeGreaterThanOrEqual(earlier);
      }
    },
  );
});
