import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { ComputePool } from "../../lib/compute/pool.ts";
import type { JobOutput } from "../../lib/compute/job.ts";
import { readSpec } from "../../lib/domain/spec-file.ts";
import { filesAt } from "../../lib/sources/folder.ts";
import { recordingsAt } from "../support/recordings.ts";
import { testFolder } from "../support/services.ts";

const folder = await testFolder();
const compute = new ComputePool({ size: 2, memoryMb: 1024, folder });
afterAll(() => compute[Symbol.asyncDispose]());

interface Taken {
  readonly files: readonly (JobOutput<"clean-files">["files"][number] & { readonly name: string })[];
  readonly refused: readonly string[];
  readonly rows: {
    readonly in: number;
    readonly ok: number;
    readonly quarantined: number;
    readonly duplicate: number;
    readonly leftOut: number;
  };
  readonly subjects: ReadonlySet<string>;
  readonly classes: Readonly<Record<string, number>>;
}

/** Stages and cleans everything at a place by the spec of an example, as a run does. */
async function takeIn(project: string, place: string): Promise<Taken> {
  const spec = readSpec(await readFile(join(import.meta.dirname, "../../examples", project, "spec.yaml"), "utf8"), project);
  const files: Taken["files"][number][] = [];
  const refused: string[] = [];
  const subjects = new Set<string>();
  for (const { path, name } of await filesAt(place)) {
    await using staged = await compute.run("stage-upload", { path, name, files: spec.files });
    const toClean = staged.output.entries.flatMap((entry, index) =>
      entry.state === "staged" ? [{ ...entry, id: `${name}#${index}` }] : [],
    );
    refused.push(...staged.output.entries.flatMap((entry) => (entry.state === "refused" ? [`${entry.name}: ${entry.error.code}`] : [])));
    if (toClean.length === 0) continue;
    const input = {
      files: toClean.map(({ id, name: entryName, path: entryPath, sha256, fileSpec, scan }) => ({
        id,
        name: entryName,
        path: entryPath,
        sha256,
        fileSpec,
        scan,
      })),
      spec,
    };
    await using cleaned = await compute.run("clean-files", { ...input, pepper: "5e".repeat(32), memoryMb: 600, threads: 1 });
    for (const file of cleaned.output.files) {
      files.push({ ...file, name: toClean.find((entry) => entry.id === file.file)!.name });
      if (!file.subjects) continue;
      for await (const line of createInterface({ input: createReadStream(file.subjects.path) }))
        subjects.add((JSON.parse(line) as { external: string }).external);
    }
  }
  const sum = (pick: (file: Taken["files"][number]) => number) => files.reduce((total, file) => total + pick(file), 0);
  const rows = {
    in: sum((f) => f.rowsIn),
    ok: sum((f) => f.rowsOk),
    quarantined: sum((f) => f.rowsQuarantined),
    duplicate: sum((f) => f.rowsDuplicate),
    leftOut: sum((f) => f.leftOut),
  };
  const classes: Record<string, number> = {};
  for (const file of files) for (const [name, count] of Object.entries(file.detail.classes)) classes[name] = (classes[name] ?? 0) + count;
  expect(rows.in).toBe(rows.ok + rows.quarantined + rows.duplicate);
  return { files, refused, rows, subjects, classes };
}

