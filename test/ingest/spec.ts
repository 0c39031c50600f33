import { specSchema, type Spec } from "../../lib/domain/spec.ts";

type SpecInput = Record<string, unknown>;

/** A small project: a person, a clock in milliseconds, two channels, two classes; `files` overrides parts of its only entry. */
export function smallSpec(files: SpecInput = {}, rest: SpecInput = {}): Spec {
  return specSchema.parse({
    project: "corpus",
    title: "Files that were made to break something",
    files: [
      {
        match: "\\.csv$",
        subject: { column: "person" },
        recording: { column: "session" },
        time: { kind: "column", column: "at", format: "ms" },
        label: { column: "activity" },
        channels: { x: { sensor: "acc", range: [-4, 4] }, y: { sensor: "acc", range: [-4, 4] } },
        ...files,
      },
    ],
    labels: { classes: ["Walking", "Sitting"], map: { unknown: null } },
    windows: { kind: "recording" },
    features: {
      groups: [{ channels: Object.keys((files["channels"] as object | undefined) ?? { x: 0 }).slice(0, 1), formulas: ["summary"] }],
    },
    ...rest,
  });
}

export const HEADER = "person,session,at,x,y,activity";
export const FIRST_MS = 1_700_000_000_000;

/** `count` good rows of `smallSpec`, 20 ms apart. */
export function goodRows(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => {
    const row = from + index;
    return `p1,s1,${FIRST_MS + row * 20},${Math.sin(row).toFixed(4)},${Math.cos(row * 1.3).toFixed(4)},${row % 200 < 100 ? "Walking" : "Sitting"}`;
  });
}

export const table = (rows: readonly string[], header = HEADER): string => `${[header, ...rows].join("\n")}\n`;

/** The same, but no number of refused rows refuses the file. */
export const tolerant = (files: SpecInput = {}): Spec => smallSpec({ rules: { maxBadShare: 1 }, ...files });
