import { open } from "node:fs/promises";
import { join } from "node:path";
import { randomFor } from "../lib/domain/random.ts";
import type { Recording } from "../lib/domain/recording.ts";
import { EVERYBODY } from "../lib/domain/statistics/document.ts";
import { planFor } from "../lib/domain/statistics/plan.ts";
import { describeRecordings } from "../lib/domain/statistics/recordings.ts";
import { fidelityOf } from "../lib/domain/synthesis/fidelity.ts";
import { normalSource } from "../lib/domain/synthesis/normal.ts";
import { planPeople } from "../lib/domain/synthesis/people.ts";
import { recordingsOf } from "../lib/domain/synthesis/recordings.ts";
import { Synthesizer } from "../lib/domain/synthesis/synthesizer.ts";
import { lastJson, runCommand } from "./command.ts";
import { median, ratio, round, type Bench } from "./harness.ts";
import { pythonEnvironment } from "./python.ts";
import { alternate } from "./turns.ts";

const AT_LEAST = 10;
const COLUMNS = ["a", "b", "c", "d", "e", "f"] as const;
const PEOPLE = 100;
const FITTED = 100_000;
const SAMPLED = 1_000_000;

interface Turn {
  readonly fitSeconds: number;
  readonly seconds: number;
  readonly rows: number;
  /** Greatest error of a correlation, and of the share of rows below any value. */
  readonly worstCorrelation: number;
  readonly distance: number;
  /** Checks of our own fidelity report that failed. */
  readonly failed?: readonly string[];
}

/**
 * Rows a second of a Gaussian copula on six correlated columns, normal, skewed, bounded and whole: fitted to 100,000 rows,
 * a million made up, on one core. Ours draws from the statistics alone, person by person, and checks what it made; neither
 * is charged for reading, for checking, or for the start of a process. Nothing of ours is saved between the turns.
 */
export const run: Bench = async (context) => {
  const fitted = context.quick ? FITTED / 10 : FITTED;
  const sampled = Math.round((context.quick ? SAMPLED / 10 : SAMPLED) * context.scale);
  const table = correlatedRows(fitted);
  const path = join(context.folder, "rows.csv");
  await writeCsv(path, table);
  const python = context.skipPeer ? null : await pythonEnvironment("sdv", SDV, context);
  const peer = async (): Promise<Turn> =>
    lastJson<Turn>(await runCommand(python ?? "", [join(import.meta.dirname, "peers", "synthesis_sdv.py"), path, String(sampled)]));
  const turns = await alternate<Turn>(
    context,
    { ours: () => ours(table, sampled), ...(python && { sdv: peer }) },
    ({ rows, seconds, worstCorrelation, distance, failed = [] }) =>
      `${round(rows / seconds / 1e6)} M rows/s, worst correlation off by ${round(worstCorrelation)}, shares by ${round(distance)}${failed.length > 0 ? `, failed: ${failed.join("; ")}` : ""}`,
  );
  const rate = (name: string) => median(turns[name]!.map(({ rows, seconds }) => rows / seconds));
  const failed = turns["ours"]!.flatMap((turn) => turn.failed ?? []);
  const value = rate("ours");
  return {
    value: round(value),
    unit: "rows/s",
    target: `>= ${AT_LEAST}x SDV's Gaussian copula, every statistic within its tolerance`,
    ok: failed.length === 0 && (python === null || value >= AT_LEAST * rate("sdv")),
    peer: python === null ? null : { name: "SDV 2.0.0, GaussianCopulaSynthesizer", value: round(rate("sdv")) },
    ratio: python === null ? null : ratio(value, rate("sdv"), "higher"),
    detail: {
      rows: sampled,
      fitted,
      failed,
      ...Object.fromEntries(
        Object.entries(turns).map(([name, all]) => [
          name,
          {
            rowsPerSecond: all.map(({ rows, seconds }) => round(rows / seconds)),
            fitSeconds: round(median(all.map((turn) => turn.fitSeconds))),
            worstCorrelation: round(Math.max(...all.map((turn) => turn.worstCorrelation))),
            distance: round(Math.max(...all.map((turn) => turn.distance))),
          },
        ]),
      ),
    },
  };
};

/** Its own packages without those for neural networks, which the copula does not use and which are some gigabytes. */
const SDV = [
  "--no-deps",
  ..."sdv==2.0.0 copulas==0.14.1 rdt==2.0.0 sdmetrics==0.32.0 numpy==2.2.6 pandas==2.3.3 scipy==1.15.3 scikit-learn==1.7.2".split(" "),
  ..."joblib threadpoolctl plotly narwhals packaging python-dateutil pytz tzdata six tqdm faker boto3 botocore jmespath s3transfer urllib3".split(
    " ",
  ),
  ..."cloudpickle graphviz platformdirs pyyaml typing_extensions".split(" "),
];

