import { describe, expect, it } from "vitest";
import { SensorloopError } from "../../lib/domain/errors.ts";
import { formatSpecPath, readSpec, type SpecProblem } from "../../lib/domain/spec-file.ts";
import { overrideSpec, parseSpecPath } from "../../lib/domain/spec-overrides.ts";

const GOOD = `project: gym
title: Exercises
files:
  - match: '^(?<subject>p\\d+)/.*\\.csv$'
    subject: {fileName: subject}
    rateHz: 50
    channels:
      acc_x: {sensor: acc, unit: g, range: [-8, 8]}
      acc_y: {sensor: acc, unit: g}
    label: {column: exercise}
labels:
  classes: [squat, press]
windows: {kind: sliding, seconds: 4}
features:
  groups:
    - channels: [acc_x, acc_y]
      formulas: [time]
models:
  - family: mlp
    units: [64]
`;

/** Every problem of a text as `line:column path`, and the messages by path. */
function problemsOf(text: string): readonly SpecProblem[] {
  try {
    readSpec(text, "gym.yaml");
  } catch (error) {
    if (error instanceof SensorloopError && error.code === "SPEC_INVALID") return error.facts["problems"] as SpecProblem[];
    throw error;
  }
  throw new Error("the spec was accepted");
}
const places = (text: string) => problemsOf(text).map(({ line, column, path }) => `${line}:${column} ${path}`);
const changed = (from: string, to: string) => {
  expect(GOOD).toContain(from);
  return GOOD.replace(from, to);
};

describe("reading a spec", () => {
  it("gives the values of the file and the schema's defaults", () => {
    const spec = readSpec(GOOD, "gym.yaml");
    expect(spec).toMatchObject({
      project: "gym",
      rateHz: 50,
      split: { by: "subject" },
      windows: { kind: "sliding", seconds: 4, overlap: 0.5 },
    });
    expect(spec.files[0]!.channels["acc_x"]!.range).toEqual([-8, 8]);
  });

  it("takes keys of a mapping as they are written, so that raw labels like 01 stay apart from 1", () => {
    const spec = readSpec(
      changed("  classes: [squat, press]", "  classes: [squat, press]\n  map: {01: squat, 1: press, 1e3: null}"),
      "gym.yaml",
    );
    expect(spec.labels.map).toEqual({ "01": "squat", "1": "press", "1e3": null });
  });

  it("takes a few aliases", () => {
    const text = changed("acc_y: {sensor: acc, unit: g}", "acc_y: &axis {sensor: acc, unit: g}\n      acc_z: *axis");
    expect(Object.keys(readSpec(text, "gym.yaml").files[0]!.channels)).toEqual(["acc_x", "acc_y", "acc_z"]);
  });
});

