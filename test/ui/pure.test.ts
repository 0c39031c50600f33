import { describe, expect, it } from "vitest";
import type { Comparison } from "../../lib/domain/api/models.ts";
import { STATIONS, type Station } from "../../lib/domain/api/overview.ts";
import { RUN_STATES, STAGE_STATES } from "../../lib/domain/stages.ts";
import { addressOf } from "../../web/ui/api/client.ts";
import { waitBeforeMs } from "../../web/ui/api/event-stream.ts";
import { extendLog } from "../../web/ui/api/run-log.ts";
import { isStale } from "../../web/ui/api/stale.ts";
import { comparisonSentence, genomeDifferences } from "../../web/ui/features/compare/comparison-text.ts";
import { cohortPoints } from "../../web/ui/features/data/cohort-points.ts";
import { densityPath, highestDensity, spanOf } from "../../web/ui/features/data/density.ts";
import { begin, outcomeOf, restOf } from "../../web/ui/features/data/sending.ts";
import { calibrationSentence } from "../../web/ui/features/model/calibration.ts";
import { curveOf } from "../../web/ui/features/model/curve.ts";
import { familyOf, treeOf } from "../../web/ui/features/models/lineage.ts";
import { loopState } from "../../web/ui/features/overview/loop.ts";
import { progressOf, timeLine } from "../../web/ui/features/run/time-line.ts";
import { findIn } from "../../web/ui/frame/find-in.ts";
import { crumbsOf } from "../../web/ui/frame/places.ts";
import { backendWarning } from "../../web/ui/parts/backend.ts";
import { confusionRows, worstMistake } from "../../web/ui/parts/confusion-cells.ts";
import { stageStatusOf, statusOf } from "../../web/ui/parts/status-table.ts";
import { agoText, durationText } from "../../web/ui/parts/time-text.ts";
import { valueText } from "../../web/ui/parts/value-text.ts";
import { stages } from "./fixtures.ts";

describe("the status table", () => {
  it("has a word and an icon of its own for every state of a run and a stage", () => {
    for (const state of [...RUN_STATES, ...STAGE_STATES]) expect(statusOf(state).word).not.toBe(state);
  });
  it("shows a state of a newer server in its own words", () => {
    expect(statusOf("hibernating")).toEqual({ word: "hibernating", tone: "neutral", icon: "dot" });
    expect(statusOf("constructor").word).toBe("constructor");
  });
  it("says that only the gate waits for a person", () => {
    expect(stageStatusOf("decide", "waiting").word).toBe("Waiting for you");
    expect(stageStatusOf("train", "waiting").word).toBe("Waiting");
  });
});

describe("the time line of a run", () => {
  it("puts stages one after the other on one axis, in shares that fill it", () => {
    const bars = timeLine(stages(100), Date.now());
    const begun = bars.filter(({ from }) => from !== null);
    expect(begun[0]?.from).toBe(0);
    expect((begun.at(-1)?.from ?? 0) + (begun.at(-1)?.width ?? 0)).toBeCloseTo(1, 3);
    for (const [index, bar] of begun.slice(1).entries()) expect(bar.from ?? 0).toBeGreaterThanOrEqual(begun[index]?.from ?? 1);
    expect(bars.find(({ stage }) => stage.name === "synthesise")).toMatchObject({ from: null, width: 0, seconds: null });
  });
  it("lets the seconds of a running stage go on by the reader's clock, and never below zero", () => {
    const running = stages(20, "train");
    const train = running.find(({ name }) => name === "train");
    const start = Date.parse(train?.startedAt ?? "");
    expect(timeLine(running, start + 7000).find(({ stage }) => stage.name === "train")?.seconds).toBeCloseTo(7);
    expect(timeLine(running, start - 60_000).find(({ stage }) => stage.name === "train")?.seconds).toBe(0);
  });
  it("draws nothing out of bounds where no stage has begun", () => {
    const none = stages(100).map((stage) => ({ ...stage, startedAt: null, endedAt: null }));
    expect(timeLine(none, Date.now()).every(({ from, width }) => from === null && width === 0)).toBe(true);
  });
  it("tells rate and rest only once there is something to tell from", () => {
    const train = stages(20, "train").find(({ name }) => name === "train");
    if (train === undefined) throw new Error("the fixture has no stage train");
    expect(progressOf(train, 6)).toEqual({ share: 0.3, perSecond: 2, secondsLeft: 14 });
    expect(progressOf(train, 0.2)).toEqual({ share: 0.3, perSecond: null, secondsLeft: null });
    expect(progressOf({ ...train, progress: { done: 3, total: 0, unit: "rows" } }, 6)).toBeNull();
  });
});

