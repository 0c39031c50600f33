import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FrozenLabels } from "../../lib/domain/labels/frozen.ts";
import { randomFor } from "../../lib/domain/random.ts";
import { specSchema, type Spec } from "../../lib/domain/spec.ts";
import { cellOf, parseDescription, type Description } from "../../lib/domain/statistics/document.ts";
import { run } from "../../lib/store/describe-job.ts";
import { piecesAt, writeIntervals, writeSamples, type CleanPart, type CleanRows } from "../support/clean-parts.ts";

const specOf = (options: object = {}): Spec =>
  specSchema.parse({
    project: "p",
    title: "t",
    rateHz: 10,
    files: [
      {
        match: ".",
        subject: { column: "id" },
        label: { column: "label" },
        rateHz: 10,
        channels: { x: { sensor: "acc", nulls: "keep" }, y: { sensor: "acc" } },
      },
    ],
    labels: { classes: ["walk", "sit"] },
    windows: { kind: "row" },
    describe: { bins: 16, lags: 4 },
    ...options,
  });

/** Rows of a person, by their number: [index, atUs, label, x, y]. */
function rowsOf(person: number, count = 60): CleanRows["rows"] {
  const random = randomFor(3, person);
  return Array.from({ length: count }, (_, at) => {
    const x = 10 * person + random.normal();
    return [at, null, at % 20 === 19 ? null : at < 40 ? "walk" : "sit", at % 11 === 5 ? NaN : x, x + random.normal()];
  });
}

