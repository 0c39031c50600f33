import { describe, expect, it } from "vitest";
import { compileFeatures } from "../../lib/domain/features/compile.ts";
import { applyFilters } from "../../lib/domain/filters.ts";
import { randomFor } from "../../lib/domain/random.ts";
import type { Recording } from "../../lib/domain/recording.ts";
import { createTurner, rotationAbout, rotationOf, tripletsOf, type Rotation } from "../../lib/domain/rotation.ts";
import type { FeaturesSpec } from "../../lib/domain/spec.ts";

const noise = (length: number, key: number) => {
  const random = randomFor(5, key);
  return Float32Array.from({ length }, () => random.normal());
};
const product = (left: Rotation, right: Rotation) =>
  Array.from({ length: 9 }, (_, at) =>
    [0, 1, 2].reduce((sum, inner) => sum + left[3 * Math.floor(at / 3) + inner]! * right[3 * (at % 3) + inner]!, 0),
  );
/** Of the rotation's angle, which its trace tells. */
const angleOf = (rotation: Rotation) => Math.acos(Math.min(1, Math.max(-1, (rotation[0]! + rotation[4]! + rotation[8]! - 1) / 2)));

describe("rotations", () => {
  it("turn by the right hand, keep lengths and angles, and never mirror", () => {
    const quarter = rotationAbout(0, 0, 1, Math.PI / 2);
    expect([quarter[0], quarter[3], quarter[6]].map((value) => Math.round(value! * 1e9) / 1e9)).toEqual([0, 1, 0]);
    for (let sample = 0; sample < 50; sample++) {
      const r = rotationOf(1, "walk-3", sample, 60);
      for (const [at, value] of product(r, r).entries()) expect(value).toBeCloseTo(at % 4 === 0 ? 1 : 0, 12);
      const determinant =
        r[0]! * (r[4]! * r[8]! - r[5]! * r[7]!) - r[1]! * (r[3]! * r[8]! - r[5]! * r[6]!) + r[2]! * (r[3]! * r[7]! - r[4]! * r[6]!);
      expect(determinant).toBeCloseTo(1, 12);
    }
  });

  it("depend on seed, recording and sample, and on nothing else", () => {
    const one = rotationOf(1, "walk-3", 64, 25);
    expect(rotationOf(1, "walk-3", 64, 25)).toEqual(one);
    for (const other of [rotationOf(2, "walk-3", 64, 25), rotationOf(1, "walk-4", 64, 25), rotationOf(1, "walk-3", 65, 25)])
      expect(Math.abs(other[0]! - one[0]!) + Math.abs(other[1]! - one[1]!)).toBeGreaterThan(1e-6);
  });

  it("have axes that point anywhere alike and angles of the standard deviation asked for", () => {
    const count = 20_000;
    const axes = { x: 0, y: 0, z: 0, xx: 0, zz: 0 };
    let squares = 0;
    for (let sample = 0; sample < count; sample++) {
      const r = rotationOf(7, "r", sample, 25);
      const angle = angleOf(r);
      squares += angle * angle;
      // The axis, with the sign that the direction of a positive angle gives it.
      const [x, y, z] = [r[7]! - r[5]!, r[2]! - r[6]!, r[3]! - r[1]!].map((value) => value / (2 * Math.sin(angle)));
      axes.x += x! / count;
      axes.y += y! / count;
      axes.z += z! / count;
      axes.xx += (x! * x!) / count;
      axes.zz += (z! * z!) / count;
    }
    expect((Math.sqrt(squares / count) * 180) / Math.PI).toBeCloseTo(25, 0);
    for (const mean of [axes.x, axes.y, axes.z]) expect(Math.abs(mean)).toBeLessThan(0.02);
    for (const square of [axes.xx, axes.zz]) expect(Math.abs(square - 1 / 3)).toBeLessThan(0.01);
  });
});

