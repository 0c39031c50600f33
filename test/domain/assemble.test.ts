import { describe, expect, it } from "vitest";
import { assembleRows, assembleSampled, concatenate, reorder, type Track } from "../../lib/domain/assemble.ts";
import { backfill } from "../../lib/domain/label-spans.ts";

const OPTIONS = { rateHz: 10, maxGapSeconds: 1, classes: ["walk", "sit"] };
const START = 1_700_000_000_000_000;

function track(at: readonly number[], values: readonly number[], options: Partial<Track> & { name?: string; carry?: boolean } = {}): Track {
  const { name = "x", carry = false, ...rest } = options;
  return { clock: "index", rateHz: 10, at: Float64Array.from(at), channels: [{ name, values: Float32Array.from(values), carry }], ...rest };
}
const sampled = (
  tracks: readonly Track[],
  options = {},
  intervals: readonly { code: number; from: number; to: number; unit?: "rows" | "us" }[] = [],
) =>
  assembleSampled(
    { subject: "s", recording: "r", tracks, intervals: intervals.map((each) => ({ unit: "rows" as const, ...each })) },
    { ...OPTIONS, ...options },
  );
const count = (length: number) => Array.from({ length }, (_, at) => at);

describe("assembleSampled", () => {
  it("leaves samples of the right rate as they are", () => {
    const values = [1, Number.NaN, 3, -4];
    const recording = sampled([track(count(4), values)]);
    expect([...recording.channels.get("x")!]).toEqual(values);
    expect(recording).toMatchObject({ length: 4, stretches: [[0, 4]], offsets: [0], startUs: 0 });
  });

  it("bridges a short gap by a straight line and cuts at a long one, whose samples are not stored", () => {
    const at = [0, 1, 2, 5, 6, 7, 40, 41, 42];
    const recording = sampled([track(at, at)]);
    expect(recording.stretches).toEqual([
      [0, 8],
      [8, 11],
    ]);
    expect(recording.offsets).toEqual([0, 32]);
    expect([...recording.channels.get("x")!]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 40, 41, 42]);
  });

  it("brings other rates to one by straight lines, and carries what only holds", () => {
    const slow = track(count(4), [0, 10, 20, 30], { rateHz: 5 });
    const held = track(count(4), [1, 2, 3, 4], { rateHz: 5, name: "place", carry: true });
    const recording = sampled([slow, held]);
    expect([...recording.channels.get("x")!]).toEqual([0, 5, 10, 15, 20, 25, 30]);
    expect([...recording.channels.get("place")!]).toEqual([1, 1, 2, 2, 3, 3, 4]);
  });

  it("brings clocks that tremble onto the grid", () => {
    const at = count(30).map((place) => START + place * 100_000 + (place % 3) * 7_000);
    const recording = sampled([
      track(
        at,
        at.map((time) => (time - START) / 1e6),
        { clock: "us" },
      ),
    ]);
    expect(recording.startUs).toBe(START);
    for (const [place, value] of recording.channels.get("x")!.entries()) expect(value).toBeCloseTo(place / 10, 5);
  });

  it("keeps the last sample of a clock that was rounded", () => {
    const at = count(31).map((place) => START + Math.round((place * 1e6) / 30));
    expect(sampled([track(at, count(31), { clock: "us", rateHz: 30 })], { rateHz: 30 }).length).toBe(31);
  });

  it("has stretches only where all files of the recording have samples", () => {
    const acc = track(count(40), count(40), { name: "acc" });
    const gyro = track([...count(10), ...count(15).map((place) => place + 25)], count(25), { name: "gyro" });
    const recording = sampled([acc, gyro]);
    expect(recording.stretches).toEqual([
      [0, 10],
      [10, 25],
    ]);
    expect(recording.offsets).toEqual([0, 15]);
    expect(recording.channels.get("acc")![10]).toBe(25);
    expect(recording.channels.get("gyro")![10]).toBe(10);
  });

  it("keeps rows slower than the longest gap together at their own rate", () => {
    expect(sampled([track(count(3), [0, 60, 120], { rateHz: 1 / 6 })]).stretches).toEqual([[0, 121]]);
  });

  it("makes spans of labels row by row, and of intervals by their places", () => {
    const rows = sampled([track(count(6), count(6), { labels: Int32Array.of(0, 0, -1, 1, 1, 0) })]);
    expect(rows.labels).toEqual([
      { label: "walk", from: 0, to: 2 },
      { label: "sit", from: 3, to: 5 },
      { label: "walk", from: 5, to: 6 },
    ]);
    const intervals = [
      { code: 1, from: 4, to: 8 },
      { code: 0, from: 0, to: 4 },
    ];
    expect(sampled([track(count(10), count(10))], {}, intervals).labels).toEqual([
      { label: "walk", from: 0, to: 4 },
      { label: "sit", from: 4, to: 8 },
    ]);
    expect(sampled([track(count(5), count(5), { rateHz: 5 })], {}, intervals).labels[1], "places count rows of the file").toEqual({
      label: "sit",
      from: 8,
      to: 9,
    });
  });

  it("intervals keep their place behind a gap", () => {
    const at = [...count(10), ...count(10).map((place) => place + 50)];
    expect(sampled([track(at, at)], {}, [{ code: 0, from: 52, to: 56 }]).labels).toEqual([{ label: "walk", from: 12, to: 16 }]);
  });

  it("intervals in units of time count from 1970 with a clock, and from the beginning without", () => {
    const times = { code: 1, unit: "us" as const };
    const clocked = track(
      count(10).map((at) => START + at * 100_000),
      count(10),
      { clock: "us" },
    );
    expect(sampled([clocked], {}, [{ ...times, from: START + 250_000, to: START + 600_001 }]).labels).toEqual([
      { label: "sit", from: 3, to: 7 },
    ]);
    expect(sampled([track(count(10), count(10))], {}, [{ ...times, from: 250_000, to: 600_001 }]).labels).toEqual([
      { label: "sit", from: 3, to: 7 },
    ]);
  });

  it("intervals count rows where the recording has a clock", () => {
    const at = count(10).map((place) => START + place * 200_000);
    const recording = sampled([track(at, count(10), { clock: "us", rateHz: 5, index: Float64Array.from(count(10)) })], {}, [
      { code: 0, from: 2, to: 4 },
    ]);
    expect(recording.labels).toEqual([{ label: "walk", from: 4, to: 8 }]);
  });
});

