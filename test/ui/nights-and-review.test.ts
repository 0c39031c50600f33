import { describe, expect, it } from "vitest";
import type { LabelGain, Night } from "../../lib/domain/api/nights.ts";
import { localDate, weeksOf } from "../../web/ui/features/nights/calendar.ts";
import { gainsOf, spanOf } from "../../web/ui/features/nights/gain.ts";
import { gainSentence, mostTelling, outcomeOf, summaryOf } from "../../web/ui/features/nights/night-outcome.ts";
import { buyText } from "../../web/ui/features/overview/loop.ts";
import { agreementText, alphaText, pairMatrix, weakestClass } from "../../web/ui/features/review/agreement-words.ts";
import { classOfKey, opinionsOf } from "../../web/ui/features/review/answer-keys.ts";
import { madeText, samplesTitle } from "../../web/ui/features/samples/samples-title.ts";
import { inText } from "../../web/ui/parts/time-text.ts";

const night = (dueAt: string, part: Partial<Night> = {}): Night => ({
  ...{ id: dueAt, project: "p", cause: "clock", dueAt, by: "night", state: "done", reason: null, run: null },
  ...{ promoted: false, labels: 0, files: 0, gain: null, startedAt: null, endedAt: null },
  ...part,
});

describe("the calendar of nights", () => {
  const NOW = Date.parse("2026-03-31T12:00:00Z");
  it("puts a night on the date that the zone's clocks show, also where UTC is a day behind", () => {
    expect(localDate("2026-03-28T23:30:00Z", "Europe/Berlin")).toBe("2026-03-29");
    expect(localDate("2026-03-28T23:30:00Z", "America/New_York")).toBe("2026-03-28");
    expect(localDate("2026-03-28T23:30:00Z", "Mars/Olympus")).toMatch(/^2026-03-2[89]$/);
  });
  it("has each date once in weeks that begin on Monday, across the night on which the clocks change", () => {
    const weeks = weeksOf([night("2026-03-29T01:30:00Z")], "Europe/Berlin", NOW, 3);
    const dates = weeks.flatMap(({ days }) => days.map(({ date }) => date));
    expect(dates).toHaveLength(21);
    expect(new Set(dates).size).toBe(21);
    expect([dates[0], dates.at(-1)]).toEqual(["2026-03-16", "2026-04-05"]);
    expect(weeks[1]?.days[6]).toMatchObject({ date: "2026-03-29", outcome: "kept", future: false });
    expect(weeks[2]?.days.map(({ future }) => future)).toEqual([false, false, true, true, true, true, true]);
    expect(weeks.map(({ month }) => month)).toEqual(["Mar", null, "Apr"]);
  });
  it("shows of several nights of a day the one that asks for a look", () => {
    const all = [night("a", { promoted: true }), night("b", { state: "skipped" }), night("c", { state: "failed" })];
    expect(mostTelling(all)).toBe("failed");
    expect(mostTelling(all.slice(0, 2))).toBe("promoted");
    expect(mostTelling([])).toBeNull();
    expect(outcomeOf({ state: "done", promoted: null })).toBe("kept");
  });
});

describe("the nights in one sentence", () => {
  it("tell of the last that took place, not of one that is only asked for", () => {
    const failed = night("b", { state: "failed", reason: "TRAINING_DIVERGED" });
    expect(summaryOf([night("c", { state: "asked" }), failed], null)).toMatchObject({
      title: "The last night failed",
      tone: "attention",
      sentence: "TRAINING_DIVERGED",
    });
    expect(summaryOf([], null).title).toBe("No nights yet");
    expect(summaryOf([], { paused: false }).title).toBe("No night yet");
  });
  it("what labels bought is said with its sign beside random ones, or why there are none", () => {
    const gain: LabelGain = { labels: 50, metric: "macroF1", before: 0.9, chosen: 0.914, random: 0.898, note: null };
    expect(gainSentence(gain)).toBe("The last 50 labels bought +1.4 points of macro F1; as many taken at random −0.2 points.");
    expect(gainSentence({ ...gain, chosen: 0.9, random: null, note: "Too few were drawn at random." })).toBe(
      "The last 50 labels bought 0.0 points of macro F1. Too few were drawn at random.",
    );
    expect(buyText(-0.4)).toContain("did not make the model better");
    expect(buyText(null)).toContain("first retraining");
  });
  it("the picture of gains goes from old to new and never makes noise look large", () => {
    const gain = (before: number): LabelGain => ({
      labels: 5,
      metric: "accuracy",
      before,
      chosen: before + 0.002,
      random: null,
      note: null,
    });
    const points = gainsOf([night("2026-01-03", { gain: gain(0.9) }), night("2026-01-02"), night("2026-01-01", { gain: gain(0.8) })], 12);
    expect(points.map(({ before }) => before)).toEqual([0.8, 0.9]);
    const { low, high } = spanOf(points.slice(1));
    expect(high - low).toBeCloseTo(0.02, 9);
    expect(spanOf([gain(0.998)]).high).toBe(1);
  });
  it("a time to come reads as people say it", () => {
    const at = Date.parse("2026-01-01T00:00:00Z");
    const later = (seconds: number) => inText(new Date(at + seconds * 1000).toISOString(), at);
    expect([-3, 40, 720, 18_000, 300_000].map(later)).toEqual(["due now", "in 40 s", "in 12 min", "in 5 h", "in 3 d"]);
  });
});

