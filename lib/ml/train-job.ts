import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { JobControl } from "../compute/job.ts";
import { canonicalJson } from "../domain/canonical.ts";
import { SensorloopError } from "../domain/errors.ts";
import { macroF1Of, measure } from "../domain/metrics.ts";
import type { Metrics } from "../domain/metrics-schema.ts";
import type { Genome } from "../domain/spec.ts";
import type { Backend, BackendName } from "./backend.ts";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import type { Checkpoint, CurvePoint } from "./checkpoint.ts";
import type { Learner } from "./learner.ts";
import { learnerOf } from "./learner-of.ts";
import { sha256, writeModel } from "./model-files.ts";
import { bestOf } from "../domain/score/predictor.ts";
import { readSubjects, selectRows } from "./window-rows.ts";
import type { LabelledRows } from "./window-rows.ts";

export interface TrainInput {
  readonly genome: Genome;
  /** Files of the window set, in `window-shard.ts`'s format. */
  readonly shards: readonly string[];
  /** Sides of the split to learn from; `validation` is measured where it is not among them. */
  readonly fit: readonly ("train" | "validation")[];
  /** Features and channels that the model may read; all without it. Names that the windows lack are passed over. */
  readonly columns?: readonly string[];
  /** File with a JSON array of subjects, whose windows alone are learned from and measured; all without it. */
  readonly subjects?: string;
  /** Files of shards of which every labelled window is learned from, whichever side it is on; never measured. */
  readonly extra?: readonly string[];
  /** The only subjects of `extra` to learn from; all without it. */
  readonly extraSubjects?: readonly string[];
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
  /** Null where TensorFlow had no part in it. */
  readonly backend: BackendName | null;
  readonly backendReason: string;
  readonly threads: number;
  /** Epochs that a checkpoint spared, or why it could not be used; null without one. */
  readonly resumed: { readonly epochs: number } | { readonly refused: string } | null;
  readonly validation: Metrics | null;
}

const CURVE_POINTS = 100;

/**
 * Trains one model. The same input on the same back end with the same thread count gives the same bits, whether or not it
 * was interrupted and resumed. Rows: those of `fit` with a label, dense windows included, and all of `extra`.
 * @throws SensorloopError TOO_LITTLE_DATA, TRAINING_DIVERGED, TENSORFLOW_UNAVAILABLE, SPEC_INVALID, REQUEST_INVALID
 */
export async function run(input: TrainInput, control: JobControl): Promise<TrainOutput> {
  const started = performance.now();
  const { genome, seed, fit, shards, columns } = input;
  const subjects = input.subjects === undefined ? null : await readSubjects(input.subjects);
  const extra = { extra: input.extra, ...(input.extraSubjects && { extraSubjects: new Set(input.extraSubjects) }) };
  const rows = await selectRows({ genome, shards, ...extra, columns, subjects, splits: fit, dense: true });
  checkEnough(rows);
  const asked = { genome, shards, columns, subjects, splits: ["validation"] as const, dense: false };
  const unseen = fit.includes("validation") ? null : await selectRows(asked);
  const validation = unseen && unseen.labels.length > 0 ? unseen : null;
  const content = contentOf(rows);
  using owned = new DisposableStack();
  const learner = await learnerOf({ genome, rows, validation, seed, backend: input.backend, threads: input.threads });
  owned.defer(() => learner.dispose());
  const { backend } = learner;
  const threads = backend?.threads ?? 1;
  const identity = identityOf({ genome, seed, backend: backend?.name ?? null, threads, content });
  const checkpoint = input.checkpoint === null ? null : await readCheckpoint(input.checkpoint, identity);
  const from = typeof checkpoint === "string" ? null : checkpoint;
  learner.start(from?.state ?? null);
  const { epochs, curve } = await train({ learner, from, identity, control, every: input.checkpointEverySeconds, validation });
  const { tensors, weights, scaling } = learner.learned();
  const answers = learner.answers();
  const seconds = (performance.now() - started) / 1000;
  const training = { backend: backend?.name ?? null, threads, seed, epochs, rows: rows.labels.length, seconds };
  const facts = { genome, classes: [...rows.classes], input: rows.input, scaling, training };
  return {
    ...(await writeModel(control.folder, facts, tensors, weights)),
    curve,
    seconds,
    rows: rows.labels.length,
    epochs,
    backend: training.backend,
    backendReason: backend?.reason ?? "trees grow in plain TypeScript",
    threads,
    resumed: typeof checkpoint === "string" ? { refused: checkpoint } : checkpoint && { epochs: checkpoint.epochs },
    validation: validation && answers && measureRows(validation, answers, input.leaking ?? false, seed),
  };
}

