import type { Job } from "../compute/job.ts";
import { openDuckdb, literal } from "./duckdb.ts";

export interface FindRecordingInput {
  /** Lists of what is in each part of a snapshot, as `SeriesPart.pieces`. */
  readonly parts: readonly { readonly pieces: string; readonly role: "samples" | "intervals" }[];
  readonly subject: string;
  readonly recording: string;
  /** Whether all recordings of the subject are read as one. */
  readonly wholeSubject: boolean;
}

export interface FoundRecording {
  /** Places of the parts that hold samples or labels of it. */
  readonly parts: readonly number[];
  /** [subject, recording] of what is read as this recording; empty where no part has a sample of it. */
  readonly where: readonly (readonly [string, string])[];
  readonly rows: number;
}

/** Finds the files of a snapshot in which a recording lies, by their lists alone. */
export const run: Job<FindRecordingInput, FoundRecording> = async ({ parts, subject, recording, wholeSubject }, control) => {
  const lists = [...new Set(parts.map((part) => part.pieces))];
  await using database = await openDuckdb({ folder: control.folder, memoryMb: 256, threads: 1, readable: lists });
  const found = await database.rows<{ list: string; recording: string; extent: number }>(
    `select filename as list, recording, sum(extent)::double as extent from read_parquet([${lists.map(literal).join(", ")}], filename = true)
    where subject = ${literal(subject)} and ${wholeSubject ? "true" : `recording = ${literal(recording)}`} group by all`,
  );
  const paths = new Set(found.map(({ list }) => list));
  const samples = new Set(parts.flatMap((part) => (part.role === "samples" ? [part.pieces] : [])));
  const measured = found.filter(({ list }) => samples.has(list));
  const names = [...new Set(measured.map((each) => each.recording))].sort();
  return {
    parts: parts.flatMap((part, place) => (paths.has(part.pieces) ? [place] : [])),
    where: names.includes(recording) ? names.map((name) => [subject, name] as const) : [],
    rows: measured.reduce((sum, { extent }) => sum + extent, 0),
  };
};
