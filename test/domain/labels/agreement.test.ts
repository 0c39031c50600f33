import { describe, expect, it } from "vitest";
import { agreementOf, cohenKappa, krippendorffAlpha, type FirstAnswer } from "../../../lib/domain/labels/agreement.ts";

/** Rows of judges as printed, a dot for no answer, turned into the values of each item. */
const itemsOf = (...judges: string[]) =>
  [...judges[0]!].map((_, item) => judges.map((judge) => judge[item]!).filter((value) => value !== "."));

describe("Krippendorff's alpha", () => {
  it("is that of the examples of 2011: two judges and two values, four judges and five values with missing answers", () => {
    expect(krippendorffAlpha(itemsOf("0100000010", "1110010000"))).toBeCloseTo(0.095, 3);
    expect(krippendorffAlpha(itemsOf("123321412...", "1233224125.3", ".3332342251.", "12332441251."))).toBeCloseTo(0.743, 3);
  });

  it("is 1 where all agree, and says nothing of one value or of items with one answer", () => {
    expect(
      krippendorffAlpha([
        ["a", "a"],
        ["b", "b", "b"],
      ]),
    ).toBe(1);
    expect(
      krippendorffAlpha([
        ["a", "a"],
        ["a", "a"],
      ]),
    ).toBeNull();
    expect(krippendorffAlpha([["a"], ["b"]])).toBeNull();
  });
});

describe("Cohen's kappa", () => {
  it("is .492 for the two judges of his example", () => {
    const shares = [
      [44, 7, 9],
      [5, 20, 5],
      [1, 3, 6],
    ];
    const pairs = shares.flatMap((row, a) => row.flatMap((count, b) => Array.from({ length: count }, () => [`${a}`, `${b}`] as const)));
    expect(cohenKappa(pairs)).toBeCloseTo(0.492, 3);
  });

  it("says nothing of judges who know one class", () => {
    expect(cohenKappa([["a", "a"]])).toBeNull();
    expect(cohenKappa([])).toBeNull();
  });
});

describe("the agreement of annotators", () => {
  const answer = (task: string, account: string, name: string, options: Partial<FirstAnswer> = {}): FirstAnswer => ({
    ...{ task, account, class: name, seconds: null, outcome: null, gold: null },
    ...options,
  });

  it("counts pairs, classes, confusions, speed, outcomes and gold samples", () => {
    const agreement = agreementOf([
      answer("1", "ann", "walk", { seconds: 1, outcome: "walk" }),
      answer("1", "ben", "walk", { seconds: 4, outcome: "walk" }),
      answer("2", "ann", "walk", { seconds: 3, outcome: "run" }),
      answer("2", "ben", "run", { seconds: 2, outcome: "run" }),
      answer("2", "carl", "run", { outcome: "run" }),
      answer("3", "ann", "rest", { seconds: 2, gold: "rest" }),
      answer("4", "ben", "rest", { gold: "walk" }),
    ]);
    expect(agreement.overall).toEqual({
      alpha: krippendorffAlpha([
        ["walk", "walk"],
        ["walk", "run", "run"],
      ]),
      items: 2,
    });
    expect(agreement.perClass.map(({ label, items }) => [label, items])).toEqual([
      ["run", 1],
      ["walk", 2],
    ]);
    expect(agreement.pairs.map(({ a, b, items }) => [a, b, items])).toEqual([
      ["ann", "ben", 2],
      ["ann", "carl", 1],
      ["ben", "carl", 1],
    ]);
    expect(agreement.annotators).toEqual([
      { account: "ann", labels: 3, medianSeconds: 2, agreement: 0.5, gold: 1, goldItems: 1 },
      { account: "ben", labels: 3, medianSeconds: 3, agreement: 1, gold: 0, goldItems: 1 },
      { account: "carl", labels: 1, medianSeconds: null, agreement: 1, gold: null, goldItems: 0 },
    ]);
    expect(agreement.confusions).toEqual([{ a: "run", b: "walk", count: 2 }]);
  });
});
