import { describe, expect, it } from "vitest";
import { applyFilters, butterworthLowpass, cascade, median, type Iir } from "../../lib/domain/filters.ts";
import type { Recording } from "../../lib/domain/recording.ts";
import type { FilterSpec } from "../../lib/domain/spec.ts";

const STEPS = Float32Array.of(1, 2, 4, 3, 0, -1, -2, 5);

function filtered(
  filters: readonly FilterSpec[],
  values: Float32Array,
  stretches: Recording["stretches"] = [[0, values.length]],
): Map<string, number[]> {
  const recording = {
    subject: "s",
    recording: "r",
    rateHz: 50,
    startUs: 0,
    length: values.length,
    channels: new Map([["x", values]]),
    stretches,
    labels: [],
  };
  return new Map([...applyFilters(recording, filters).channels].map(([name, channel]) => [name, [...channel]]));
}

function product(sections: readonly Iir[], side: "a" | "b"): number[] {
  return sections.reduce<number[]>(
    (whole, section) => {
      const next = new Array<number>(whole.length + section[side].length - 1).fill(0);
      whole.forEach((left, i) => section[side].forEach((right, j) => (next[i + j]! += left * right)));
      return next;
    },
    [1],
  );
}

/** Relative to the greatest of the expected values. */
function expectNear(found: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(found).toHaveLength(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  for (const [index, value] of expected.entries())
    expect(Math.abs(found[index]! - value) / scale, `value ${index}`).toBeLessThan(tolerance);
}

describe("butterworthLowpass", () => {
  // scipy.signal.butter(order, cutoff, fs=50)
  it.each([
    [2, 0.1, [3.913020539914434e-5, 7.826041079828868e-5, 3.913020539914434e-5], [1, -1.9822289297925284, 0.9823854506141251]],
    [
      3,
      0.3,
      [6.4518491290909294e-6, 1.9355547387272787e-5, 1.9355547387272787e-5, 6.4518491290909294e-6],
      [1, -2.9246062354506974, 2.852027818593894, -0.9273699683501638],
    ],
    [
      8,
      5,
      [
        2.395964410377617e-5, 0.00019167715283020936, 0.0006708700349057328, 0.0013417400698114655, 0.001677175087264332,
        0.0013417400698114655, 0.0006708700349057328, 0.00019167715283020936, 2.395964410377617e-5,
      ],
      [
        1, -4.784514894995809, 10.445041065534665, -13.457719890241556, 11.12933103916398, -6.025260397297651, 2.0792738030118767,
        -0.4172171569897821, 0.03720010070484524,
      ],
    ],
  ])("of order %i at %d Hz is SciPy's", (order, cutoffHz, b, a) => {
    const sections = butterworthLowpass(order, cutoffHz, 50);
    expectNear(product(sections, "b"), b, 1e-10);
    expectNear(product(sections, "a"), a, 1e-10);
  });

  it("refuses a cutoff at half the rate", () => {
    expect(() => butterworthLowpass(3, 25, 50)).toThrow("not below half the rate");
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("of order %i lets half the power through at its cutoff", (order) => {
    const values = Float32Array.from({ length: 5000 }, (_, at) => Math.sin((2 * Math.PI * 4 * at) / 50));
    const output = new Float32Array(5000);
    cascade(values, output, butterworthLowpass(order, 4, 50), false);
    const power = output.slice(2500).reduce((sum, value) => sum + value * value, 0) / 2500;
    expect(power / 0.5).toBeCloseTo(0.5, 2);
  });
});

describe("applyFilters", () => {
  it("iir is SciPy's lfilter, started at rest on the first sample", () => {
    const b = [0.128368, 0.896014, 2.609914, 4.054051, 3.531012, 1.625543, 0.305412];
    const a = [1, 2.967281, 4.121612, 3.19402, 1.463783, 0.363769, 0.039849];
    const found = filtered([{ kind: "iir", channels: ["x"], b, a }], STEPS).get("x")!;
    expectNear(
      found,
      [1, 1.128368, 1.900214072592, 3.354420797249137, 3.440881818793722, 0.7502470965720356, -1.664127219528019, -0.8449571502361223],
      1e-6,
    );
  });

  it("lowpass is SciPy's, and highpass what it takes away, both kept apart by `into`", () => {
    const expected = [
      1, 1.0180989330075123, 1.1404484781278352, 1.4791711597359922, 1.953742333481127, 2.2232669380586265, 1.977074624961168,
      1.3207083600512215,
    ];
    const low = filtered([{ kind: "lowpass", channels: ["x"], order: 3, cutoffHz: 5 }], STEPS).get("x")!;
    expectNear(low, expected, 1e-6);
    const both = filtered([{ kind: "highpass", channels: ["x"], order: 3, cutoffHz: 5, into: ["body"] }], STEPS);
    expectNear(
      both.get("body")!,
      [...STEPS].map((value, at) => value - expected[at]!),
      1e-6,
    );
    expect(both.get("x")).toEqual([...STEPS]);
  });

  it("a constant stays what it is from the first sample on", () => {
    const found = filtered([{ kind: "lowpass", channels: ["x"], order: 8, cutoffHz: 0.1 }], new Float32Array(500).fill(0.7)).get("x")!;
    for (const value of found) expect(value).toBeCloseTo(0.7, 6);
  });

  it("nothing is carried over a gap", () => {
    const values = Float32Array.of(5, 5, 5, 5, 1, 1, 1, 1);
    const found = filtered([{ kind: "lowpass", channels: ["x"], order: 2, cutoffHz: 1 }], values, [
      [0, 4],
      [4, 8],
    ]).get("x")!;
    for (const [at, value] of found.entries()) expect(value).toBeCloseTo(values[at]!, 6);
  });

  it("a missing sample stays missing, and those behind it are as if it had not been there", () => {
    const holed = Float32Array.of(Number.NaN, 1, 2, Number.NaN, 4, 3);
    const lowpass: FilterSpec = { kind: "lowpass", channels: ["x"], order: 3, cutoffHz: 5 };
    const found = filtered([lowpass], holed).get("x")!;
    const whole = filtered([lowpass], Float32Array.of(1, 2, 4, 3)).get("x")!;
    expect([0, 3].map((at) => Number.isNaN(found[at]))).toEqual([true, true]);
    expect([found[1], found[2], found[4], found[5]]).toEqual(whole);
  });
});

describe("median", () => {
  it.each([
    [3, [1, 2, 3, 3, 0, -1, -1, 5]],
    [5, [1, 2, 2, 2, 0, 0, 0, 5]],
  ])("of width %i repeats the first and last sample at the edges", (width, expected) => {
    const output = new Float32Array(8);
    median(STEPS, output, width);
    expect([...output]).toEqual(expected);
  });

  it("takes out one wild sample and leaves steps alone", () => {
    const output = new Float32Array(7);
    median(Float32Array.of(0, 0, 99, 0, 1, 1, 1), output, 3);
    expect([...output]).toEqual([0, 0, 0, 1, 1, 1, 1]);
  });
});