describe("the job that describes", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "describe-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function part(file: string, recordings: readonly CleanRows[]): Promise<CleanPart> {
    const path = join(folder, `${file}.parquet`);
    await writeSamples(path, folder, ["x", "y"], recordings);
    return { path, pieces: piecesAt(path), file, fileSpec: 0, role: "samples" };
  }

  async function described(parts: readonly CleanPart[], spec: Spec, sides: object, cohorts: object | null = null, said?: FrozenLabels) {
    const own = await mkdtemp(join(folder, "job-"));
    const [split, members] = [join(own, "split.json"), join(own, "cohorts.json")];
    await writeFile(split, JSON.stringify(sides));
    await writeFile(members, JSON.stringify(cohorts));
    const labels = said && join(own, "labels.json");
    if (labels) await writeFile(labels, JSON.stringify(said));
    const input = { parts, spec, split, cohorts: cohorts && members, labels, outName: "out.json" };
    const output = await run(input, { folder: own, progress: () => {} });
    const text = await readFile(join(own, "out.json"), "utf8");
    return { output, text, document: parseDescription(JSON.parse(text)) };
  }

  const SIDES = { a: "train", b: "train", c: "train", d: "holdout", e: "validation" };

  it("counts rows in DuckDB as it counts them in recordings", async () => {
    const parts = [
      await part("one", [
        { subject: "a", recording: "a1", rows: rowsOf(1) },
        { subject: "b", recording: "b1", rows: rowsOf(2) },
      ]),
      await part("two", [
        { subject: "a", recording: "a2", rows: rowsOf(3, 30) },
        { subject: "c", recording: "c1", rows: rowsOf(4) },
        { subject: "d", recording: "d1", rows: rowsOf(5) },
      ]),
    ];
    const cohorts = { a: "c1", b: "c2", c: "c2", d: "c1" };
    const direct = await described(parts, specOf(), SIDES, cohorts);
    expect(direct.output).toMatchObject({ through: "rows", people: 3, rows: 57 + 57 + 29 + 57, cells: 6 });
    expect(direct.document.cells.map(({ class: name, cohort }) => `${name} ${cohort}`)).toEqual([
      ...["walk all", "sit all", "walk c1", "sit c1", "walk c2", "sit c2"],
    ]);
    // A file of labels by interval, here one without a row, has them read as recordings.
    const path = join(folder, "labels.parquet");
    await writeIntervals(path, folder, [["z", "z1", 0, 1, "walk"]]);
    const labels: CleanPart = { path, pieces: piecesAt(path), file: "labels", fileSpec: 0, role: "intervals" };
    const series = await described([...parts, labels], specOf(), SIDES, cohorts);
    expect(series.output.through).toBe("recordings");
    expectAlike(direct.document, series.document);
  });

  it("describes rows under the class that people gave them", async () => {
    const parts = [await part("corrected", [{ subject: "a", recording: "a1", rows: rowsOf(1) }])];
    const rowsAs = ({ document }: Awaited<ReturnType<typeof described>>) =>
      document.cells.map(({ class: name, rows }) => `${name} ${rows}`);
    expect(rowsAs(await described(parts, specOf(), SIDES))).toEqual(["walk 38", "sit 19"]);
    const said: FrozenLabels = {
      format: 1,
      rateHz: 10,
      classes: ["sit"],
      recordings: [{ subject: "a", recording: "a1", spans: [[10, 20, 0]] }],
    };
    expect(rowsAs(await described(parts, specOf(), SIDES, null, said))).toEqual(["walk 29", "sit 29"]);
  });

  it("reads nobody who is not on the training side, nor anybody made up", async () => {
    const write = async (name: string, holdout: number) =>
      part(name, [
        { subject: "a", recording: "a1", rows: rowsOf(1) },
        { subject: "d", recording: "d1", rows: rowsOf(holdout) },
        { subject: "e", recording: "e1", rows: rowsOf(holdout + 1) },
        { subject: "synthetic-a", recording: "synthetic-a1", rows: rowsOf(holdout + 2) },
        { subject: "unlabelled", recording: "u1", rows: rowsOf(holdout + 3) },
      ]);
    const sides = { ...SIDES, "synthetic-a": "train" };
    for (const options of [
      {},
      { windows: { kind: "sliding", seconds: 1 }, features: { groups: [{ channels: ["x"], formulas: ["level"] }] } },
    ]) {
      const name = "windows" in options ? "series" : "rows";
      const [one, other] = [
        await described([await write(`${name}-1`, 50)], specOf(options), sides),
        await described([await write(`${name}-2`, 90)], specOf(options), sides),
      ];
      expect(one.text).toBe(other.text);
      expect(one.output.people).toBe(1);
    }
  });

  it("takes the side of a recording where recordings are split", async () => {
    const parts = [
      await part("by-recording", [
        { subject: "a", recording: "a1", rows: rowsOf(1) },
        { subject: "a", recording: "a2", rows: rowsOf(9) },
      ]),
    ];
    const { document } = await described(parts, specOf({ split: { by: "recording" } }), { a1: "train", a2: "holdout" });
    expect(cellOf(document, "walk")!.channels["y"]!.max).toBeLessThan(20);
  });

  it("says so where no training row has a label", async () => {
    const parts = [await part("none", [{ subject: "d", recording: "d1", rows: rowsOf(1) }])];
    await expect(described(parts, specOf(), SIDES)).rejects.toMatchObject({ code: "TOO_LITTLE_DATA" });
  });
});

/** Counts are equal, moments but for rounding: the two add up in different order. */
function expectAlike(left: Description, right: Description): void {
  const flat = (value: unknown, path = ""): [string, unknown][] =>
    value && typeof value === "object" ? Object.entries(value).flatMap(([key, item]) => flat(item, `${path}.${key}`)) : [[path, value]];
  const [ours, theirs] = [flat(left), flat(right)];
  expect(ours.map(([path]) => path)).toEqual(theirs.map(([path]) => path));
  for (const [index, [path, value]] of ours.entries()) {
    const other = theirs[index]![1];
    if (typeof value !== "number" || /counts|count$|rows$|people$|nulls$|spans$/.test(path)) expect([path, value]).toEqual([path, other]);
    else expect(Math.abs(value - (other as number)), path).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(value)));
  }
}
