import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Job } from "../compute/job.ts";
import type { Spec } from "../domain/spec.ts";
import { stringsOf } from "./columns.ts";
import { literal, openDuckdb, type Duckdb } from "./duckdb.ts";
import { loadPieces, type SeriesPart } from "./pieces.ts";
import { balanceShards, type Bundle } from "./shards.ts";

export interface ListRecordingsInput {
  readonly parts: readonly (Omit<SeriesPart, "path"> & { readonly file: string })[];
  readonly spec: Spec;
  /** How many shards are wanted; fewer come where the data does not divide. */
  readonly shards: number;
}

export interface ListRecordingsOutput {
  readonly totals: { readonly recordings: number; readonly subjects: number; readonly rows: number };
  /** JSON array of the subjects with a labelled row, ascending: those who can be put on a side of the split. */
  readonly subjects: string;
  /** JSON array of the names of recordings with a labelled row, ascending. */
  readonly recordings: string;
  /** NDJSON of {subject, recording, parts: file ids, rows, fromUs, toUs, labelled, classes: {label: rows}}. */
  readonly list: string;
  readonly shards: readonly Shard[];
}

export interface Shard {
  /** JSON: null for all recordings of the parts, else an array of [subject, recording]. */
  readonly recordings: string;
  /** Ids of the files it needs. */
  readonly parts: readonly string[];
  readonly rows: number;
}

/** Says which recordings clean files hold, and divides them into shards that can be windowed apart from each other. */
export const run: Job<ListRecordingsInput, ListRecordingsOutput> = async ({ parts, spec, shards }, control) => {
  await using database = await openDuckdb({
    folder: control.folder,
    memoryMb: Math.floor(spec.limits.jobMegabytes / 2),
    threads: 1,
    readable: parts.map((part) => part.pieces),
  });
  await countPieces(database, parts, spec);
  control.progress({ done: parts.length, total: parts.length, unit: "files" });
  const inFolder = (name: string) => join(control.folder, name);
  const list = inFolder("recordings.ndjson");
  await writeList(database, parts, list);
  const labelled = (column: string) =>
    stringsOf(database.connection, `select distinct ${column} from recording where labelled > 0 order by 1`);
  const [subjects, recordings] = [inFolder("subjects.json"), inFolder("recordings.json")];
  await writeFile(subjects, JSON.stringify(await labelled("subject")));
  await writeFile(recordings, JSON.stringify(await labelled("recording")));
  const totals = (
    await database.connection.runAndReadAll("select count(*)::integer, count(distinct subject)::integer, sum(rows)::double from recording")
  ).getRows()[0] as number[];
  return {
    totals: { recordings: totals[0]!, subjects: totals[1]!, rows: totals[2] ?? 0 },
    subjects,
    recordings,
    list,
    shards: await writeShards(database, parts, spec, shards, control.folder),
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

/** Makes the table `recording` and writes it; labels of a recording are counted in its rows, by interval or row by row. */
async function writeList(database: Duckdb, parts: ListRecordingsInput["parts"], path: string): Promise<void> {
  const files = `[${parts.map((part) => literal(part.file)).join(", ")}]`;
  await database.run(`create temp table recording as
    select subject, recording,
      list(distinct part order by part) as parts,
      sum(extent) filter (samples)::bigint as rows,
      min(from_us) as from_us, max(to_us) as to_us,
      coalesce(sum(extent) filter (label is not null), 0)::bigint as labelled
    from piece group by subject, recording having count(*) filter (samples) > 0`);
  await database.run(`copy (
    select subject, recording, list_transform(parts, part -> ${files}[part + 1]) as parts, rows, from_us as "fromUs", to_us as "toUs", labelled, coalesce(classes, map()) as classes
    from recording left join
      (select subject, recording, map_from_entries(list((label, n) order by label)) as classes
       from (select subject, recording, label, sum(extent)::bigint as n from piece where label is not null group by all) group by all)
    using (subject, recording) order by subject, recording
  ) to ${literal(path)} (format json)`);
}

async function writeShards(
  database: Duckdb,
  parts: ListRecordingsInput["parts"],
  spec: Spec,
  wanted: number,
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
    await writeFile(recordings, JSON.stringify(shard.slice ? await pairsOf(database, unit, shard.samples, shard.slice) : null));
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
