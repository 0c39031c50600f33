import type { DuckDBMapValue, DuckDBValue } from "@duckdb/node-api";
import type { JobControl } from "../compute/job.ts";
import { SensorloopError } from "../domain/errors.ts";
import type { Spec } from "../domain/spec.ts";
import { Cells, finishDescription, type CohortOf } from "../domain/statistics/describe.ts";
import type { Description } from "../domain/statistics/document.ts";
import type { CellSums } from "../domain/statistics/cell-sums.ts";
import { mergeMoments, mergePairs, NO_MOMENTS, type Moments } from "../domain/statistics/moments.ts";
import { planOf, residualBinning, type PersonClass, type Plan } from "../domain/statistics/plan.ts";
import { readColumns } from "./columns.ts";
import { ident, literal, type Duckdb } from "./duckdb.ts";
import { labelCode, loadPieces, type SeriesPart } from "./pieces.ts";

export interface DescribeRowsOptions {
  readonly database: Duckdb;
  /** Of samples, each with all channels. */
  readonly parts: readonly SeriesPart[];
  readonly spec: Spec;
  readonly base: Omit<Plan, "binnings">;
  readonly isTraining: (subject: string, recording: string) => boolean;
  readonly cohortOf: CohortOf;
  readonly progress: JobControl["progress"];
}

/** A piece of a part whose rows are described: a recording's rows of one class. */
interface Member {
  readonly piece: number;
  readonly person: PersonClass;
}

/** Pairs of channels in one query; each takes up to six aggregates. */
const PAIRS_AT_ONCE = 150;

/**
 * Describes rows that carry their label, as DuckDB finds them: one scan for the moments of every piece, from which people
 * and bins follow, and one that counts. Memory holds a few numbers for each piece and person, never rows. Gives what
 * `describeRecordings` gives, but for rows of one recording with the same time, which are here counted one by one.
 * @throws SensorloopError UNKNOWN_CLASS
 */
export async function describeRows(options: DescribeRowsOptions): Promise<Description> {
  const { database, parts, base, cohortOf, progress } = options;
  const total = 2 * parts.length;
  const members = await membersOf(options);
  const people = [...new Set(members.flat().map(({ person }) => person))];
  for (const [index, part] of parts.entries()) {
    await addMoments(database, part, members[index]!, base);
    progress({ done: index + 1, total, unit: "scans" });
  }
  const plan = planOf(base, people);
  const cells = new Cells(plan);
  for (const [index, part] of parts.entries()) {
    await countRows(database, part, members[index]!, plan, (person) => cells.at(cohortOf(person.subject), person.label));
    progress({ done: parts.length + index + 1, total, unit: "scans" });
  }
  return finishDescription(plan, people, cells, cohortOf);
}

/** By part, the labelled pieces of training recordings, with the person that each belongs to. */
async function membersOf({ database, parts, spec, base, isTraining }: DescribeRowsOptions): Promise<Member[][]> {
  await loadPieces(database, parts);
  const members: Member[][] = parts.map(() => []);
  const people = new Map<string, PersonClass>();
  const recordings = new Set<string>();
  const rows = await database.connection.runAndReadAll(
    `select part, piece, subject, recording, ${labelCode(spec)} as code, extent::double from piece order by part, piece`,
  );
  for (const row of rows.getRows()) {
    const [part, piece, subject, recording, label, extent] = row as [number, number, string, string, number, number];
    if (label === -1 || !isTraining(subject, recording)) continue;
    if (label < 0) throw new SensorloopError("UNKNOWN_CLASS", "the files hold a label that is not a class of the spec");
    const key = `${label}/${subject}`;
    let person = people.get(key);
    if (!person) {
      const { channels } = base;
      person = {
        subject,
        label,
        rows: 0,
        recordings: 0,
        spans: 0,
        channels: channels.map(() => NO_MOMENTS),
        whole: channels.map(() => true),
      };
      people.set(key, person);
    }
    person.rows += extent;
    const held = `${label}/${recording}`;
    if (!recordings.has(held)) person.recordings = ++person.spans;
    recordings.add(held);
    members[part]!.push({ piece, person });
  }
  return members;
}

/** The channels as doubles, null where nothing was measured. */
function valuesSql(part: SeriesPart, channels: readonly string[]): string {
  const values = channels.map((name, index) => `nullif(${ident(name)}, 'nan'::float)::double as v${index}`);
  return `(select piece, ${values.join(", ")} from read_parquet(${literal(part.path)}))`;
}

