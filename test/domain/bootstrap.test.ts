import { expect, it } from "vitest";
import { bootstrapIntervals, countBySubject, totalsOf } from "../../lib/domain/bootstrap.ts";
import { permutation, randomFor } from "../../lib/domain/random.ts";

/** Cell 1 = right, cell 0 = wrong. */
const share = (totals: Float64Array) => [totals[1]! / (totals[0]! + totals[1]!)];

it("counts by subject, storing alike subjects once and leaving out cell -1", () => {
  const counts = countBySubject(Int32Array.of(1, 0, 1, -1, 0, 1, -1), Int32Array.of(5, 5, 2, 2, 0, 0, 9), 2);
  expect(counts.subjects).toBe(3);
  expect([...counts.multiplicity].sort()).toEqual([1, 2]);
  expect([...totalsOf(counts)]).toEqual([2, 3]);
});

it("an interval by subjects is as wide as theory says", () => {
  // 400 people with one window each, 80 % right: the standard error is sqrt(.8 * .2 / 400) = .02.
  const cell = Int32Array.from({ length: 400 }, (_, window) => (window % 5 === 0 ? 0 : 1));
  const [interval] = bootstrapIntervals(
    countBySubject(
      cell,
      cell.map((_, window) => window),
      2,
    ),
    share,
  );
  expect(interval!.low).toBeCloseTo(0.8 - 1.96 * 0.02, 1.9);
  expect(interval!.high).toBeCloseTo(0.8 + 1.96 * 0.02, 1.9);
});

it("windows of one person do not count as many people", () => {
  // Ten people, each wholly right or wholly wrong: a hundred windows each change nothing.
  const subject = Int32Array.from({ length: 1000 }, (_, window) => Math.floor(window / 100));
  const [many] = bootstrapIntervals(
    countBySubject(
      subject.map((person) => (person < 3 ? 0 : 1)),
      subject,
      2,
    ),
    share,
  );
  const ten = Int32Array.from({ length: 10 }, (_, person) => person);
  const [one] = bootstrapIntervals(
    countBySubject(
      ten.map((person) => (person < 3 ? 0 : 1)),
      ten,
      2,
    ),
    share,
  );
  expect(many).toEqual(one);
  expect(many!.high - many!.low).toBeGreaterThan(0.4);
});

it("one subject has no interval, and a statistic that is never a number has none", () => {
  const counts = countBySubject(Int32Array.of(0, 1), Int32Array.of(3, 3), 2);
  expect(bootstrapIntervals(counts, share)).toEqual([null]);
  const two = countBySubject(Int32Array.of(0, 1), Int32Array.of(0, 1), 2);
  expect(bootstrapIntervals(two, () => [NaN])).toEqual([null]);
});

it("the same seed gives the same interval", () => {
  const cell = Int32Array.from({ length: 50 }, (_, window) => window % 2);
  const counts = countBySubject(
    cell,
    cell.map((_, window) => window % 7),
    2,
  );
  expect(bootstrapIntervals(counts, share, { seed: 4 })).toEqual(bootstrapIntervals(counts, share, { seed: 4 }));
  expect(bootstrapIntervals(counts, share, { seed: 5 })).not.toEqual(bootstrapIntervals(counts, share, { seed: 4 }));
});

it("150,000 people with one window each take a fraction of a second, and the interval is theory's", () => {
  const cell = Int32Array.from({ length: 150_000 }, (_, window) => (window % 10 === 0 ? 0 : 1));
  const subject = cell.map((_, window) => window);
  const started = performance.now();
  const [interval] = bootstrapIntervals(countBySubject(cell, subject, 2), share);
  const elapsed = performance.now() - started;
  const error = Math.sqrt((0.9 * 0.1) / 150_000);
  // A thousand resamples place a 2.5 % quantile within some 10 % of its distance from the middle.
  for (const distance of [0.9 - interval!.low, interval!.high - 0.9]) {
    expect(distance / (1.96 * error)).toBeGreaterThan(0.8);
    expect(distance / (1.96 * error)).toBeLessThan(1.2);
  }
  // 0.1 s alone on the reference machine.
  expect(elapsed).toBeLessThan(1500);
});

it("random numbers have the moments they should, and different keys are unrelated", () => {
  const moments = (draw: () => number) => {
    const values = Array.from({ length: 20_000 }, draw);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return [mean, values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length] as const;
  };
  const random = randomFor(1, 2);
  for (const lambda of [0.5, 4, 200]) {
    const [mean, variance] = moments(() => random.poisson(lambda));
    expect(mean / lambda).toBeCloseTo(1, 1);
    expect(variance / lambda).toBeCloseTo(1, 1);
  }
  const [mean, variance] = moments(() => random.normal());
  expect(mean).toBeCloseTo(0, 1);
  expect(variance).toBeCloseTo(1, 1);
  const order = permutation(random, 1000);
  expect([...order].sort((one, other) => one - other)).toEqual(Array.from({ length: 1000 }, (_, index) => index));
  const [left, right] = [randomFor(1, 3), randomFor(1, 4)];
  const product = moments(() => (left.uniform() - 0.5) * (right.uniform() - 0.5))[0];
  expect(Math.abs(product)).toBeLessThan(0.003);
});