describe("the confusion matrix", () => {
  const confusion = {
    classes: ["a", "b", "c"],
    counts: [
      [8, 2, 0],
      [0, 10, 0],
      [0, 0, 0],
    ],
  };
  it("shares are of the actual class, and a class without windows has none", () => {
    const rows = confusionRows(confusion);
    expect(rows.map(({ support }) => support)).toEqual([10, 10, 0]);
    expect(rows[0]?.cells[1]).toEqual({ count: 2, share: 0.2, right: false });
    expect(rows[2]?.cells.map(({ share }) => share)).toEqual([0, 0, 0]);
  });
  it("names the worst mistake with actual and predicted the right way round", () => {
    expect(worstMistake(confusion)).toMatchObject({ actual: "a", predicted: "b", count: 2, support: 10 });
    expect(worstMistake({ classes: ["a"], counts: [[3]] })).toBeNull();
  });
});

describe("what the event stream makes stale", () => {
  const change = (kind: string, run: string | null = "r1") => ({ project: "p", run, kind });
  it("reads again the run that changed and not another", () => {
    expect(isStale(["showRun", { params: { run: "r1" } }], change("run"))).toBe(true);
    expect(isStale(["showRun", { params: { run: "r2" } }], change("run"))).toBe(false);
    expect(isStale(["listRuns", { query: {} }], change("run"))).toBe(true);
    expect(isStale(["listRunLogs", { params: { run: "r1" } }], change("run"))).toBe(true);
  });
  it("reads again what a decision touches and leaves the rest alone, and the journal after every decision", () => {
    const touched = (kind: string) =>
      ["listNights", "showAgreement", "listModels", "listJournal"].filter((name) => isStale([name, {}], change(kind, null)));
    expect(touched("night.ended")).toEqual(["listNights", "listJournal"]);
    expect(touched("label.signed")).toEqual(["showAgreement", "listJournal"]);
    expect(touched("model.promoted")).toEqual(["listModels", "listJournal"]);
    expect(touched("token.added")).toEqual(["listJournal"]);
  });
  it("takes everything for stale after a kind it does not know", () => {
    expect(isStale(["listModels", {}], change("weather"))).toBe(true);
    expect(isStale(["me", {}], change("toString"))).toBe(true);
  });
  it("waits longer from try to try, never beyond fifteen seconds", () => {
    expect([0, 1, 2].map((attempt) => waitBeforeMs(attempt, 0))).toEqual([500, 1000, 2000]);
    expect(waitBeforeMs(50, 0)).toBe(15_000);
    expect(waitBeforeMs(0, 1)).toBe(375);
  });
});

describe("the log of a run", () => {
  const line = (id: number) => ({ id, at: "2026-01-01T00:00:00Z", level: "info", stage: null, message: `line ${id}` });
  it("reads its growing tail again and keeps what is settled, without losing or doubling a line", () => {
    let log = extendLog({ lines: [], tail: undefined, settled: 0 }, { items: [line(1), line(2)], next: "after-2" });
    log = extendLog(log, { items: [line(3)], next: null });
    log = extendLog(log, { items: [line(3), line(4)], next: null });
    expect(log).toEqual({ lines: [line(1), line(2), line(3), line(4)], tail: "after-2", settled: 2 });
  });
});

