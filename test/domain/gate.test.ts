import { describe, expect, it } from "vitest";
import { decide, moreThanCanBe } from "../../lib/domain/gate.ts";
import type { Evaluated } from "../../lib/domain/gate.ts";
import { measure } from "../../lib/domain/metrics.ts";
import type { Outcomes } from "../../lib/domain/outcomes.ts";
import type { GateSpec } from "../../lib/domain/spec.ts";

const CLASSES = ["rest", "walk", "run"];
const GATE: GateSpec = { mode: "automatic", metric: "macroF1", margin: 0.002, floors: {}, maxClassDrop: 0.1 };
const [PEOPLE, EACH] = [12, 60];

interface Options {
  readonly leaking?: boolean;
  readonly classes?: readonly string[];
  readonly holdout?: string;
}

/** A model that answers the same 720 windows of twelve people, wrong where `wrong` says so (with the next class). */
function model(name: string, wrong: (person: number, window: number, actual: number) => boolean, options: Options = {}): Evaluated {
  const { leaking = false, classes = CLASSES, holdout = "a".repeat(64) } = options;
  const count = PEOPLE * EACH;
  const actual = Int32Array.from({ length: count }, (_, at) => at % 3);
  const subject = Int32Array.from({ length: count }, (_, at) => Math.floor(at / EACH));
  const predicted = actual.map((label, at) => (wrong(subject[at]!, at % EACH, label) ? (label + 1) % 3 : label));
  const outcomes: Outcomes = {
    classes: CLASSES,
    subjects: Array.from({ length: PEOPLE }, (_, person) => `p${person}`),
    subject,
    actual,
    predicted,
    confidence: new Float32Array(count).fill(0.8),
  };
  return { model: name, classes, holdoutSha256: holdout, cut: "4 s", outcomes, metrics: measure(outcomes, { leaking }) };
}

const good = model("good", (_, window) => window < 6);
const better = model("better", (_, window) => window < 3);

