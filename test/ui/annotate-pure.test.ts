import { describe, expect, it, onTestFinished } from "vitest";
import type { AddLabel } from "../../lib/domain/api/labels.ts";
import type { SignalView } from "../../lib/domain/signal/view.ts";
import { ApiFailure } from "../../web/ui/api/failure.ts";
import { commandKey, commandOf } from "../../web/ui/labelling/keys.ts";
import { gainText, linkText, retrainText } from "../../web/ui/features/annotate/progress-text.ts";
import { fetchedPart, firstView, intervalOf, movedEdge, windowOf } from "../../web/ui/features/annotate/window-place.ts";
import { consequenceOf, insisted, type Outgoing } from "../../web/ui/labelling/answers.ts";
import { TileCache } from "../../web/ui/signal/tile-cache.ts";

const press = (key: string, more: Partial<KeyboardEvent> = {}) => ({
  ...{ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, repeat: false },
  ...more,
});
const CLASSES = [
  { name: "rest", key: "1" },
  { name: "sit", key: "s" },
  { name: "the rest", key: "" },
];

describe("keys", () => {
  it("a class has its key before a command has; the command is then there with Shift, and says so", () => {
    expect(commandOf(press("s"), CLASSES)).toEqual({ kind: "class", name: "sit" });
    expect(commandOf(press("S", { shiftKey: true }), CLASSES)).toEqual({ kind: "skip" });
    expect(commandKey("s", CLASSES)).toBe("Shift S");
    expect(commandOf(press("s"), [])).toEqual({ kind: "skip" });
    expect(commandKey("u", CLASSES)).toBe("U");
    // Digits need Shift on some keyboards, and Caps Lock makes capitals without it.
    expect(commandOf(press("1", { shiftKey: true }), CLASSES)).toEqual({ kind: "class", name: "rest" });
    expect(commandOf(press("S"), CLASSES)).toEqual({ kind: "class", name: "sit" });
  });

  it("a key that is held down answers one sample and not the next ones, and the browser's own keys stay its own", () => {
    expect(commandOf(press("1", { repeat: true }), CLASSES)).toBeNull();
    expect(commandOf(press("Enter", { repeat: true }), CLASSES)).toBeNull();
    expect(commandOf(press("ArrowLeft", { repeat: true }), CLASSES)).toEqual({ kind: "pan", by: -1 });
    expect(commandOf(press("s", { ctrlKey: true }), CLASSES)).toBeNull();
    expect(commandOf(press("z", { metaKey: true }), CLASSES)).toEqual({ kind: "undo" });
  });
});

describe("the window of a task on its signal", () => {
  const task = { from: 101, to: 203, rateHz: 20 };
  const info = { samples: 600, rateHz: 50, axis: "time" as const };

  it("comes back as it was asked, whatever the signal's rate is now, and an edge that was moved in the task's samples", () => {
    const window = windowOf(task, info);
    expect(window).toEqual({ from: 253, to: 508 });
    expect(intervalOf(window, task, info)).toEqual({ from: 101, to: 203 });
    expect(intervalOf(movedEdge(window, "to", 25, info), task, info)).toEqual({ from: 101, to: 213 });
  });

  it("is shown with what lies around it, inside the recording; no edge passes the other one or the end", () => {
    const window = windowOf(task, info);
    expect(firstView(window, info)).toEqual({ from: 0, to: 600 });
    const short = { from: 10_000, to: 10_010 };
    const long = { ...info, samples: 20_000 };
    const [view, part] = [firstView(short, long), fetchedPart(short, long)];
    expect(view).toEqual({ from: 9_800, to: 10_210 });
    expect(part.from).toBeLessThan(view.from);
    expect(movedEdge(window, "from", 1_000, info)).toEqual({ from: 507, to: 508 });
    expect(movedEdge(window, "to", 1_000, info).to).toBe(600);
  });

  it("is drawn from samples that are here in the first frame: nothing is asked for, but for what lies beyond them", () => {
    const asked: number[] = [];
    const view = (from: number, columns: number) => ({ from, step: 1, columns, channels: [] });
    const here = { part: view(1_000, 500), overview: { ...view(0, 625), step: 16 } };
    const source = { here, view: (from: number) => (asked.push(from), new Promise<SignalView>(() => undefined)) };
    const cache = new TileCache(source, 10_000, { arrived: () => undefined, failed: () => undefined });
    onTestFinished(() => cache.close());
    const within = { from: 1_100, to: 1_400 };
    cache.want(within, 1_200);
    expect(cache.pieces(within, 1_200)).toEqual([{ range: { from: 1_000, to: 1_500 }, view: here.part }]);
    expect(asked).toEqual([]);
    // Coarse on its left until the tile is there, and fine where it can be.
    const beyond = { from: 900, to: 1_400 };
    cache.want(beyond, 1_200);
    cache.retry();
    expect(cache.pieces(beyond, 1_200)).toEqual([
      { range: { from: 900, to: 1_000 }, view: here.overview },
      { range: { from: 1_000, to: 1_500 }, view: here.part },
    ]);
    expect(asked).toEqual([0, 1_024]);
  });
});

