import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Job } from "../compute/job.ts";
import { readFrozenLabels } from "../domain/labels/frozen.ts";
import type { Spec } from "../domain/spec.ts";
import { literal, openDuckdb, type Duckdb } from "./duckdb.ts";
import { loadPieces, type SeriesPart } from "./pieces.ts";
import { balanceShards, type Bundle } from "./shards.ts";

export interface ListRecordingsInput {
  readonly parts: readonly (Omit<SeriesPart, "path"> & { readonly file: string })[];
  readonly spec: Spec;
  /** How many shards are wanted; fewer come where the data does not divide. */
  readonly shards: number;
  /** Groups of files that hold the same samples. */
  readonly twins: readonly (readonly string[])[];
  /** Path of what people said of recordings (lib/domain/labels/frozen.ts); without it the files alone say. */
  readonly labels?: string;
  /** Subjects that are left out, whatever files hold of them. */
  readonly erased?: readonly string[];
}

export interface ListRecordingsOutput {
  readonly totals: { readonly recordings: number; readonly subjects: number; readonly rows: number };
  /** What was left out because its people were erased. */
  readonly erased: { readonly recordings: number; readonly subjects: number };
  /** JSON array of the subjects, or recordings where these are split, that have a labelled row: who can be put on a side. */
  readonly units: string;
  /** JSON array of those among them that only people say something of, and no file. */
  readonly byPeople: string;
  /** Recordings that people labelled and that are in none of the parts. */
  readonly gone: number;
  /** JSON object: units that twins hold, to the number of the group of twins. */
  readonly bonds: string;
  readonly shards: readonly Shard[];
}

export interface Shard {
  /** JSON: null for all recordings of the parts, else an array of [subject, recording]. */
  readonly recordings: string;
  /** Ids of the files it needs. */
  readonly parts: readonly string[];
  readonly rows: number;
}

/** Says who and how much clean files hold, and divides their recordings into shards that can be windowed apart from each other. */
export const run: Job<ListRecordingsInput, ListRecordingsOutput> = async (
  { parts, spec, shards, twins, labels, erased: gone = [] },
  control,
) => {
  await using database = await openDuckdb({
    folder: control.folder,
    memoryMb: Math.floor(spec.limits.jobMegabytes / 2),
    threads: 1,
    readable: parts.map((part) => part.pieces),
  });
  await countPieces(database, parts, spec);
  const erased = await leaveOut(database, gone);
  control.progress({ done: parts.length, total: parts.length, unit: "files" });
  const path = (name: string) => join(control.folder, `${name}.json`);
  const [units, byPeople, bonds] = [path("units"), path("by-people"), path("bonds")];
  await loadLabelled(database, labels);
  const ofFiles = new Set(await labelledUnits(database, spec));
  const ofPeople = (await unitsOfPeople(database, spec)).filter((unit) => !ofFiles.has(unit));
  await writeFile(units, JSON.stringify([...ofFiles, ...ofPeople].sort()));
  await writeFile(byPeople, JSON.stringify(ofPeople));
  await writeFile(bonds, JSON.stringify(await bondsOf(database, parts, spec, twins)));
  const [recordings, subjects, rows] = (
    await database.connection.runAndReadAll(
      "select count(distinct recording)::integer, count(distinct subject)::integer, sum(extent)::double from piece where samples",
    )
  ).getRows()[0] as number[];
  return {
    totals: { recordings: recordings!, subjects: subjects!, rows: rows ?? 0 },
    erased,
    units,
    byPeople,
    gone: await countGone(database, spec),
    bonds,
    shards: await writeShards(database, parts, spec, { wanted: shards, wholeParts: erased.recordings === 0 }, control.folder),
  };
};

/**
 * Makes the table `piece`: what each part has of each recording, label by label. Intervals in units of time are
 * microseconds; what they cover is counted in rows of the spec's rate.
 */
async function countPieces(database: Duckdb, parts: ListRecordingsInput["parts"], spec: Spec): Promise<void> {
  await loadPieces(database, parts);
  const timed = parts.flatMap((part, index) =>
    part.role === "intervals" && spec.files[part.fileSpec]?.interval?.unit !== "sample" ? [index] : [],
  );
  if (timed.length > 0)
    await database.run(`update piece set extent = ceil(extent * ${spec.rateHz / 1e6})::bigint where part in (${timed.join(", ")})`);
}

/** Takes everything of these subjects out of `piece`. */
async function leaveOut(database: Duckdb, subjects: readonly string[]): Promise<ListRecordingsOutput["erased"]> {
  if (subjects.length === 0) return { recordings: 0, subjects: 0 };
  const theirs = `subject in (${subjects.map(literal).join(", ")})`;
  const [found] = await database.rows<{ recordings: number; subjects: number }>(
    `select count(distinct recording)::integer as recordings, count(distinct subject)::integer as subjects from piece where samples and ${theirs}`,
  );
  await database.run(`delete from piece where ${theirs}`);
  return { recordings: found?.recordings ?? 0, subjects: found?.subjects ?? 0 };
}

