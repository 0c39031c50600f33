import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { channelsAfterFilters } from "../../lib/domain/features/choose.ts";
import { compileFeatures } from "../../lib/domain/features/compile.ts";
import { readSpec } from "../../lib/domain/spec-file.ts";
import type { FeaturesSpec } from "../../lib/domain/spec.ts";

type Group = FeaturesSpec["groups"][number];
const BANDS_HZ = [0, 0.8, 1.6, 2.4, 3.2, 4.8, 6.4, 9.6, 12.8, 25];
const AXES: [string, string, string] = ["x", "y", "z"];
const ALL: Group["formulas"] = ["time", "log", "autoregression", "autocorrelation", "spectrum", "bands", "raw"];

function featuresOf(group: Partial<Group>, rest: Partial<FeaturesSpec> = {}): FeaturesSpec {
  return {
    groups: [{ triplets: {}, channels: [], signals: ["axes"], formulas: ["time"], jerk: false, correlations: false, ...group }],
    cross: [],
    bandsHz: BANDS_HZ,
    ...rest,
  };
}

/** All features of whole channels by name. */
function compute(spec: FeaturesSpec, channels: Readonly<Record<string, readonly number[]>>, rateHz = 50): Map<string, number> {
  const names = Object.keys(channels);
  const series = names.map((name) => Float32Array.from(channels[name]!));
  const features = compileFeatures(spec, names, rateHz, series[0]!.length);
  const out = new Float32Array(features.names.length + 2).fill(-77);
  features.compute(series, 0, series[0]!.length, out, 1);
  expect([out[0], out.at(-1)], "nothing is written outside its place").toEqual([-77, -77]);
  return new Map(features.names.map((name, index) => [name, out[index + 1]!]));
}

const sequence = (length: number, value: (at: number) => number) => Array.from({ length }, (_, at) => value(at));