describe("backfill", () => {
  it("lets a label hold for the rows up to its time before it, and itself", () => {
    const at = Float64Array.of(0, 100, 200, 300, 400, 500, 600);
    expect([...backfill(at, Int32Array.of(-1, -1, -1, -1, -1, 1, -1), 300)]).toEqual([-1, -1, 1, 1, 1, 1, -1]);
  });

  it("lets a second label wait for the first to end", () => {
    const at = Float64Array.of(0, 100, 200, 300, 400);
    expect([...backfill(at, Int32Array.of(-1, -1, 0, -1, 1), 300)]).toEqual([0, 0, 0, 1, 1]);
  });

  it("goes by time and not by rows", () => {
    const at = Float64Array.of(0, 1000, 1001, 1002, 5000);
    expect([...backfill(at, Int32Array.of(-1, -1, -1, 0, 1), 300)]).toEqual([-1, 0, 0, 0, 1]);
  });
});

describe("reorder", () => {
  it("puts rows into order of time and keeps the first of those with the same", () => {
    const shuffled = track([3, 1, 2, 1, 0], [30, 10, 20, 11, 0], { labels: Int32Array.of(3, 1, 2, 9, 0) });
    const ordered = reorder(shuffled, true);
    expect([[...ordered.at], [...ordered.channels[0]!.values], [...ordered.labels!]]).toEqual([
      [0, 1, 2, 3],
      [0, 10, 20, 30],
      [0, 1, 2, 3],
    ]);
  });
});

describe("assembleRows", () => {
  it("keeps rows as they are, with gaps and their own times", () => {
    const recording = assembleRows(
      {
        subject: "s",
        recording: "r",
        tracks: [track([START, START + 9e9], [1, 2], { clock: "us", labels: Int32Array.of(1, 1) })],
        intervals: [],
      },
      OPTIONS,
    );
    expect(recording).toMatchObject({ length: 2, startUs: START, stretches: [[0, 2]], labels: [{ label: "sit", from: 0, to: 2 }] });
    expect([...recording.timesUs!]).toEqual([START, START + 9e9]);
  });

  it("makes one row of rows of the same time from several files", () => {
    const recording = assembleRows(
      {
        subject: "s",
        recording: "r",
        tracks: [track([0, 2], [1, 3]), track([1, 2], [20, 30], { name: "y", labels: Int32Array.of(0, 1) })],
        intervals: [],
      },
      OPTIONS,
    );
    expect([...recording.channels.get("x")!]).toEqual([1, Number.NaN, 3]);
    expect([...recording.channels.get("y")!]).toEqual([Number.NaN, 20, 30]);
    expect(recording.labels).toEqual([
      { label: "walk", from: 1, to: 2 },
      { label: "sit", from: 2, to: 3 },
    ]);
  });
});

describe("concatenate", () => {
  it("puts recordings of a subject one behind another, by time where there is a clock", () => {
    const [second, first] = [track([START + 5], [5], { clock: "us" }), track([START, START + 9], [0, 9], { clock: "us" })];
    expect([...concatenate([second, first]).channels[0]!.values]).toEqual([0, 5, 9]);
    expect([...concatenate([track([0, 1], [1, 2]), track([0, 1], [3, 4])]).channels[0]!.values]).toEqual([1, 2, 3, 4]);
  });
});