/** A mistake: what is written instead of what, and where and how it has to be reported. */
const MISTAKES: readonly (readonly [mistake: string, from: string, to: string, place: string, message: RegExp])[] = [
  ["a misspelt key", "title:", "tittle:", "2:1 tittle", /unknown key `tittle`; did you mean `title`\?/],
  ["a key with another separator", "rateHz: 50", "rate_hz: 50", "6:5 files[0].rate_hz", /did you mean `rateHz`/],
  [
    "a misspelt key of a union",
    "subject: {fileName: subject}",
    "subject: {filename: subject}",
    "5:15 files[0].subject.filename",
    /did you mean `fileName`/,
  ],
  ["a key of nothing", "rateHz: 50", "zzzzzzz: 50", "6:5 files[0].zzzzzzz", /unknown key `zzzzzzz`; allowed here: match, role, format/],
  ["a missing key", "title: Exercises\n", "", "1:1 title", /`title` is missing: expected text/],
  [
    "a missing key deep inside",
    "acc_y: {sensor: acc, unit: g}",
    "acc_y: {unit: g}",
    "9:7 files[0].channels.acc_y.sensor",
    /`sensor` is missing/,
  ],
  ["text for a number", "rateHz: 50", "rateHz: fifty", "6:13 files[0].rateHz", /expected a number, got text 'fifty'/],
  [
    "a number for text",
    "classes: [squat, press]",
    "classes: [squat, press, 3]",
    "12:27 labels.classes[2]",
    /expected text, got 3; put it in quotes/,
  ],
  ["null for text", "classes: [squat, press]", "classes: [squat, press, ~]", "12:27 labels.classes[2]", /expected text, got null/],
  ["a number out of bounds", "seconds: 4", "seconds: -4", "13:35 windows.seconds", /expected a number of more than 0, got -4/],
  [
    "more trials than the guard allows",
    "title: Exercises",
    "title: Exercises\nevolve: {trials: 1001}",
    "3:18 evolve.trials",
    /at most 1000, got 1001/,
  ],
  ["infinity", "seconds: 4", "seconds: .inf", "13:35 windows.seconds", /expected a number/],
  ["a fraction for a count", "units: [64]", "units: [64.5]", "20:13 models[0].units[0]", /expected a whole number, got 64.5/],
  [
    "a list too short",
    "range: [-8, 8]",
    "range: [-8]",
    "8:44 files[0].channels.acc_x.range",
    /expected a list of at least 2 entries, got a list of 1/,
  ],
  ["an unknown word", "kind: sliding", "kind: slidding", "13:17 windows.kind", /one of `sliding`, .*did you mean `sliding`/],
  [
    "an unknown family",
    "family: mlp",
    "family: xgboost",
    "19:13 models[0].family",
    /one of `logistic`, `mlp`, `cnn`, `boosting`, `forest`, got text 'xgboost'/,
  ],
  [
    "a key of another option",
    "    units: [64]",
    "    units: [64]\n    l2: 1",
    "21:5 models[0].l2",
    /unknown key `l2`; allowed here: family, cut, units/,
  ],
  ["an id with a blank", "project: gym", "project: my gym", "1:10 project", /1 to 63 of a-z/],
  [
    "a channel name that is no id",
    "    label: {",
    "      Acc Y: {sensor: acc}\n    label: {",
    '10:7 files[0].channels["Acc Y"]',
    /1 to 63 of a-z/,
  ],
  [
    "a channel named as a column that cleaned files have",
    "    label: {",
    "      label: {sensor: acc}\n    label: {",
    "10:14 files[0].channels.label",
    /every cleaned file has/,
  ],
  [
    "neither of two shapes",
    "windows: {kind",
    "split: {holdout: half}\nwindows: {kind",
    "13:18 split.holdout",
    /expected a number or a list, got text 'half'/,
  ],
  [
    "a mapping of none of the shapes",
    "label: {column: exercise}",
    "label: {nonsense: 1}",
    "10:12 files[0].label",
    /a mapping with one of `column`, `columns`, `fileName`, `constant`/,
  ],
  ["a scalar for a mapping", "subject: {fileName: subject}", "subject: me", "5:14 files[0].subject", /expected a mapping, got text 'me'/],
  ["a group the pattern lacks", "(?<subject>p", "(?<person>p", "5:25 files[0].subject.fileName", /no group named 'subject'/],
  ["a pattern that is none", "'^(?<subject>p\\d+)/.*\\.csv$'", "'^(?<subject>p\\d+'", "4:12 files[0].match", /is not a regular expression/],
  [
    "a channel that does not exist",
    "channels: [acc_x, acc_y]",
    "channels: [acc_x, acc_z]",
    "16:7 features.groups[0]",
    /no channel 'acc_z' exists/,
  ],
  [
    "a mapping to no class",
    "  classes: [squat, press]",
    "  classes: [squat, press]\n  map: {a: jump}",
    "13:12 labels.map.a",
    /'jump' is not one of the classes/,
  ],
  ["a class twice", "classes: [squat, press]", "classes: [squat, press, squat]", "12:12 labels.classes", /class 'squat' is named twice/],
  [
    "a column that a file without a header has not",
    "    rateHz: 50",
    "    format: {headerRows: 0, columns: [acc_x, exercise, acc_z]}",
    "9:14 files[0].channels.acc_y",
    /no column 'acc_y' is named in `format.columns`/,
  ],
  ["a key twice", "title: Exercises", "title: Exercises\ntitle: Again", "3:1 ", /stands twice/],
  ["a tag", "title: Exercises", "title: !!js/function 'x'", "2:8 ", /tags are not taken/],
  ["a second document", "title: Exercises", "title: Exercises\n---\na: b", "3:1 ", /one YAML document/],
  ["a bad indentation", "title: Exercises", "title: Exercises\n  more: 1", "2:8 ", /not valid YAML/],
  [
    "reminders without end",
    "files:",
    "annotation: {remindHours: 0.0001}\nfiles:",
    "3:27 annotation.remindHours",
    /0\.25 to 8760.*stop reading/,
  ],
  ["an escalation that never comes", "files:", "annotation: {escalateHours: 1e300}\nfiles:", "3:29 annotation.escalateHours", /never told/],
  [
    "an address without TLS",
    "files:",
    "sources: [{url: 'http://example.org/a.zip', licence: CC0}]\nfiles:",
    "3:17 sources[0].url",
    /an https address/,
  ],
];

