import type { Spec } from "../domain/spec.ts";
import { literal, openDuckdb } from "./duckdb.ts";

export interface LineSearch {
  /** A folder of the caller's own, for what DuckDB puts aside. */
  readonly folder: string;
  /** Clean Parquet files of samples. */
  readonly parts: readonly { readonly path: string; readonly file: string; readonly fileSpec: number }[];
  readonly spec: Spec;
  readonly window: {
    readonly subject: string;
    readonly recording: string;
    readonly from: number;
    readonly to: number;
    readonly startUs: number;
  };
}

/** First and last line, counted from 1, of the rows of one file that a window was made of. */
export interface Lines {
  readonly file: string;
  readonly from: number;
  readonly to: number;
}

/** The lines a window came from, file by file: the rows whose time or place lies in it. */
export async function findLines({ folder, parts, spec, window }: LineSearch): Promise<Lines[]> {
  await using duckdb = await openDuckdb({ folder, memoryMb: 256, threads: 1, readable: parts.map((part) => part.path) });
  const found: Lines[] = [];
  for (const part of parts) {
    const ofRecording = spec.windows.kind === "subject" ? "" : `and recording = ${literal(window.recording)}`;
    const rows = `(select line, ${placeOf(spec, part.fileSpec)} as place from read_parquet(${literal(part.path)}) where subject = ${literal(window.subject)} ${ofRecording})`;
    const [begin, end] = rangeOf(spec, part.fileSpec, window);
    const bound = spec.windows.kind === "sliding" || spec.windows.kind === "row" ? `where place >= ${begin} and place < ${end}` : "";
    const sql = `select min(line)::double as "from", max(line)::double as "to" from ${rows} ${bound}`;
    const [lines] = await duckdb.rows<{ from: number | null; to: number | null }>(sql);
    if (lines?.from != null && lines.to != null) found.push({ file: part.file, from: lines.from, to: lines.to });
  }
  return found;
}

/** Where a row lies: its time, its place in the recording, or, where rows are examples, its rank among them. */
function placeOf(spec: Spec, fileSpec: number): string {
  const timed = spec.files[fileSpec]?.time.kind === "column";
  if (spec.windows.kind === "row")
    return `row_number() over (partition by subject, recording order by ${timed ? "at_us" : '"index"'}, line) - 1`;
  return timed ? "at_us::double" : '"index"::double';
}

function rangeOf(spec: Spec, fileSpec: number, { from, to, startUs }: LineSearch["window"]): readonly [number, number] {
  const files = spec.files[fileSpec];
  if (spec.windows.kind === "row") return [from, to];
  if (files?.time.kind === "column") return [startUs, startUs + ((to - from) / spec.rateHz) * 1e6];
  const ratio = (files?.rateHz ?? spec.rateHz) / spec.rateHz;
  return [from * ratio, to * ratio];
}
