import { z } from "zod";
import { layersOf } from "../architecture.ts";
import { ARTIFACT_FORMAT, artifactSchema } from "../artifact.ts";
import type { Artifact, ArtifactMember, TensorEntry } from "../artifact.ts";
import { columnCount, columnsOf, missingFrom, placesIn, shapeOf } from "../artifact-input.ts";
import { SensorloopError } from "../errors.ts";
import { sizeOf, tensorsOf, weightCount } from "../layers.ts";
import type { InputShape, Layer, TensorShape } from "../layers.ts";
import type { Scaling } from "../scaling.ts";
import type { Genome, NetworkGenome, TreeGenome } from "../spec.ts";
import type { TreeModel } from "../trees/tree-model.ts";
import { treeCount, unpackTrees } from "../trees/tree-tensors.ts";

/** A model checked in every part, ready to be computed with. */
export interface Model {
  readonly artifact: Artifact;
  readonly input: InputShape;
  /** One, or those whose probabilities an ensemble takes the mean of. */
  readonly parts: readonly ModelPart[];
}

export type ModelPart = NetworkPart | TreePart;

interface PartFacts {
  readonly input: InputShape;
  /** Where its values stand in a row of the model's; null where it reads such a row as it is. */
  readonly places: Int32Array | null;
}

export interface NetworkPart extends PartFacts {
  readonly kind: "network";
  readonly scaling: Scaling;
  readonly layers: readonly Layer[];
  /** With offsets in `weights`. */
  readonly tensors: readonly TensorShape[];
  readonly weights: Float32Array;
}

interface TreePart extends PartFacts {
  readonly kind: "trees";
  readonly model: TreeModel;
}

/**
 * A model from its description and its weights' bytes, whose hashes the caller has checked. Nothing is computed with before
 * all of it is: every tensor against what the genome needs, every number finite, every way through a tree.
 * @throws SensorloopError ARTIFACT_CORRUPT
 */
export function modelOf(artifact: Artifact, weightBytes: Uint8Array): Model {
  if (weightBytes.length !== 4 * artifact.weights.floats)
    throw corrupt(`its weights are ${weightBytes.length} bytes where ${4 * artifact.weights.floats} belong`);
  // A copy: bytes that come from the network need not begin at a multiple of four.
  const weights = new Float32Array(new Uint8Array(weightBytes).buffer);
  if (!weights.every(Number.isFinite)) throw corrupt("its weights hold a value that is not a number");
  let offset = 0;
  const parts = membersOf(artifact).map(([genome, member]): ModelPart => {
    const floats = member.tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    if (offset + floats > weights.length) throw corrupt(`it lists more than its ${weights.length} weights`);
    const own = weights.subarray(offset, offset + floats);
    const tensors = member.tensors.map((tensor) => ({ ...tensor, offset: tensor.offset - offset }));
    offset += floats;
    return partOf(artifact, genome, { ...member, tensors }, own);
  });
  if (offset !== weights.length) throw corrupt(`its tensors hold ${offset} of its ${weights.length} weights`);
  return { artifact, input: shapeOf(artifact.input), parts };
}

/** What a model consists of: itself, or, of an ensemble, its members with their genomes. */
export function membersOf(artifact: Artifact): (readonly [Genome, ArtifactMember])[] {
  const { genome, members = [] } = artifact;
  if (genome.family !== "ensemble") {
    if (members.length > 0) throw corrupt("it has members, and is no ensemble");
    return [[genome, artifact]];
  }
  if (members.length !== genome.members.length || artifact.tensors.length > 0)
    throw corrupt(`it has ${members.length} members where its genome names ${genome.members.length}`);
  return members.map((member, index) => [genome.members[index]!, member]);
}

function partOf({ classes, input: whole }: Artifact, genome: Genome, member: ArtifactMember, weights: Float32Array): ModelPart {
  const { input: reads } = member;
  const [has, wants] = [columnsOf(whole), columnsOf(reads)];
  if (missingFrom(whole, reads).length > 0 || (wants.channels.length > 0 && wants.samples !== has.samples))
    throw corrupt("a member reads what the ensemble does not");
  const facts = { input: shapeOf(reads), places: placesIn(whole, reads) };
  if (genome.family === "boosting" || genome.family === "forest") {
    return { kind: "trees", ...facts, model: treesOf(genome, member, classes.length, weights) };
  }
  return { kind: "network", ...facts, ...networkOf(genome, member, facts.input, classes.length, weights) };
}

function treesOf(genome: TreeGenome, { tensors, input, scaling }: ArtifactMember, classes: number, weights: Float32Array): TreeModel {
  if (input.kind !== "features" || scaling !== null) throw corrupt("trees read unscaled features");
  const model = unpackTrees(tensors, weights, { genome, classes, width: input.names.length });
  const [expected, found] = [treeCount(genome, classes), model.trees.root.length];
  if (expected !== found) throw corrupt(`it has ${found} trees where the genome needs ${expected}`);
  return model;
}

function networkOf(genome: NetworkGenome, member: ArtifactMember, input: InputShape, classes: number, weights: Float32Array) {
  const layers = layersOfSound(genome, input, classes);
  const tensors = tensorsOf(layers);
  checkTensors(member.tensors, tensors);
  if (weightCount(tensors).all !== weights.length)
    throw corrupt(`it lists ${weights.length} weights where the genome needs ${weightCount(tensors).all}`);
  const { scaling } = member;
  const columns = columnCount(member.input);
  const sound = scaling?.mean.length === columns && scaling.sd.length === columns && scaling.sd.every((sd) => sd > 0) && scaling.clip > 0;
  if (!sound) throw corrupt(`its scaling does not fit its ${columns} inputs`);
  for (const { name, shape, offset } of tensors) {
    const low = name.endsWith("/variance") && weights.subarray(offset, offset + sizeOf(shape)).some((value) => value < 0);
    if (low) throw corrupt(`its tensor '${name}' holds a negative variance`);
  }
  return { scaling, layers, tensors, weights };
}

/**
 * A model's description by itself, its tensors not looked at.
 * @throws SensorloopError ARTIFACT_CORRUPT, FORMAT_TOO_NEW
 */
export function parseArtifact(bytes: Uint8Array): Artifact {
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

function checkTensors(listed: readonly TensorEntry[], tensors: readonly TensorShape[]): void {
  const describe = (list: readonly { name: string; shape: readonly number[]; offset: number }[]) =>
    list.map(({ name, shape, offset }) => `${name} [${shape.join(", ")}] at ${offset}`);
  const [expected, found] = [describe(tensors), describe(listed)];
  for (let index = 0; index < Math.max(expected.length, found.length); index += 1) {
    if (expected[index] !== found[index]) {
      throw corrupt(`its tensor ${index + 1} is ${found[index] ?? "missing"} where the genome needs ${expected[index] ?? "none"}`);
    }
  }
}

/** A model that is not computed with, and why. */
export function corrupt(why: string, cause?: unknown): SensorloopError {
  return new SensorloopError("ARTIFACT_CORRUPT", `the model is refused: ${why}`, { cause });
}