describe("small texts", () => {
  it("durations and ages read as people say them", () => {
    expect([0.24, 3.44, 38.2, 125, 4320, 100_000].map(durationText)).toEqual([
      "240 ms",
      "3.4 s",
      "38 s",
      "2 min 05 s",
      "1 h 12 min",
      "1 d 3 h",
    ]);
    const at = "2026-01-01T00:00:00Z";
    expect([-5, 2, 42, 250, 7300].map((seconds) => agoText(at, Date.parse(at) + seconds * 1000))).toEqual([
      "just now",
      "just now",
      "42 s ago",
      "4 min ago",
      "2 h ago",
    ]);
  });
  it("values of any kind fit on one line", () => {
    expect(valueText({ kind: "sgd", nested: { a: [1, 2] }, on: true, off: null })).toBe("kind sgd, nested (a 1, 2), on yes, off –");
  });
  it("addresses escape what they carry and leave out what is not given", () => {
    expect(addressOf("/runs/:run", { run: "a/b" }, { after: undefined, state: "done" })).toBe("/runs/a%2Fb?state=done");
  });
  it("crumbs end at the page itself", () => {
    expect(crumbsOf("/p/gym/runs/r%2F1")).toEqual([
      { text: "gym", href: "/p/gym/overview" },
      { text: "Runs", href: "/p/gym/runs" },
      { text: "r/1", href: null },
    ]);
    expect(crumbsOf("/p/gym/overview")).toEqual([{ text: "gym", href: null }]);
    expect(crumbsOf("/")).toEqual([]);
  });
  it("the finder wants every word and puts names that begin with the first one in front", () => {
    const items = ["xrun", "run-1", "model"].map((name) => ({ kind: "k", name, note: "", href: name }));
    expect(findIn(items, "RUN").map(({ name }) => name)).toEqual(["run-1", "xrun"]);
    expect(findIn(items, "run k 1").map(({ name }) => name)).toEqual(["run-1"]);
  });
  it("a back end other than the native one is said plainly", () => {
    expect(backendWarning("native")).toBeNull();
    expect(backendWarning("wasm")).toContain("not natively");
    expect(backendWarning("quantum")).toContain("quantum");
  });
});

describe("the loop in one sentence", () => {
  const station = (name: Station["name"], state: Station["state"], at: string | null = null): Station => ({
    name,
    count: 0,
    unit: "",
    at,
    state,
    note: state === "attention" ? "See why." : null,
  });
  it("being stuck comes before running, running before done", () => {
    expect(loopState([station("train", "running"), station("clean", "attention")])).toMatchObject({
      title: "Stuck at clean",
      sentence: "See why.",
    });
    expect(loopState([station("train", "running"), station("promote", "done", "2026-01-01T00:00:00Z")])).toMatchObject({
      title: "Turning",
      tone: "info",
    });
    expect(loopState(STATIONS.map((name) => station(name, "idle")))).toMatchObject({ title: "Not begun" });
  });
});

describe("what a model page draws", () => {
  it("a curve keeps gaps as gaps, and one epoch is no curve", () => {
    expect(curveOf([{ epoch: 1, loss: 2 }])).toBeNull();
    expect(
      curveOf([
        { epoch: 1, loss: 2 },
        { epoch: 2, loss: Number.NaN, validationLoss: 1 },
      ]),
    ).toEqual({
      epochs: [1, 2],
      lines: [
        { name: "loss", values: [2, null] },
        { name: "validationLoss", values: [null, 1] },
      ],
    });
  });
  it("calibration says which way the confidence errs", () => {
    const bin = (confidence: number, accuracy: number) => ({ ece: 0, bins: [{ from: 0, to: 1, windows: 10, confidence, accuracy }] });
    expect(calibrationSentence(bin(0.9, 0.7))).toBe("Too sure of itself: it says .90 and is right in .70.");
    expect(calibrationSentence(bin(0.7, 0.9))).toContain("Surer than it says");
    expect(calibrationSentence(bin(0.9, 0.902))).toContain("taken at its word");
  });
});

describe("the family tree", () => {
  const trial = (id: string, generation: number, parents: string[], score: number | null, origin: "mutant" | "refit" = "mutant") => ({
    ...{ id, generation, parents, origin },
    validation: score === null ? null : { value: score, low: null, high: null },
  });
  const trials = [
    trial("a", 0, ["gone"], 0.8),
    trial("b", 0, [], 0.9),
    trial("c", 1, ["a"], null),
    trial("d", 1, ["b"], 0.95),
    trial("e", 1, ["d"], 0.95, "refit"),
  ];
  it("has a column a generation with the best on top, and what was made of the best after them", () => {
    const { columns, places, rows } = treeOf(trials);
    expect(columns).toEqual([0, 1, "made of the best"]);
    expect(places.map(({ trial: { id }, column, row }) => [id, column, row])).toEqual([
      ["b", 0, 0],
      ["a", 0, 1],
      ["d", 1, 0],
      ["c", 1, 1],
      ["e", 2, 0],
    ]);
    expect(rows).toBe(2);
  });
  it("draws a line to each child, and none from a parent of an earlier run", () => {
    expect(treeOf(trials).lines.map(({ from, to }) => from.trial.id + to.trial.id)).toEqual(["bd", "ac", "de"]);
  });
  it("finds a trial's ancestors and descendants but not its cousins, also in a circle", () => {
    expect([...familyOf(trials, "d")].sort()).toEqual(["b", "d", "e"]);
    expect([...familyOf([trial("x", 0, ["y"], 1), trial("y", 0, ["x"], 1)], "x")].sort()).toEqual(["x", "y"]);
  });
});