interface Training {
  readonly learner: Learner;
  readonly from: Checkpoint | null;
  readonly identity: string;
  readonly control: JobControl;
  readonly every: number;
  readonly validation: LabelledRows | null;
}

/** Runs the epochs that are left; reports each, and saves at their borders. */
async function train({ learner, from, identity, control, every, validation }: Training) {
  const { epochs: total, unit } = learner;
  const stride = Math.ceil(total / CURVE_POINTS);
  const curve: CurvePoint[] = [...(from?.curve ?? [])];
  const written: string[] = [];
  await mkdir(control.folder, { recursive: true });
  let epochs = from?.epochs ?? 0;
  let finished = from?.finished ?? false;
  let saved = performance.now();
  while (epochs < total && !finished) {
    const result = await learner.epoch(epochs);
    epochs += 1;
    finished = result.finished;
    const last = finished || epochs === total;
    const { loss, accuracy } = result;
    if (last || epochs % stride === 0) {
      const answers = learner.answers();
      const validationF1 = validation && answers ? { validationF1: macroF1(validation, answers) } : {};
      curve.push({ epoch: epochs, loss, accuracy, ...validationF1 });
    }
    let checkpoint: string | undefined;
    if (performance.now() - saved >= every * 1000) {
      checkpoint = join(control.folder, `checkpoint-${epochs}.bin`);
      await writeCheckpoint(checkpoint, { identity, epochs, finished, curve, state: learner.state() });
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

function checkEnough({ labels, classes }: LabelledRows): void {
  const present = new Set(labels);
  if (present.size >= 2) return;
  const found = present.size === 0 ? "no labelled window" : `windows of one class only ('${classes[labels[0]!]}')`;
  throw new SensorloopError("TOO_LITTLE_DATA", `the training side of the split holds ${found}`, { facts: { rows: labels.length } });
}

/** Hashes of the rows as they were read; taken before a learner scales them in place. */
function contentOf({ input, classes, values, labels }: LabelledRows) {
  const hash = (array: Float32Array | Int32Array) => sha256(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  return { input, classes, values: hash(values), labels: hash(labels) };
}

interface Identity extends Pick<TrainInput, "genome" | "seed"> {
  readonly backend: Backend["name"] | null;
  readonly threads: number;
  readonly content: ReturnType<typeof contentOf>;
}

function identityOf(identity: Identity): string {
  return sha256(Buffer.from(canonicalJson(identity)));
}

function macroF1({ classes, labels }: LabelledRows, probabilities: Float32Array): number {
  const size = classes.length;
  const answers = bestOf(probabilities, size).classes;
  const totals = new Float64Array(size * size);
  for (const [row, label] of labels.entries()) totals[label * size + answers[row]!]! += 1;
  return macroF1Of(totals, size);
}

function measureRows(
  { classes, labels, subject, subjects }: LabelledRows,
  probabilities: Float32Array,
  leaking: boolean,
  seed: number,
): Metrics {
  const { classes: predicted, confidence } = bestOf(probabilities, classes.length);
  return measure({ classes, subjects, subject, actual: labels, predicted, confidence }, { leaking, seed });
}
