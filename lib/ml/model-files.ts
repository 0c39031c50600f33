import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { layersOf } from "../domain/architecture.ts";
import { ARTIFACT_FORMAT, artifactSchema } from "../domain/artifact.ts";
import type { Artifact } from "../domain/artifact.ts";
import { SensorloopError } from "../domain/errors.ts";
import { sizeOf, tensorsOf, weightCount } from "../domain/layers.ts";
import type { InputShape, Layer, TensorShape } from "../domain/layers.ts";

/** A model checked in every part, ready to be computed with. */
export interface Model {
  readonly artifact: Artifact;
  readonly input: InputShape;
  readonly layers: readonly Layer[];
  readonly tensors: readonly TensorShape[];
  readonly weights: Float32Array;
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export type ArtifactFacts = Omit<Artifact, "format" | "tensors" | "weights">;

/** Writes `artifact.json` and `weights.bin` (little-endian float32) to `folder`. */
export async function writeModel(folder: string, facts: ArtifactFacts, tensors: readonly TensorShape[], weights: Float32Array) {
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
 * A model from its two files' bytes. Nothing is computed with before all of it is checked: format, schema, hash of the
 * weights, every tensor against what the genome needs, every number finite.
 * @param artifactSha256 hash of the JSON where one is on record; without it a changed digit in the JSON can't be noticed
 * @throws SensorloopError ARTIFACT_CORRUPT, FORMAT_TOO_NEW
 */
export function readModel(artifactBytes: Uint8Array, weightBytes: Uint8Array, artifactSha256?: string): Model {
  if (artifactSha256 !== undefined && sha256(artifactBytes) !== artifactSha256)
    throw corrupt("its description does not match the hash on record");
  const artifact = parseArtifact(artifactBytes);
  const { genome, classes, input: reads, scaling } = artifact;
  if (weightBytes.length !== 4 * artifact.weights.floats)
    throw corrupt(`its weights are ${weightBytes.length} bytes where ${4 * artifact.weights.floats} belong`);
  if (sha256(weightBytes) !== artifact.weights.sha256) throw corrupt("its weights do not match their hash");
  const input: InputShape =
    reads.kind === "features"
      ? { kind: "features", width: reads.names.length }
      : { kind: "signal", samples: reads.samples, channels: reads.channels.length };
  const layers = layersOfSound(genome, input, classes.length);
  const tensors = tensorsOf(layers);
  checkTensors(artifact, tensors);
  const columns = input.kind === "features" ? input.width : input.channels;
  const sound = scaling.mean.length === columns && scaling.sd.length === columns && scaling.sd.every((sd) => sd > 0) && scaling.clip > 0;
  if (!sound) throw corrupt(`its scaling does not fit its ${columns} inputs`);
  // A copy: bytes that come from the network need not begin at a multiple of four.
  const weights = new Float32Array(new Uint8Array(weightBytes).buffer);
  if (!weights.every(Number.isFinite)) throw corrupt("its weights hold a value that is not a number");
  for (const { name, shape, offset } of tensors) {
    const low = name.endsWith("/variance") && weights.subarray(offset, offset + sizeOf(shape)).some((value) => value < 0);
    if (low) throw corrupt(`its tensor '${name}' holds a negative variance`);
  }
  return { artifact, input, layers, tensors, weights };
}

function parseArtifact(bytes: Uint8Array): Artifact {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw corrupt("its description is not JSON", cause);
  }
  const format = z.looseObject({ format: z.number() }).safeParse(json);
  if (format.success && format.data.format > ARTIFACT_FORMAT) {
    throw new SensorloopError("FORMAT_TOO_NEW", `the model has format ${format.data.format}; this version reads up to ${ARTIFACT_FORMAT}`);
  }
  const parsed = artifactSchema.safeParse(json);
  if (!parsed.success)
    throw corrupt(`its description is not valid: ${parsed.error.issues[0]?.path.join(".")} ${parsed.error.issues[0]?.message}`);
  return parsed.data;
}

function layersOfSound(...[genome, input, classes]: Parameters<typeof layersOf>): readonly Layer[] {
  try {
    return layersOf(genome, input, classes);
  } catch (cause) {
    throw corrupt("its genome does not fit its input", cause);
  }
}

function checkTensors(artifact: Artifact, tensors: readonly TensorShape[]): void {
  const describe = (list: readonly { name: string; shape: readonly number[]; offset: number }[]) =>
    list.map(({ name, shape, offset }) => `${name} [${shape.join(", ")}] at ${offset}`);
  const [expected, found] = [describe(tensors), describe(artifact.tensors)];
  const floats = weightCount(tensors).all;
  for (let index = 0; index < Math.max(expected.length, found.length); index += 1) {
    if (expected[index] !== found[index]) {
      throw corrupt(`its tensor ${index + 1} is ${found[index] ?? "missing"} where the genome needs ${expected[index] ?? "none"}`);
    }
  }
  if (artifact.weights.floats !== floats) throw corrupt(`it lists ${artifact.weights.floats} weights where the genome needs ${floats}`);
}

function corrupt(why: string, cause?: unknown): SensorloopError {
  return new SensorloopError("ARTIFACT_CORRUPT", `the model is refused: ${why}`, { cause });
}