describe("an act that did not go through", () => {
  const label: AddLabel = {
    ...{ id: "5e0b7a52-8a52-4f5e-9f0d-0123456789ab", subject: "s", recording: "r", from: 0, to: 9, class: "walk", confirmation: false },
    ...{ task: "5e0b7a52-8a52-4f5e-9f0d-0123456789ac", version: 1 },
  };
  const outgoing: Outgoing = { id: label.id, order: 1, project: "p", act: { kind: "label", label }, tried: true };
  const failure = (status: number, code: string, facts = {}) =>
    new ApiFailure({ status, code, message: "m", remedy: "r", retryable: status >= 500 || status === 0, request: null, facts });

  it("is kept as long as trying again can help, and refused in words where it cannot", () => {
    expect(consequenceOf(outgoing, failure(0, "API_UNREACHABLE"))).toEqual({ kind: "later", signedOut: false });
    expect(consequenceOf(outgoing, failure(503, "DATABASE_UNAVAILABLE"))).toEqual({ kind: "later", signedOut: false });
    expect(consequenceOf(outgoing, failure(429, "TOO_MANY_REQUESTS"))).toEqual({ kind: "later", signedOut: false });
    expect(consequenceOf(outgoing, failure(401, "UNAUTHENTICATED"))).toEqual({ kind: "later", signedOut: true });
    expect(consequenceOf(outgoing, failure(404, "SUBJECT_UNKNOWN"))).toMatchObject({ kind: "refused", refusal: { winner: null } });
    const withdraw = { ...outgoing, act: { kind: "withdraw", label: label.id, id: label.id } } as const;
    expect(consequenceOf(withdraw, failure(404, "NOT_FOUND"))).toEqual({ kind: "done" });
  });

  it("is said all the same only where somebody was first: another label, that knows of the first", () => {
    const refused = consequenceOf(outgoing, failure(422, "UNKNOWN_CLASS"));
    expect(refused.kind === "refused" && insisted(refused.refusal)).toBeUndefined();
    const winner = {
      ...{
        ...label,
        id: "5e0b7a52-8a52-4f5e-9f0d-0123456789ad",
        project: "p",
        rateHz: 50,
        authority: "annotator",
        by: "bob",
        class: "run",
      },
      ...{ supersedes: null, seconds: null, at: "2026-01-01T00:00:00Z", stands: true },
    };
    const late = consequenceOf(outgoing, failure(409, "LABEL_CONFLICT", { winner, task: { version: 4 } }));
    if (late.kind !== "refused") throw new Error("it was refused");
    expect(late.refusal.winner?.by).toBe("bob");
    const act = insisted(late.refusal);
    expect(act).toMatchObject({ kind: "label", label: { class: "walk", version: 4, task: label.task } });
    expect(act?.kind === "label" && act.label.id).not.toBe(label.id);
  });
});

it("progress is told in words that fit what is known", () => {
  expect([gainText(null), gainText(1.24), gainText(-0.3), gainText(0.01)]).toEqual([
    "not known yet",
    "+1.2 points",
    "no gain yet",
    "no gain yet",
  ]);
  expect([retrainText({ labels: 3, at: null }), retrainText({ labels: 3, at: 20 }), retrainText({ labels: 21, at: 20 })]).toEqual([
    "by the clock, 3 new",
    "in 17 labels",
    "asked for",
  ]);
  const one = { id: "a", order: 1, project: "p", act: { kind: "skip", task: "t" }, tried: false } as const;
  expect(linkText({ waiting: [one], link: "away" })).toBe("1 kept here, no connection");
  expect(linkText({ waiting: [], link: "well" })).toBe("all sent");
});
