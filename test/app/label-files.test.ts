import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import { labelCsv, readLabelCsv } from "../../lib/app/label-csv.ts";
import type { Label } from "../../lib/domain/api/labels.ts";
import { labelJson, readJson } from "../../lib/domain/labels/json.ts";
import type { LabelDocument } from "../../lib/domain/labels/label-document.ts";
import { labelStudioJson, readLabelStudio } from "../../lib/domain/labels/label-studio.ts";

const label = (options: Partial<Label>): Label => ({
  ...{ id: "11111111-1111-4111-8111-111111111111", project: "p", subject: "s", recording: "r~0123456789ab", from: 5, to: 12, rateHz: 50 },
  ...{
    class: "walk",
    authority: "expert",
    by: "ann",
    task: null,
    supersedes: null,
    seconds: null,
    at: "2026-01-01T00:00:00.000Z",
    stands: true,
  },
  ...options,
});
/** What every format must bring back. */
const kept = ({
  id,
  subject,
  recording,
  from,
  to,
  rateHz,
  class: name,
  authority,
  by,
}: Omit<Label, "class"> & { class: string | null }) => ({
  ...{ id, subject, recording, from, to, rateHz, class: name, authority, by },
});

const FORMULAS = ["=HYPERLINK(1)", "+1", "-1", "@cmd", "\tx", "'=quoted", "'plain", 'say "hi", twice', "line\nbreak", "ünïcode"];
const labels = FORMULAS.map((text, index) =>
  label({ id: `11111111-1111-4111-8111-${String(index).padStart(12, "0")}`, class: text, recording: text, by: text }),
);

/** In two parts, as recordings come. */
const text = ({ head, between, tail, recordings }: LabelDocument) =>
  head + recordings(labels.slice(0, 3)) + between + recordings(labels.slice(3)) + tail;

describe("files of labels", () => {
  it("bring every label back as it was, in all three formats", () => {
    for (const read of [readLabelCsv(text(labelCsv)), readJson(text(labelJson("p"))), readLabelStudio(text(labelStudioJson))]) {
      expect(read.refused).toEqual([]);
      expect(read.labels.map((each) => kept(each as unknown as Label))).toEqual(labels.map(kept));
    }
  });

  it("F35: hold no cell of CSV that a spreadsheet would run", () => {
    const cells = (parse(text(labelCsv), { from_line: 2 }) as string[][]).flat();
    expect(cells.filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
    expect(cells.filter((cell) => cell === "'=HYPERLINK(1)")).toHaveLength(3);
  });

  it("take what Label Studio exports, name by name, and name what is none of ours", () => {
    const region = (value: object, options: object = {}) => ({
      ...{ id: "s5tp3T", from_name: "label", to_name: "ts", type: "timeserieslabels", origin: "manual", value },
      ...options,
    });
    const task = (annotations: object[], data: object = { csv: "/data/upload/1.csv", subject: 7, recording: "1", rateHz: 20 }) => ({
      ...{ id: 3, data, annotations, predictions: [], total_annotations: 1, project: 83, created_at: "2026-01-01T00:00:00Z" },
    });
    const result = [
      region({ start: 10.4, end: 20, instant: false, timeserieslabels: ["Run"] }),
      region({ start: 30, end: 30, instant: true, timeserieslabels: ["Fall"] }),
      region({ start: 40, end: 30, instant: false, timeserieslabels: ["Run"] }),
      region({ start: 1, end: 2, timeserieslabels: ["Run", "Walk"] }),
      region({ choices: ["Run"] }, { type: "choices" }),
    ];
    const annotation = {
      id: 1001,
      completed_by: { id: 1, email: "a@b.c" },
      result,
      was_cancelled: false,
      ground_truth: false,
      lead_time: 4,
    };
    const skipped = { ...annotation, was_cancelled: true };
    const read = readLabelStudio(JSON.stringify([task([annotation, skipped]), task([annotation], { csv: "x" })]));
    expect(read.labels).toMatchObject([
      { subject: "7", recording: "1", rateHz: 20, from: 10, to: 20, class: "Run", by: "a@b.c", authority: "annotator" },
      { from: 30, to: 31, class: "Fall" },
    ]);
    expect(read.refused.map(({ message }) => message.slice(0, 24))).toEqual([
      "task 1: region 's5tp3T':",
      "task 1: region 's5tp3T':",
      "task 1: region 's5tp3T':",
      "task 2: data.subject: In",
    ]);
    expect(() => readLabelStudio("{}")).toThrow(/no array of tasks/);
    expect(() => readJson("[")).toThrow(/cannot be read/);
  });
});