/** The figures are those of each folder's SOURCE.md. */
describe(
  "recordings of others, described by configuration alone (skipped where they are not on this machine)",
  { timeout: 180_000 },
  () => {
    const wisdm = recordingsAt("wisdm_v1_transformed");
    it.skipIf(!wisdm)("wisdm: ARFF with an undeclared class, `?` for null", async () => {
      const { rows, subjects, classes } = await takeIn("wisdm", wisdm!);
      expect(rows).toMatchObject({ in: 5418, ok: 5418, quarantined: 0 });
      expect(subjects.size).toBe(36);
      expect(classes).toEqual({ Walking: 2081, Jogging: 1625, Upstairs: 632, Downstairs: 528, Sitting: 306, Standing: 246 });
    });

    const watch = recordingsAt("wisdm51_watch");
    it.skipIf(!watch)("smartwatch-51: no header, a row end of its own, a recording for each activity", async () => {
      const { files, rows, subjects, classes } = await takeIn("smartwatch-51", watch!);
      expect(files).toHaveLength(34);
      expect(rows).toMatchObject({ in: 501_600, quarantined: 0 });
      expect(subjects.size).toBe(34);
      // 1629 holds its 14,400 rows twice, 1616 has no jogging.
      expect(rows.duplicate).toBe(14_400);
      expect(classes).toEqual({ walking: 81_600, jogging: 79_200, stairs: 81_600, sitting: 81_600, standing: 81_600, kicking: 81_600 });
    });

    const muvr = recordingsAt("muvr_exercises");
    it.skipIf(!muvr)("exercises: no header, no clock, the recorder in some names", async () => {
      const { files, rows, subjects, classes } = await takeIn("exercises", muvr!);
      expect(files).toHaveLength(390);
      expect(rows).toMatchObject({ in: 518_372, ok: 518_372 });
      expect(subjects).toEqual(new Set(["jan", "unnamed"]));
      expect(classes["lateral-raise"]).toBe(43_542);
      expect(Object.keys(classes)).toHaveLength(30);
    });

    const minutes = recordingsAt("aw_fb");
    it.skipIf(!minutes)("activity-watch: one device of two, people told apart by a tuple", async () => {
      const { rows, subjects, classes } = await takeIn("activity-watch", minutes!);
      expect(rows).toMatchObject({ in: 3656, ok: 3656, leftOut: 2608 });
      expect(subjects.size).toBe(49);
      expect(classes).toEqual({
        Lying: 787,
        Sitting: 552,
        "Self Pace walk": 529,
        "Running 3 METs": 572,
        "Running 5 METs": 603,
        "Running 7 METs": 613,
      });
    });

    const casas = recordingsAt("casas_arwise_sample");
    it.skipIf(!casas)("casas-windows: 100 samples in a row of 801 columns, two people, not the shuffled third", async () => {
      const { files, rows, subjects, classes } = await takeIn("casas-windows", casas!);
      expect(files.map((file) => file.name).sort()).toEqual([
        "cnndata_p1_test.csv",
        "cnndata_p1_train.csv",
        "cnndata_p3_test.csv",
        "cnndata_p3_train.csv",
      ]);
      expect(rows).toMatchObject({ in: 291, quarantined: 0 });
      expect(subjects).toEqual(new Set(["1", "3"]));
      expect(classes["Eat"]).toBeGreaterThan(0);
      expect(Object.keys(classes)).not.toContain("CognitiveActivity");
    });

    const pulse = recordingsAt("resting_pulse_seed");
    it.skipIf(!pulse)("resting-pulse: the published files, not only our own", async () => {
      const { rows, subjects, classes } = await takeIn("resting-pulse", pulse!);
      expect(rows).toMatchObject({ in: 90_000, ok: 90_000 });
      expect(subjects.size).toBe(1000);
      expect(classes).toEqual({ pro_athlete: 329 * 90, athlete: 336 * 90, non_athlete: 335 * 90 });
    });

    it.skipIf(!casas)("casas: the lab's delivery format, built from its sample laid end to end", async () => {
      const place = join(folder, "casas");
      const { rows: written, answers } = await writeDelivery(join(casas!, "cnndata_p1_train.csv.gz"), place);
      const { files, rows, subjects, classes } = await takeIn("casas", place);
      expect(files).toHaveLength(1);
      expect(rows).toMatchObject({ in: written, ok: written, quarantined: 0 });
      expect(subjects).toEqual(new Set(["sw1.p7"]));
      // The label stands on one row each; what holds before it is the next stage's business.
      expect(Object.values(classes).reduce((sum, count) => sum + count, 0) - (classes[""] ?? 0)).toBe(answers);
    });
  },
);

/**
 * A person's file as the lab delivers it: two header rows, columns in an order of their own, empty cells, places every five
 * minutes at best, the label on the last row of a window. The sample's own words for activities are those of the mapping but two.
 */
async function writeDelivery(sample: string, place: string): Promise<{ rows: number; answers: number }> {
  await mkdir(place, { recursive: true });
  const columns = [
    "stamp",
    "yaw",
    "pitch",
    "roll",
    "rotation_rate_x",
    "rotation_rate_y",
    "rotation_rate_z",
    "user_acceleration_x",
    "user_acceleration_y",
    "user_acceleration_z",
    "location_type",
    "latitude_distance_from_mean",
    "longitude_distance_from_mean",
    "altitude_distance_from_mean",
    "course",
    "speed",
    "horizontal_accuracy",
    "vertical_accuracy",
    "battery_state",
    "user_activity_label",
  ];
  const types = columns.map((name) =>
    name === "stamp" ? "dt" : ["location_type", "battery_state", "user_activity_label"].includes(name) ? "s" : "f",
  );
  const out = createWriteStream(join(place, "sw1.p7.csv"));
  out.write(`${columns.join(",")}\n${types.join(",")}\n`);
  let header: string[] | undefined;
  let rows = 0;
  let answers = 0;
  for await (const line of createInterface({ input: createReadStream(sample).pipe(createGunzip()) })) {
    const cells = line.split(",");
    header ??= cells;
    if (header === cells) continue;
    const value = (name: string) => cells[header!.indexOf(name)] ?? "";
    const label = value("activity_label");
    for (let i = 1; i <= 100; i++) {
      const stamp = new Date(Date.UTC(2024, 0, 12) + rows * 100).toISOString().replace("T", " ").replace("Z", "000");
      const motion = ["rotation_rate", "user_acceleration"].flatMap((kind) => ["x", "y", "z"].map((axis) => value(`${kind}_${axis}_${i}`)));
      const located = rows % 3000 === 0;
      const answer = i === 100 ? label : "";
      if (answer !== "" && answer !== "CognitiveActivity") answers++;
      out.write(
        `${[stamp, "0.1", "-0.2", "0.3", ...motion, located ? "home" : "", "", "", located ? "12.5" : "", "", located ? "0.4" : "", "", "", "", answer].join(",")}\n`,
      );
      rows++;
    }
  }
  await new Promise<void>((done) => out.end(done));
  await writeFile(join(place, "notes.md"), "not a recording\n");
  return { rows, answers };
}
