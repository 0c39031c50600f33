import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Artifact } from "../../lib/domain/artifact.ts";
import { genomeSchema, specSchema } from "../../lib/domain/spec.ts";
import type { Genome } from "../../lib/domain/spec.ts";
import { run as combine } from "../../lib/ml/combine-job.ts";
import { sha256 } from "../../lib/ml/model-files.ts";
import { loadPredictor } from "../../lib/ml/predictor.ts";
import type { Predictor } from "../../lib/domain/score/predictor.ts";
import { run as score } from "../../lib/ml/score-job.ts";
import { run as train } from "../../lib/ml/train-job.ts";
import type { TrainInput, TrainOutput } from "../../lib/ml/train-job.ts";
import { recordingControl, syntheticShard, temporaryFolder, writeShard } from "./synthetic-windows.ts";
import type { SyntheticOptions } from "./synthetic-windows.ts";

const OPTIONS: SyntheticOptions = { windows: 240, samples: 16, channels: 3, split: (window) => (window % 3 ? "train" : "holdout") };
const LOGISTIC = genomeSchema.parse({ family: "logistic" });
const BOOSTING = genomeSchema.parse({ family: "boosting", rounds: 20 });
const FOREST = genomeSchema.parse({ family: "forest", trees: 10 });
const CNN = genomeSchema.parse({ family: "cnn", convolutions: [{ filters: 4, kernel: 3 }], epochs: 2 });
const BOTH = genomeSchema.parse({ family: "cnn", convolutions: [{ filters: 4, kernel: 3 }], features: { units: 8 }, epochs: 2 });

const shard = syntheticShard(OPTIONS);
let path: string;
beforeAll(async () => {
  path = await writeShard(shard);
});

async function trained(genome: Genome, changes: Partial<TrainInput> = {}): Promise<TrainOutput> {
  const input = { genome, shards: [path], fit: ["train"], seed: 1, checkpoint: null, checkpointEverySeconds: 60, ...changes } as const;
  return await train(input, await recordingControl());
}
const files = ({ artifact, weights }: Pick<TrainOutput, "artifact" | "weights">) => ({ artifact: artifact.path, weights: weights.path });
const opened = async ({ artifact, weights }: Pick<TrainOutput, "artifact" | "weights">): Promise<Predictor> =>
  loadPredictor(await readFile(artifact.path), await readFile(weights.path), artifact.sha256);
const combined = async (...members: TrainOutput[]) => await combine({ members: members.map(files) }, await recordingControl());

/** The values that a model reads of every window of the shard, by name. */
function rowsFor({ artifact: { input }, width }: Predictor): Float32Array {
  const rows = new Float32Array(shard.windows * width);
  let at = 0;
  for (let window = 0; window < shard.windows; window += 1) {
    if (input.kind !== "features") {
      for (let sample = 0; sample < shard.samples; sample += 1)
        for (const name of input.channels)
          rows[at++] = shard.signals[(window * shard.samples + sample) * 3 + shard.channels.indexOf(name)]!;
    }
    if (input.kind !== "signal")
      for (const name of input.names) rows[at++] = shard.featureValues[window * 5 + shard.features.indexOf(name)]!;
  }
  return rows;
}
const answersOf = (predictor: Predictor) => predictor.predict(rowsFor(predictor), shard.windows).probabilities;

