import { join } from "node:path";
import { simulate } from "../examples/gym/simulate.ts";
import { rankTasks } from "../lib/domain/annotation/ranking.ts";
import { permutation, randomFor } from "../lib/domain/random.ts";
import { genomeSchema, type Spec } from "../lib/domain/spec.ts";
import { annotationSchema } from "../lib/domain/spec-annotation.ts";
import { fitInputScaling, applyScaling, rowScaling } from "../lib/domain/scaling.ts";
import { shapeOf } from "../lib/domain/artifact-input.ts";
import { learnAndAnswer, learnAndMeasure } from "../lib/ml/learner-of.ts";
import { bestOf } from "../lib/domain/score/predictor.ts";
import { readShard, selectRows, windowsOf, type LabelledRows } from "../lib/ml/window-rows.ts";
import { round, type Bench, type BenchContext } from "./harness.ts";
import { Study } from "./study.ts";

const MOST = 0.6;
/** What learns: convex and quick, so that the curves show what the labels are worth and not how a net began. */
const GENOME = genomeSchema.parse({ family: "logistic", l2: 0.0115, maxIterations: 60 });
const WEIGHTS = annotationSchema.parse({}).order;
/** Purposes of the streams of random numbers; part of their keys. */
const PEOPLE = 81;
const CHANCE = 82;

interface Protocol {
  readonly seeds: number;
  readonly batch: number;
  readonly batches: number;
}

/**
 * Labels that are asked for as the queue asks (the product's own ranking, weights as they come) against labels at random:
 * half of the training people are labelled, windows of the others are asked for batch by batch, and each batch is learned
 * from before the next is chosen. Both are measured on people that neither sees. What counts is how many of the chosen
 * labels give the macro F1 that all of the random ones give, on the mean curves over the seeds.
 */
export const run: Bench = async (context) => {
  const protocol: Protocol = context.quick ? { seeds: 2, batch: 20, batches: 4 } : { seeds: 5, batch: 20, batches: 10 };
  const sets: Record<string, Awaited<ReturnType<typeof compare>>> = {};
  await simulate({ folder: join(context.folder, "people"), subjects: 24, seed: 11 });
  // One short window of one sensor: with more of them a few people are enough, and labels buy nothing.
  sets["simulated exercises"] = await compare(context, protocol, { ...context, data: context.folder }, "gym", "people", {
    windows: { kind: "sliding", seconds: 1.5, overlap: 0.5, label: "majority", minShare: 0.75 },
    features: {
      groups: [{ triplets: { wrist: ["wrist_acc_x", "wrist_acc_y", "wrist_acc_z"] }, signals: ["axes", "magnitude"], formulas: ["time"] }],
    },
  });
  if (context.data !== "") {
    sets["har"] = await compare(context, protocol, context, "har", "uci_har_raw", {
      "windows.overlap": 0.5,
      "windows.trainOverlap": 0.5,
      "windows.rotateDegrees": 0,
    });
  }
  const shares = Object.values(sets).map(({ share }) => share);
  const worst = Math.max(...shares);
  return {
    value: round(worst),
    unit: "share of the random labels that chosen ones need for the same macro F1",
    target: `<= ${MOST}`,
    ok: worst <= MOST && "har" in sets,
    peer: { name: "labels at random", value: 1 },
    ratio: round(1 / worst, 3),
    detail: { ...protocol, sets },
  };
};

interface Pool {
  readonly rows: LabelledRows;
  /** The same values, scaled: distances between them mean something. */
  readonly scaled: Float32Array;
  readonly at: readonly { readonly recording: number; readonly from: number; readonly to: number }[];
}

