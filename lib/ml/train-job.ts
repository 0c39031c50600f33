import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { JobControl } from "../compute/job.ts";
import { layersOf } from "../domain/architecture.ts";
import { canonicalJson } from "../domain/canonical.ts";
import { SensorloopError } from "../domain/errors.ts";
import { tensorsOf } from "../domain/layers.ts";
import { macroF1Of, measure } from "../domain/metrics.ts";
import type { Metrics } from "../domain/metrics-schema.ts";
import { applyScaling, fitScaling } from "../domain/scaling.ts";
import type { Genome } from "../domain/spec.ts";
import { loadBackend } from "./backend.ts";
import type { Backend, BackendName } from "./backend.ts";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import type { Checkpoint, CurvePoint } from "./checkpoint.ts";
import { eagerStep } from "./eager-step.ts";
import { initialWeights } from "./initialise.ts";
import { logisticStep } from "./logistic-step.ts";
import { sha256, writeModel } from "./model-files.ts";
import { bestOf, tensorflowScorer } from "./scorer.ts";
import type { Scorer } from "./scorer.ts";
import type { TrainingStep } from "./training-step.ts";
import { selectRows } from "./window-rows.ts";
import type { LabelledRows } from "./window-rows.ts";

export interface TrainInput {
  readonly genome: Genome;
  /** Files of the window set, in `window-shard.ts`'s format. */
  readonly shards: readonly string[];
  /** Sides of the split to learn from; `validation` is measured where it is not among them. */
  readonly fit: readonly ("train" | "validation")[];
  readonly seed: number;
  /** File of a checkpoint to go on from; one that does not belong to this training is left aside, see `resumed`. */
  readonly checkpoint: string | null;
  /** A checkpoint is written at the first border of epochs after this long. 0 = at each. */
  readonly checkpointEverySeconds: number;
  readonly backend?: BackendName;
  /** Of one operation; part of what makes the bits. */
  readonly threads?: number;
  /** Whether the split lets one person stand on both sides; goes into the validation's metrics. */
  readonly leaking?: boolean;
}

export interface TrainOutput {
  readonly artifact: { readonly path: string; readonly sha256: string; readonly bytes: number };
  readonly weights: { readonly path: string; readonly sha256: string; readonly bytes: number };
  /** At most about 100 points, evenly over the epochs, with the last. */
  readonly curve: readonly CurvePoint[];
  readonly seconds: number;
  readonly rows: number;
  readonly epochs: number;
  readonly backend: BackendName;
  readonly backendReason: string;
  readonly threads: number;
  /** Epochs that a checkpoint spared, or why it could not be used; null without one. */
  readonly resumed: { readonly epochs: number } | { readonly refused: string } | null;
  readonly validation: Metrics | null;
}

const CURVE_POINTS = 100;

/**
 * Trains one model. The same input on the same back end with the same thread count gives the same bits, whether or not it
 * was interrupted and resumed. Rows: those of `fit` with a label, dense windows included; scaled by their own z-score.
 * @throws SensorloopError TOO_LITTLE_DATA, TRAINING_DIVERGED, TENSORFLOW_UNAVAILABLE, SPEC_INVALID
 */
export async function run(input: TrainInput, control: JobControl): Promise<TrainOutput> {
  const started = performance.now();
  const { genome, seed, fit } = input;
  const backend = await loadBackend({ wanted: input.backend, threads: input.threads ?? 1 });
  const selected = await selectRows(input.shards, genome.family, { splits: fit, dense: true });
  checkEnough(selected);
  const { source, labels } = selected;
  const columns = source.names.length;
  const scaling = fitScaling(selected.values, columns);
  const values = applyScaling(scaling, selected.values, selected.values);
  const layers = layersOf(genome, source.input, source.classes.length);
  const tensors = tensorsOf(layers);
  const scorer = tensorflowScorer(backend.tf, layers, tensors, source.input);
  const validation = fit.includes("validation")
    ? null
    : await readValidation(input.shards, genome.family, (rows) => applyScaling(scaling, rows, rows));
  const identity = identityOf(input, backend, values, labels);
  const shape = { input: source.input, classes: source.classes.length, width: values.length / labels.length };
  const step: TrainingStep =
    genome.family === "logistic"
      ? logisticStep({ tf: backend.tf, genome, rows: { values, labels }, ...shape })
      : eagerStep({ tf: backend.tf, genome, layers, tensors, rows: { values, labels }, seed, ...shape });
  const checkpoint = input.checkpoint === null ? null : await readCheckpoint(input.checkpoint, identity);
  const from = typeof checkpoint === "string" ? null : checkpoint;
  step.load(from?.state ?? { weights: initialWeights(tensors, seed) });
  const { epochs, curve } = await train({ step, genome, from, identity, control, every: input.checkpointEverySeconds, validation, scorer });
  const weights = step.weights();
  step.dispose();
  const seconds = (performance.now() - started) / 1000;
  const files = await writeModel(
    control.folder,
    {
      genome,
      classes: [...source.classes],
      input:
        source.input.kind === "features"
          ? { kind: "features", names: [...source.names] }
          : { kind: "signal", channels: [...source.names], samples: source.input.samples },
      scaling: { mean: [...scaling.mean], sd: [...scaling.sd], clip: scaling.clip },
      training: { backend: backend.name, threads: backend.threads, seed, epochs, rows: labels.length, seconds },
    },
    tensors,
    weights,
  );
  return {
    ...files,
    curve,
    seconds,
    rows: labels.length,
    epochs,
    backend: backend.name,
    backendReason: backend.reason,
    threads: backend.threads,
    resumed: typeof checkpoint === "string" ? { refused: checkpoint } : checkpoint && { epochs: checkpoint.epochs },
    validation: validation && measureRows(validation, scorer(weights, validation.values), input.leaking ?? false, seed),
  };
}

