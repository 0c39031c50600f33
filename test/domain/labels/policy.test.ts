import { describe, expect, it } from "vitest";
import { resolve, standing, type SignedLabel } from "../../../lib/domain/labels/policy.ts";
import { randomFor } from "../../../lib/domain/random.ts";

const RATE = 50;
let count = 0;
const label = (by: string, from: number, to: number, name: string | null, options: Partial<SignedLabel> = {}): SignedLabel => ({
  id: `00000000-0000-4000-8000-${String(++count).padStart(12, "0")}`,
  ...{ from, to, rateHz: RATE, class: name, authority: "annotator", by, supersedes: null },
  at: new Date(count * 1000).toISOString(),
  ...options,
});
const spans = (labels: readonly SignedLabel[], rate = RATE) =>
  resolve(labels, rate).map(({ from, to, class: name }) => `${name} ${from}-${to}`);

describe("the conflict policy", () => {
  it("ranks adjudicated over expert over the majority of annotators over a user's word", () => {
    const all = [
      label("judge", 0, 10, "adjudicated", { authority: "adjudicated" }),
      label("eve", 0, 20, "expert", { authority: "expert" }),
      ...["ann", "ben"].map((by) => label(by, 0, 30, "majority")),
      label("carl", 0, 30, "minority"),
      label("someone", 0, 40, "user", { authority: "user" }),
    ];
    expect(spans(all)).toEqual(["adjudicated 0-10", "expert 10-20", "majority 20-30", "user 30-40"]);
  });

  it("takes the later of two equal words, and one vote of each annotator", () => {
    expect(spans([label("eve", 0, 9, "a", { authority: "expert" }), label("fred", 0, 9, "b", { authority: "expert" })])).toEqual(["b 0-9"]);
    expect(spans([label("ann", 0, 9, "a"), label("ann", 0, 9, "a"), label("ann", 0, 9, "b")])).toEqual(["b 0-9"]);
    expect(spans([label("ann", 0, 9, "a"), label("ann", 0, 9, "a"), label("ben", 0, 9, "b")])).toEqual([]);
  });

  it("leaves a tie open, also where a user says something, until an expert speaks", () => {
    const tie = [label("ann", 0, 10, "a"), label("ben", 0, 10, "b"), label("someone", 0, 10, "a", { authority: "user" })];
    expect(spans(tie)).toEqual([]);
    expect(spans([...tie, label("eve", 4, 6, "b", { authority: "expert" })])).toEqual(["b 4-6"]);
  });

  it("cuts at all edges, decides piece by piece and joins equal neighbours", () => {
    expect(spans([label("ann", 0, 10, "a"), label("ben", 5, 20, "a"), label("eve", 8, 12, "b", { authority: "expert" })])).toEqual([
      "a 0-8",
      "b 8-12",
      "a 12-20",
    ]);
    expect(spans([label("ann", 0, 10, "a"), label("ann", 10, 20, "a"), label("ann", 21, 30, "a")])).toEqual(["a 0-20", "a 21-30"]);
  });

  it("forgets what was superseded, and what superseded it where that was taken back too", () => {
    const first = label("ann", 0, 10, "a");
    const second = label("ann", 0, 10, "b", { supersedes: first.id });
    const third = label("ann", 0, 10, null, { supersedes: second.id });
    expect(standing([first, second])).toEqual([second]);
    expect(spans([first, second])).toEqual(["b 0-10"]);
    expect(spans([third, second, first])).toEqual([]);
  });

  it("converts labels that were signed at another rate, and keeps the shortest of them", () => {
    expect(spans([label("ann", 100, 250, "a", { rateHz: 100 }), label("ben", 300, 301, "b", { rateHz: 100 })])).toEqual([
      "a 50-125",
      "b 150-151",
    ]);
  });

  it("says sample by sample what the words say, in whichever order they arrive", () => {
    const random = randomFor(7);
    const pick = <T>(from: readonly T[]): T => from[random.below(from.length)]!;
    for (let round = 0; round < 300; round++) {
      const labels: SignedLabel[] = [];
      for (let each = 0; each < 12; each++) {
        const from = random.below(20);
        const earlier = labels.length > 0 && random.uniform() < 0.2 ? pick(labels).id : null;
        const name = earlier !== null && random.uniform() < 0.5 ? null : pick(["a", "b", "c"]);
        const authority = pick(["adjudicated", "expert", "annotator", "annotator", "annotator", "user"] as const);
        // Few moments, so that many are of the same one.
        const at = new Date(1e12 + random.below(4)).toISOString();
        const options = { authority, supersedes: earlier, at };
        labels.push(label(pick(["ann", "ben", "carl"]), from, from + 1 + random.below(8), name, options));
      }
      const expected = Array.from({ length: 30 }, (_, sample) => oracle(labels, sample));
      const shuffled = labels.map((each) => ({ each, key: random.uniform() })).sort((a, b) => a.key - b.key);
      for (const order of [labels, labels.toReversed(), shuffled.map(({ each }) => each)]) {
        const said = resolve(order, RATE);
        const found = expected.map((_, sample) => said.find(({ from, to }) => from <= sample && sample < to)?.class ?? null);
        expect(found).toEqual(expected);
        for (const [index, { from, class: name }] of said.entries()) {
          const before = said[index - 1];
          if (before) expect(before.to < from || (before.to === from && before.class !== name)).toBe(true);
        }
      }
    }
  });
});

/** The policy in its plainest words, for one sample. */
function oracle(labels: readonly SignedLabel[], sample: number): string | null {
  const valid = labels.filter(
    ({ id, class: name, from, to }) =>
      name !== null && from <= sample && sample < to && !labels.some(({ supersedes }) => supersedes === id),
  );
  const ascending = valid.toSorted((left, right) => left.at.localeCompare(right.at) || left.id.localeCompare(right.id));
  for (const authority of ["adjudicated", "expert"]) {
    const last = ascending.findLast((each) => each.authority === authority);
    if (last) return last.class;
  }
  const votes = Object.values(
    Object.fromEntries(ascending.filter((each) => each.authority === "annotator").map(({ by, class: name }) => [by, name])),
  );
  if (votes.length === 0) return ascending.findLast((each) => each.authority === "user")?.class ?? null;
  const counted = ["a", "b", "c"].map((name) => [name, votes.filter((vote) => vote === name).length] as const);
  const [[first, most], [, second]] = counted.sort((left, right) => right[1] - left[1]) as [[string, number], [string, number], unknown];
  return most === second ? null : first;
}
