import { randomFor, permutation } from "../domain/random.ts";
import type { Genome } from "../domain/spec.ts";
import type { Score, TransferReport } from "../domain/synthesis/report.ts";
import { learnAndMeasure } from "./learner-of.ts";
import type { LabelledRows } from "./window-rows.ts";

/** Small, convex, and the same for all four: what differs is what it learns from. */
export const TRANSFER_GENOME = { family: "logistic", l2: 0.01, maxIterations: 100 } as const satisfies Genome;

/** Rows a fit takes; more change the third digit at most, and this is asked four times. */
const MOST_ROWS = 8_000;
/** Purpose of the stream of random numbers; part of its key. */
const SAMPLE = 72;

/**
 * What the small model learns from real training windows, from made-up ones, and from both, on real validation windows;
 * and what it says of made-up ones. Null where one of them is missing or has a single class.
 * @throws SensorloopError TENSORFLOW_UNAVAILABLE
 */
export async function transferOf(
  training: LabelledRows,
  validation: LabelledRows,
  synthetic: LabelledRows,
  seed: number,
): Promise<TransferReport | null> {
  if (validation.labels.length === 0 || [training, synthetic].some(({ labels }) => new Set(labels).size < 2)) return null;
  const [real, made] = [sample(training, seed), sample(synthetic, seed)];
  const score = (from: LabelledRows, to: LabelledRows) => scoreOf(from, to, seed);
  return {
    real: await score(real, validation),
    syntheticToReal: await score(made, validation),
    realToSynthetic: await score(real, made),
    both: await score(joined(real, made), validation),
  };
}

async function scoreOf(from: LabelledRows, to: LabelledRows, seed: number): Promise<Score> {
  const metrics = await learnAndMeasure(TRANSFER_GENOME, from, to, seed);
  return { accuracy: metrics.accuracy.value, macroF1: metrics.macroF1.value };
}

/** Some of the rows, in their order. */
export function sample(rows: LabelledRows, seed: number, most = MOST_ROWS): LabelledRows {
  const count = rows.labels.length;
  if (count <= most) return rows;
  const chosen = permutation(randomFor(seed, SAMPLE, count), count)
    .subarray(0, most)
    .sort();
  const width = rows.values.length / count;
  const values = new Float32Array(most * width);
  for (const [place, row] of chosen.entries()) values.set(rows.values.subarray(row * width, (row + 1) * width), place * width);
  return { ...rows, values, labels: chosen.map((row) => rows.labels[row]!), subject: chosen.map((row) => rows.subject[row]!) };
}

function joined(left: LabelledRows, right: LabelledRows): LabelledRows {
  const values = new Float32Array(left.values.length + right.values.length);
  values.set(left.values);
  values.set(right.values, left.values.length);
  const offset = left.subjects.length;
  return {
    ...left,
    values,
    labels: Int32Array.of(...left.labels, ...right.labels),
    subjects: [...left.subjects, ...right.subjects],
    subject: Int32Array.of(...left.subject, ...right.subject.map((subject) => subject + offset)),
  };
}
