import { describe, expect, it } from "vitest";
import { LabelFreezer, readFrozenLabels, spansByRecording } from "../../../lib/domain/labels/frozen.ts";
import { overlay } from "../../../lib/domain/labels/overlay.ts";
import type { ResolvedSpan } from "../../../lib/domain/labels/policy.ts";
import type { LabelSpan, Recording } from "../../../lib/domain/recording.ts";
import type { WindowsSpec } from "../../../lib/domain/spec.ts";
import { planWindows } from "../../../lib/domain/windows.ts";
import { specText } from "../../app/world.ts";
import { readSpec } from "../../../lib/domain/spec-file.ts";

const recordingOf = (length: number, labels: readonly LabelSpan[] = [], options: Partial<Recording> = {}): Recording => ({
  ...{ subject: "s", recording: "r", rateHz: 10, startUs: 0, length, channels: new Map(), stretches: [[0, length]], labels },
  ...options,
});
const span = (label: string, from: number, to: number): LabelSpan => ({ label, from, to });
const said = (name: string, from: number, to: number): ResolvedSpan => ({ class: name, from, to });
const sliding = (options: Partial<Extract<WindowsSpec, { kind: "sliding" }>> = {}): WindowsSpec => ({
  ...{ kind: "sliding", seconds: 1, overlap: 0, label: "majority", minShare: 0.5, maxGapSeconds: 1 },
  ...options,
});
const labelsOf = (recording: Recording) => recording.labels.map(({ label, from, to }) => `${label} ${from}-${to}`);
const windowsOf = (recording: Recording, windows: WindowsSpec, dense = false) =>
  planWindows(recording, windows, dense).windows.map(
    ({ from, to, label, dense: extra }) => `${from}-${to} ${label}${extra ? " dense" : ""}`,
  );

describe("what people said of a recording", () => {
  it("takes the place of the file's word where the two overlap", () => {
    const base = recordingOf(60, [span("walk", 0, 30), span("sit", 30, 60)]);
    expect(labelsOf(overlay(base, [said("run", 10, 20), said("walk", 25, 40)]))).toEqual([
      "walk 0-10",
      "run 10-20",
      "walk 20-40",
      "sit 40-60",
    ]);
    expect(overlay(base, [])).toBe(base);
    expect(overlay(base, [said("run", 60, 70)])).toBe(base);
  });

  it("changes nothing where it agrees, so that neighbouring sets of one exercise stay two", () => {
    const base = recordingOf(60, [span("walk", 0, 30), span("walk", 30, 60)]);
    expect(labelsOf(overlay(base, [said("walk", 5, 12)]))).toEqual(["walk 0-30", "walk 30-60"]);
  });

  it("lies on the recording's clock: gaps that are not stored are stepped over", () => {
    const gapped = recordingOf(30, [], {
      stretches: [
        [0, 10],
        [10, 30],
      ],
      offsets: [0, 90],
    });
    expect(labelsOf(overlay(gapped, [said("walk", 5, 105)]))).toEqual(["walk 5-15"]);
    expect(labelsOf(overlay(gapped, [said("walk", 20, 80)]))).toEqual([]);
  });

  it("leaves the windows that nobody labelled to be asked about, on the same grid as before", () => {
    const recording = recordingOf(60);
    const before = windowsOf(recording, sliding());
    for (const label of ["majority", "interval"] as const) {
      const after = windowsOf(overlay(recording, [said("walk", 20, 30)]), sliding({ label, trainOverlap: 0.5 }), true);
      expect(after.filter((window) => !window.endsWith("dense"))).toEqual(before.with(2, "20-30 walk"));
      expect(after.filter((window) => window.includes("null") && window.endsWith("dense"))).toEqual([]);
    }
    expect(windowsOf(overlay(recordingOf(4), [said("walk", 1, 2)]), { kind: "row" })).toEqual([
      "0-1 null",
      "1-2 walk",
      "2-3 null",
      "3-4 null",
    ]);
    expect(windowsOf(overlay(recordingOf(4), [said("walk", 1, 2)]), { kind: "recording" })).toEqual(["0-4 walk"]);
  });

  it("keeps windows that a label covers in part as its share says, in both ways of labelling", () => {
    const partly = overlay(recordingOf(40), [said("walk", 14, 26)]);
    expect(windowsOf(partly, sliding())).toEqual(["0-10 null", "10-20 walk", "20-30 walk", "30-40 null"]);
    expect(windowsOf(partly, sliding({ label: "interval" }))).toEqual(["0-10 null", "14-24 walk", "30-40 null"]);
  });

  it("asks for no more of a recording whose file has labels than before", () => {
    const base = recordingOf(60, [span("walk", 0, 20)]);
    expect(windowsOf(overlay(base, [said("sit", 40, 50)]), sliding())).toEqual(["0-10 walk", "10-20 walk", "40-50 sit"]);
  });
});

describe("labels as a snapshot keeps them", () => {
  const spec = (labels: object = {}) => {
    const parsed = readSpec(specText("p"), "spec.yaml");
    return { ...parsed, rateHz: 50, windows: sliding(), labels: { ...parsed.labels, classes: ["rest", "walk"], ...labels } };
  };
  const signed = (id: number, name: string, from: number, options: object = {}) => ({
    ...{ id: `00000000-0000-4000-8000-00000000000${id}`, subject: "s", recording: "r", from, to: from + 10, rateHz: 50, class: name },
    ...{ authority: "annotator" as const, by: "ann", supersedes: null, at: "2026-01-01T00:00:00.000Z" },
    ...options,
  });
  const freeze = (recordings: ReturnType<typeof signed>[][], labels: object = {}) => {
    const freezer = new LabelFreezer(spec(labels));
    for (const each of recordings) freezer.add(each);
    return freezer;
  };

  it("are the same bytes in whichever order people and recordings come, and are found again by recording", () => {
    const one = [signed(1, "walk", 0), signed(2, "rest", 10)];
    const other = [signed(3, "rest", 5, { recording: "q" })];
    const text = JSON.stringify(freeze([one, other]).frozen());
    expect(JSON.stringify(freeze([other, one.toReversed()]).frozen())).toBe(text);
    const find = spansByRecording(readFrozenLabels(text));
    expect(find("s", "r")).toEqual([said("walk", 0, 10), said("rest", 10, 20)]);
    expect(find("s", "nowhere")).toEqual([]);
    expect(() => readFrozenLabels(text.replace('"format":1', '"format":2'))).toThrow(/format 2/);
  });

  it("leave out a class that the spec has no longer and recordings that were made up, and say how many", () => {
    const freezer = freeze([[signed(1, "jump", 0), signed(2, "walk", 20)], [signed(3, "walk", 0, { subject: "synthetic-s" })]]);
    expect(freezer.frozen().recordings).toEqual([{ subject: "s", recording: "r", spans: [[20, 30, 0]] }]);
    expect(freezer.leftOut()).toEqual({ classes: { jump: 1 }, synthetic: 1 });
  });

  it("follow a class to its new name where the spec maps the old one", () => {
    expect(freeze([[signed(1, "jump", 0)]], { map: { jump: "walk" } }).frozen().classes).toEqual(["walk"]);
  });
});