interface Training {
  readonly step: TrainingStep;
  readonly genome: Genome;
  readonly from: Checkpoint | null;
  readonly identity: string;
  readonly control: JobControl;
  readonly every: number;
  readonly validation: LabelledRows | null;
  readonly scorer: Scorer;
}

/** Runs the epochs that are left; reports each, and saves at their borders. */
async function train({ step, genome, from, identity, control, every, validation, scorer }: Training) {
  const total = genome.family === "logistic" ? genome.maxIterations : genome.epochs;
  const unit = genome.family === "logistic" ? "iteration" : "epoch";
  const stride = Math.ceil(total / CURVE_POINTS);
  const curve: CurvePoint[] = [...(from?.curve ?? [])];
  const written: string[] = [];
  await mkdir(control.folder, { recursive: true });
  let epochs = from?.epochs ?? 0;
  let finished = from?.finished ?? false;
  let saved = performance.now();
  while (epochs < total && !finished) {
    const result = await step.epoch(epochs);
    epochs += 1;
    finished = result.finished;
    const last = finished || epochs === total;
    const { loss, accuracy } = result;
    if (last || epochs % stride === 0) {
      const validationF1 = validation ? macroF1(validation, scorer(step.weights(), validation.values)) : undefined;
      curve.push({ epoch: epochs, loss, accuracy, ...(validationF1 === undefined ? {} : { validationF1 }) });
    }
    let checkpoint: string | undefined;
    if (performance.now() - saved >= every * 1000) {
      checkpoint = join(control.folder, `checkpoint-${epochs}.bin`);
      await writeCheckpoint(checkpoint, { identity, epochs, finished, curve, state: step.state() });
      written.push(checkpoint);
      // The one before may still be on its way to the object store.
      if (written.length > 2) await rm(written.shift()!, { force: true });
      saved = performance.now();
    }
    control.progress({
      done: epochs,
      total: finished ? epochs : total,
      unit,
      detail: { loss, accuracy, ...(checkpoint ? { checkpoint } : {}) },
    });
  }
  return { epochs, curve };
}

function checkEnough({ labels, source }: LabelledRows): void {
  const present = new Set(labels);
  if (present.size >= 2) return;
  const found = present.size === 0 ? "no labelled window" : `windows of one class only ('${source.classes[labels[0]!]}')`;
  throw new SensorloopError("TOO_LITTLE_DATA", `the training side of the split holds ${found}`, { facts: { rows: labels.length } });
}

function identityOf({ genome, seed }: TrainInput, { name, threads }: Backend, values: Float32Array, labels: Int32Array): string {
  const bytes = (array: Float32Array | Int32Array) => sha256(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  return sha256(Buffer.from(canonicalJson({ genome, seed, backend: name, threads, values: bytes(values), labels: bytes(labels) })));
}

async function readValidation(
  shards: readonly string[],
  family: Genome["family"],
  scale: (rows: Float32Array) => Float32Array,
): Promise<LabelledRows | null> {
  const rows = await selectRows(shards, family, { splits: ["validation"], dense: false });
  return rows.labels.length === 0 ? null : { ...rows, values: scale(rows.values) };
}

function macroF1({ source, labels }: LabelledRows, probabilities: Float32Array): number {
  const size = source.classes.length;
  const answers = bestOf(probabilities, size).classes;
  const totals = new Float64Array(size * size);
  for (const [row, label] of labels.entries()) totals[label * size + answers[row]!]! += 1;
  return macroF1Of(totals, size);
}

function measureRows(
  { source, labels, subject, subjects }: LabelledRows,
  probabilities: Float32Array,
  leaking: boolean,
  seed: number,
): Metrics {
  const { classes: predicted, confidence } = bestOf(probabilities, source.classes.length);
  return measure({ classes: source.classes, subjects, subject, actual: labels, predicted, confidence }, { leaking, seed });
}
