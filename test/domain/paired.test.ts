import { describe, expect, it } from "vitest";
import type { Outcomes } from "../../lib/domain/outcomes.ts";
import { pairedDifference, unlikeWindows } from "../../lib/domain/paired.ts";

const [PEOPLE, EACH] = [20, 30];

/** Two classes in turn; wrong where `wrong` says so. People differ a lot, both models find the same ones hard. */
function answers(wrong: (person: number, window: number) => boolean): Outcomes {
  const count = PEOPLE * EACH;
  const actual = Int32Array.from({ length: count }, (_, at) => at % 2);
  const subject = Int32Array.from({ length: count }, (_, at) => Math.floor(at / EACH));
  const predicted = actual.map((label, at) => (wrong(subject[at]!, at % EACH) ? 1 - label : label));
  const subjects = Array.from({ length: PEOPLE }, (_, person) => `p${person}`);
  return { classes: ["rest", "walk"], subjects, subject, actual, predicted, confidence: new Float32Array(count).fill(0.9) };
}

describe("the paired difference of two models", () => {
  const base = answers((person, window) => window < person);
  const better = answers((person, window) => window < person - 1);

  it("is what the two figures differ by, and narrow although the people differ widely", () => {
    const { accuracy, macroF1, perClass, subjects } = pairedDifference(better, base);
    // Each of the 19 people with a mistake has one less.
    expect(accuracy.value).toBeCloseTo(19 / 600, 12);
    expect(accuracy.low).toBeGreaterThan(0.028);
    expect(accuracy.high).toBeLessThanOrEqual(1 / 30 + 1e-12);
    expect(macroF1.low).toBeGreaterThan(0);
    expect(perClass.map(({ label }) => label)).toEqual(["rest", "walk"]);
    expect(subjects).toBe(PEOPLE);
  });

  it("changes its sign with the sides", () => {
    const [there, back] = [pairedDifference(better, base), pairedDifference(base, better)];
    expect(back.accuracy.value).toBeCloseTo(-there.accuracy.value, 12);
    expect(back.accuracy.low).toBeCloseTo(-(there.accuracy.high ?? NaN), 12);
  });

  it("has no figure for a class that no window has, and no interval for one person", () => {
    const wider = { ...base, classes: ["rest", "walk", "run"] };
    expect(pairedDifference(wider, base).perClass.at(-1)).toEqual({ label: "run", f1: null });
    const alone = (side: Outcomes) => ({ ...side, subject: new Int32Array(side.subject.length) });
    expect(pairedDifference(alone(better), alone(base)).accuracy).toMatchObject({ low: null, high: null });
  });

  it("is only for the same windows: fewer, of other people or with other labels are told apart, other dictionaries are not", () => {
    const reordered: Outcomes = { ...base, classes: ["walk", "rest"], actual: base.actual.map((label) => 1 - label) };
    expect(unlikeWindows(base, reordered)).toBeNull();
    expect(unlikeWindows(base, { ...base, actual: base.actual.slice(1) })).toContain("600 windows, the other 599");
    expect(unlikeWindows(base, { ...base, actual: base.actual.with(4, -1) })).toBe("window 4 has another label");
    expect(unlikeWindows(base, { ...base, subject: base.subject.with(9, 3) })).toBe("window 9 is of another person");
  });
});
