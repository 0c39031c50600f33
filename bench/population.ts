import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ComputePool } from "../lib/compute/pool.ts";
import { randomFor } from "../lib/domain/random.ts";
import { genomeSchema, type Genome } from "../lib/domain/spec.ts";
import { encodeWindowShard, SPLITS, type WindowShard } from "../lib/domain/window-shard.ts";
import { lastJson, runCommand } from "./command.ts";
import { median, ratio, round, type Bench, type BenchContext } from "./harness.ts";
import { pythonEnvironment } from "./python.ts";
import { alternate } from "./turns.ts";

const AT_LEAST = { plain: 3, tuned: 2, onePlain: 6, oneTuned: 3 } as const;
const PROCESSES = 2;
const SHAPE = { features: 183, samples: 128, channels: 9, classes: 6 } as const;
/** Both sides must have learned the same: their mean training losses may differ by this share. */
const MAY_DIFFER = 0.15;

interface Plan {
  readonly windows: number;
  readonly mlps: number;
  readonly cnns: number;
  readonly epochs: number;
  readonly batch: number;
  readonly oneBatch: number;
  /** The difference of the two is timed, so that neither side pays for its beginning. */
  readonly oneEpochs: readonly [few: number, many: number];
}

interface Population {
  readonly seconds: number;
  /** Mean training loss of the last epoch. */
  readonly loss: number;
}

interface Turn {
  readonly mlps: Population;
  readonly cnns: Population;
  /** Of one MLP alone. */
  readonly rowsPerSecond: number;
  readonly keras?: string;
  readonly tensorflow?: string;
}

/**
 * Eight MLPs (183-150-150-100-6, tanh, dropout .5, SGD with Nesterov momentum) and four CNNs (128 x 9, two convolutions
 * 64 x 5, mean and highest over time, Adam), 5 epochs on 7,000 simulated windows in batches of 64: our `train-model` jobs in
 * two processes of one thread, reading their windows from the shard and writing models; the same networks in Keras, in one
 * process with all cores, from arrays in memory. Then one MLP in batches of 32. Nobody is charged for the start of a
 * process or the loading of TensorFlow. What does not fill a batch is dropped by us (0.3 % of the rows) and kept by Keras.
 */
export const run: Bench = async (context) => {
  const plan: Plan = {
    windows: Math.round((context.quick ? 700 : 7000) * context.scale),
    mlps: context.quick ? 2 : 8,
    cnns: context.quick ? 1 : 4,
    epochs: context.quick ? 2 : 5,
    batch: 64,
    oneBatch: 32,
    oneEpochs: context.quick ? [1, 21] : [5, 65],
  };
  const windows = simulate(plan.windows);
  const shard = join(context.folder, "windows.bin");
  await writeFile(shard, Buffer.concat(encodeWindowShard(windows)));
  await using stack = new AsyncDisposableStack();
  const pool = stack.use(new ComputePool({ size: PROCESSES, memoryMb: 2048, folder: join(context.folder, "jobs") }));
  await Promise.all([1, 2].map((seed) => train(pool, shard, mlp(plan.batch, 1), seed)));
  const peer = context.skipPeer ? null : await preparePeer(context, windows, plan);
  const turns = await alternate<Turn>(
    context,
    { ours: () => ours(pool, shard, plan), ...(peer && { keras: () => peer("plain"), tuned: () => peer("tuned") }) },
    ({ mlps, cnns, rowsPerSecond }) =>
      `${round(mlps.seconds)} s + ${round(cnns.seconds)} s (losses ${round(mlps.loss)}, ${round(cnns.loss)}), one MLP ${Math.round(rowsPerSecond)} rows/s`,
  );
  const middle = (name: string, of: (turn: Turn) => number) => (turns[name] ? median(turns[name].map(of)) : 0);
  const total = (name: string) => middle(name, ({ mlps, cnns }) => mlps.seconds + cnns.seconds);
  const one = (name: string) => middle(name, (turn) => turn.rowsPerSecond);
  if (peer && !context.quick) checkAlike(turns);
  const value = total("ours");
  const beside = (name: string) => ({
    seconds: { mlps: round(middle(name, ({ mlps }) => mlps.seconds)), cnns: round(middle(name, ({ cnns }) => cnns.seconds)) },
    rowsPerSecond: Math.round(one(name)),
    ...(name !== "ours" && { ratio: ratio(value, total(name), "lower"), oneRatio: ratio(one("ours"), one(name), "higher") }),
  });
  const fast =
    total("keras") >= AT_LEAST.plain * value &&
    total("tuned") >= AT_LEAST.tuned * value &&
    one("ours") >= AT_LEAST.onePlain * one("keras") &&
    one("ours") >= AT_LEAST.oneTuned * one("tuned");
  const { keras, tensorflow } = turns["keras"]?.[0] ?? {};
  return {
    value: round(value),
    unit: "s",
    target: `>= ${AT_LEAST.plain}x Keras as installed and ${AT_LEAST.tuned}x tuned; one MLP at batch 32 >= ${AT_LEAST.onePlain}x and ${AT_LEAST.oneTuned}x`,
    ok: !peer || fast,
    peer: peer ? { name: `Keras ${keras} on TensorFlow ${tensorflow}, as installed`, value: round(total("keras")) } : null,
    ratio: peer ? ratio(value, total("keras"), "lower") : null,
    detail: { ours: beside("ours"), ...(peer && { keras: beside("keras"), tuned: beside("tuned") }) },
  };
};