describe("formulas of one signal", () => {
  it("agree with NumPy and SciPy", () => {
    // From numpy 2.4 and scipy 1.17 in double precision, by the script of bench/peers/windows_numpy.py.
    const expected = [
      0.64160059, 0.83340102, -1.2294596, 2.4046346, 0.60562482, 1.2631297, -0.689226, -0.45269105, 0.067444464, 0.6708663, 1.3305742,
      1.7600425, 1.976896, -0.0091180554, 2.2788673, 0.35862467, 0.13385827, 2.6387777, -0.18224032, 0.10093848, 0.23359256, -0.50149457,
      -1.0254789, -2.8291268, 3.7353196, -2.8078537, 0.98253388, 0.66345246, 0.171875, -0.5926354, 2.0672006, 2.34375, 3.4992612, 2.5904836,
      1.4427971, 3.386161, 1.503581, 0.50072304, 0.17209991, -0.24216922, -6.185231, 2.227284, 1.0008321, -7.9933446, -11.033402, 1.0982845,
      -6.9330948, -15.211376,
    ];
    const signal = sequence(128, (at) => Math.sin(0.3 * at) + 0.5 * Math.cos(1.1 * at + 0.4) + 0.01 * at);
    const found = compute(
      featuresOf({ channels: ["c"], formulas: ["time", "log", "autoregression", "autocorrelation", "spectrum", "bands"] }),
      { c: signal },
    );
    expect(found.size).toBe(48);
    for (const [index, [name, value]] of [...found].entries()) {
      // The signal itself is rounded to float32 here; logs of bands without power feel it most.
      expect(Math.abs(value - expected[index]!), name).toBeLessThan(name.includes("band") ? 2e-4 : 1e-5);
    }
  });

  it("give what can be counted by hand", () => {
    const found = compute(featuresOf({ channels: ["c"], formulas: ["time"] }), { c: [1, 3, 1, 3, 1, 3, 1, 11] });
    expect(found.get("c.mean")).toBe(3);
    expect(found.get("c.sd")).toBeCloseTo(Math.sqrt((4 * 4 + 64) / 8), 6);
    expect(found.get("c.q50")).toBe(2);
    expect(found.get("c.mad")).toBe(1);
    expect(found.get("c.iqr")).toBe(2);
    expect(found.get("c.meanAbsDiff")).toBeCloseTo(22 / 7, 6);
    expect(found.get("c.zeroCrossings"), "below, then at or above the mean: all seven steps cross").toBe(1);
    expect(found.get("c.entropy")).toBeCloseTo(-(0.5 * Math.log(0.5) + 0.375 * Math.log(0.375) + 0.125 * Math.log(0.125)), 6);
  });

  it("summary is pandas': n - 1, linear percentiles, missing samples left out", () => {
    const found = compute(featuresOf({ channels: ["pulse"], formulas: ["summary"] }), { pulse: [52, Number.NaN, 57, 61, 60, 70] });
    expect([...found.keys()]).toEqual(["pulse.mean", "pulse.sd", "pulse.min", "pulse.q25", "pulse.median", "pulse.q75", "pulse.max"]);
    expect([...found.values()]).toEqual([60, Math.fround(6.59545297913646), 52, 57, 60, 61, 70]);
  });

  it("raw is the row's channels under their own names, missing ones NaN", () => {
    const found = compute(featuresOf({ channels: ["a", "b"], formulas: ["raw"] }), { a: [1.5], b: [Number.NaN] });
    expect([...found]).toEqual([
      ["a", 1.5],
      ["b", Number.NaN],
    ]);
  });

  it.each([
    ["constant", sequence(128, () => 0.1)],
    ["all zero", sequence(64, () => 0)],
    ["one sample", [0.3]],
    ["two samples", [0.3, -1]],
    ["five samples", [1, 2, 3, 2, 1]],
    ["one spike", sequence(128, (at) => (at === 7 ? 1e6 : 0))],
    ["tiny", sequence(128, (at) => 1e-30 * Math.sin(at))],
    ["far from zero", sequence(128, (at) => 1e6 + (at % 2))],
  ])("are finite for a signal that is %s", (_, signal) => {
    for (const [name, value] of compute(featuresOf({ channels: ["c"], formulas: ALL }), { c: signal }))
      expect(Number.isFinite(value), name).toBe(true);
  });

  it("see no structure in a constant signal", () => {
    const found = compute(featuresOf({ channels: ["c"], formulas: ["time", "autoregression", "autocorrelation", "spectrum"] }), {
      c: sequence(100, () => 0.1),
    });
    for (const name of [
      "sd",
      "mad",
      "skew",
      "kurtosis",
      "zeroCrossings",
      "entropy",
      "ar1",
      "ar4",
      "acPeak",
      "acLag",
      "acMin",
      "specEntropy",
      "peakShare",
    ])
      expect(found.get(`c.${name}`), name).toBe(0);
    expect(found.get("c.peakPower")).toBeCloseTo(Math.log(1e-8), 5);
  });

  it("are NaN where a sample is missing, all but summary and raw", () => {
    const found = compute(featuresOf({ channels: ["a", "b"], formulas: ["time", "spectrum"] }), {
      a: [1, 2, Number.NaN, 4, 5, 6, 7, 8],
      b: [1, 2, 3, 4, 5, 6, 7, 8],
    });
    for (const [name, value] of found) expect(Number.isNaN(value), name).toBe(name.startsWith("a."));
  });

  it("find the period and the frequency of a sine, at any length", () => {
    for (const length of [100, 128, 200, 400]) {
      const found = compute(
        featuresOf({ channels: ["c"], formulas: ["autocorrelation", "spectrum", "bands"] }),
        { c: sequence(length, (at) => Math.sin((2 * Math.PI * at) / 20)) },
        20,
      );
      const shortest = Math.floor(length / 16);
      expect(found.get("c.acLag")! * length, `lag at ${length} samples`).toBeCloseTo(shortest > 20 ? 40 : 20, 4);
      expect(Math.abs(found.get("c.peakHz")! - 1), `frequency at ${length} samples`).toBeLessThan(0.08);
      expect(
        [...found.keys()].filter((name) => name.includes("band")),
        "bands above half the rate are cut off",
      ).toHaveLength(8);
      const band = found.get("c.band0.8-1.6Hz")!;
      for (const [name, value] of found) if (name.includes("band")) expect(value, name).toBeLessThanOrEqual(band);
    }
  });

  it("sort right in long windows with crowded values, where buckets give way to the typed array's sort", () => {
    const signal = sequence(3000, (at) => (at === 0 ? 1e5 : ((at * 7919) % 3000) / 3000));
    const found = compute(featuresOf({ channels: ["c"], formulas: ["time"] }), { c: signal });
    const sorted = signal.toSorted((a, b) => a - b);
    expect(found.get("c.q25")).toBeCloseTo(sorted[749]! + 0.75 * (sorted[750]! - sorted[749]!), 4);
  });
});

