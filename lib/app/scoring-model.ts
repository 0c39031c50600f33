import { readFile } from "node:fs/promises";
import type { ScoringModel } from "../domain/api/signals.ts";
import { SensorloopError } from "../domain/errors.ts";
import type { ObjectRef } from "../domain/object-ref.ts";
import { parseArtifact } from "../domain/score/model.ts";
import type { Platform } from "../platform.ts";
import { sha256Of } from "../store/hashes.ts";
import { findModelObjects, findModelSummary } from "../store/repositories/models.ts";
import { noModel } from "./models.ts";
import { specOfModel } from "./predict-file.ts";

interface Bytes {
  readonly artifact: ObjectRef;
  readonly weights: ObjectRef;
}

/**
 * A model for who scores by themselves: a browser, a phone. `tag` changes with its content.
 * @throws SensorloopError NOT_FOUND, ARTIFACT_CORRUPT
 */
export async function showScoringModel(platform: Platform, id: string): Promise<{ readonly tag: string; readonly body: ScoringModel }> {
  const model = await findModelSummary(platform.db, id);
  if (!model) throw noModel(id);
  const bytes = await bytesOf(platform, id);
  const spec = await specOfModel(platform, model.project, id);
  const artifact = parseArtifact(await readFile(await platform.objects.fetch(bytes.artifact)));
  return {
    tag: `"${sha256Of({ artifact: bytes.artifact.sha256, spec })}"`,
    body: { model: id, slot: model.slot, artifact, spec },
  };
}

/** Path of a model's weights, whose hash was checked, and their size. @throws SensorloopError NOT_FOUND, ARTIFACT_CORRUPT */
export async function fetchWeights(
  platform: Platform,
  id: string,
): Promise<{ readonly tag: string; readonly path: string; readonly bytes: number }> {
  const { weights } = await bytesOf(platform, id);
  return { tag: `"${weights.sha256}"`, path: await platform.objects.fetch(weights), bytes: weights.bytes };
}

async function bytesOf({ db }: Platform, id: string): Promise<Bytes> {
  const bytes = await findModelObjects(db, id);
  if (bytes) return bytes;
  if (!(await findModelSummary(db, id))) throw noModel(id);
  throw new SensorloopError("ARTIFACT_CORRUPT", `model '${id}' has no bytes on record`, { facts: { model: id } });
}
