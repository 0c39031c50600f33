import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseManifest, type Manifest } from "../domain/manifest.ts";
import type { Page, PageQuery } from "../domain/api/page.ts";
import type { Prediction, PredictionKey, Trace } from "../domain/api/predictions.ts";
import { SensorloopError } from "../domain/errors.ts";
import type { ObjectRef } from "../domain/object-ref.ts";
import type { Spec } from "../domain/spec.ts";
import type { Platform } from "../platform.ts";
import { findLines, type Lines } from "../store/line-search.ts";
import * as store from "../store/repositories/predictions.ts";
import { findSpec } from "../store/repositories/projects.ts";
import type { Db } from "../store/repositories/rows.ts";
import { needProject } from "./projects.ts";

export async function listPredictions(
  { db }: Platform,
  project: string,
  query: store.PredictionFilter & PageQuery,
): Promise<Page<Prediction>> {
  await needProject(db, project);
  return store.listPredictions(db, project, query);
}

/**
 * From a prediction back to where it came from: model, snapshot, clean rows, and the lines of the files as they were sent.
 * @throws SensorloopError NOT_FOUND
 */
export async function tracePrediction(platform: Platform, project: string, key: PredictionKey): Promise<Trace> {
  const { db } = platform;
  const prediction = await store.findPrediction(db, project, key);
  if (!prediction) throw new SensorloopError("NOT_FOUND", "there is no such prediction", { facts: { ...key } });
  const model = await db
    .selectFrom("model")
    .leftJoin("run", "run.id", "model.run")
    .select(["model.id", "model.run", "model.snapshot", "model.slot", "run.spec_version"])
    .where("model.id", "=", key.model)
    .executeTakeFirstOrThrow();
  const snapshot = await db
    .selectFrom("snapshot")
    .innerJoin("object", "object.key", "snapshot.manifest")
    .select(["snapshot.id", "snapshot.created_at", "object.key", "object.sha256", "object.bytes"])
    .where("snapshot.id", "=", prediction.snapshot)
    .executeTakeFirstOrThrow();
  const spec = await findSpec(db, project, model.spec_version ?? (await needProject(db, project)).specVersion);
  const lines = spec
    ? await linesOf(platform, spec.body, { key: snapshot.key, sha256: snapshot.sha256, bytes: snapshot.bytes }, prediction)
    : [];
  return {
    prediction,
    model: { id: model.id, run: model.run, snapshot: model.snapshot, slot: model.slot },
    snapshot: { id: snapshot.id, manifestSha256: snapshot.sha256, createdAt: snapshot.created_at.toISOString() },
    sources: await Promise.all(lines.map((found) => sourceOf(db, found))),
  };
}

async function linesOf({ objects, config }: Platform, spec: Spec, ref: ObjectRef, prediction: Prediction): Promise<Lines[]> {
  const manifest = parseManifest(await readFile(await objects.fetch(ref), "utf8"));
  for (const shard of manifest.shards) {
    const recordings = JSON.parse(await readFile(await objects.fetch(shard.recordings), "utf8")) as [string, string][] | null;
    if (recordings && !recordings.some(([subject, recording]) => subject === prediction.subject && recording === prediction.recording))
      continue;
    const found = await search(manifest, new Set(shard.parts));
    if (found.length > 0) return found;
  }
  return [];

  async function search({ parts }: Manifest, wanted: ReadonlySet<string>): Promise<Lines[]> {
    const local = await Promise.all(
      parts
        .filter((part) => wanted.has(part.file) && part.role === "samples")
        .map(async ({ file, fileSpec, ...part }) => ({ file, fileSpec, path: await objects.fetch(part) })),
    );
    const folder = await mkdtemp(join(config.scratchDir, "trace-"));
    try {
      return await findLines({ folder, parts: local, spec, window: prediction });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

async function sourceOf(db: Db, { file, from, to }: Lines): Promise<Trace["sources"][number]> {
  const row = await db
    .selectFrom("file")
    .innerJoin("upload", "upload.id", "file.upload")
    .innerJoin("object", "object.key", "upload.object")
    .select([
      "file.id",
      "file.name",
      "upload.id as upload",
      "upload.name as upload_name",
      "object.sha256",
      "upload.created_by",
      "upload.created_at",
    ])
    .where("file.id", "=", file)
    .executeTakeFirstOrThrow();
  const cleaning = await db.selectFrom("cleaning").select("id").where("file", "=", file).orderBy("created_at", "desc").executeTakeFirst();
  return {
    file: row.id,
    name: row.name,
    upload: row.upload,
    uploadName: row.upload_name,
    sha256: row.sha256,
    addedBy: row.created_by,
    addedAt: row.created_at.toISOString(),
    cleaning: cleaning?.id ?? null,
    lines: { from, to },
  };
}