describe("turning a window", () => {
  const series = Array.from({ length: 7 }, (_, key) => noise(40, key));
  const triplets = [
    [0, 1, 2],
    [6, 4, 5],
  ] as const;

  it("turns every triplet by the same rotation and leaves the other channels", () => {
    const turn = createTurner(triplets, 7, 16);
    const rotation = rotationOf(1, "r", 0, 40);
    const turned = turn(series, 10, 26, rotation);
    expect(turned[3]).toEqual(series[3]!.slice(10, 26));
    for (const triplet of triplets) {
      for (let at = 0; at < 16; at++) {
        for (const [row, place] of triplet.entries()) {
          const expected = triplet.reduce<number>((sum, other, column) => sum + rotation[3 * row + column]! * series[other]![10 + at]!, 0);
          expect(turned[place]![at]).toBeCloseTo(expected, 6);
        }
      }
    }
  });

  it("gives the buffers anew to the next window", () => {
    const turn = createTurner(triplets, 7, 16);
    const first = turn(series, 0, 16, rotationAbout(1, 0, 0, 0));
    expect(turn(series, 20, 36, rotationAbout(1, 0, 0, 0))).toBe(first);
    expect(first[0]).toEqual(series[0]!.slice(20, 36));
  });

  it("may stand behind a linear filter instead of before it", () => {
    const rotation = rotationOf(3, "r", 0, 90);
    const turn = createTurner([[0, 1, 2]], 3, 40);
    const filtered = (channels: readonly Float32Array[]) => {
      const recording: Recording = {
        subject: "s",
        recording: "r",
        rateHz: 50,
        startUs: 0,
        length: 40,
        channels: new Map(["x", "y", "z"].map((name, place) => [name, channels[place]!])),
        stretches: [[0, 40] as const],
        labels: [],
      };
      return [...applyFilters(recording, [{ kind: "highpass", channels: ["x", "y", "z"], order: 3, cutoffHz: 0.3 }]).channels.values()];
    };
    const behind = turn(filtered(series.slice(0, 3)), 0, 40, rotation).map((channel) => channel.slice());
    const before = filtered(turn(series, 0, 40, rotation));
    for (const [axis, channel] of behind.entries())
      for (const [at, value] of channel.entries()) expect(value).toBeCloseTo(before[axis]![at]!, 5);
  });

  it("moves the axes' features and none that gravity or length define", () => {
    const features: FeaturesSpec = {
      groups: [
        {
          triplets: { acc: ["x", "y", "z"] },
          channels: [],
          signals: ["axes", "magnitude", "vertical", "horizontal"],
          formulas: ["time"],
          jerk: false,
          correlations: false,
        },
      ],
      gravity: { total: ["x", "y", "z"], angles: true },
      cross: [],
      bandsHz: [0, 25],
    };
    const shifted = series.slice(0, 3).map((channel, axis) => channel.map((value) => value + [0.3, -0.5, 2][axis]!));
    const compiled = compileFeatures(features, ["x", "y", "z"], 50, 40);
    const valuesOf = (channels: readonly Float32Array[]) => {
      const out = new Float32Array(compiled.names.length);
      compiled.compute(channels, 0, 40, out, 0);
      return new Map(compiled.names.map((name, index) => [name, out[index]!]));
    };
    const plain = valuesOf(shifted);
    const turned = valuesOf(createTurner([[0, 1, 2]], 3, 40)(shifted, 0, 40, rotationAbout(0.6, 0, 0.8, 0.7)));
    for (const [name, value] of plain) {
      if (/magnitude|vertical|horizontal|gravityAngle|rift/.test(name)) expect(turned.get(name), name).toBeCloseTo(value, 3);
    }
    expect(Math.abs(turned.get("acc.x.mean")! - plain.get("acc.x.mean")!)).toBeGreaterThan(0.1);
    expect(Math.abs(turned.get("gravity.angleX")! - plain.get("gravity.angleX")!)).toBeGreaterThan(0.1);
  });

  it("takes each three channels once, gravity's among them", () => {
    const group = { channels: [], signals: ["axes"], formulas: ["time"], jerk: false, correlations: false } satisfies object;
    const features = {
      groups: [
        { ...group, triplets: { a: ["x", "y", "z"], b: ["u", "v", "w"] } },
        { ...group, triplets: { again: ["x", "y", "z"] } },
      ],
      gravity: { total: ["t1", "t2", "t3"], body: ["x", "y", "z"], angles: false },
      cross: [],
      bandsHz: [0, 1],
    } as unknown as FeaturesSpec;
    expect(tripletsOf(features)).toEqual([
      ["x", "y", "z"],
      ["u", "v", "w"],
      ["t1", "t2", "t3"],
    ]);
    expect(tripletsOf(undefined)).toEqual([]);
  });
});
