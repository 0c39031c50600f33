import { describe, expect, it } from "vitest";
import { clip, columnsOf, entriesOf, levelFor, levelsOf, runsOf, widen, type Buckets } from "../../../lib/domain/signal/extremes.ts";
import { decodeView, encodeView, gridOf, type ChannelView } from "../../../lib/domain/signal/view.ts";

type Stretches = [number, number][];

/** A generator of numbers in [0, 1) that is the same on each run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Some stretches with short and long gaps, and samples of which a few were not measured. */
function recording(seed: number): { stretches: Stretches; samples: Float32Array; at: Map<number, number> } {
  const random = chance(seed);
  const stretches: Stretches = [];
  for (let from = Math.floor(random() * 40); stretches.length < 12;) {
    const to = from + 1 + Math.floor(random() ** 3 * 3_000);
    stretches.push([from, to]);
    from = to + 1 + Math.floor(random() ** 4 * 20_000);
  }
  const at = new Map<number, number>();
  const samples: number[] = [];
  for (const [from, to] of stretches) {
    for (let sample = from; sample < to; sample++) {
      const value = random() < 0.05 ? Number.NaN : Math.fround(random() * 10 - 5);
      samples.push(value);
      at.set(sample, value);
    }
  }
  return { stretches, samples: Float32Array.from(samples), at };
}

function bruteForce(at: ReadonlyMap<number, number>, { from, step, columns }: ReturnType<typeof gridOf>): ChannelView {
  const result = [0, 1, 2, 3].map(() => new Float32Array(columns).fill(Number.NaN));
  for (let column = 0; column < columns; column++) {
    const held: number[] = [];
    for (let sample = from + column * step; sample < from + (column + 1) * step; sample++) {
      const value = at.get(sample);
      if (value !== undefined && !Number.isNaN(value)) held.push(value);
    }
    if (held.length === 0) continue;
    [held[0]!, held.at(-1)!, Math.min(...held), Math.max(...held)].forEach((value, place) => (result[place]![column] = value));
  }
  return { first: result[0]!, last: result[1]!, min: result[2]!, max: result[3]! };
}

/** As `readView` does it, without a file. */
function viewThroughLevels(pyramid: ReadonlyMap<number, Buckets>, grid: ReturnType<typeof gridOf>): ChannelView {
  const size = levelFor(
    grid.step,
    [...pyramid.keys()].filter((each) => each > 1),
  );
  const { values, width, runs } = pyramid.get(size)!;
  const part = clip(runs, { from: Math.floor(grid.from / size), to: Math.ceil((grid.from + grid.columns * grid.step) / size) });
  return columnsOf({ values: values.slice(part.start * width, (part.start + part.count) * width), width, runs: part.runs }, size, grid);
}

describe("the levels of a signal", () => {
  it("give, at every zoom and place, first, last, least and greatest as brute force does, gaps and missing samples included", () => {
    for (const seed of [1, 2, 3, 4]) {
      const { stretches, samples, at } = recording(seed);
      const pyramid = new Map<number, Buckets>([[1, { values: samples, width: 1, runs: runsOf(stretches, 1) }]]);
      let finer = 1;
      for (const size of levelsOf(stretches)) {
        pyramid.set(size, widen(pyramid.get(finer)!, size / finer, runsOf(stretches, size)));
        finer = size;
      }
      const random = chance(seed + 100);
      const length = stretches.at(-1)![1];
      for (let round = 0; round < 60; round++) {
        const from = Math.floor(random() * length);
        const to = from + 1 + Math.floor(random() ** 3 * (length - from));
        const grid = gridOf({ from, to }, 1 + Math.floor(random() * 300));
        const view = viewThroughLevels(pyramid, grid);
        const expected = bruteForce(at, grid);
        for (const series of ["first", "last", "min", "max"] as const) expect(view[series]).toEqual(expected[series]);
      }
    }
  });

  it("take no room for a gap, however long it is", () => {
    const stretches: Stretches = [
      [0, 1_000],
      [5_000_000_000, 5_000_001_000],
    ];
    const held = [1, ...levelsOf(stretches)].map((size) => entriesOf(runsOf(stretches, size)));
    expect(held[0]).toBe(2_000);
    expect(held.slice(1).reduce((sum, entries) => sum + entries)).toBeLessThan(400);
  });
});

describe("a view", () => {
  it("begins at a multiple of its step and has no more columns than were asked for", () => {
    const random = chance(7);
    for (let round = 0; round < 500; round++) {
      const from = Math.floor(random() * 1e7);
      const to = from + 1 + Math.floor(random() ** 4 * 1e7);
      const wanted = 1 + Math.floor(random() * 2_000);
      const grid = gridOf({ from, to }, wanted);
      expect(grid.columns).toBeLessThanOrEqual(wanted);
      expect(grid.from % grid.step).toBe(0);
      expect(grid.from).toBeLessThanOrEqual(from);
      expect(grid.from + grid.columns * grid.step).toBeGreaterThanOrEqual(to);
      expect(to - from <= wanted).toBe(grid.step === 1);
    }
  });

  it("is the same after its bytes travelled, and cut bytes are refused", () => {
    const series = (from: number) => Float32Array.from([from, Number.NaN, from + 2]);
    const extremes = { from: 64, step: 32, columns: 3, channels: [{ first: series(1), last: series(2), min: series(3), max: series(4) }] };
    const bytes = encodeView(extremes);
    expect(decodeView(bytes.buffer as ArrayBuffer)).toEqual(extremes);
    const samples = { first: series(1), last: series(1), min: series(1), max: series(1) };
    const plain = encodeView({ from: 3, step: 1, columns: 3, channels: [samples, samples] });
    expect(decodeView(plain.buffer as ArrayBuffer)).toEqual({ from: 3, step: 1, columns: 3, channels: [samples, samples] });
    expect(() => decodeView(bytes.buffer.slice(0, -4) as ArrayBuffer)).toThrow(/no view/);
    expect(() => decodeView(new ArrayBuffer(8))).toThrow(/no view/);
  });
});
