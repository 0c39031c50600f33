import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Job } from "../compute/job.ts";
import { applyScaling, fitScaling } from "../domain/scaling.ts";
import { genomeSchema, type Spec } from "../domain/spec.ts";
import { EVERYBODY, parseDescription, type Description } from "../domain/statistics/document.ts";
import { planFor } from "../domain/statistics/plan.ts";
import { describeRecordings } from "../domain/statistics/recordings.ts";
import { fidelityOf } from "../domain/synthesis/fidelity.ts";
import { planPeople } from "../domain/synthesis/people.ts";
import { privacyOf, type Points, type PrivacyReport } from "../domain/synthesis/privacy.ts";
import { recordingsOf } from "../domain/synthesis/recordings.ts";
import { decideJoining, type SynthesisDecision, type SynthesisReport } from "../domain/synthesis/report.ts";
import { Synthesizer } from "../domain/synthesis/synthesizer.ts";
import { encodeWindowShard } from "../domain/window-shard.ts";
import { syntheticProfile, type SyntheticProfile } from "./synthetic-profile.ts";
import { windowsOfSynthetic } from "./synthetic-windows.ts";
import { sample, TRANSFER_GENOME, transferOf } from "./transfer.ts";
import { readShard, selectRows, type LabelledRows } from "./window-rows.ts";

export interface SynthesiseJobInput {
  /** Path of the document that everything is made up from. */
  readonly description: string;
  readonly spec: Spec;
  /** Shards of the real windows: what was made up is judged by those of training and validation. */
  readonly shards: readonly string[];
  readonly seed: number;
  /** Names of the files to write in the job's folder: a window shard, and the report. */
  readonly outName: string;
  readonly reportName: string;
}

export interface SynthesiseJobOutput {
  readonly decision: SynthesisDecision;
  readonly people: number;
  readonly rows: number;
  readonly rowsPerSecond: number;
  readonly windows: number;
  readonly passed: number;
  readonly failed: number;
  /** Null where it could not be judged. */
  readonly private: boolean | null;
}

/** Products that the search for nearest windows may take, so that it ends within seconds. */
const DISTANCE_WORK = 4e9;
const MOST_QUERIES = 600;
const MOST_TRAINING = 20_000;

/**
 * Makes people up from a description alone, makes windows of them, and reports how like and how private they are and
 * whether a model gains by them. Only the judging reads real windows; holdout is not among them.
 * @throws SensorloopError FORMAT_TOO_OLD, FORMAT_TOO_NEW, OBJECT_CORRUPT, TENSORFLOW_UNAVAILABLE
 */