describe("an ensemble", () => {
  it.each([
    ["trees and networks that read different features", "features"],
    ["models that read samples, features, and both", "both"],
    ["models that read different channels", "signal"],
  ])("of %s answers with the mean of its members", async (_, kind) => {
    const [few, channel] = [{ columns: ["feature-3", "feature-1"] }, { columns: ["channel-2"] }];
    const members =
      kind === "features"
        ? [await trained(LOGISTIC, few), await trained(BOOSTING), await trained(FOREST, { columns: ["feature-5", "feature-1"] })]
        : kind === "both"
          ? [await trained(BOTH), await trained(CNN, channel), await trained(BOOSTING, few)]
          : [await trained(CNN, channel), await trained(CNN, { columns: ["channel-1", "channel-3"] })];
    const output = await combined(...members);
    const predictor = await opened(output);
    expect(predictor.artifact.input.kind).toBe(kind);
    const singles = await Promise.all(members.map(async (member) => answersOf(await opened(member))));
    for (const [at, value] of answersOf(predictor).entries()) {
      expect(value).toBeCloseTo(singles.reduce((sum, single) => sum + single[at]!, 0) / members.length, 6);
    }
    const input = { ...files(output), shards: [path], splits: ["holdout"] as const, leaking: false };
    const { splits } = await score(input, await recordingControl());
    const right = predictor
      .predict(rowsFor(predictor), shard.windows)
      .classes.filter((answer, window) => answer === shard.label[window] && window % 3 === 0);
    expect(splits[0]!.metrics!.accuracy.value).toBeCloseTo(right.length / 80, 9);
  });

  it("has neither another ensemble nor one model nor models of other classes for members, and no spec names one", async () => {
    const [logistic, boosting] = [await trained(LOGISTIC), await trained(BOOSTING)];
    const pair = await combined(logistic, boosting);
    const refused = (members: Pick<TrainOutput, "artifact" | "weights">[], message: string) =>
      expect(recordingControl().then((control) => combine({ members: members.map(files) }, control))).rejects.toMatchObject({
        code: "REQUEST_INVALID",
        message: expect.stringContaining(message),
      });
    await refused([pair, logistic], "no member");
    await refused([logistic], "2 to 8");
    const others = await writeShard(syntheticShard({ ...OPTIONS, classes: ["walk", "rest"] }));
    await refused([logistic, await trained(LOGISTIC, { shards: [others] })], "same classes");
    const longer = await writeShard(syntheticShard({ ...OPTIONS, samples: 20 }));
    await refused([await trained(CNN), await trained(CNN, { shards: [longer] })], "lengths");
    const models = specSchema.safeParse({ models: [{ family: "ensemble", members: [LOGISTIC, BOOSTING] }] });
    expect(models.error!.issues.some((issue) => issue.path.join(".") === "models.0.family")).toBe(true);
  });

  it("F28: is refused when it was tampered with, whichever member is hurt", async () => {
    const output = await combined(await trained(LOGISTIC), await trained(BOOSTING), await trained(CNN));
    const [json, weights] = [await readFile(output.artifact.path, "utf8"), await readFile(output.weights.path)];
    const load = (change: (artifact: Artifact, values: Float32Array) => void) => {
      const artifact = JSON.parse(json) as Artifact;
      const values = new Float32Array(new Uint8Array(weights).buffer);
      change(artifact, values);
      artifact.weights.sha256 = sha256(Buffer.from(values.buffer));
      return loadPredictor(Buffer.from(JSON.stringify(artifact)), Buffer.from(values.buffer));
    };
    expect(load(() => {}).artifact.genome.family).toBe("ensemble");
    const inEnsemble = (change: (genome: Extract<Artifact["genome"], { family: "ensemble" }>) => void) => (artifact: Artifact) => {
      if (artifact.genome.family === "ensemble") change(artifact.genome);
    };
    const damages: ((artifact: Artifact, values: Float32Array) => void)[] = [
      (artifact) => void artifact.members!.pop(),
      (artifact) => void artifact.members!.reverse(),
      (artifact) => void delete artifact.members,
      (artifact) => void (artifact.members![1]!.tensors[1]!.offset += 1),
      (artifact) => void (artifact.members![0]!.scaling = null),
      (artifact) => void (artifact.members![2]!.tensors[0]!.shape = [1e9, 1e9]),
      (artifact) => void (artifact.input = { kind: "features", names: [...shard.features] }),
      (artifact) => void (artifact.genome = LOGISTIC),
      inEnsemble((genome) => genome.members.pop()),
      inEnsemble((genome) => (genome.members[0] = structuredClone(genome) as unknown as Genome)),
      (artifact, values) => {
        const nodes = artifact.members![1]!.tensors.find(({ name }) => name === "node/left")!;
        values[nodes.offset] = 0;
      },
    ];
    for (const damage of damages) expect(() => load(damage)).toThrow(expect.objectContaining({ code: "ARTIFACT_CORRUPT" }));
  });
});