describe("the comparison of two models", () => {
  const sides = { a: { id: "old" }, b: { id: "new" }, better: 5, worse: 3, equal: 1 };
  const saying = (value: number, low: number | null, high: number | null) =>
    comparisonSentence({ ...sides, macroF1: { value, low, high } } as Comparison);
  it("claims a difference only where the interval leaves zero out", () => {
    expect(saying(0.014, 0.006, 0.022)).toBe(
      "new is better than old: macro F1 +.014 ± .008; better for 5 people, worse for 3, equal for 1",
    );
    expect(saying(-0.014, -0.022, -0.006)).toContain("new is worse than old");
    expect(saying(0.014, -0.006, 0.034)).toContain("can't be told");
    expect(saying(0.2, null, null)).toContain("can't be told");
    expect(saying(0, 0, 0)).toContain("answer alike");
  });
  it("names what differs in two genomes by path, also what one family lacks", () => {
    const [one, other] = [
      { family: "mlp", units: [5], optimizer: { kind: "sgd", momentum: 0.9 } },
      { family: "mlp", units: [6], optimizer: { kind: "sgd" } },
    ];
    expect(genomeDifferences(one, other)).toEqual([
      { path: "units", a: [5], b: [6] },
      { path: "optimizer.momentum", a: 0.9, b: undefined },
    ]);
  });
});

describe("what the data page draws", () => {
  const distribution = (edges: number[], counts: number[], quantiles: number[]) => ({
    count: 1,
    nulls: 0,
    mean: 0,
    sd: 1,
    quantiles,
    edges,
    counts,
  });
  it("densities of bins of different widths are comparable, and bins without width are left out", () => {
    const one = distribution([0, 0, 1, 3], [7, 10, 20], [0, 3]);
    const span = spanOf([{ label: "a", real: one, synthetic: null }]);
    expect(span?.low).toBeCloseTo(-0.09);
    expect(highestDensity([one, null], span!)).toBeCloseTo(10 / 37);
    const path = densityPath(one, { low: 0, high: 3 }, 10 / 37, 300, 100);
    expect(path).toBe("M0.0,100 L0.0,0.0 L100.0,0.0 L100.0,0.0 L300.0,0.0 L300.0,100");
  });
  it("a channel that never varies has no axis", () => {
    expect(spanOf([{ label: "a", real: distribution([5, 5], [9], [5, 5, 5]), synthetic: null }])).toBeNull();
  });
  it("people are placed by the figures in which their cohorts differ most, and two people make no map", () => {
    const member = (subject: string, cohort: string, age: number, heightCm: number, weightKg: number) => ({
      ...{ subject, cohort, side: "train", place: null },
      profile: { age, sex: null, level: null, weightKg, heightCm },
    });
    const members = [
      member("a", "c1", 20, 170, 60),
      member("b", "c1", 22, 180, 90),
      member("c", "c2", 50, 170, 80),
      member("d", "c2", 52, 181, 98),
    ];
    const map = cohortPoints(members);
    expect([map?.x.name, map?.y.name]).toEqual(["age, years", "weight, kg"]);
    expect(map?.points[0]?.note).toBe("a, c1, train, 20 years, 170 cm, 60 kg");
    expect(cohortPoints(members.slice(0, 2))).toBeNull();
  });
  it("an upload tells rate, rest and outcome", () => {
    const sending = begin([{ size: 600 }, { size: 400 }], 0);
    expect(restOf({ ...sending, doneBytes: 200, nowMs: 500 })).toBeNull();
    expect(restOf({ ...sending, doneBytes: 200, currentBytes: 50, nowMs: 1000 })).toEqual({ perSecond: 250, seconds: 3 });
    expect(outcomeOf({ ...sending, taken: 1, refused: [{ name: "x", why: "y" }] })).toBe("1 file taken in, 1 refused");
    expect(outcomeOf({ ...sending, known: 1, stopped: true })).toBe("0 files taken in, 1 known already, stopped before 1 file");
  });
});