/** By column: six normal numbers that go together, each through a curve of its own. */
function correlatedRows(count: number): Float32Array[] {
  const normal = normalSource(randomFor(1, 7));
  const table = COLUMNS.map(() => new Float32Array(count));
  for (let row = 0; row < count; row++) {
    const [common, pair] = [normal(), normal()];
    const latent = [
      common,
      0.8 * common + 0.6 * normal(),
      pair,
      -0.7 * pair + 0.714 * normal(),
      0.5 * (common + pair) + 0.707 * normal(),
      normal(),
    ];
    const [a, b, c, d, e, f] = latent as [number, number, number, number, number, number];
    const values = [70 + 8 * a, Math.exp(0.5 * b), 1 / (1 + Math.exp(-c)), Math.round(20 + 6 * d), e, 3 + Math.abs(f)];
    for (const [column, value] of values.entries()) table[column]![row] = value;
  }
  return table;
}

/** Everybody's rows are of one kind, as SDV takes them: a hundred people who differ by chance alone. */
function* recordings(table: readonly Float32Array[]): Generator<Recording> {
  const each = table[0]!.length / PEOPLE;
  for (let person = 0; person < PEOPLE; person++) {
    const [from, to] = [Math.round(person * each), Math.round((person + 1) * each)];
    yield {
      subject: `person-${person}`,
      recording: `recording-${person}`,
      rateHz: 1,
      startUs: 0,
      length: to - from,
      channels: new Map(COLUMNS.map((name, column) => [name, table[column]!.subarray(from, to)])),
      stretches: [[0, to - from]],
      labels: [{ label: "rows", from: 0, to: to - from }],
    };
  }
}

async function ours(table: readonly Float32Array[], wanted: number): Promise<Turn> {
  const begun = performance.now();
  const base = { kind: "rows", rateHz: 1, channels: COLUMNS, classes: ["rows"], bins: 64, lags: 0 } as const;
  const description = await describeRecordings(
    () => recordings(table),
    base,
    () => EVERYBODY,
  );
  const described = performance.now();
  const { people } = planPeople(description, Math.round(wanted / (table[0]!.length / PEOPLE)));
  const synthesizer = new Synthesizer(description, { seed: 1, mostRows: Infinity });
  const made = people.map((person) => synthesizer.draw(person, 0));
  const seconds = (performance.now() - described) / 1000;
  const joined = COLUMNS.map((_, column) => Float32Array.from(made.flatMap((rows) => [...rows[column]!])));
  const again = function* () {
    for (const person of people) yield* recordingsOf(person, description, synthesizer, "row", () => 0);
  };
  const plan = planFor(description);
  const checks = fidelityOf(description, await describeRecordings(again, plan, () => EVERYBODY, plan));
  return {
    fitSeconds: (described - begun) / 1000,
    seconds,
    rows: joined[0]!.length,
    worstCorrelation: worstCorrelation(table, joined),
    distance: Math.max(...COLUMNS.map((_, column) => distance(table[column]!, joined[column]!))),
    failed: checks
      .filter(({ pass }) => !pass)
      .map(({ statistic, of, real, synthetic }) => `${statistic} of ${of}: ${real} and ${synthetic}`),
  };
}

function worstCorrelation(left: readonly Float32Array[], right: readonly Float32Array[]): number {
  const pairs = COLUMNS.flatMap((_, i) => COLUMNS.slice(i + 1).map((__, offset) => [i, i + 1 + offset] as const));
  return Math.max(...pairs.map(([i, j]) => Math.abs(correlation(left[i]!, left[j]!) - correlation(right[i]!, right[j]!))));
}

function correlation(x: Float32Array, y: Float32Array): number {
  const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  let [xx, yy, xy] = [0, 0, 0];
  for (let at = 0; at < x.length; at++) {
    const [dx, dy] = [x[at]! - mx, y[at]! - my];
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  return xy / Math.sqrt(xx * yy);
}

/** Greatest difference of the shares below the hundredths of the real rows, as for the peer. */
function distance(real: Float32Array, made: Float32Array): number {
  const [sorted, other] = [real.toSorted(), made.toSorted()];
  const below = (values: Float32Array, limit: number) => {
    let [low, high] = [0, values.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[middle]! <= limit) low = middle + 1;
      else high = middle;
    }
    return low / values.length;
  };
  const limits = Array.from({ length: 101 }, (_, hundredth) => sorted[Math.round((hundredth / 100) * (sorted.length - 1))]!);
  return Math.max(...limits.map((limit) => Math.abs(below(sorted, limit) - below(other, limit))));
}

async function writeCsv(path: string, table: readonly Float32Array[]): Promise<void> {
  await using file = await open(path, "wx");
  const lines = [COLUMNS.join(",")];
  for (let row = 0; row < table[0]!.length; row++) lines.push(table.map((values) => values[row]).join(","));
  await file.writeFile(`${lines.join("\n")}\n`);
}