async function compare(
  context: BenchContext,
  { seeds, batch, batches }: Protocol,
  data: BenchContext,
  project: string,
  place: string,
  set: Readonly<Record<string, unknown>>,
) {
  await using study = await Study.open(data, project, place, set);
  const spec: Spec = study.spec;
  const shards = await study.windows(spec);
  const pool = await poolOf(shards);
  const holdout = await selectRows({ genome: GENOME, shards, subjects: null, splits: ["holdout"], dense: false });
  const curves: Record<"chosen" | "random", number[][]> = { chosen: [], random: [] };
  for (let seed = 1; seed <= seeds; seed++) {
    const start = halfOf(pool.rows, seed);
    for (const how of ["chosen", "random"] as const) {
      const known = new Set(start);
      const curve: number[] = [];
      for (let round = 0; ; round++) {
        const from = picked(
          pool.rows,
          [...known].sort((a, b) => a - b),
        );
        curve.push((await learnAndMeasure(GENOME, from, holdout, seed)).macroF1.value);
        if (round === batches) break;
        const left = pool.at.map((_, row) => row).filter((row) => !known.has(row));
        const next = how === "chosen" ? await asked(pool, from, left, batch, seed) : drawn(left, batch, seed, round);
        for (const row of next) known.add(row);
      }
      curves[how].push(curve);
    }
    context.say(`${project}, seed ${seed}: chosen ${said(curves.chosen.at(-1)!)}; random ${said(curves.random.at(-1)!)}`);
  }
  const [chosen, random] = [meanOf(curves.chosen), meanOf(curves.random)];
  const goal = random.at(-1)!;
  const share = labelsFor(chosen, goal) / batches;
  return {
    share: round(share, 3),
    goal: round(goal),
    chosen: chosen.map((value) => round(value)),
    random: random.map((value) => round(value)),
  };
}

/** The labelled windows that may be learned from, with where they lie. */
async function poolOf(shards: readonly string[]): Promise<Pool> {
  const selection = { splits: ["train", "validation"] as const, dense: false, subjects: null };
  const rows = await selectRows({ genome: GENOME, shards, ...selection });
  const at: { recording: number; from: number; to: number }[] = [];
  for (const [index, path] of shards.entries()) {
    const shard = await readShard(path);
    for (const window of windowsOf(shard, selection)) {
      if (shard.label[window]! < 0) continue;
      at.push({ recording: index * 1_000_000 + shard.recording[window]!, from: shard.from[window]!, to: shard.to[window]! });
    }
  }
  const shape = shapeOf(rows.input);
  const scaled = applyScaling(
    rowScaling(fitInputScaling(rows.values, shape), shape),
    rows.values.slice(),
    new Float32Array(rows.values.length),
  );
  return { rows, scaled, at };
}

/** The windows of half of the people. */
function halfOf({ subjects, subject }: LabelledRows, seed: number): number[] {
  const order = permutation(randomFor(seed, PEOPLE, subjects.length), subjects.length);
  const half = new Set(order.subarray(0, subjects.length >> 1));
  return [...subject.keys()].filter((row) => half.has(subject[row]!));
}

async function asked(
  { rows, scaled, at }: Pool,
  from: LabelledRows,
  left: readonly number[],
  count: number,
  seed: number,
): Promise<number[]> {
  const candidates = picked(rows, left);
  const { confidence } = bestOf(await learnAndAnswer(GENOME, from, candidates, seed), rows.classes.length);
  const width = rows.values.length / rows.labels.length;
  const order = rankTasks(
    left.map((row, place) => ({
      doubt: 1 - confidence[place]!,
      at: at[row]!.recording,
      from: at[row]!.from,
      to: at[row]!.to,
      features: scaled.subarray(row * width, (row + 1) * width),
    })),
    WEIGHTS,
    count,
    seed,
  );
  return order.map((place) => left[place]!);
}

function drawn(left: readonly number[], count: number, seed: number, round: number): number[] {
  const order = permutation(randomFor(seed, CHANCE, round), left.length);
  return Array.from(order.subarray(0, count), (place) => left[place]!);
}

function picked(rows: LabelledRows, wanted: readonly number[]): LabelledRows {
  const width = rows.values.length / rows.labels.length;
  const values = new Float32Array(wanted.length * width);
  for (const [place, row] of wanted.entries()) values.set(rows.values.subarray(row * width, (row + 1) * width), place * width);
  const of = (column: Int32Array) => Int32Array.from(wanted, (row) => column[row]!);
  return { ...rows, values, labels: of(rows.labels), subject: of(rows.subject) };
}

function meanOf(curves: readonly (readonly number[])[]): number[] {
  return curves[0]!.map((_, place) => curves.reduce((sum, curve) => sum + curve[place]!, 0) / curves.length);
}

/** Batches until a curve first reaches the goal, between two by a straight line; one more than there were where it never does. */
function labelsFor(curve: readonly number[], goal: number): number {
  for (let place = 1; place < curve.length; place++) {
    if (curve[place]! < goal) continue;
    const [before, here] = [curve[place - 1]!, curve[place]!];
    return before >= goal ? place - 1 : place - 1 + (goal - before) / (here - before);
  }
  return curve.length;
}

function said(curve: readonly number[]): string {
  return `${round(curve[0]!)} -> ${round(curve.at(-1)!)}`;
}
