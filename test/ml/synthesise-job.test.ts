import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { randomFor } from "../../lib/domain/random.ts";
import type { Recording } from "../../lib/domain/recording.ts";
import { isSynthetic } from "../../lib/domain/recording-id.ts";
import { specSchema } from "../../lib/domain/spec.ts";
import { EVERYBODY, type Description } from "../../lib/domain/statistics/document.ts";
import { describeRecordings } from "../../lib/domain/statistics/recordings.ts";
import { normalSource } from "../../lib/domain/synthesis/normal.ts";
import type { SynthesisReport } from "../../lib/domain/synthesis/report.ts";
import { decodeWindowShard, encodeWindowShard, SPLITS } from "../../lib/domain/window-shard.ts";
import { run } from "../../lib/ml/synthesise-job.ts";
import { windowsOfSynthetic } from "../../lib/ml/synthetic-windows.ts";
import { temporaryFolder } from "./synthetic-windows.ts";

const SPEC = specSchema.parse({
  project: "p",
  title: "t",
  rateHz: 20,
  files: [
    {
      match: ".",
      subject: { column: "id" },
      label: { column: "label" },
      rateHz: 20,
      channels: { x: { sensor: "acc" }, y: { sensor: "acc" } },
    },
  ],
  labels: { classes: ["walk", "sit"] },
  windows: { kind: "sliding", seconds: 2, overlap: 0.5 },
  features: { groups: [{ channels: ["x", "y"], formulas: ["level"] }] },
  describe: { bins: 32, lags: 20 },
  synthesise: { people: 8, secondsPerClass: 20, training: "if-better" },
});

/** A swing of the class's own, with noise; 30 seconds of each class. */
function recordingOf(person: number): Recording {
  const normal = normalSource(randomFor(4, person));
  const length = 1200;
  const phase = 6 * normal();
  const x = Float32Array.from({ length }, (_, at) => (at < 600 ? Math.sin(at / 2 + phase) : 0.2 * normal()) + 0.3 * normal());
  const y = x.map((value) => 1 + 0.5 * value + 0.2 * normal());
  return {
    subject: `person-${person}`,
    recording: `recording-${person}`,
    rateHz: 20,
    startUs: 0,
    length,
    channels: new Map([
      ["x", x],
      ["y", y],
    ]),
    stretches: [[0, length]],
    labels: [
      { label: "walk", from: 0, to: 600 },
      { label: "sit", from: 600, to: length },
    ],
  };
}

describe("the job that makes recordings up", () => {
  let folder: string;
  let document: Description;
  let shards: string[];

  beforeAll(async () => {
    folder = await temporaryFolder();
    const people = Array.from({ length: 12 }, (_, person) => recordingOf(person));
    const training = people.slice(0, 8);
    const base = { kind: "signals", rateHz: 20, channels: ["x", "y"], classes: ["walk", "sit"], bins: 32, lags: 20 } as const;
    document = await describeRecordings(
      () => training,
      base,
      () => EVERYBODY,
    );
    const shard = windowsOfSynthetic(people, SPEC, true);
    // Two of the others are validation, two are holdout, of windows that would spoil whatever reads them.
    const sides = ["train", "validation", "holdout"].map((side) => SPLITS.indexOf(side as "train"));
    for (let window = 0; window < shard.windows; window++) {
      const person = shard.subject[window]!;
      shard.split[window] = sides[person < 8 ? 0 : person < 10 ? 1 : 2]!;
      if (person >= 10) shard.featureValues.fill(NaN, window * shard.features.length, (window + 1) * shard.features.length);
    }
    shards = [join(folder, "real.bin")];
    await writeFile(shards[0]!, Buffer.concat(encodeWindowShard(shard)));
  });

  async function made(changed: object = {}, seed = 1) {
    const own = await mkdtemp(join(folder, "job-"));
    const description = join(own, "description.json");
    await writeFile(description, JSON.stringify({ ...document, ...changed }));
    const output = await run(
      { description, spec: SPEC, shards, seed, outName: "out.bin", reportName: "report.json" },
      { folder: own, progress: () => {} },
    );
    const bytes = await readFile(join(own, "out.bin"));
    const report = JSON.parse(await readFile(join(own, "report.json"), "utf8")) as SynthesisReport;
    return { output, bytes, report, shard: decodeWindowShard(new Uint8Array(bytes)) };
  }

  it("makes windows as the real ones are, all of training, all of people whose names say what they are", async () => {
    const { output, report, shard } = await made();
    const real = decodeWindowShard(new Uint8Array(await readFile(shards[0]!)));
    expect([shard.features, shard.channels, shard.classes, shard.samples]).toEqual([
      real.features,
      real.channels,
      real.classes,
      real.samples,
    ]);
    expect(shard.subjects).toHaveLength(8);
    expect([...shard.subjects, ...shard.recordings].every(isSynthetic)).toBe(true);
    expect(new Set(shard.split)).toEqual(new Set([SPLITS.indexOf("train")]));
    // 20 seconds of 2 classes of 8 people: 19 windows of 2 seconds each, one a second.
    expect(shard.windows).toBe(8 * 2 * 19);
    expect(output).toMatchObject({ people: 8, rows: 8 * 2 * 400, windows: shard.windows, private: true });
    expect(report.fidelity.checks.filter(({ pass }) => !pass)).toEqual([]);
    expect(report.transfer!.syntheticToReal.accuracy).toBeGreaterThan(0.95);
    expect(report.transfer!.realToSynthetic.accuracy).toBeGreaterThan(0.95);
    const { real: without, both } = report.transfer!;
    expect(output.decision).toMatchObject({
      asked: "if-better",
      joins: both.macroF1 >= without.macroF1,
      macroF1: { real: without.macroF1, both: both.macroF1 },
    });
    expect(report.people[0]).toMatchObject({ id: "synthetic-1", cohort: "all", classes: ["walk", "sit"] });
    expect(report.people[0]!.profile["device"]).toMatch(/\w+ (Band|Watch|Tracker) \d/);
  });

  it("makes the same bytes for the same seed, and others for another", async () => {
    const [one, again, other] = [await made(), await made(), await made({}, 2)];
    expect(again.bytes.equals(one.bytes)).toBe(true);
    expect({ ...again.report, rowsPerSecond: 0 }).toEqual({ ...one.report, rowsPerSecond: 0 });
    expect(other.bytes.equals(one.bytes)).toBe(false);
  });

  it("refuses statistics of an older format", async () => {
    await expect(made({ format: 0 })).rejects.toMatchObject({ code: "FORMAT_TOO_OLD" });
  });

  it("makes nothing up where nothing is known, and joins nothing", async () => {
    const { output, report } = await made({ cells: [] });
    expect(output).toMatchObject({ people: 0, windows: 0, decision: { joins: false } });
    expect(report.leftOut.map(({ reason }) => reason)).toEqual(["nobody has a row of it", "nobody has a row of it"]);
  });
});