describe("the review of answers", () => {
  const answer = (by: string, name: string | null, stands = true) => ({ by, class: name, stands });
  it("lists what was said by how many said it, without what was taken back or replaced", () => {
    const answers = [answer("a", "sit"), answer("b", "stand"), answer("c", "stand"), answer("d", "walk", false), answer("e", null)];
    expect(opinionsOf(answers, ["walk", "sit", "stand"])).toEqual([
      { class: "stand", by: ["b", "c"] },
      { class: "sit", by: ["a"] },
    ]);
  });
  it("a key decides only by itself and outside of fields", () => {
    const classes = [
      { name: "sit", key: "1" },
      { name: "walk", key: "w" },
    ];
    const press = (key: string, more: object = {}) =>
      classOfKey({ key, ctrlKey: false, metaKey: false, altKey: false, target: null, ...more }, classes);
    expect([press("1"), press("W"), press("x")]).toEqual(["sit", "walk", null]);
    expect(press("w", { ctrlKey: true })).toBeNull();
    expect(press("1", { target: { tagName: "INPUT" } })).toBeNull();
  });
  it("pairs read the same both ways, and who has no sample in common has an empty cell", () => {
    const [walk, run] = [
      { label: "walk", kappa: 0.8, items: 5 },
      { label: "run", kappa: 0.2, items: 6 },
    ];
    const { accounts, cells } = pairMatrix([
      { a: "b", b: "a", kappa: 0.5, items: 9, perClass: [walk, run] },
      { a: "c", b: "b", kappa: null, items: 1, perClass: [] },
    ]);
    expect(accounts).toEqual(["a", "b", "c"]);
    expect(cells[0]?.[1]).toEqual(cells[1]?.[0]);
    expect([cells[0]?.[0], cells[0]?.[2], cells[1]?.[2]]).toEqual([null, null, { kappa: null, items: 1, perClass: [] }]);
    expect([weakestClass(cells[0]![1]!), weakestClass(cells[1]![2]!)]).toEqual([{ label: "run", kappa: 0.2 }, null]);
  });
  it("agreement is put into words by Krippendorff's bounds", () => {
    expect([0.8, 0.79, 0.667, 0.66, null].map(alphaText)).toEqual([
      "reliable",
      "only tentative conclusions",
      "only tentative conclusions",
      "too low to rely on",
      "too few samples with two answers",
    ]);
    expect([0.742, -0.1, 1, null].map(agreementText)).toEqual([".74", "−.10", "1.00", "–"]);
  });
});

describe("samples of a confusion matrix", () => {
  it("are called by what they are, and what became of a request is counted", () => {
    expect(samplesTitle("sit", "stand")).toBe("sit taken for stand");
    expect([samplesTitle("sit", "sit"), samplesTitle("sit", undefined), samplesTitle(undefined, "sit")]).toEqual([
      "sit, recognised",
      "All that is sit",
      "All that is called sit",
    ]);
    expect(madeText({ made: 1, known: 0 })).toBe("1 task made.");
    expect(madeText({ made: 0, known: 1 })).toBe("0 tasks made; 1 is asked about or labelled already.");
  });
});
