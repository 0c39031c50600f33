import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ARTIFACT_FORMAT, type Artifact } from "../domain/artifact.ts";
import type { TensorShape } from "../domain/layers.ts";
import { corrupt, modelOf, parseArtifact, type Model } from "../domain/score/model.ts";

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export type ArtifactFacts = Omit<Artifact, "format" | "tensors" | "weights">;

/** Writes `artifact.json` and `weights.bin` (little-endian float32) to `folder`. */
export async function writeModel(
  folder: string,
  facts: ArtifactFacts,
  tensors: readonly Pick<TensorShape, "name" | "shape" | "offset">[],
  weights: Float32Array,
) {
  const weightBytes = new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength);
  const weightFacts = { path: join(folder, "weights.bin"), sha256: sha256(weightBytes), bytes: weightBytes.length };
  const artifact: Artifact = {
    format: ARTIFACT_FORMAT,
    ...facts,
    tensors: tensors.map(({ name, shape, offset }) => ({ name, shape: [...shape], offset })),
    weights: { sha256: weightFacts.sha256, floats: weights.length },
  };
  const json = Buffer.from(`${JSON.stringify(artifact)}\n`);
  const path = join(folder, "artifact.json");
  await writeFile(weightFacts.path, weightBytes);
  await writeFile(path, json);
  return { artifact: { path, sha256: sha256(json), bytes: json.length }, weights: weightFacts };
}

/**
 * A model from its two files' bytes, checked in every part.
 * @param artifactSha256 hash of the JSON where one is on record; without it a changed digit in the JSON can't be noticed
 * @throws SensorloopError ARTIFACT_CORRUPT, FORMAT_TOO_NEW
 */
export function readModel(artifactBytes: Uint8Array, weightBytes: Uint8Array, artifactSha256?: string): Model {
  if (artifactSha256 !== undefined && sha256(artifactBytes) !== artifactSha256)
    throw corrupt("its description does not match the hash on record");
  const artifact = parseArtifact(artifactBytes);
  if (weightBytes.length === 4 * artifact.weights.floats && sha256(weightBytes) !== artifact.weights.sha256)
    throw corrupt("its weights do not match their hash");
  return modelOf(artifact, weightBytes);
}
