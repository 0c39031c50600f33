import { randomUUID } from "node:crypto";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cutOf, cutSpec } from "../domain/cut.ts";
import { SensorloopError } from "../domain/errors.ts";
import type { Metrics } from "../domain/metrics-schema.ts";
import type { Spec } from "../domain/spec.ts";
import { parseArtifact } from "../domain/score/model.ts";
import type { PredictionRow } from "../ml/score-job.ts";
import type { Platform } from "../platform.ts";
import type { SeriesPart } from "../store/pieces.ts";
import { findModelObjects, findModelSummary, listChampions } from "../store/repositories/models.ts";
import { findSpec } from "../store/repositories/projects.ts";
import { findRun } from "../store/repositories/runs.ts";
import { needProject } from "./projects.ts";

export interface FilePredictions {
  readonly project: string;
  readonly slot: string;
  readonly model: string;
  readonly files: readonly { name: string; rowsIn: number; rowsOk: number; rowsQuarantined: number; rowsDuplicate: number }[];
  /** How right the answers are, where the files say what was done. */
  readonly metrics: Metrics | null;
  readonly items: readonly Omit<PredictionRow, "split">[];
}

type Cleaned = { readonly parts: readonly (SeriesPart & { readonly file: string })[]; readonly files: FilePredictions["files"] };

/**
 * Answers recordings that are in no project: files in the spec's format go through the same staging, cleaning, filters,
 * windows and features as training data, and the champion answers every window. Nothing is kept.
 * @param files local files, with the names that the spec's patterns are tested on
 * @throws SensorloopError NO_CHAMPION, FILE_UNMATCHED, and what staging and cleaning refuse
 */
export async function predictFiles(
  platform: Platform,
  project: string,
  files: readonly { path: string; name: string }[],
  slot?: string,
): Promise<FilePredictions> {
  const { db, objects, compute, config } = platform;
  await needProject(db, project);
  const champions = await listChampions(db, project, slot);
  const champion = champions.find((candidate) => candidate.slot.split("/")[1] === "all") ?? champions[0];
  if (!champion)
    throw new SensorloopError(
      "NO_CHAMPION",
      slot === undefined ? `project '${project}' has no champion yet` : `slot '${slot}' has no champion`,
    );
  const bytes = await findModelObjects(db, champion.model);
  if (!bytes) throw new SensorloopError("ARTIFACT_CORRUPT", `model '${champion.model}' has no bytes on record`);
  const [artifact, weights] = await Promise.all([objects.fetch(bytes.artifact), objects.fetch(bytes.weights)]);
  const { genome, input: reads } = parseArtifact(await readFile(artifact));
  const spec = cutSpec(await specOfModel(platform, project, champion.model), cutOf(genome));

  const folder = await mkdtemp(join(config.scratchDir, "predict-"));
  try {
    const cleaned = await clean(platform, spec, files, folder);
    const [recordings, split] = [join(folder, "all.json"), join(folder, "split.json")];
    await writeFile(recordings, "null");
    const asked: Spec = { ...spec, split: { ...spec.split, by: "subject" } };
    await using listing = await compute.run("list-recordings", { parts: cleaned.parts, spec: asked, shards: 1, twins: [] });
    const subjects = JSON.parse(await readFile(listing.output.units, "utf8")) as string[];
    await writeFile(split, JSON.stringify(Object.fromEntries(subjects.map((subject) => [subject, "holdout"]))));
    await using windows = await compute.run("window-shard", {
      parts: cleaned.parts,
      spec: asked,
      recordings,
      split,
      seed: spec.seed,
      signals: reads.kind !== "features",
      outName: "windows.bin",
    });
    const input = {
      artifact,
      weights,
      artifactSha256: bytes.artifact.sha256,
      shards: [join(windows.folder, "windows.bin")],
      splits: ["holdout", "unlabelled"] as const,
      leaking: false,
    };
    await using scored = await compute.run("score-model", input);
    const lines = (await readFile(scored.output.predictions.path, "utf8")).split("\n").filter((line) => line !== "");
    const items = lines.map((line) => {
      const { split: _, ...row } = JSON.parse(line) as PredictionRow;
      return row;
    });
    const metrics = scored.output.splits.find((side) => side.split === "holdout")?.metrics ?? null;
    return { project, slot: champion.slot, model: champion.model, files: cleaned.files, metrics, items };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The spec that a model was trained under; today's for one that no run here has made. */
export async function specOfModel({ db }: Platform, project: string, model: string): Promise<Spec> {
  const summary = await findModelSummary(db, model);
  const run = summary && (await findRun(db, summary.run));
  const version = run?.specVersion ?? (await needProject(db, project)).specVersion;
  const spec = await findSpec(db, project, version);
  if (!spec) throw new SensorloopError("SPEC_UNKNOWN", `project '${project}' has no spec version ${version}`);
  return spec.body;
}

/** Stages and cleans; the clean Parquet files are moved into `folder`, which outlives the jobs. */
async function clean(
  { compute, config }: Platform,
  spec: Spec,
  files: readonly { path: string; name: string }[],
  folder: string,
): Promise<Cleaned> {
  const parts: (SeriesPart & { file: string })[] = [];
  const counts: FilePredictions["files"][number][] = [];
  for (const { path, name } of files) {
    await using staged = await compute.run("stage-upload", { path, name, files: spec.files });
    const { entries } = staged.output;
    if (entries.length === 0) throw new SensorloopError("FILE_UNMATCHED", `no pattern of the spec matches '${name}'`, { facts: { name } });
    const toClean = entries.map((entry) => {
      if (entry.state === "refused") throw SensorloopError.from(entry.error);
      return { id: randomUUID(), name: entry.name, path: entry.path, sha256: entry.sha256, fileSpec: entry.fileSpec, scan: entry.scan };
    });
    await using cleaned = await compute.run("clean-files", {
      files: toClean,
      spec,
      pepper: config.pepper,
      memoryMb: Math.floor(config.jobs.memoryMb * 0.6),
      threads: 1,
    });
    for (const result of cleaned.output.files) {
      const source = toClean.find((file) => file.id === result.file)!;
      if (result.error) throw SensorloopError.from(result.error);
      const { rowsIn, rowsOk, rowsQuarantined, rowsDuplicate } = result;
      counts.push({ name: source.name, rowsIn, rowsOk, rowsQuarantined, rowsDuplicate });
      const role = spec.files[source.fileSpec]?.role ?? "samples";
      if (!result.parquet || !result.pieces || role === "profiles") continue;
      const [path, pieces] = [join(folder, `${result.file}.parquet`), join(folder, `${result.file}.pieces.parquet`)];
      await Promise.all([copyFile(result.parquet.path, path), copyFile(result.pieces.path, pieces)]);
      parts.push({ path, pieces, file: result.file, fileSpec: source.fileSpec, role });
    }
  }
  if (!parts.some((part) => part.role === "samples"))
    throw new SensorloopError("TOO_LITTLE_DATA", "the files have no clean row of samples");
  return { parts, files: counts };
}
