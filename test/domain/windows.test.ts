import { describe, expect, it } from "vitest";
import type { LabelSpan, Recording } from "../../lib/domain/recording.ts";
import { specSchema, type WindowsSpec } from "../../lib/domain/spec.ts";
import { originOf, planWindows, windowSamples } from "../../lib/domain/windows.ts";

function recordingOf(options: Partial<Recording> & { length: number }): Recording {
  return {
    subject: "s",
    recording: "r",
    rateHz: 10,
    startUs: 1_000_000,
    channels: new Map(),
    stretches: [[0, options.length]],
    labels: [],
    ...options,
  };
}

/** One-second windows of ten samples. */
const sliding = (options: Partial<Extract<WindowsSpec, { kind: "sliding" }>> = {}): WindowsSpec => ({
  kind: "sliding",
  seconds: 1,
  overlap: 0.5,
  label: "majority",
  minShare: 0.5,
  maxGapSeconds: 1,
  ...options,
});
const span = (label: string, from: number, to: number): LabelSpan => ({ label, from, to });
const places = (recording: Recording, windows: WindowsSpec, dense = false) =>
  planWindows(recording, windows, dense).windows.map(({ from, label }) => [from, label]);

describe("sliding windows", () => {
  it("lie on a grid from the beginning of each stretch and never across a gap", () => {
    const { windows, skipped } = planWindows(
      recordingOf({
        length: 44,
        stretches: [
          [0, 17],
          [17, 20],
          [20, 44],
        ],
        offsets: [0, 30, 50],
      }),
      sliding(),
      false,
    );
    expect(windows.map(({ from, to }) => [from, to])).toEqual([
      [0, 10],
      [5, 15],
      [20, 30],
      [25, 35],
      [30, 40],
    ]);
    expect(skipped).toEqual({ gap: 2, unlabelled: 0, short: 1 });
  });

  it("know their place on the recording's clock behind gaps that are not stored", () => {
    const recording = recordingOf({
      length: 30,
      stretches: [
        [0, 10],
        [10, 30],
      ],
      offsets: [0, 90],
    });
    const { windows } = planWindows(recording, sliding({ overlap: 0 }), false);
    expect(windows.map((window) => [window.from, window.sample, window.startUs])).toEqual([
      [0, 0, 1_000_000],
      [10, 100, 11_000_000],
      [20, 110, 12_000_000],
    ]);
    expect(originOf(recording, windows[1]!)).toEqual({ subject: "s", recording: "r", from: 100, to: 110, label: null });
  });

  it("`majority` takes the label of most samples, and none below the least share", () => {
    const labels = [span("walk", 0, 12), span("sit", 14, 16), span("sit", 16, 26)];
    expect(places(recordingOf({ length: 40, labels }), sliding())).toEqual([
      [0, "walk"],
      [5, "walk"],
      [10, "sit"],
      [15, "sit"],
      [20, "sit"],
    ]);
    const strict = planWindows(recordingOf({ length: 40, labels }), sliding({ minShare: 0.9 }), false);
    expect(strict.windows.map(({ from, label }) => [from, label])).toEqual([
      [0, "walk"],
      [15, "sit"],
    ]);
    expect(strict.skipped.unlabelled).toBe(5);
  });

  it("`majority` takes the earlier of two labels that hold the same", () => {
    expect(places(recordingOf({ length: 10, labels: [span("a", 0, 5), span("b", 5, 10)] }), sliding())).toEqual([[0, "a"]]);
  });

  it("`interval` begins where a label does and ends inside it", () => {
    const labels = [span("walk", 3, 24), span("walk", 24, 33), span("sit", 33, 43)];
    const plan = planWindows(recordingOf({ length: 60, labels }), sliding({ label: "interval" }), false);
    expect(plan.windows.map(({ from, label }) => [from, label])).toEqual([
      [3, "walk"],
      [8, "walk"],
      [13, "walk"],
      [33, "sit"],
    ]);
    expect(plan.skipped).toEqual({ gap: 0, unlabelled: 0, short: 1 });
  });

  it("`interval` never crosses a gap inside a label", () => {
    const recording = recordingOf({
      length: 40,
      stretches: [
        [0, 18],
        [18, 40],
      ],
      offsets: [0, 5],
      labels: [span("walk", 4, 36)],
    });
    expect(places(recording, sliding({ label: "interval" }))).toEqual([
      [4, "walk"],
      [18, "walk"],
      [23, "walk"],
    ]);
  });

  it("of a recording without any label are all there, unlabelled", () => {
    expect(places(recordingOf({ length: 22 }), sliding({ label: "interval" }))).toEqual([
      [0, null],
      [5, null],
      [10, null],
    ]);
  });

  it("denser ones for training come in between and are marked", () => {
    const recording = recordingOf({ length: 25, labels: [span("walk", 0, 25)] });
    const windows = sliding({ overlap: 0.5, trainOverlap: 0.8, label: "interval" });
    const found = planWindows(recording, windows, true).windows.map(({ from, dense }) => [from, dense]);
    expect(found).toEqual([
      [0, false],
      [2, true],
      [4, true],
      [5, false],
      [6, true],
      [8, true],
      [10, false],
      [12, true],
      [14, true],
      [15, false],
    ]);
    expect(planWindows(recording, windows, false).windows.map(({ from }) => from)).toEqual([0, 5, 10, 15]);
  });

  it("have whole samples: 2.56 s at 50 Hz is 128", () => {
    expect(windowSamples(sliding({ seconds: 2.56 }), 50)).toBe(128);
  });

  it("agree with a brute-force search over random labels and gaps", () => {
    let state = 7;
    const random = (below: number) => (state = (state * 48271) % 2147483647) % below;
    for (let trial = 0; trial < 200; trial++) {
      const length = 30 + random(60);
      const cut = random(length);
      const labels: LabelSpan[] = [];
      for (let at = random(5); at < length;) {
        const to = Math.min(length, at + 1 + random(15));
        if (random(4) > 0) labels.push(span("abc"[random(3)]!, at, to));
        at = to;
      }
      const recording = recordingOf({
        length,
        stretches:
          cut > 0
            ? [
                [0, cut],
                [cut, length],
              ]
            : [[0, length]],
        offsets: [0, 3].slice(0, cut > 0 ? 2 : 1),
        labels,
      });
      const expected: (number | string | null)[][] = [];
      for (const [from, to] of recording.stretches) {
        for (let start = from; start + 10 <= to; start += 5) {
          const counts = new Map<string, number>();
          for (let at = start; at < start + 10; at++)
            for (const each of labels) if (each.from <= at && at < each.to) counts.set(each.label, (counts.get(each.label) ?? 0) + 1);
          const [label, most] = [...counts].reduce<[string | null, number]>((best, each) => (each[1] > best[1] ? each : best), [null, 0]);
          if (labels.length === 0 || most >= 5) expected.push([start, most >= 5 ? label : null]);
        }
      }
      expect(places(recording, sliding())).toEqual(expected);
    }
  });
});

