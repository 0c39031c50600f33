import { randomUUID } from "node:crypto";
import { relative } from "node:path";
import { createCleanActivities } from "../../activities/clean.ts";
import { createSnapshotActivities, readManifest } from "../../activities/snapshot.ts";
import { createStageActivities } from "../../activities/stage.ts";
import { simulate } from "../../examples/gym/simulate.ts";
import { takeIn } from "../../lib/app/intake.ts";
import { startRun } from "../../lib/app/runs.ts";
import { layersOf } from "../../lib/domain/architecture.ts";
import { SensorloopError } from "../../lib/domain/errors.ts";
import { columnsOfSensors } from "../../lib/domain/features/columns-of-sensors.ts";
import { slotId } from "../../lib/domain/ids.ts";
import { tensorsOf, weightCount } from "../../lib/domain/layers.ts";
import { randomFor } from "../../lib/domain/random.ts";
import type { ObjectRef } from "../../lib/domain/object-ref.ts";
import { genomeSchema, sensorsOf, type NetworkGenome, type Spec } from "../../lib/domain/spec.ts";
import type { RunContext } from "../../lib/domain/stages.ts";
import { writeModel } from "../../lib/ml/model-files.ts";
import type { Platform } from "../../lib/platform.ts";
import { literal, openDuckdb } from "../../lib/store/duckdb.ts";
import { record } from "../../lib/store/objects.ts";
import { promote } from "../../lib/store/promotion.ts";
import { findSpec } from "../../lib/store/repositories/projects.ts";
import { insertTasks, type NewTask } from "../../lib/store/repositories/tasks.ts";
import { attempt } from "../support/attempt.ts";
import { applyExample } from "../support/example.ts";

export const PROJECT = "gym";
/** Samples of a window: four seconds at 50 Hz. */
export const WINDOW = 200;
const MODEL = "champion-1";

export interface Recorded {
  readonly subject: string;
  readonly recording: string;
  readonly snapshot: string;
}

/** The demo's project with simulated people, staged, cleaned and in a snapshot, and a champion with bytes of its own. */
export async function recordedProject(platform: Platform, folder: string): Promise<Recorded[]> {
  await applyExample(platform, PROJECT, ["annotation"]);
  const { files } = await simulate({ folder, subjects: 4, seed: 3 });
  for (const path of files) await takeIn(platform, PROJECT, { name: relative(folder, path), path }, "test");
  // The run stays in the outbox: its first stages are all that is wanted.
  const away = { ...platform, temporal: () => Promise.reject(new SensorloopError("TEMPORAL_UNAVAILABLE", "away")) };
  const run = "recorded";
  const { specVersion, seed } = await startRun(away, PROJECT, { id: run, set: {} }, "test");
  const context: RunContext = { run, project: PROJECT, specVersion, seed };
  await attempt(() => createStageActivities(platform).stageUploads(context));
  const { planCleaning, cleanChunk, closeCleaning } = createCleanActivities(platform);
  const { chunks } = await attempt(() => planCleaning(context));
  for (let chunk = 0; chunk < chunks; chunk++) await attempt(() => cleanChunk({ ...context, chunk }));
  await attempt(() => closeCleaning(context));
  const { snapshot } = await attempt(() => createSnapshotActivities(platform).takeSnapshot(context));
  const spec = (await findSpec(platform.db, PROJECT, specVersion))!.body;
  await champion(platform, folder, spec, { run, snapshot });
  const { manifest } = await platform.db.selectFrom("snapshot").select("manifest").where("id", "=", snapshot).executeTakeFirstOrThrow();
  const { parts } = await readManifest(platform, manifest);
  return recordingsOf(platform, folder, parts, snapshot);
}

async function recordingsOf(
  { objects }: Platform,
  folder: string,
  parts: readonly { readonly role: string; readonly pieces: ObjectRef }[],
  snapshot: string,
): Promise<Recorded[]> {
  const paths = await Promise.all(parts.filter(({ role }) => role === "samples").map(({ pieces }) => objects.fetch(pieces)));
  await using database = await openDuckdb({ folder, memoryMb: 128, threads: 1, readable: paths });
  const found = await database.rows<{ subject: string; recording: string }>(
    `select distinct subject, recording from read_parquet([${paths.map(literal).join(", ")}]) order by all`,
  );
  return found.map((place) => ({ ...place, snapshot }));
}

/** A network nobody has trained: what it says is chance, how it is computed is not. */
async function champion(
  platform: Platform,
  folder: string,
  spec: Spec,
  { run, snapshot }: { run: string; snapshot: string },
): Promise<void> {
  const { classes } = spec.labels;
  const genome = genomeSchema.parse({ family: "mlp", units: [16] }) as NetworkGenome;
  const names = columnsOfSensors(spec, sensorsOf(spec)).features;
  const tensors = tensorsOf(layersOf(genome, { kind: "features", width: names.length }, classes.length));
  const random = randomFor(7, 1);
  const weights = Float32Array.from({ length: weightCount(tensors).all }, () => random.normal() / 4);
  const scaling = { mean: names.map(() => 0), sd: names.map(() => 1), clip: 5 };
  const training = { backend: null, threads: 1, seed: 1, epochs: 1, rows: 1, seconds: 1 };
  const files = await writeModel(folder, { genome, classes, input: { kind: "features", names }, scaling, training }, tensors, weights);
  const { objects, db } = platform;
  const [artifact, bytes] = [
    await objects.putFile(PROJECT, "model", files.artifact.path),
    await objects.putFile(PROJECT, "model", files.weights.path),
  ];
  const slot = slotId(PROJECT, "all", sensorsOf(spec));
  await db.transaction().execute(async (tx) => {
    await record(tx, [artifact, bytes]);
    await tx
      .insertInto("model")
      .values({
        ...{ id: MODEL, project: PROJECT, slot, state: "trained", run, snapshot, window_set: randomUUID(), family: "mlp" },
        ...{ genome: JSON.stringify(genome), fitted_on: "train", artifact: artifact.key, weights: bytes.key },
      })
      .execute();
    await promote(tx, { project: PROJECT, slot, model: MODEL, expected: null, actor: "test", why: "" });
  });
}

/** Puts tasks of windows that lie apart into the queue, recording by recording. @returns their ids, in order */
export async function putTasks({ db }: Platform, places: readonly Recorded[], count: number, first = 0): Promise<string[]> {
  const tasks = Array.from({ length: count }, (_, index): NewTask => {
    const { subject, recording, snapshot } = places[(first + index) % places.length]!;
    const from = WINDOW + (WINDOW / 2) * Math.floor((first + index) / places.length);
    return {
      ...{ id: randomUUID(), project: PROJECT, reason: "uncertain", subject, recording, snapshot, model: MODEL },
      ...{ from_sample: from, to_sample: from + WINDOW, rate_hz: 50, start_us: 0, rank: first + index },
      ...{ predicted: "squat", confidence: 0.41, claimed: null, gold: null, wanted: 1 },
    };
  });
  return db.transaction().execute((tx) => insertTasks(tx, tasks));
}