describe("the gate", () => {
  it("promotes a first champion that misses no floor", () => {
    const verdict = decide({ candidate: good, champion: null, gate: { ...GATE, floors: { accuracy: 0.85, macroF1: 0.9 } } });
    expect(verdict).toMatchObject({ promoted: true, rule: "first", candidate: "good", champion: null, difference: null });
    expect(verdict.reason).toContain("macro F1 .90 on 720 windows");
  });

  it("refuses what is below a floor, champion or none", () => {
    for (const champion of [null, model("poor", (_, window) => window < 40)]) {
      const verdict = decide({ candidate: good, champion, gate: { ...GATE, floors: { accuracy: 0.95 } } });
      expect(verdict).toMatchObject({ promoted: false, rule: "floor" });
      expect(verdict.reason).toContain("accuracy of .90 is below the floor of .95");
    }
  });

  it("promotes a candidate that is better for everybody, with the difference and its interval", () => {
    const verdict = decide({ candidate: better, champion: good, gate: GATE });
    expect(verdict).toMatchObject({ promoted: true, rule: "better", champion: "good", difference: { metric: "macroF1" } });
    expect(verdict.difference!.value).toBeCloseTo(0.05, 3);
    expect(verdict.difference!.low).toBeGreaterThan(0.04);
    expect(verdict.reason).toContain("macro F1 .95 against the champion's .90, a gain of +.05 by drawing the 12 subjects anew");
  });

  it("refuses a tie, a gain below the margin, and a loss", () => {
    expect(decide({ candidate: { ...good, model: "twin" }, champion: good, gate: { ...GATE, margin: 0 } })).toMatchObject({
      promoted: false,
      rule: "tie",
    });
    const hair = model("hair", (person, window) => window < 6 && !(person === 0 && window === 0));
    const verdict = decide({ candidate: hair, champion: good, gate: GATE });
    expect(verdict).toMatchObject({ promoted: false, rule: "tie" });
    expect(verdict.reason).toContain("gains +.0014, less than the margin of .002");
    expect(decide({ candidate: good, champion: better, gate: GATE })).toMatchObject({ promoted: false, rule: "worse" });
  });

  it("refuses a gain that a few people make and others lose", () => {
    // Two people gain 25 points each, four lose 10: better on average, and chance could have done it.
    const lucky = model("lucky", (person, window) => (person < 2 ? false : window < (person < 6 ? 8 : 6)) || (person < 2 && window < 0));
    const verdict = decide({ candidate: lucky, champion: good, gate: GATE });
    expect(verdict).toMatchObject({ promoted: false, rule: "uncertain" });
    expect(verdict.difference!.value).toBeGreaterThan(GATE.margin);
    expect(verdict.difference!.low).toBeLessThan(0);
    // Both with the digits of the interval, which is so wide that it carries three of them.
    expect(verdict.reason).toMatch(
      /gains \+\.\d{3} ± \.\d{3}, but it could be chance: drawing the 12 subjects anew gives \u2212\.\d{3} to \.\d{3};/,
    );
  });

  it("refuses a class that collapses although the mean rises", () => {
    // 'run' falls from 90 % to 75 %, the others rise to 100 %.
    const lopsided = model("lopsided", (_, window, actual) => actual === 2 && window < 15);
    const verdict = decide({ candidate: lopsided, champion: good, gate: GATE });
    expect(verdict).toMatchObject({ promoted: false, rule: "class-collapse" });
    expect(verdict.reason).toContain("'run' falls from .90 to .75; .1 is the most");
    expect(verdict.difference!.value).toBeGreaterThan(0);
    const gone = model("gone", (_, __, actual) => actual === 2);
    expect(decide({ candidate: gone, champion: good, gate: { ...GATE, maxClassDrop: 1 } })).toMatchObject({ rule: "class-collapse" });
  });

  it("refuses figures that are not numbers", () => {
    const broken = { ...better, metrics: { ...better.metrics, weightedF1: NaN } };
    expect(decide({ candidate: broken, champion: good, gate: GATE })).toMatchObject({ promoted: false, rule: "not-a-number" });
    const confidence = better.outcomes.confidence.slice();
    confidence[5] = NaN;
    const unsure = { ...better, outcomes: { ...better.outcomes, confidence } };
    expect(decide({ candidate: unsure, champion: null, gate: GATE })).toMatchObject({ promoted: false, rule: "not-a-number" });
    const empty = { ...better, metrics: { ...better.metrics, windows: 0 } };
    expect(decide({ candidate: empty, champion: null, gate: GATE })).toMatchObject({ promoted: false, rule: "not-a-number" });
  });

  it("refuses a candidate that can't answer a class of the holdout or of the champion", () => {
    const blind = model("blind", (_, window) => window < 3, { classes: ["rest", "walk"] });
    const verdict = decide({ candidate: blind, champion: null, gate: GATE });
    expect(verdict).toMatchObject({ promoted: false, rule: "missing-class" });
    expect(verdict.reason).toContain("'run'");
    const wider = { ...good, classes: [...CLASSES, "jump"] };
    expect(decide({ candidate: better, champion: wider, gate: GATE })).toMatchObject({ promoted: false, rule: "missing-class" });
  });

  it("refuses to compare across holdouts, however good the candidate looks", () => {
    const elsewhere = model("elsewhere", () => false, { holdout: "b".repeat(64) });
    expect(decide({ candidate: elsewhere, champion: good, gate: GATE })).toMatchObject({
      promoted: false,
      rule: "holdout-changed",
      difference: null,
    });
  });

  it("refuses to compare where one side answered fewer windows of the holdout, or others", () => {
    const cut = (side: Evaluated, windows: number): Evaluated => {
      const { actual, predicted, subject, confidence } = side.outcomes;
      const outcomes: Outcomes = {
        ...side.outcomes,
        actual: actual.slice(0, windows),
        predicted: predicted.slice(0, windows),
        subject: subject.slice(0, windows),
        confidence: confidence.slice(0, windows),
      };
      return { ...side, outcomes, metrics: measure(outcomes, { leaking: false }) };
    };
    const fewer = decide({ candidate: cut(better, 600), champion: good, gate: GATE });
    expect(fewer).toMatchObject({ promoted: false, rule: "holdout-changed", difference: null });
    expect(fewer.reason).toContain("one answered 600 windows, the other 720");
    expect(decide({ candidate: better, champion: cut(good, 600), gate: GATE })).toMatchObject({ promoted: false, rule: "holdout-changed" });
    const renamed = { ...better.outcomes, subjects: better.outcomes.subjects.with(3, "someone else") };
    const others = decide({ candidate: { ...better, outcomes: renamed }, champion: good, gate: GATE });
    expect(others).toMatchObject({ promoted: false, rule: "holdout-changed" });
    const relabelled = { ...better.outcomes, actual: better.outcomes.actual.with(7, 0) };
    expect(decide({ candidate: { ...better, outcomes: relabelled }, champion: good, gate: GATE })).toMatchObject({
      rule: "holdout-changed",
    });
  });

  it("compares models that cut windows otherwise person by person, and refuses where the people differ", () => {
    const half = (side: Evaluated): Evaluated => {
      const kept = <Values extends Int32Array | Float32Array>(values: Values) => values.filter((_, at) => at % 2 === 0) as Values;
      const { actual, predicted, subject, confidence } = side.outcomes;
      const outcomes: Outcomes = {
        ...side.outcomes,
        ...{ actual: kept(actual), predicted: kept(predicted), subject: kept(subject), confidence: kept(confidence) },
      };
      return { ...side, cut: "8 s", outcomes, metrics: measure(outcomes, { leaking: false }) };
    };
    const longer = half(better);
    const verdict = decide({ candidate: longer, champion: good, gate: GATE });
    expect(verdict).toMatchObject({ promoted: true, rule: "better" });
    expect(verdict.difference?.value).toBeCloseTo(longer.metrics.macroF1.value - good.metrics.macroF1.value, 12);
    const others = { ...longer, outcomes: { ...longer.outcomes, subjects: longer.outcomes.subjects.with(3, "someone else") } };
    expect(decide({ candidate: others, champion: good, gate: GATE })).toMatchObject({ promoted: false, rule: "holdout-changed" });
  });

  it("refuses to compare with a champion whose figures are not numbers", () => {
    const broken = { ...good, metrics: { ...good.metrics, macroF1: { value: NaN, low: null, high: null } } };
    const verdict = decide({ candidate: better, champion: broken, gate: GATE });
    expect(verdict).toMatchObject({ promoted: false, rule: "not-a-number" });
    expect(verdict.reason).toContain("The champion's macro F1");
  });

  it("says of a candidate that is surely above the ceiling that it claims more than can be, and judges it like any other", () => {
    const gate: GateSpec = { ...GATE, ceiling: { accuracy: 0.93 } };
    expect(decide({ candidate: better, champion: good, gate })).toMatchObject({
      promoted: true,
      rule: "better",
      reason: expect.stringContaining("More than can be: its accuracy is .95, and .93 is the most"),
    });
    // 90 % lies below; and a value above the ceiling whose interval reaches below it may be luck.
    expect(decide({ candidate: good, champion: null, gate }).reason).not.toContain("More than can be");
    const lucky = { ...better.metrics, accuracy: { value: 0.95, low: 0.92, high: 0.98 } };
    expect(moreThanCanBe(lucky, gate)).toBeNull();
    expect(moreThanCanBe({ ...lucky, accuracy: { value: 0.95, low: null, high: null } }, gate)).toContain("look for a leak");
    expect(moreThanCanBe({ ...lucky, accuracy: { value: NaN, low: null, high: null } }, gate)).toBeNull();
    expect(moreThanCanBe(better.metrics, GATE)).toBeNull();
  });

  it("never lets a leaking candidate replace an honest champion; without one it may serve, with a caution", () => {
    const leaky = model("leaky", () => false, { leaking: true });
    expect(decide({ candidate: leaky, champion: good, gate: GATE })).toMatchObject({ promoted: false, rule: "leaking" });
    const first = decide({ candidate: leaky, champion: null, gate: GATE });
    expect(first).toMatchObject({ promoted: true, rule: "first" });
    expect(first.reason).toContain("leaking");
    const before = model("before", (_, window) => window < 6, { leaking: true });
    expect(decide({ candidate: leaky, champion: before, gate: GATE })).toMatchObject({ promoted: true, rule: "better" });
  });

  it("decides by the margin alone where there is one subject", () => {
    const alone = (side: Evaluated): Evaluated => {
      const outcomes = { ...side.outcomes, subject: new Int32Array(side.outcomes.subject.length) };
      return { ...side, outcomes, metrics: measure(outcomes, { leaking: false }) };
    };
    const verdict = decide({ candidate: alone(better), champion: alone(good), gate: GATE });
    expect(verdict).toMatchObject({ promoted: true, rule: "better", difference: { low: null, high: null } });
    expect(verdict.reason).toContain("1 subject");
  });

  it("pairs classes by name where the models list them in another order", () => {
    const turn = [2, 0, 1];
    const outcomes: Outcomes = {
      ...better.outcomes,
      classes: ["walk", "run", "rest"],
      actual: better.outcomes.actual.map((label) => turn[label]!),
      predicted: better.outcomes.predicted.map((label) => turn[label]!),
    };
    const turned = { ...better, outcomes, metrics: measure(outcomes, { leaking: false }) };
    const verdict = decide({ candidate: turned, champion: good, gate: GATE });
    expect(verdict.difference).toEqual(decide({ candidate: better, champion: good, gate: GATE }).difference);
    expect(verdict.promoted).toBe(true);
  });
});