export const run: Job<SynthesiseJobInput, SynthesiseJobOutput> = async (input, control) => {
  const { spec, seed, shards } = input;
  const description = parseDescription(JSON.parse(await readFile(input.description, "utf8")));
  const { people: wanted, secondsPerClass, training } = spec.synthesise ?? { people: 20, secondsPerClass: 60, training: "never" };
  const say = (done: number) => control.progress({ done, total: 5, unit: "steps" });
  const { people, leftOut } = planPeople(description, wanted);
  const profiles = new Map(people.map((person) => [person.id, syntheticProfile(person, seed)]));
  const mostRows = description.kind === "signals" ? secondsPerClass * description.rateHz : Infinity;
  const synthesizer = new Synthesizer(description, { seed, mostRows });
  const recordings = function* () {
    for (const person of people)
      yield* recordingsOf(person, description, synthesizer, spec.windows.kind, ({ id }) => profiles.get(id)!.startUs);
  };
  const begun = performance.now();
  let made = 0;
  let rows = 0;
  for (const { length } of recordings()) {
    made++;
    rows += length;
  }
  const rowsPerSecond = Math.round(rows / ((performance.now() - begun) / 1000));
  say(1);
  const statistics = await describeSynthetic(description, recordings);
  const checks = fidelityOf(description, statistics);
  say(2);
  const keepsSignals = (await Promise.all(shards.slice(0, 1).map(readShard))).some(({ samples }) => samples > 0);
  const shard = windowsOfSynthetic(recordings(), spec, keepsSignals);
  const path = join(control.folder, input.outName);
  await using file = await open(path, "wx");
  for (const piece of encodeWindowShard(shard)) await file.writeFile(piece);
  say(3);
  const real = shard.features.length > 0 && shard.windows > 0 ? await readReal(shards, path) : null;
  const privacy = real && privacyReport(real, seed);
  say(4);
  const transfer = real && (await transferOf(real.training, real.validation, real.synthetic, seed));
  say(5);
  const passed = checks.filter(({ pass }) => pass).length;
  const report: SynthesisReport = {
    format: 1,
    seed,
    people: people.map(({ id, cohort, classes }) => ({
      id,
      cohort,
      classes: classes.map((label) => description.classes[label]!),
      profile: shown(profiles.get(id)!),
    })),
    recordings: made,
    rows,
    rowsPerSecond,
    windows: shard.windows,
    leftOut,
    mended: synthesizer.mended,
    shortened: synthesizer.shortened,
    fidelity: { passed, failed: checks.length - passed, checks },
    privacy,
    transfer,
    statistics: withoutPairs(statistics),
  };
  await writeFile(join(control.folder, input.reportName), JSON.stringify(report), { flag: "wx" });
  return {
    decision: decideJoining(training, report),
    people: people.length,
    rows,
    rowsPerSecond,
    windows: shard.windows,
    passed,
    failed: checks.length - passed,
    private: privacy && privacy.pass,
  };
};

/** In the same bins, so that the two can be laid beside each other. */
function describeSynthetic(description: Description, recordings: Parameters<typeof describeRecordings>[0]): Promise<Description> {
  const plan = planFor(description);
  return describeRecordings(recordings, plan, () => EVERYBODY, plan);
}

/** What can be shown channel by channel; of wide files the pairs would be most of the report. */
function withoutPairs(statistics: Description): Description {
  return { ...statistics, cells: statistics.cells.map((cell) => ({ ...cell, pairs: [], within: { counts: [], sums: [] }, between: [] })) };
}

interface Real {
  readonly training: LabelledRows;
  readonly validation: LabelledRows;
  readonly synthetic: LabelledRows;
}

/** Feature rows of both sides that may be looked at, and of the made-up windows. */
async function readReal(shards: readonly string[], synthetic: string): Promise<Real | null> {
  const genome = genomeSchema.parse(TRANSFER_GENOME);
  const select = (paths: readonly string[], side: "train" | "validation") =>
    selectRows({ genome, shards: paths, splits: [side], dense: false, subjects: null });
  const [training, validation] = [await select(shards, "train"), await select(shards, "validation")];
  if (training.labels.length === 0 || validation.labels.length === 0) return null;
  return { training, validation, synthetic: await select([synthetic], "train") };
}

function privacyReport({ training, validation, synthetic }: Real, seed: number): PrivacyReport {
  const { values, labels } = training;
  const width = values.length / labels.length;
  const scaling = fitScaling(values, width);
  const points = (rows: LabelledRows, most: number): Points => {
    const chosen = sample(rows, seed, most);
    return { width, values: applyScaling(scaling, chosen.values, new Float32Array(chosen.values.length)), person: chosen.subject };
  };
  const most = Math.min(MOST_TRAINING, Math.max(1_000, Math.floor(DISTANCE_WORK / (2 * MOST_QUERIES * width))));
  return privacyOf(points(training, most), points(validation, MOST_QUERIES), points(synthetic, MOST_QUERIES), synthetic.subjects);
}

function shown({ startUs, ...profile }: SyntheticProfile): Record<string, string | number> {
  return { ...profile, begins: new Date(startUs / 1000).toISOString() };
}
