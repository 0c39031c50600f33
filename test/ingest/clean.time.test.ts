import { describe, expect, it } from "vitest";
import { clean, counts, FIRST_MS, goodRows, smallSpec, table, tolerant, type Cleaning } from "./corpus.ts";

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
