import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Job, JobControl } from "../compute/job.ts";
import type { WindowsSet } from "../domain/features-store/definition.ts";
import { WindowSums, type TimeWithoutClock } from "../domain/features-store/window-sums.ts";
import { readShard } from "../ml/window-rows.ts";
import { openDuckdb } from "./duckdb.ts";
import { loadPieces } from "./pieces.ts";

export interface FeatureJobInput {
  /** Files of the window set. */
  readonly shards: readonly string[];
  readonly sets: readonly { readonly set: WindowsSet; readonly names: readonly string[] }[];
  /** Files of samples; none where every recording has a clock of its own. */
  readonly parts: readonly {
    /** Path of its pieces. */
    readonly pieces: string;
    /** Whether its rows have times. */
    readonly timed: boolean;
    /** When it was sent, in milliseconds since 1970. */
    readonly sentMs: number;
  }[];
  /** Whether all recordings of a subject are one, under the name of the first. */
  readonly bySubject: boolean;
  readonly memoryMb: number;
}

export interface FeatureJobOutput {
  /** By set, in order: NDJSON with a `FeatureRow` a line. */
  readonly files: readonly { readonly path: string; readonly rows: number }[];
}

/** Sums up the features of a window set, as each set of the feature store wants them. */
export const run: Job<FeatureJobInput, FeatureJobOutput> = async (input, control) => {
  const timeWithoutClock = await sendingTimes(input, control);
  const outputs: { sums: WindowSums; byRecording: boolean; path: string; file: FileHandle; rows: number }[] = [];
  try {
    for (const [index, { set, names }] of input.sets.entries()) {
      const path = join(control.folder, `features-${index}.ndjson`);
      outputs.push({ sums: new WindowSums(set, names), byRecording: set.per === "recording", path, file: await open(path, "wx"), rows: 0 });
    }
    for (const [index, path] of input.shards.entries()) {
      const shard = await readShard(path);
      for (const output of outputs) {
        output.sums.add(shard, timeWithoutClock);
        if (output.byRecording) await write(output);
      }
      control.progress({ done: index + 1, total: input.shards.length, unit: "shard" });
    }
    for (const output of outputs) await write(output);
  } finally {
    for (const { file } of outputs) await file.close();
  }
  return { files: outputs.map(({ path, rows }) => ({ path, rows })) };
};

async function write(output: { readonly sums: WindowSums; readonly file: FileHandle; rows: number }): Promise<void> {
  let text = "";
  for (const row of output.sums.take()) {
    text += `${JSON.stringify(row)}\n`;
    output.rows += 1;
    if (text.length < 1_000_000) continue;
    await output.file.writeFile(text);
    text = "";
  }
  await output.file.writeFile(text);
}

/** When the recordings were sent that have no clock: those of which no file has one. The last of their files counts. */
async function sendingTimes({ parts, bySubject, memoryMb }: FeatureJobInput, control: JobControl): Promise<TimeWithoutClock> {
  if (parts.every(({ timed }) => timed)) return () => null;
  await using database = await openDuckdb({ folder: control.folder, memoryMb, threads: 1, readable: parts.map(({ pieces }) => pieces) });
  await loadPieces(
    database,
    parts.map(({ pieces }) => ({ pieces, role: "samples" as const })),
  );
  const rows = await database.rows<{ subject: string; recording: string; part: number }>(
    "select distinct subject, recording, part from piece",
  );
  const known = new Map<string, number | null>();
  const keyOf = (subject: string, recording: string) => JSON.stringify(bySubject ? [subject] : [subject, recording]);
  for (const { subject, recording, part } of rows) {
    const key = keyOf(subject, recording);
    const { timed, sentMs } = parts[part]!;
    const before = known.get(key);
    known.set(key, timed || before === null ? null : Math.max(before ?? -Infinity, sentMs));
  }
  return (subject, recording) => known.get(keyOf(subject, recording)) ?? null;
}
