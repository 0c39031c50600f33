import { readFile } from "node:fs/promises";
import type { JobResult } from "../lib/compute/pool.ts";
import type { JobOutput } from "../lib/compute/job.ts";
import { measure } from "../lib/domain/metrics.ts";
import type { Metrics } from "../lib/domain/metrics-schema.ts";
import { decodeOutcomes, type Outcomes } from "../lib/domain/outcomes.ts";
import type { Genome, Spec } from "../lib/domain/spec.ts";
import type { Split } from "../lib/domain/window-shard.ts";
import type { Study } from "./study.ts";

/** Files of a trained model. */
export interface ModelFiles {
  readonly artifact: string;
  readonly weights: string;
}

/** One model, or the mean of several. */
export interface Contender {
  /** `boosting`, or `boosting + mlp` for the mean of the two. */
  readonly name: string;
  readonly genomes: readonly Genome[];
}

export interface Learned {
  /** What validation chose; the holdout had no say in it. */
  readonly chosen: Contender;
  /** Macro F1 on validation of all that were tried. */
  readonly validation: Readonly<Record<string, number>>;
  readonly model: ModelFiles;
  /** Answers of the chosen model on the holdout. */
  readonly outcomes: Outcomes;
  readonly shards: readonly string[];
}

/**
 * What a run does between windows and gate: trains the spec's genomes on the training side, puts the mean of the best
 * beside them, chooses by macro F1 on validation, fits the choice again on both sides, and only then looks at the holdout.
 */
export async function learn(study: Study, spec: Spec): Promise<Learned> {
  const shards = await study.windows(spec);
  const names = namesOf(spec.models);
  const trials = await Promise.all(
    spec.models.map(async (genome, index) => {
      const trained = await train(study, spec, genome, shards, ["train"]);
      return { name: names[index]!, genomes: [genome], model: trained, f1: f1Of(trained.validation) };
    }),
  );
  const contenders: (Contender & { readonly f1: number })[] = trials.toSorted((one, other) => other.f1 - one.f1);
  if (spec.ensemble > 1 && trials.length > 1) {
    const best = trials.toSorted((one, other) => other.f1 - one.f1).slice(0, spec.ensemble);
    const mean = await combine(study, best.map(({ model }) => model));
    const f1 = f1Of((await score(study, spec, mean, shards, "validation")).metrics);
    contenders.push({ name: best.map(({ name }) => name).join(" + "), genomes: best.flatMap(({ genomes }) => genomes), f1 });
  }
  // As in a run: the mean must beat the best of its members.
  const chosen = contenders.reduce((best, contender) => (contender.f1 > best.f1 ? contender : best));
  const model = await fit(study, spec, chosen.genomes, shards);
  const { outcomes } = await score(study, spec, model, shards, "holdout");
  return { chosen, validation: Object.fromEntries(contenders.map(({ name, f1 }) => [name, f1])), model, outcomes, shards };
}

/** One model of these genomes, fitted on everything but the holdout; the mean of their answers where there are several. */
export async function fit(study: Study, spec: Spec, genomes: readonly Genome[], shards: readonly string[]): Promise<ModelFiles> {
  const members = await Promise.all(genomes.map((genome) => train(study, spec, genome, shards, ["train", "validation"])));
  return members.length === 1 ? members[0]! : combine(study, members);
}

/** Answers of a model on the labelled windows of one side. */
export async function score(
  study: Study,
  spec: Spec,
  model: ModelFiles,
  shards: readonly string[],
  split: Split,
): Promise<{ readonly outcomes: Outcomes; readonly metrics: Metrics }> {
  const leaking = spec.split.by === "random";
  await using job = await study.compute.run("score-model", { ...model, shards, splits: [split], leaking });
  const { outcomes, metrics } = job.output.splits[0]!;
  if (!outcomes || !metrics) throw new Error(`${split} holds no labelled window`);
  return { outcomes: decodeOutcomes(await readFile(outcomes.path)), metrics };
}

/** Answers of several folds as one: everybody answered once, by a model that never saw them. */
export function pooled(parts: readonly Outcomes[]): Outcomes {
  const [first] = parts;
  if (!first || parts.some(({ classes }) => classes.join() !== first.classes.join())) throw new Error("the folds' classes differ");
  const subjects = [...new Set(parts.flatMap((part) => part.subjects))];
  const place = new Map(subjects.map((subject, index) => [subject, index]));
  return {
    classes: first.classes,
    subjects,
    subject: Int32Array.from(parts.flatMap((part) => Array.from(part.subject, (subject) => place.get(part.subjects[subject]!)!))),
    actual: Int32Array.from(parts.flatMap((part) => [...part.actual])),
    predicted: Int32Array.from(parts.flatMap((part) => [...part.predicted])),
    confidence: Float32Array.from(parts.flatMap((part) => [...part.confidence])),
  };
}

/** The figures of a table: `spread` is the standard deviation of the subjects' accuracies. */
export function figuresOf(outcomes: Outcomes, leaking: boolean) {
  const { accuracy, macroF1, windows, subjects } = measure(outcomes, { leaking });
  const mean = subjects.reduce((sum, subject) => sum + subject.accuracy, 0) / subjects.length;
  const squares = subjects.reduce((sum, subject) => sum + (subject.accuracy - mean) ** 2, 0);
  return { accuracy, macroF1, windows, subjects: subjects.length, spread: Math.sqrt(squares / Math.max(1, subjects.length - 1)) };
}

async function train(study: Study, spec: Spec, genome: Genome, shards: readonly string[], sides: ("train" | "validation")[]) {
  const { output }: JobResult<JobOutput<"train-model">> = await study.compute.run("train-model", {
    genome,
    shards,
    fit: sides,
    seed: spec.seed,
    checkpoint: null,
    checkpointEverySeconds: Number.MAX_SAFE_INTEGER,
    leaking: spec.split.by === "random",
  });
  return { artifact: output.artifact.path, weights: output.weights.path, validation: output.validation };
}

async function combine(study: Study, members: readonly ModelFiles[]): Promise<ModelFiles> {
  const paths = members.map(({ artifact, weights }) => ({ artifact, weights }));
  const { output } = await study.compute.run("combine-models", { members: paths });
  return { artifact: output.artifact.path, weights: output.weights.path };
}

function f1Of(metrics: Metrics | null): number {
  if (!metrics) throw new Error("validation holds no labelled window");
  return metrics.macroF1.value;
}

/** Families, numbered where there are several of one. */
function namesOf(genomes: readonly Genome[]): string[] {
  return genomes.map(({ family }, index) => {
    const alike = genomes.filter((genome) => genome.family === family).length;
    const before = genomes.slice(0, index).filter((genome) => genome.family === family).length;
    return alike > 1 ? `${family} ${before + 1}` : family;
  });
}
