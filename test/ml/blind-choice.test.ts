import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { randomFor } from "../../lib/domain/random.ts";
import { specSchema } from "../../lib/domain/spec.ts";
import { run as train } from "../../lib/ml/train-job.ts";
import { run as listRecordings } from "../../lib/store/recordings-job.ts";
import { run as makeWindows } from "../../lib/store/window-job.ts";
import { piecesAt, writeSamples, type CleanRows } from "../support/clean-parts.ts";
import { temporaryFolder } from "./synthetic-windows.ts";

const SIDES = { p0: "train", p1: "train", p2: "train", p3: "train", p4: "validation", p5: "validation", p6: "holdout", p7: "holdout" };
const LABELS = ["walk", "sit", "lie"] as const;
const SPEC = specSchema.parse({
  project: "p",
  title: "t",
  rateHz: 10,
  files: [
    {
      match: ".",
      subject: { column: "id" },
      label: { column: "label" },
      rateHz: 10,
      channels: { x: { sensor: "acc" }, y: { sensor: "acc" }, z: { sensor: "acc" } },
    },
  ],
  labels: { classes: [...LABELS] },
  windows: { kind: "sliding", seconds: 1, overlap: 0.5, trainOverlap: 0.8, rotateDegrees: 20 },
  features: { groups: [{ triplets: { acc: ["x", "y", "z"] }, signals: ["axes", "magnitude"], formulas: ["time"] }] },
  models: [
    { family: "logistic", l2: 0.1 },
    { family: "mlp", units: [8], dropout: 0, batch: 16, epochs: 4 },
    { family: "boosting", rounds: 5, leaves: 4, minLeafRows: 3 },
    { family: "forest", trees: 5 },
  ],
});

/** What is done to the data of some people before anything else happens. */
type Tamper = (person: string) => boolean;

/** Takes the steps of a run up to its candidate, and says all that was decided on the way. */
async function choose(tampered: Tamper) {
  const folder = await temporaryFolder();
  const path = join(folder, "part.parquet");
  const recordings = Object.keys(SIDES).flatMap((person, number) =>
    LABELS.map((label, kind): CleanRows => {
      const random = randomFor(number, kind);
      const wrong = LABELS[(kind + 1) % LABELS.length]!;
      const shift = tampered(person) ? 5 : 0;
      const rows = Array.from({ length: 30 }, (_, at) => [
        at,
        null,
        tampered(person) ? wrong : label,
        kind + shift + random.normal(),
        Math.sin(at * (1 + kind)) + random.normal(),
        1 - shift + random.normal(),
      ]);
      return { subject: person, recording: `${person}-${label}`, rows };
    }),
  );
  await writeSamples(path, folder, ["x", "y", "z"], recordings);
  const parts = [{ path, pieces: piecesAt(path), file: "part", fileSpec: 0, role: "samples" as const }];
  const control = async () => ({ folder: await mkdtemp(join(folder, "job-")), progress: () => {} });
  const listing = await listRecordings({ parts, spec: SPEC, shards: 1, twins: [] }, await control());
  const split = join(folder, "split.json");
  await writeFile(split, JSON.stringify(SIDES));
  const made = await control();
  await makeWindows(
    { parts, spec: SPEC, recordings: listing.shards[0]!.recordings, split, seed: 1, signals: false, outName: "w.bin" },
    made,
  );
  const common = { shards: [join(made.folder, "w.bin")], seed: 1, checkpoint: null, checkpointEverySeconds: 1000 };
  const trials = [];
  for (const genome of SPEC.models) trials.push(await train({ ...common, genome, fit: ["train"] }, await control()));
  const f1 = trials.map(({ validation }) => validation!.macroF1.value);
  const chosen = SPEC.models[f1.indexOf(Math.max(...f1))]!;
  const candidate = await train({ ...common, genome: chosen, fit: ["train", "validation"] }, await control());
  return { f1, chosen: chosen.family, weights: trials.map(({ weights }) => weights.sha256), candidate: candidate.weights.sha256 };
}

describe("the choice of a model", () => {
  let untouched: Awaited<ReturnType<typeof choose>>;
  beforeAll(async () => {
    untouched = await choose(() => false);
  }, 60_000);

  it("does not change by a bit when the holdout's people move and are labelled otherwise", async () => {
    expect(await choose((person) => person === "p6" || person === "p7")).toEqual(untouched);
  }, 60_000);

  it("changes when that happens to the people it is made on", async () => {
    const changed = await choose((person) => person === "p4");
    expect(changed.f1).not.toEqual(untouched.f1);
    // The trials never saw validation; the candidate did.
    expect(changed.weights).toEqual(untouched.weights);
    expect(changed.candidate).not.toEqual(untouched.candidate);
  }, 60_000);
});