describe("signals of a triplet", () => {
  const length = 128;
  const total = {
    x: sequence(length, (at) => 0.6 + 0.3 * Math.sin(at / 3)),
    y: sequence(length, (at) => 0.8 + 0.1 * Math.cos(at / 5)),
    z: sequence(length, (at) => 0.2 * Math.sin(at / 2 + 1)),
  };

  it("magnitude is that of x, y, z; vertical and horizontal are its parts along and across gravity", () => {
    const still = { gx: sequence(length, () => 0), gy: sequence(length, () => 2), gz: sequence(length, () => 0) };
    const gravity = { total: ["gx", "gy", "gz"] as [string, string, string], angles: true };
    const spec = featuresOf(
      { triplets: { acc: AXES }, signals: ["magnitude", "vertical", "horizontal"], formulas: ["summary"] },
      { gravity },
    );
    const found = compute(spec, { ...total, ...still });
    const mean = (value: (at: number) => number) => sequence(length, value).reduce((sum, each) => sum + each, 0) / length;
    expect(found.get("acc.vertical.mean")).toBeCloseTo(
      mean((at) => total.y[at]!),
      5,
    );
    expect(found.get("acc.horizontal.mean")).toBeCloseTo(
      mean((at) => Math.hypot(total.x[at]!, total.z[at]!)),
      5,
    );
    expect(found.get("acc.magnitude.mean")).toBeCloseTo(
      mean((at) => Math.hypot(total.x[at]!, total.y[at]!, total.z[at]!)),
      5,
    );
    expect(found.get("gravity.angleY")).toBeCloseTo(0, 6);
    expect(found.get("gravity.angleX")).toBeCloseTo(Math.PI / 2, 6);
    expect(found.get("gravity.roll")).toBeCloseTo(Math.PI / 2, 6);
    expect(found.get("gravity.drift")).toBe(0);
  });

  it("gravity is total less body, and its drift the angle it turns through", () => {
    const angle = (at: number) => (0.5 * at) / (length - 1);
    const body = {
      bx: sequence(length, (at) => Math.sin(at)),
      by: sequence(length, (at) => Math.cos(at)),
      bz: sequence(length, () => 0.1),
    };
    const turned = {
      x: sequence(length, (at) => Math.cos(angle(at)) + Math.sin(at)),
      y: sequence(length, (at) => Math.sin(angle(at)) + Math.cos(at)),
      z: sequence(length, () => 0.1),
    };
    const spec = featuresOf(
      { channels: ["x"], formulas: ["raw"] },
      { gravity: { total: AXES, body: ["bx", "by", "bz"], formulas: ["level"], angles: true } },
    );
    const found = compute(spec, { ...turned, ...body });
    expect(found.get("gravity.drift")).toBeCloseTo(0.5, 5);
    expect(found.get("gravity.magnitude.mean")).toBeCloseTo(1, 5);
    expect(found.get("gravity.magnitude.sd")).toBeCloseTo(0, 5);
  });

  it("jerk is the first difference times the rate, one sample shorter", () => {
    const found = compute(
      featuresOf({ triplets: { acc: AXES }, formulas: ["summary"], jerk: true }),
      { x: [0, 1, 3, 6], y: [0, 0, 0, 0], z: [1, 1, 1, 1] },
      10,
    );
    expect([found.get("acc.jerk.x.min"), found.get("acc.jerk.x.median"), found.get("acc.jerk.x.max")]).toEqual([10, 20, 30]);
  });

  it("correlations are Pearson's, and 0 with a constant axis", () => {
    const spec = featuresOf(
      { triplets: { a: AXES, b: ["z", "x", "c"] }, formulas: ["summary"], correlations: true },
      { cross: [{ left: "a", right: "b" }] },
    );
    const found = compute(spec, { ...total, c: sequence(length, () => 5) });
    const pearson = (p: readonly number[], q: readonly number[]) => {
      const [mp, mq] = [p, q].map((values) => values.reduce((sum, each) => sum + each, 0) / values.length) as [number, number];
      const product = (u: readonly number[], mu: number, v: readonly number[], mv: number) =>
        u.reduce((sum, each, at) => sum + (each - mu) * (v[at]! - mv), 0);
      return product(p, mp, q, mq) / Math.sqrt(product(p, mp, p, mp) * product(q, mq, q, mq));
    };
    expect(found.get("a.corrXy")).toBeCloseTo(pearson(total.x, total.y), 5);
    expect(found.get("a.x.b.x.corr")).toBeCloseTo(pearson(total.x, total.z), 5);
    expect(found.get("a.x.b.y.corr")).toBeCloseTo(1, 5);
    expect(found.get("a.z.b.z.corr")).toBe(0);
  });

  it("principal components do not depend on how the sensor was turned", () => {
    const spec = featuresOf({ triplets: { acc: AXES }, signals: ["principal"], formulas: ["time"] });
    const [cos, sin] = [Math.cos(0.7), Math.sin(0.7)];
    const turned = {
      x: total.x.map((x, at) => cos * x - sin * total.y[at]!),
      y: total.x.map((x, at) => cos * (sin * x + cos * total.y[at]!) - sin * total.z[at]!),
      z: total.x.map((x, at) => sin * (sin * x + cos * total.y[at]!) + cos * total.z[at]!),
    };
    const [before, behind] = [compute(spec, total), compute(spec, turned)];
    for (const [name, value] of before) expect(behind.get(name), name).toBeCloseTo(value, 4);
    expect(before.get("acc.principal.share1")! + before.get("acc.principal.share2")! + before.get("acc.principal.share3")!).toBeCloseTo(
      1,
      5,
    );
    expect(before.get("acc.principal1.sd")).toBeGreaterThan(before.get("acc.principal2.sd")!);
  });
});