describe("a slot", () => {
  const listed = async (subjects: readonly string[]) => {
    const list = join(await temporaryFolder(), "subjects.json");
    await writeFile(list, JSON.stringify(subjects));
    return list;
  };

  it("learns from and reads its own columns only, in the order of the windows", async () => {
    const predictor = await opened(await trained(LOGISTIC, { columns: ["feature-4", "channel-1", "feature-2", "unheard-of"] }));
    expect(predictor.artifact.input).toEqual({ kind: "features", names: ["feature-2", "feature-4"] });
    const cnn = await opened(await trained(BOTH, { columns: ["channel-3", "feature-1"] }));
    expect(cnn.artifact.input).toEqual({ kind: "both", channels: ["channel-3"], samples: 16, names: ["feature-1"] });
    await expect(trained(LOGISTIC, { columns: ["channel-1"] })).rejects.toMatchObject({
      code: "TOO_LITTLE_DATA",
      message: expect.stringContaining("features"),
    });
    await expect(trained(BOTH, { columns: ["channel-1"] })).rejects.toMatchObject({ code: "TOO_LITTLE_DATA" });
  });

  it("learns from, is measured on and answers its own subjects only, and its holdout has a hash of its own", async () => {
    const sides = syntheticShard({
      ...OPTIONS,
      split: (window) => (["train", "validation", "holdout"] as const)[Math.floor(window / 4) % 3]!,
    });
    const shards = [await writeShard(sides)];
    const subjects = await listed(["person-2", "person-3", "of-no-window"]);
    const output = await trained(LOGISTIC, { shards, subjects });
    expect(output.rows).toBe(40);
    expect(output.validation).toMatchObject({ windows: 40, subjectCount: 2 });
    const ask = async (changes: { readonly subjects?: string; readonly columns?: readonly string[] }) => {
      const input = { ...files(output), shards, splits: ["holdout"] as const, leaking: false, ...changes };
      return await score(input, await recordingControl());
    };
    const [all, own] = [await ask({}), await ask({ subjects })];
    expect([all.rows, own.rows]).toEqual([80, 40]);
    expect(own.splits[0]!.metrics!.subjects.map(({ subject }) => subject).sort()).toEqual(["person-2", "person-3"]);
    expect(own.splits[0]!.windowsSha256).not.toBe(all.splits[0]!.windowsSha256);
    expect((await ask({ subjects: await listed(sides.subjects) })).splits[0]!.windowsSha256).toBe(all.splits[0]!.windowsSha256);
    await expect(ask({ columns: ["feature-1", "feature-2"] })).rejects.toMatchObject({
      code: "REQUEST_INVALID",
      message: expect.stringContaining("feature-3"),
    });
    await expect(trained(LOGISTIC, { shards, subjects: await listed(["nobody"]) })).rejects.toMatchObject({ code: "TOO_LITTLE_DATA" });
  });

  it("learns from every extra window too, and is never measured on one", async () => {
    const extra = await writeShard(
      syntheticShard({ ...OPTIONS, windows: 50, seed: 9, split: () => "validation", change: ({ label }) => void (label[0] = -1) }),
    );
    const subjects = await listed(["person-1"]);
    const [without, withExtra] = [await trained(LOGISTIC, { subjects }), await trained(LOGISTIC, { subjects, extra: [extra] })];
    expect(withExtra.rows).toBe(without.rows + 49);
    expect(withExtra.validation).toBeNull();
    expect(withExtra.weights.sha256).not.toBe(without.weights.sha256);
    const stranger = await writeShard(syntheticShard({ ...OPTIONS, windows: 50, features: 3 }));
    await expect(trained(LOGISTIC, { extra: [stranger] })).rejects.toMatchObject({ code: "REQUEST_INVALID" });
  });
});
