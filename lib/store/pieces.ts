import type { Spec } from "../domain/spec.ts";
import { literal, type Duckdb } from "./duckdb.ts";

/** A clean Parquet file on the local disk, the list of what is in it, and which of the spec's `files` it came from. */
export interface SeriesPart {
  readonly path: string;
  /** Path of its pieces: Parquet with a row for each recording and label of the file (lib/ingest/pieces.ts). */
  readonly pieces: string;
  readonly fileSpec: number;
  readonly role: "samples" | "intervals";
}

/** Makes the temporary table `piece` of all parts' pieces: part, samples (or intervals), and the columns of the lists. */
export async function loadPieces(database: Duckdb, parts: readonly Pick<SeriesPart, "pieces" | "role">[]): Promise<void> {
  await database.run(
    "create or replace temp table piece (part integer, samples boolean, piece integer, subject varchar, recording varchar, label varchar, extent bigint, from_us bigint, to_us bigint)",
  );
  for (const [index, part] of parts.entries())
    await database.run(`insert into piece select ${index}, ${part.role === "samples"}, * from read_parquet(${literal(part.pieces)})`);
}

/** SQL for the index of a label among the spec's classes; -1 = none, -2 = not one of them. */
export function labelCode(spec: Spec): string {
  const type = `enum(${spec.labels.classes.map(literal).join(", ")})`;
  return `coalesce(enum_code(try_cast(label as ${type}))::integer, case when label is null then -1 else -2 end)`;
}
