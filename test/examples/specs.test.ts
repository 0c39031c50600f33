import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CLASSES } from "../../examples/resting-pulse/simulate.ts";
import { compileFeatures } from "../../lib/domain/features/compile.ts";
import { readSpec } from "../../lib/domain/spec-file.ts";
import { channelsOf } from "../../lib/domain/spec.ts";

const folder = join(import.meta.dirname, "../../examples");
const projects = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);
const read = (project: string) => readSpec(readFileSync(join(folder, project, "spec.yaml"), "utf8"), `${project}/spec.yaml`);

/** Which of a spec's patterns takes a name, and the groups it gives. */
function matchOf(project: string, name: string) {
  for (const [index, files] of read(project).files.entries()) {
    const found = new RegExp(files.match).exec(name);
    if (found) return { index, ...found.groups };
  }
  return null;
}

describe("the examples", () => {
  it("are the projects that the manual names", () => {
    expect(projects.sort()).toEqual([
      "activity-watch",
      "casas",
      "casas-windows",
      "exercises",
      "gym",
      "har",
      "resting-pulse",
      "smartwatch-51",
      "wisdm",
    ]);
  });

  it.each(projects)("%s has a spec without a problem, of a project of that name, and a README", (project) => {
    expect(read(project).project).toBe(project);
    expect(existsSync(join(folder, project, "README.md"))).toBe(true);
  });

  it.each(projects)("%s names features that can be computed", (project) => {
    const spec = read(project);
    if (!spec.features) return expect(spec.windows.kind).toBe("row");
    const filtered = spec.filters.flatMap((filter) => ("into" in filter && filter.into ? filter.into : []));
    const samples = spec.windows.kind === "sliding" ? Math.round(spec.windows.seconds * spec.rateHz) : 90;
    const features = compileFeatures(spec.features, [...channelsOf(spec), ...filtered], spec.rateHz, samples);
    expect(new Set(features.names).size).toBe(features.names.length);
    expect(features.names.length).toBeGreaterThanOrEqual(7);
  });

  it("say of the resting pulse what no model can reach: the share of people that who knows recipe and true mean puts right", () => {
    let right = 0;
    const step = 0.01;
    for (let pulse = 20; pulse < 130; pulse += step) {
      const density = CLASSES.map(({ mean, sd }) => Math.exp(-((pulse - mean) ** 2) / (2 * sd * sd)) / (sd * Math.sqrt(2 * Math.PI)));
      right += (Math.max(...density) * step) / CLASSES.length;
    }
    const { ceiling } = read("resting-pulse").gate;
    expect(ceiling!.accuracy).toBeGreaterThanOrEqual(right);
    expect(ceiling!.accuracy - right).toBeLessThan(1e-4);
  });

  it("say licence and checksum of everything they fetch", () => {
    for (const project of projects.filter((name) => name !== "har")) {
      for (const source of read(project).sources) {
        expect(source.sha256, source.url).toMatch(/^[0-9a-f]{64}$/);
        expect(source.bytes, source.url).toBeGreaterThan(0);
        expect(source.licence.length).toBeGreaterThan(2);
      }
    }
  });
});

describe("file patterns take the names that the data comes with", () => {
  it.each([
    ["gym", "ada-lovelace/session-1.csv", { index: 0, person: "ada-lovelace" }],
    ["gym", "run/data/ada-lovelace/session-12.csv", { index: 0, person: "ada-lovelace" }],
    ["resting-pulse", "ts_data_6.csv", { index: 0 }],
    ["wisdm", "WISDM_ar_v1.1_transformed.arff", { index: 0 }],
    ["smartwatch-51", "watch/accel/data_1629_accel_watch.txt", { index: 0, person: "1629" }],
    ["exercises", "labelled/arms/labelled_arms_jan-2_23.csv", { index: 0, person: "jan", set: "arms_jan-2_23" }],
    ["exercises", "labelled/x/09d9df3c-d0e6-48dd-940a-c3f46e3959ea.csv", { index: 1, set: "09d9df3c-d0e6-48dd-940a-c3f46e3959ea" }],
    ["casas", "group1/sw1.p12.csv", { index: 0, person: "sw1.p12" }],
    ["casas-windows", "cnndata_p3_test.csv", { index: 0, part: "p3_test", person: "3" }],
    ["casas-windows", "cnndata/p1_train.csv", { index: 0, part: "p1_train", person: "1" }],
    ["activity-watch", "aw_fb_data.csv", { index: 0 }],
  ])("%s: %s", (project, name, expected) => {
    expect(matchOf(project, name)).toMatchObject(expected);
  });

  it("and leave out what does not belong: the shuffled copy of a person, matrices, read-me files", () => {
    expect(matchOf("casas-windows", "cnndata_p2_train.csv")).toBeNull();
    expect(matchOf("casas-windows", "data_train.csv")).toBeNull();
    expect(matchOf("casas-windows", "confusion_matrix.csv")).toBeNull();
    expect(matchOf("exercises", "labelled/arms/labels.csv")).toBeNull();
    expect(matchOf("gym", "people.csv")).toBeNull();
  });
});

describe("the mapping of casas", () => {
  it("brings what people typed in two languages and many spellings to twelve classes", () => {
    const { classes, map } = read("casas").labels;
    expect(classes).toHaveLength(12);
    expect(map).toMatchObject({
      Comida: "Eat",
      Relajación: "Relax",
      errands: "Errands",
      BrushTeeth_end: "Hygiene",
      CognitiveActivity: null,
      Yes: null,
      No: null,
    });
    expect(new Set(Object.values(map).filter((value) => value !== null))).toEqual(new Set(classes));
  });
});