describe("compiled features", () => {
  it("are the 1,339 of the HAR spec, each name once", async () => {
    const spec = readSpec(await readFile(new URL("../../examples/har/spec.yaml", import.meta.url), "utf8"), "examples/har/spec.yaml");
    const { names } = compileFeatures(spec.features!, channelsAfterFilters(spec), spec.rateHz, 128);
    expect(names).toHaveLength(1339);
    expect(new Set(names).size).toBe(1339);
  });

  it("read only the samples asked for, and give the same again whatever came between", () => {
    const series = Array.from({ length: 3 }, (_, axis) => Float32Array.from({ length: 300 }, (_, at) => Math.sin(at / (2 + axis)) + axis));
    const features = compileFeatures(
      featuresOf({
        triplets: { acc: AXES },
        signals: ["axes", "magnitude", "principal"],
        formulas: ["time", "spectrum"],
        jerk: true,
        correlations: true,
      }),
      AXES,
      50,
      64,
    );
    const row = (from: number, to: number) => {
      const out = new Float32Array(features.names.length);
      features.compute(series, from, to, out, 0);
      return out;
    };
    const first = row(100, 164);
    row(0, 300);
    row(3, 9);
    expect(row(100, 164)).toEqual(first);
    const cut = series.map((values) => values.slice(100, 164));
    const out = new Float32Array(features.names.length);
    features.compute(cut, 0, 64, out, 0);
    expect(out).toEqual(first);
  });

  it("refuse a feature that two groups would compute, and a channel that does not exist", () => {
    const group = featuresOf({ channels: ["x"] }).groups[0]!;
    expect(() => compileFeatures({ groups: [group, group], cross: [], bandsHz: BANDS_HZ }, ["x"], 50, 128)).toThrow(
      "'x.mean' would be computed twice",
    );
    expect(() => compileFeatures(featuresOf({ channels: ["w"] }), ["x"], 50, 128)).toThrow("'w'");
  });
});
