import { describe, expect, it } from "vitest";
import { hotkeysOf } from "../../lib/domain/annotation/hotkeys.ts";
import { planQueue, type QueueCandidate } from "../../lib/domain/annotation/plan.ts";
import { follows, overlaps, rankTasks, type RankedWindow } from "../../lib/domain/annotation/ranking.ts";
import { inTheWay, settle, type Answer } from "../../lib/domain/annotation/settle.ts";
import { permutation, randomFor } from "../../lib/domain/random.ts";
import { annotationSchema } from "../../lib/domain/spec-annotation.ts";

const random = randomFor(7);
/** Windows of 100 samples, each half over the one before, in recordings of fifty; features cluster by recording. */
const windows = (count: number, width = 8): RankedWindow[] =>
  Array.from({ length: count }, (_, index) => {
    const [at, place] = [Math.floor(index / 50), index % 50];
    const features = Float32Array.from({ length: width }, (_unused, column) => 3 * Math.sin(at * (column + 1)) + 0.1 * random.normal());
    return { doubt: random.uniform(), at, from: 50 * place, to: 50 * place + 100, features };
  });
const only = (weights: Partial<Parameters<typeof rankTasks>[1]>) => ({ uncertainty: 0, diversity: 0, random: 0, ...weights });

describe("rankTasks", () => {
  const candidates = windows(2_000);

  it("puts no windows in a row that follow each other, and asks once about windows that overlap", () => {
    const orders = [only({ uncertainty: 1 }), only({ diversity: 1 }), { uncertainty: 1, diversity: 0.5, random: 0.1 }];
    for (const weights of orders) {
      const order = rankTasks(candidates, weights, 300, 1).map((index) => candidates[index]!);
      expect(order).toHaveLength(300);
      for (const [index, window] of order.entries()) {
        expect(order.slice(index + 1).some((other) => overlaps(window, other))).toBe(false);
        if (index > 0) expect(follows(window, order[index - 1]!)).toBe(false);
      }
    }
  });

  it("is the greedy order that its definition says, however little of it is computed", () => {
    const few = windows(150, 3).map((window, index) => ({ ...window, at: index }));
    const weights = { uncertainty: 0.7, diversity: 1, random: 0 };
    const mean = [0, 1, 2].map((column) => few.reduce((sum, { features }) => sum + features[column]!, 0) / few.length);
    const sd = mean.map((middle, column) =>
      Math.sqrt(few.reduce((sum, { features }) => sum + (features[column]! - middle) ** 2, 0) / few.length),
    );
    const distance = (a: RankedWindow, b: RankedWindow) =>
      Math.min(
        1,
        Math.hypot(...sd.map((spread, column) => (a.features[column]! - b.features[column]!) / spread)) / Math.sqrt(2 * sd.length),
      );
    const order: number[] = [];
    while (order.length < 40) {
      const scores = few.map((window, index) =>
        order.includes(index) ? -1 : 0.7 * window.doubt + Math.min(1, ...order.map((other) => distance(window, few[other]!))),
      );
      order.push(scores.indexOf(Math.max(...scores)));
    }
    expect(rankTasks(few, weights, 40, 3)).toEqual(order);
  });

  it("does what its weights say: the doubtful first, the unlike first, or by lot, the same lot for a seed", () => {
    const apart = candidates.map((window, index) => ({ ...window, at: index }));
    const doubts = rankTasks(apart, only({ uncertainty: 1 }), 50, 1).map((index) => apart[index]!.doubt);
    expect(doubts).toEqual(
      apart
        .map(({ doubt }) => doubt)
        .toSorted((a, b) => b - a)
        .slice(0, 50),
    );
    const places = rankTasks(apart, only({ diversity: 1 }), 40, 1).map((index) => Math.floor(index / 50));
    expect(new Set(places).size, "of forty clusters all are seen before one is seen again").toBeGreaterThanOrEqual(38);
    const [one, same, other] = [5, 5, 6].map((seed) => rankTasks(apart, only({ random: 1 }), 50, seed));
    expect(one).toEqual(same);
    expect(one).not.toEqual(other);
  });

  it("leaves out what could only follow its own neighbour, and lives with features that say nothing", () => {
    const row = Array.from({ length: 6 }, (_, index) => ({
      doubt: 1 - index / 10,
      at: 0,
      from: 10 * index,
      to: 10 * index + 10,
      features: new Float32Array(2).fill(NaN),
    }));
    const order = rankTasks(row, { uncertainty: 1, diversity: 1, random: 1 }, 6, 2);
    for (const [index, each] of order.entries()) if (index > 0) expect(follows(row[each]!, row[order[index - 1]!]!)).toBe(false);
    expect(order.length).toBeGreaterThanOrEqual(3);
    expect(rankTasks([], only({ diversity: 1 }), 5, 1)).toEqual([]);
  });

  it("orders the first 200 of 50,000 windows without comparing all with all", () => {
    const many = windows(50_000, 100);
    const started = performance.now();
    expect(rankTasks(many, { uncertainty: 1, diversity: 0.5, random: 0.1 }, 200, 1)).toHaveLength(200);
    // Measured: 0.15 s on an idle machine, where all with all takes a minute.
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe("planQueue", () => {
  const spec = annotationSchema.parse({
    tasks: { uncertain: 30, contradicted: 10, disagreement: 10, random: 20, gold: 10 },
    overlap: { answers: 3, share: 0.5 },
  });
  const candidates: QueueCandidate[] = windows(3_000).map((window, index) => ({
    ...window,
    confidence: 1 - window.doubt,
    ...{ gold: index % 100 === 0, drawn: index % 10 === 1, contradicted: index % 50 === 2, disputed: index % 50 === 3 },
  }));
  const plan = planQueue(candidates, spec, 4);
  const of = (reason: string) => plan.filter((task) => task.reason === reason).map((task) => candidates[task.candidate]!);

  it("takes of each kind what the spec wants, each window for one reason, none that overlaps another", () => {
    expect(Object.fromEntries(Object.keys(spec.tasks).map((reason) => [reason, of(reason).length]))).toEqual(spec.tasks);
    expect([of("gold").every((each) => each.gold), of("random").every((each) => each.drawn)]).toEqual([true, true]);
    expect(of("contradicted").every((each) => each.contradicted)).toBe(true);
    expect(of("disagreement").every((each) => each.disputed)).toBe(true);
    expect(of("uncertain").every((each) => each.confidence < spec.doubtBelow && !each.gold)).toBe(true);
    const chosen = plan.map((task) => candidates[task.candidate]!);
    expect(chosen.filter((each, index) => chosen.slice(index + 1).some((other) => overlaps(each, other)))).toEqual([]);
    expect(chosen.filter((each, index) => index > 0 && follows(each, chosen[index - 1]!))).toEqual([]);
  });

  it("draws the random slice as it was drawn, unswayed by doubt, and spreads it over the whole queue", () => {
    const drawn = candidates.filter((each) => each.drawn).slice(0, 20);
    expect(new Set(of("random"))).toEqual(new Set(drawn));
    const quarters = plan.flatMap((task, index) => (task.reason === "random" ? [Math.floor((4 * index) / plan.length)] : []));
    expect(Math.min(...[0, 1, 2, 3].map((quarter) => quarters.filter((each) => each === quarter).length))).toBeGreaterThanOrEqual(2);
  });

  it("asks several people about the share that the spec wants, about gold samples one", () => {
    expect(plan.filter((task) => task.reason === "gold").every((task) => task.wanted === 1)).toBe(true);
    const several = plan.filter((task) => task.wanted === 3).length;
    expect(several / 70).toBeGreaterThan(0.3);
    expect(several / 70).toBeLessThan(0.7);
  });
});

describe("settle", () => {
  const answer = (by: string, name: string, authority: Answer["authority"] = "annotator"): Answer => ({
    id: `${by}-${name}`,
    by,
    class: name,
    authority,
  });

  it("comes to the same in whatever order people answer", () => {
    for (let round = 0; round < 50; round++) {
      const answers = Array.from({ length: 1 + random.below(4) }, (_, index) =>
        answer(`p${index}`, random.below(3) === 0 ? "walk" : "rest"),
      );
      const shuffled = [...permutation(random, answers.length)].map((index) => answers[index]!);
      expect(settle(shuffled, 3)).toEqual(settle(answers, 3));
    }
    expect(settle([answer("a", "walk"), answer("b", "rest"), answer("c", "walk", "adjudicated")], 2)).toEqual({
      state: "done",
      outcome: "walk",
    });
    expect(settle([], 1)).toEqual({ state: "open", outcome: null });
  });

  it("lets a second opinion in where its author has seen the first, and nothing after a decision", () => {
    const done = { state: "done" as const, version: 2, outcome: "walk" };
    const first = answer("a", "walk");
    const attempt = (seen: number | undefined, by = "b", replaces: string | null = null) => inTheWay(done, [first], { by, seen, replaces });
    expect([attempt(undefined), attempt(1), attempt(2), attempt(2, "a"), attempt(1, "a", first.id)]).toEqual([
      first,
      first,
      undefined,
      first,
      undefined,
    ]);
    const decision = answer("e", "rest", "adjudicated");
    expect(inTheWay({ ...done, outcome: "rest" }, [first, decision], { by: "b", seen: 2, replaces: null })).toBe(decision);
  });
});

it("gives classes the keys of the spec, then digits, then letters that no command has, each once", () => {
  const classes = Array.from({ length: 40 }, (_, index) => `class-${index}`);
  const keys = hotkeysOf(classes, { "class-5": "1", "class-6": "a" }).map(({ key }) => key);
  expect([keys[0], keys[5], keys[6], keys[9], keys[10]]).toEqual(["2", "1", "a", "9", "0"]);
  const given = keys.filter((key) => key !== "");
  expect(new Set(given).size).toBe(given.length);
  expect(given.some((key) => ["g", "s", "u"].includes(key))).toBe(false);
  expect(given).toHaveLength(33);
});