/** The first scan: moments of each piece, added to its person's. */
async function addMoments(database: Duckdb, part: SeriesPart, members: readonly Member[], { channels }: DescribeRowsOptions["base"]) {
  const people: (PersonClass | undefined)[] = [];
  for (const { piece, person } of members) people[piece] = person;
  const aggregates = channels.map((_, index) => {
    const value = `v${index}`;
    const whole = `coalesce(bool_and(${value} = round(${value})), true)::integer`;
    return `count(${value})::integer, coalesce(avg(${value}), 0), coalesce(stddev_pop(${value}), 0), coalesce(min(${value}), 0), coalesce(max(${value}), 0), ${whole}`;
  });
  await readColumns(
    database.connection,
    `select piece, ${aggregates.join(", ")} from ${valuesSql(part, channels)} group by piece`,
    (columns, length) => {
      for (let row = 0; row < length; row++) {
        const person = people[columns[0]![row]!];
        if (!person) continue;
        for (let channel = 0; channel < channels.length; channel++) {
          const [count, mean, sd, min, max, whole] = columns.slice(1 + 6 * channel, 7 + 6 * channel).map((column) => column[row]!) as Six;
          // The mean of equal values may be off by a rounding, which is no spread.
          const moments: Moments = min === max ? { count, mean: min, sd: 0, min, max } : { count, mean, sd, min, max };
          person.channels[channel] = mergeMoments(person.channels[channel]!, moments);
          person.whole[channel] &&= whole === 1;
        }
      }
    },
  );
}

type Six = [number, number, number, number, number, number];

/** The second scan: histograms and products, added to the cells. */
async function countRows(
  database: Duckdb,
  part: SeriesPart,
  members: readonly Member[],
  plan: Plan,
  cellOf: (person: PersonClass) => CellSums,
): Promise<void> {
  const size = plan.channels.length;
  const cells: CellSums[] = [];
  const numbers = new Map<CellSums, number>();
  const scale = plan.channels.map(
    (_, channel) => `m${channel} double, s${channel} double, l${channel} double, w${channel} double, b${channel} double`,
  );
  await database.run(`create or replace temp table member (piece integer, cell integer, ${scale.join(", ")})`);
  const appender = await database.connection.createAppender("member");
  for (const { piece, person } of members) {
    const cell = cellOf(person);
    if (!numbers.has(cell)) numbers.set(cell, cells.push(cell) - 1);
    appender.appendInteger(piece);
    appender.appendInteger(numbers.get(cell)!);
    for (let channel = 0; channel < size; channel++) {
      const { mean, sd } = person.channels[channel]!;
      const { low, width, bins } = plan.binnings[person.label]![channel]!.value;
      appender.appendDouble(mean);
      if (sd > 0) appender.appendDouble(1 / sd);
      else appender.appendNull();
      for (const value of [low, width, bins]) appender.appendDouble(value);
    }
    appender.endRow();
  }
  appender.closeSync();
  const residual = residualBinning(plan.bins);
  const bins = plan.channels.map((_, channel) => {
    const z = `(v${channel} - m${channel}) * s${channel}`;
    const own = binSql(`v${channel}`, `l${channel}`, `w${channel}`, `b${channel}`);
    const standard = binSql(z, String(residual.low), String(residual.width), String(residual.bins));
    return `v${channel}, ${z} as z${channel}, ${own} as h${channel}, ${standard} as r${channel}`;
  });
  const binned = `(select cell, ${bins.join(", ")} from ${valuesSql(part, plan.channels)} join member using (piece))`;
  const histograms = plan.channels.map((_, channel) => `histogram(h${channel}) as h${channel}, histogram(r${channel}) as r${channel}`);
  for (const row of await database.rows<Record<string, DuckDBValue>>(
    `select cell, ${histograms.join(", ")} from ${binned} group by cell`,
  )) {
    const cell = cells[row["cell"] as number]!;
    for (let channel = 0; channel < size; channel++) {
      addCounts(cell.channels[channel]!.values, row[`h${channel}`]);
      addCounts(cell.channels[channel]!.residuals, row[`r${channel}`]);
    }
  }
  const pairs = plan.channels.flatMap((_, i) => plan.channels.slice(i + 1).map((__, offset) => [i, i + 1 + offset] as const));
  for (let first = 0; first < pairs.length; first += PAIRS_AT_ONCE) {
    const chosen = pairs.slice(first, first + PAIRS_AT_ONCE);
    const products = chosen.map(
      ([i, j]) =>
        `regr_count(v${i}, v${j})::double, coalesce(regr_avgy(v${i}, v${j}), 0), coalesce(regr_avgx(v${i}, v${j}), 0), coalesce(covar_pop(v${i}, v${j}), 0), count(z${i} * z${j})::double, coalesce(sum(z${i} * z${j}), 0)`,
    );
    const result = await database.connection.runAndReadAll(`select cell, ${products.join(", ")} from ${binned} group by cell`);
    for (const row of result.getRows() as number[][]) {
      const cell = cells[row[0]!]!;
      for (const index of chosen.keys()) {
        const [count, left, right, covariance, products, sum] = row.slice(1 + 6 * index, 7 + 6 * index) as Six;
        cell.pairs[first + index] = mergePairs(cell.pairs[first + index]!, [count, left, right, covariance]);
        cell.withinCounts[first + index]! += products;
        cell.withinSums[first + index]! += sum;
      }
    }
  }
}

/** `binOf` of lib/domain/statistics/histogram.ts in SQL; null for null. */
function binSql(value: string, low: string, width: string, bins: string): string {
  return `(case when ${value} < ${low} then 0 when ${value} >= ${low} then least(${bins} + 1, 1 + floor((${value} - ${low}) / ${width})) end)::integer`;
}

function addCounts(counts: Float64Array, histogram: DuckDBValue | undefined): void {
  if (!histogram) return;
  for (const { key, value } of (histogram as DuckDBMapValue).entries) counts[key as number]! += Number(value);
}