/** Those with samples and with a label, which may come from another file, ascending. */
async function labelledUnits(database: Duckdb, spec: Spec): Promise<string[]> {
  if (spec.split.by === "random") return [];
  // One value of text: a row for each of a hundred thousand people takes a hundred times as long.
  const [found] = await database.rows<{ units: string | null }>(
    `select to_json(list(unit order by unit))::varchar as units from (
      select ${spec.split.by} as unit from piece group by unit having bool_or(samples) and coalesce(sum(extent) filter (label is not null), 0) > 0)`,
  );
  return JSON.parse(found?.units ?? "[]") as string[];
}

/** Makes the table `labelled`: recordings that people said something of. */
async function loadLabelled(database: Duckdb, labels: string | undefined): Promise<void> {
  await database.run("create or replace temp table labelled (subject varchar, recording varchar)");
  if (labels === undefined) return;
  const appender = await database.connection.createAppender("labelled");
  for (const { subject, recording } of readFrozenLabels(await readFile(labels, "utf8")).recordings) {
    appender.appendVarchar(subject);
    appender.appendVarchar(recording);
    appender.endRow();
  }
  appender.closeSync();
}

/** Those with samples that people said something of. */
async function unitsOfPeople(database: Duckdb, spec: Spec): Promise<string[]> {
  if (spec.split.by === "random") return [];
  const [found] = await database.rows<{ units: string | null }>(
    `select to_json(list(distinct ${spec.split.by}))::varchar as units from labelled
     semi join (${held(spec)}) as held using (subject, recording)`,
  );
  return JSON.parse(found?.units ?? "[]") as string[];
}

async function countGone(database: Duckdb, spec: Spec): Promise<number> {
  const [found] = await database.rows<{ recordings: number }>(
    `select count(*)::integer as recordings from labelled
     anti join (${held(spec)}) as held using (subject, recording)`,
  );
  return found?.recordings ?? 0;
}

/** Recordings that can be spoken of. Where all of a subject is one window they come as one, under the name of the first. */
function held({ windows }: Spec): string {
  const recording =
    windows.kind === "subject"
      ? "min(recording) as recording from piece where samples group by subject"
      : "recording from piece where samples";
  return `select subject, ${recording}`;
}

async function bondsOf(
  database: Duckdb,
  parts: ListRecordingsInput["parts"],
  spec: Spec,
  twins: ListRecordingsInput["twins"],
): Promise<Record<string, number>> {
  if (twins.length === 0 || spec.split.by === "random") return {};
  const groupOf = new Map(twins.flatMap((files, group) => files.map((file) => [file, group] as const)));
  const places = parts.flatMap((part, index) => (groupOf.has(part.file) ? [`(${index}, ${groupOf.get(part.file)})`] : []));
  const rows = await database.rows<{ unit: string; twins: number }>(
    `select ${spec.split.by} as unit, min(twins)::integer as twins from piece join (values ${places.join(", ")}) as held (part, twins) using (part) group by unit`,
  );
  return Object.fromEntries(rows.map(({ unit, twins: group }) => [unit, group]));
}

async function writeShards(
  database: Duckdb,
  parts: ListRecordingsInput["parts"],
  spec: Spec,
  { wanted, wholeParts }: { readonly wanted: number; readonly wholeParts: boolean },
  folder: string,
): Promise<Shard[]> {
  // What must stay together: a recording, or everything of a subject where that is one window.
  const unit = spec.windows.kind === "subject" ? "subject" : "subject, recording";
  await database.run(`create temp table unit as
    select ${unit}, list(distinct part order by part) filter (samples) as parts, list(distinct part order by part) filter (not samples) as labels, sum(extent) filter (samples)::double as rows
    from piece group by ${unit} having count(*) filter (samples) > 0`);
  const groups = (
    await database.connection.runAndReadAll(
      "select parts, coalesce(labels, []), sum(rows), count(*)::integer from unit group by all order by all",
    )
  ).getRowsJS();
  const bundles = groups.map((row): Bundle => {
    const [samples, labels, rows, units] = row as unknown as [number[], number[], number, number];
    return { samples, labels, rows, units };
  });
  const shards: Shard[] = [];
  for (const [index, shard] of balanceShards(bundles, wanted).entries()) {
    const recordings = join(folder, `shard-${index}.json`);
    // Of parts that hold more than is wanted, what is wanted is named.
    const slice = shard.slice ?? (wholeParts ? undefined : { index: 0, of: 1 });
    await writeFile(recordings, JSON.stringify(slice ? await pairsOf(database, unit, shard.samples, slice) : null));
    shards.push({ recordings, parts: [...shard.samples, ...shard.labels].map((part) => parts[part]!.file), rows: Math.round(shard.rows) });
  }
  return shards;
}

/** [subject, recording] of one of `of` equal slices of the units that live in these parts. */
async function pairsOf(
  database: Duckdb,
  unit: string,
  samples: readonly number[],
  slice: { readonly index: number; readonly of: number },
): Promise<string[][]> {
  const among = `[${samples.join(", ")}]`;
  const rows = await database.connection.runAndReadAll(`select subject, recording from
    (select ${unit}, floor((sum(rows) over (order by ${unit} rows unbounded preceding) - rows) * ${slice.of} / sum(rows) over ()) as slice from unit where list_has_all(${among}::integer[], parts))
    join (select distinct subject, recording from piece where samples) using (${unit}) where slice = ${slice.index} order by 1, 2`);
  return rows.getRows() as string[][];
}