describe("whole windows and rows", () => {
  it.each(["recording", "subject"] as const)("`%s` is one window with the label most of its rows have", (kind) => {
    const labels = [span("athlete", 0, 3), span("pro", 4, 9)];
    expect(planWindows(recordingOf({ length: 10, labels }), { kind }, false)).toMatchObject({
      windows: [{ from: 0, to: 10, label: "pro" }],
      skipped: { short: 0 },
    });
  });

  it("`row` is each row with its own label and time", () => {
    const timesUs = Float64Array.of(5, 50, 500);
    const plan = planWindows(recordingOf({ length: 3, timesUs, labels: [span("a", 0, 1), span("b", 2, 3)] }), { kind: "row" }, false);
    expect(plan.windows.map(({ from, to, label, startUs }) => [from, to, label, startUs])).toEqual([
      [0, 1, "a", 5],
      [2, 3, "b", 500],
    ]);
    expect(plan.skipped.unlabelled).toBe(1);
  });
});

describe("the schema", () => {
  const base = {
    project: "p",
    title: "t",
    files: [{ match: ".", subject: { constant: "s" }, channels: { x: { sensor: "acc" }, y: { sensor: "acc" }, z: { sensor: "acc" } } }],
    labels: { classes: ["a", "b"] },
    windows: { kind: "sliding", seconds: 1 },
  };
  const problems = (features: unknown) => specSchema.safeParse({ ...base, features }).error?.issues.map(({ message }) => message) ?? [];

  it("refuses `vertical` without gravity, unknown triplets in `cross` and bands that do not ascend", () => {
    const group = { triplets: { acc: ["x", "y", "z"] }, signals: ["vertical"], formulas: ["time"] };
    expect(problems({ groups: [group] })).toEqual(["`vertical` and `horizontal` need `features.gravity`"]);
    expect(problems({ groups: [group], gravity: { total: ["x", "y", "w"] } })).toEqual(["no channel 'w' exists after the filters"]);
    expect(problems({ groups: [group], gravity: { total: ["x", "y", "z"] }, cross: [{ left: "acc", right: "gyro" }] })).toEqual([
      "no triplet 'gyro' is named in the groups",
    ]);
    expect(problems({ groups: [group], gravity: { total: ["x", "y", "z"] }, bandsHz: [0, 5, 5] })).toEqual(["must ascend"]);
    expect(problems({ groups: [group], gravity: { total: ["x", "y", "z"] } })).toEqual([]);
  });
});
