import { expect, it } from "vitest";
import { measure } from "../../lib/domain/metrics.ts";
import { metricsSchema } from "../../lib/domain/metrics-schema.ts";
import { decodeOutcomes, encodeOutcomes } from "../../lib/domain/outcomes.ts";
import type { Outcomes } from "../../lib/domain/outcomes.ts";

const classes = ["rest", "walk", "run"];

function outcomes(
  rows: readonly (readonly [subject: number, actual: number, predicted: number, confidence: number])[],
  subjects = 3,
): Outcomes {
  return {
    classes,
    subjects: Array.from({ length: subjects }, (_, index) => `p${index}`),
    subject: Int32Array.from(rows, ([subject]) => subject),
    actual: Int32Array.from(rows, ([, actual]) => actual),
    predicted: Int32Array.from(rows, ([, , predicted]) => predicted),
    confidence: Float32Array.from(rows, ([, , , confidence]) => confidence),
  };
}

const HAND = outcomes([
  [0, 0, 0, 0.95],
  [0, 0, 1, 0.45],
  [0, 1, 1, 0.85],
  [1, 1, 1, 0.75],
  [1, 1, 0, 0.55],
  [1, 2, 2, 0.65],
  [2, 2, 2, 0.95],
  [2, -1, 2, 0.95],
]);

it("equals what was worked out by hand", () => {
  const metrics = measure(HAND, { leaking: false });
  expect(metrics.windows).toBe(7);
  expect(metrics.accuracy.value).toBeCloseTo(5 / 7);
  // rest: tp 1, fp 1, fn 1; walk: tp 2, fp 1, fn 1; run: tp 2.
  expect(metrics.perClass).toEqual([
    { label: "rest", support: 2, predicted: 2, precision: 0.5, recall: 0.5, f1: 0.5 },
    { label: "walk", support: 3, predicted: 3, precision: 2 / 3, recall: 2 / 3, f1: 4 / 6 },
    { label: "run", support: 2, predicted: 2, precision: 1, recall: 1, f1: 1 },
  ]);
  expect(metrics.macroF1.value).toBeCloseTo((0.5 + 2 / 3 + 1) / 3);
  expect(metrics.weightedF1).toBeCloseTo((2 * 0.5 + 3 * (2 / 3) + 2 * 1) / 7);
  expect(metrics.confusion.counts).toEqual([
    [1, 1, 0],
    [1, 2, 0],
    [0, 0, 2],
  ]);
  expect(metrics.subjects).toEqual([
    { subject: "p0", windows: 3, accuracy: 2 / 3 },
    { subject: "p1", windows: 3, accuracy: 2 / 3 },
    { subject: "p2", windows: 1, accuracy: 1 },
  ]);
  expect(metrics.subjectCount).toBe(3);
  // By bins: .4: |.45 - 0|, .5: |.55 - 0|, .6: |.65 - 1|, .7: |.75 - 1|, .8: |.85 - 1|, .9: 2 x |.95 - 1|.
  expect(metrics.calibration.ece).toBeCloseTo((0.45 + 0.55 + 0.35 + 0.25 + 0.15 + 0.1) / 7);
  expect(metrics.calibration.bins[9]).toMatchObject({ windows: 2, accuracy: 1 });
  expect(metrics.uncertain).toEqual({ threshold: 0.5, windows: 1 });
  expect(metrics.accuracy.low).toBeLessThanOrEqual(metrics.accuracy.value);
  expect(metrics.accuracy.high).toBeGreaterThanOrEqual(metrics.accuracy.value);
  expect(metricsSchema.parse(metrics)).toEqual(metrics);
});

it("a class that is missing for a subject breaks nothing; one missing altogether is null and left out of the mean", () => {
  const metrics = measure(
    outcomes([
      [0, 0, 0, 0.9],
      [1, 1, 1, 0.9],
      [1, 1, 2, 0.9],
    ]),
    { leaking: true },
  );
  expect(metrics.perClass[2]).toEqual({ label: "run", support: 0, predicted: 1, precision: 0, recall: null, f1: null });
  expect(metrics.macroF1.value).toBeCloseTo((1 + 2 / 3) / 2);
  expect(metrics.leaking).toBe(true);
  expect(JSON.stringify(metrics)).not.toContain("NaN");
  expect(metricsSchema.parse(metrics)).toEqual(metrics);
});

it("a class that is there and never answered has F1 0 and no precision", () => {
  const metrics = measure(
    outcomes([
      [0, 0, 1, 0.9],
      [1, 1, 1, 0.9],
    ]),
    { leaking: false },
  );
  expect(metrics.perClass[0]).toMatchObject({ precision: null, recall: 0, f1: 0 });
});

it("one subject has figures without an interval, and no window at all has zeros", () => {
  expect(measure(outcomes([[0, 0, 0, 0.9]]), { leaking: false }).accuracy).toEqual({ value: 1, low: null, high: null });
  const nothing = measure(outcomes([]), { leaking: false });
  expect(nothing).toMatchObject({ windows: 0, accuracy: { value: 0, low: null }, macroF1: { value: 0 }, weightedF1: 0 });
});

it("of very many subjects the worst are listed, all are counted", () => {
  const metrics = measure(
    outcomes(
      Array.from({ length: 5000 }, (_, person) => [person, 0, person === 4321 ? 1 : 0, 0.9] as const),
      5000,
    ),
    { leaking: false },
  );
  expect(metrics.subjects).toHaveLength(200);
  expect(metrics.subjects[0]).toEqual({ subject: "p4321", windows: 1, accuracy: 0 });
  expect(metrics.subjectCount).toBe(5000);
});

it("metrics of 150,000 one-window subjects take a fraction of a second", () => {
  const rows = Array.from({ length: 150_000 }, (_, person) => [person, person % 3, person % 17 === 0 ? 0 : person % 3, 0.9] as const);
  const many = outcomes(rows, 150_000);
  const started = performance.now();
  measure(many, { leaking: false });
  // 0.25 s alone on the reference machine.
  expect(performance.now() - started).toBeLessThan(2500);
});

it("outcomes survive the way to the object store and back, and damaged ones are refused", () => {
  // A Buffer, whose slice is a view where a Uint8Array's is a copy.
  const bytes = Buffer.from(encodeOutcomes(HAND));
  expect(decodeOutcomes(bytes)).toEqual(HAND);
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  expect(decodeOutcomes(shifted.subarray(1))).toEqual(HAND);
  const wild = Buffer.from(bytes);
  wild[bytes.length - 4 * 8 * 2] = 77;
  for (const damaged of [
    bytes.subarray(0, 20),
    bytes.subarray(0, -4),
    new Uint8Array(0),
    bytes.map((byte, at) => (at === 14 ? 0xff : byte)),
    wild,
  ]) {
    expect(() => decodeOutcomes(damaged)).toThrow(expect.objectContaining({ code: "OBJECT_CORRUPT" }));
  }
});
