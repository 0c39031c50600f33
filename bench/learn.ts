import { readFile } from "node:fs/promises";
import { measure } from "../lib/domain/metrics.ts";
import { decodeOutcomes, type Outcomes } from "../lib/domain/outcomes.ts";
import type { Genome, Spec } from "../lib/domain/spec.ts";
import type { Study } from "./study.ts";

/** Files of a trained model. */
export interface ModelFiles {
  readonly artifact: string;
  readonly weights: string;
}

/** A model and its answers on the labelled windows of the holdout. */
export interface Fitted {
  /** `boosting`, or `boosting + mlp` for the mean of the two. */
  readonly name: string;
  readonly model: ModelFiles;
  readonly outcomes: Outcomes;
}

/**
 * The spec's genomes, each fitted on everything but the holdout, and behind them, where the spec asks for an ensemble, the
 * mean of all of them. Nothing is chosen: which model answers is what the spec says.
 */
export async function fitAll(study: Study, spec: Spec, shards: readonly string[]): Promise<Fitted[]> {
  const names = namesOf(spec.models);
  const models = await Promise.all(spec.models.map((genome) => train(study, spec, genome, shards)));
  const named = models.map((model, index) => ({ name: names[index]!, model }));
  if (spec.ensemble > 1 && models.length > 1) named.push({ name: names.join(" + "), model: await combine(study, models) });
  return Promise.all(named.map(async ({ name, model }) => ({ name, model, outcomes: await score(study, spec, model, shards) })));
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

export type Figures = ReturnType<typeof figuresOf>;

/** The figures of a table, with intervals by drawing people anew; `spread` is the standard deviation of people's accuracies. */
export function figuresOf(outcomes: Outcomes, leaking: boolean) {
  const { accuracy, macroF1, windows, subjects } = measure(outcomes, { leaking });
  const mean = subjects.reduce((sum, subject) => sum + subject.accuracy, 0) / subjects.length;
  const squares = subjects.reduce((sum, subject) => sum + (subject.accuracy - mean) ** 2, 0);
  return { accuracy, macroF1, windows, subjects: subjects.length, spread: Math.sqrt(squares / Math.max(1, subjects.length - 1)) };
}

async function train(study: Study, spec: Spec, genome: Genome, shards: readonly string[]): Promise<ModelFiles> {
  const { output } = await study.compute.run("train-model", {
    genome,
    shards,
    fit: ["train", "validation"],
    seed: spec.seed,
    checkpoint: null,
    checkpointEverySeconds: Number.MAX_SAFE_INTEGER,
  });
  return { artifact: output.artifact.path, weights: output.weights.path };
}

async function combine(study: Study, members: readonly ModelFiles[]): Promise<ModelFiles> {
  const { output } = await study.compute.run("combine-models", { members });
  return { artifact: output.artifact.path, weights: output.weights.path };
}

async function score(study: Study, spec: Spec, { artifact, weights }: ModelFiles, shards: readonly string[]): Promise<Outcomes> {
  const leaking = spec.split.by === "random";
  await using job = await study.compute.run("score-model", { artifact, weights, shards, splits: ["holdout"], leaking });
  const outcomes = job.output.splits[0]?.outcomes;
  if (!outcomes) throw new Error("the holdout has no labelled window");
  return decodeOutcomes(await readFile(outcomes.path));
}

/** Families, numbered where there are several of one. */
function namesOf(genomes: readonly Genome[]): string[] {
  return genomes.map(({ family }, index) => {
    const alike = genomes.filter((genome) => genome.family === family).length;
    const before = genomes.slice(0, index).filter((genome) => genome.family === family).length;
    return alike > 1 ? `${family} ${before + 1}` : family;
  });
}
