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

  it("has the kappa of each class within a pair: a against the rest of Cohen's table", () => {
    const table = { walk: [44, 7, 9], run: [5, 20, 5], rest: [1, 3, 6] };
    const names = Object.keys(table);
    let task = 0;
    const answers = Object.entries(table).flatMap(([first, row]) =>
      row.flatMap((count, second) =>
        Array.from({ length: count }, () => `${task++}`).flatMap((id) => [answer(id, "ann", first), answer(id, "ben", names[second]!)]),
      ),
    );
    const [pair] = agreementOf(answers).pairs;
    expect(pair!.kappa).toBeCloseTo(0.492, 3);
    // Walk or not: 44 both, 34 neither of 100; ann 60, ben 50 of them: (.78 - .5) / .5.
    const [rest, run, walk] = pair!.perClass;
    expect([rest!.label, run!.label, walk!.label, walk!.items]).toEqual(["rest", "run", "walk", 66]);
    expect(walk!.kappa).toBeCloseTo(0.56, 9);
    // Run or not: 20 both, 60 neither; both 30 of 100: (.8 - .58) / .42.
    expect(run!.kappa).toBeCloseTo(0.22 / 0.42, 9);
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
    // By hand: they agree on half of the two, and would by chance on half; on "walk" against the rest as on both.
    expect(agreement.pairs[0]).toMatchObject({
      kappa: 0,
      perClass: [
        { label: "run", kappa: 0, items: 1 },
        { label: "walk", kappa: 0, items: 2 },
      ],
    });
    expect(agreement.annotators).toEqual([
      { account: "ann", labels: 3, medianSeconds: 2, agreement: 0.5, gold: 1, goldItems: 1 },
      { account: "ben", labels: 3, medianSeconds: 3, agreement: 1, gold: 0, goldItems: 1 },
      { account: "carl", labels: 1, medianSeconds: null, agreement: 1, gold: null, goldItems: 0 },
    ]);
    expect(agreement.confusions).toEqual([{ a: "run", b: "walk", count: 2 }]);
  });
});