describe("refusing a spec", () => {
  it.each(MISTAKES)("names line, column and path of %s", (_, from, to, place, message) => {
    const [problem, ...others] = problemsOf(changed(from, to));
    expect(`${problem!.line}:${problem!.column} ${problem!.path}`).toBe(place);
    expect(problem!.message).toMatch(message);
    expect(others).toEqual([]);
  });

  it("says everything at once, in the order of the lines, also what other mistakes would hide", () => {
    const text = GOOD.replace("title:", "titel:")
      .replace("unit: g, range: [-8, 8]", "unt: 3, scale: much")
      .replace("classes: [squat, press]", "clases: [squat, 1]")
      .replace("channels: [acc_x, acc_y]", "channels: [acc_x, gone]");
    expect(places(text)).toEqual([
      "2:1 titel",
      "8:28 files[0].channels.acc_x.unt",
      "8:33 files[0].channels.acc_x.unt",
      "8:43 files[0].channels.acc_x.scale",
      "12:3 labels.clases",
      "12:19 labels.clases[1]",
      "16:7 features.groups[0]",
    ]);
  });

  it("points into the text that an alias stands for", () => {
    const text = changed("acc_y: {sensor: acc, unit: g}", "acc_y: &axis {sensor: acc, unit: 5}\n      acc_z: *axis");
    expect(places(text)).toEqual(["9:40 files[0].channels.acc_y.unit", "9:40 files[0].channels.acc_z.unit"]);
  });

  it("counts columns and lines the same with Windows line ends", () => {
    expect(places(changed("rateHz: 50", "rateHz: fifty").replaceAll("\n", "\r\n"))).toEqual(["6:13 files[0].rateHz"]);
  });

  it("names the file, the first place and how many more in its message", () => {
    const text = changed("title:", "tittle:").replace("rateHz: 50", "rateHz: fifty");
    expect(() => readSpec(text, "gym.yaml")).toThrow("gym.yaml:2:1 tittle: unknown key `tittle`; did you mean `title`? (and 1 more)");
  });

  it.each([
    ["nothing", ""],
    ["only a comment", "# later\n"],
    ["a list", "- a\n- b\n"],
    ["a word", "hello\n"],
  ])("refuses %s", (_, text) => {
    expect(problemsOf(text)[0]!.message).toMatch(/a spec is a mapping/);
  });

  it("refuses aliases that multiply instead of expanding them", () => {
    const levels = Array.from(
      { length: 12 },
      (_, level) =>
        `l${level}: &l${level} [${
          level === 0
            ? "x"
            : Array(9)
                .fill(`*l${level - 1}`)
                .join(", ")
        }]`,
    );
    const started = performance.now();
    expect(problemsOf(levels.join("\n"))[0]!.message).toMatch(/aliases cannot be expanded/);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it("refuses text nested too deeply, and text too long, without falling over", () => {
    expect(problemsOf(`a: ${"[".repeat(50_000)}`).length).toBeGreaterThan(0);
    expect(problemsOf(`# ${"x".repeat(1_000_001)}`)[0]!.message).toMatch(/at most 1000000/);
  });

  it("does not let keys like __proto__ reach the result", () => {
    expect(places(`__proto__: {polluted: 1}\n${GOOD}`)).toEqual(["1:1 __proto__"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("overriding a spec", () => {
  it("changes values at paths and keeps the rest of the text with its comments", () => {
    const { text, spec } = overrideSpec(
      `# by Ada\n${GOOD}`,
      { "windows.seconds": 8, "models[0].units": [32, 16], "gate.mode": "manual", "files[0].only.device": ["a b"] },
      "gym.yaml",
    );
    expect(text).toMatch(/^# by Ada\nproject: gym/);
    expect(spec).toMatchObject({
      windows: { seconds: 8 },
      models: [{ units: [32, 16] }],
      gate: { mode: "manual" },
      files: [{ only: { device: ["a b"] } }],
    });
  });

  it("gives the very same text where nothing is set", () => {
    expect(overrideSpec(GOOD, {}, "gym.yaml").text).toBe(GOOD);
  });

  it("refuses what the schema does not know, with a suggestion", () => {
    expect(() => overrideSpec(GOOD, { "windows.second": 8 }, "gym.yaml")).toThrow(/windows\.second: unknown key `second`/);
    expect(() => overrideSpec(GOOD, { "gate.margn": 0.1 }, "gym.yaml")).toThrow(/did you mean `margin`/);
  });

  it.each([["models[5].epochs"], ["title.text"], ["windows[0]"]])("refuses %s, which leads into nothing", (path) => {
    expect(() => overrideSpec(GOOD, { [path]: 1 }, "gym.yaml")).toThrow(`cannot set '${path}'`);
  });

  it("reads and writes paths alike", () => {
    for (const text of ["windows.seconds", "models[0].units[1]", 'labels.map["a.b"]', "files[0].channels.acc_x"]) {
      expect(formatSpecPath(parseSpecPath(text))).toBe(text);
    }
    for (const text of ["", ".a", "a..b", "a[", "a[x]", "[0]", "a b"]) expect(() => parseSpecPath(text)).toThrow(/path/);
  });
});
