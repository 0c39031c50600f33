import { mkdir, readFile } from "node:fs/promises";
import type { JobControl } from "../compute/job.ts";
import { MOST_MEMBERS } from "../domain/artifact.ts";
import type { Artifact } from "../domain/artifact.ts";
import { unionOf } from "../domain/artifact-input.ts";
import { SensorloopError } from "../domain/errors.ts";
import type { Genome } from "../domain/spec.ts";
import { membersOf } from "../domain/score/model.ts";
import { readModel, writeModel } from "./model-files.ts";

export interface CombineInput {
  /** Files of the models, none of them an ensemble. */
  readonly members: readonly { readonly artifact: string; readonly weights: string; readonly artifactSha256?: string }[];
}

export type CombineOutput = Awaited<ReturnType<typeof writeModel>>;

/**
 * One model of several, whose probabilities are the mean of theirs. Each member keeps its genome, input and scaling; what
 * the model reads is all that they read.
 * @throws SensorloopError ARTIFACT_CORRUPT, FORMAT_TOO_NEW (a member); REQUEST_INVALID where they do not go together
 */
export async function run({ members }: CombineInput, control: JobControl): Promise<CombineOutput> {
  if (members.length < 2 || members.length > MOST_MEMBERS)
    throw new SensorloopError("REQUEST_INVALID", `an ensemble has 2 to ${MOST_MEMBERS} members, not ${members.length}`);
  const artifacts: Artifact[] = [];
  const buffers: Uint8Array[] = [];
  for (const [index, member] of members.entries()) {
    const weights = await readFile(member.weights);
    artifacts.push(readModel(await readFile(member.artifact), weights, member.artifactSha256).artifact);
    buffers.push(weights);
    control.progress({ done: index + 1, total: members.length, unit: "model" });
  }
  const genomes = artifacts.map(({ genome }): Genome => {
    if (genome.family === "ensemble") throw new SensorloopError("REQUEST_INVALID", "an ensemble can be no member of another");
    return genome;
  });
  const { classes } = artifacts[0]!;
  if (artifacts.some((artifact) => JSON.stringify(artifact.classes) !== JSON.stringify(classes)))
    throw new SensorloopError("REQUEST_INVALID", "the members of an ensemble must answer with the same classes");
  const input = unionOf(artifacts.map((artifact) => artifact.input));
  if (!input) throw new SensorloopError("REQUEST_INVALID", "the members of an ensemble read windows of different lengths");
  let offset = 0;
  const placed = artifacts.flatMap(membersOf).map(([, { scaling, tensors, training, ...member }], index) => {
    const moved = tensors.map((tensor) => ({ ...tensor, offset: tensor.offset + offset }));
    offset += artifacts[index]!.weights.floats;
    return { input: member.input, scaling, tensors: moved, training };
  });
  const weights = new Float32Array(new Uint8Array(Buffer.concat(buffers)).buffer);
  await mkdir(control.folder, { recursive: true });
  const genome = { family: "ensemble" as const, members: genomes };
  return await writeModel(
    control.folder,
    { genome, classes, input, scaling: null, members: placed, training: sumOf(artifacts) },
    [],
    weights,
  );
}

function sumOf(artifacts: readonly Artifact[]): Artifact["training"] {
  const trainings = artifacts.map(({ training }) => training);
  const [first] = trainings as [Artifact["training"], ...Artifact["training"][]];
  const backends = new Set(trainings.flatMap(({ backend }) => backend ?? []));
  return {
    backend: backends.size === 1 ? [...backends][0]! : null,
    threads: Math.max(...trainings.map(({ threads }) => threads)),
    seed: first.seed,
    epochs: trainings.reduce((sum, { epochs }) => sum + epochs, 0),
    rows: Math.max(...trainings.map(({ rows }) => rows)),
    seconds: trainings.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}