function mlp(batch: number, epochs: number): Genome {
  const optimizer = { kind: "sgd", learningRate: 0.1, momentum: 0.9, nesterov: true, schedule: "constant" };
  return genomeSchema.parse({ family: "mlp", units: [150, 150, 100], activation: "tanh", dropout: 0.5, batch, epochs, optimizer });
}

function cnn(batch: number, epochs: number): Genome {
  const convolutions = [64, 64].map((filters) => ({ filters, kernel: 5 }));
  const optimizer = { kind: "adam", learningRate: 1e-3, schedule: "constant" };
  return genomeSchema.parse({ family: "cnn", convolutions, dropout: 0, batch, epochs, optimizer });
}

async function train(pool: ComputePool, shard: string, genome: Genome, seed: number): Promise<{ seconds: number; loss: number }> {
  const begun = performance.now();
  await using job = await pool.run("train-model", {
    genome,
    shards: [shard],
    fit: ["train"],
    seed,
    checkpoint: null,
    checkpointEverySeconds: 60,
  });
  const { backend, backendReason, curve } = job.output;
  if (backend !== "native") throw new Error(`native TensorFlow is what this measures: ${backendReason}`);
  return { seconds: (performance.now() - begun) / 1000, loss: curve.at(-1)!.loss };
}

async function ours(pool: ComputePool, shard: string, plan: Plan): Promise<Turn> {
  const population = async (genome: Genome, count: number): Promise<Population> => {
    const begun = performance.now();
    const trained = await Promise.all(Array.from({ length: count }, (_, seed) => train(pool, shard, genome, seed)));
    return { seconds: (performance.now() - begun) / 1000, loss: trained.reduce((sum, { loss }) => sum + loss, 0) / count };
  };
  const mlps = await population(mlp(plan.batch, plan.epochs), plan.mlps);
  const cnns = await population(cnn(plan.batch, plan.epochs), plan.cnns);
  const [few, many] = plan.oneEpochs;
  const alone = async (epochs: number) => (await train(pool, shard, mlp(plan.oneBatch, epochs), 1)).seconds;
  const seconds = (await alone(many)) - (await alone(few));
  // Rows left over are not counted: they were not learned from.
  const rows = Math.floor(plan.windows / plan.oneBatch) * plan.oneBatch;
  return { mlps, cnns, rowsPerSecond: ((many - few) * rows) / seconds };
}

function checkAlike(turns: Readonly<Record<string, readonly Turn[]>>): void {
  for (const kind of ["mlps", "cnns"] as const) {
    const [left, right] = ["ours", "keras"].map((name) => median(turns[name]!.map((turn) => turn[kind].loss))) as [number, number];
    if (Math.abs(left - right) > MAY_DIFFER * right) throw new Error(`the peer's training loss is ${right}, and ours ${left}`);
  }
}

/** Classes that overlap: a feature of each is shifted by one standard deviation, and its signals swing at its own frequency. */
function simulate(windows: number): WindowShard {
  const { features, samples, channels, classes } = SHAPE;
  const random = randomFor(1, 1);
  const label = Int32Array.from({ length: windows }, () => random.below(classes));
  const featureValues = Float32Array.from({ length: windows * features }, () => random.normal());
  const signals = new Float32Array(windows * samples * channels);
  for (const [window, one] of label.entries()) {
    featureValues[window * features + one]! += 1;
    const phase = 2 * Math.PI * random.uniform();
    for (let at = 0; at < samples * channels; at += 1) {
      const sample = Math.floor(at / channels);
      signals[window * samples * channels + at] = Math.SQRT2 * Math.sin(phase + 0.1 * (one + 1) * sample) * 0.2 + 0.98 * random.normal();
    }
  }
  const named = (what: string, count: number) => Array.from({ length: count }, (_, index) => `${what}-${index + 1}`);
  return {
    windows,
    subjects: ["simulated"],
    recordings: ["simulated"],
    classes: named("class", classes),
    features: named("feature", features),
    channels: named("channel", channels),
    samples,
    rateHz: 50,
    subject: new Int32Array(windows),
    recording: new Int32Array(windows),
    label,
    split: new Uint8Array(windows).fill(SPLITS.indexOf("train")),
    dense: new Uint8Array(windows),
    from: Int32Array.from({ length: windows }, (_, window) => window * samples),
    to: Int32Array.from({ length: windows }, (_, window) => (window + 1) * samples),
    startUs: Float64Array.from({ length: windows }, (_, window) => window * 2.56e6),
    featureValues,
    signals,
  };
}

/** Hands the same rows to the peer, as raw numbers. */
async function preparePeer(context: BenchContext, shard: WindowShard, plan: Plan): Promise<(how: "plain" | "tuned") => Promise<Turn>> {
  const python = await pythonEnvironment("population", ["keras==3.15.1", "tensorflow-cpu==2.18.1"], context);
  const paths = ["features.f32", "signals.f32", "labels.i32"].map((name) => join(context.folder, name));
  const columns = [shard.featureValues, shard.signals, shard.label];
  for (const [index, path] of paths.entries()) await writeFile(path, columns[index]!);
  const script = join(import.meta.dirname, "peers", "population_keras.py");
  return async (how) => lastJson<Turn>(await runCommand(python, [script, ...paths, how, JSON.stringify(plan)]));
}
