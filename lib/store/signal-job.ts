import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Job } from "../compute/job.ts";
import { SensorloopError } from "../domain/errors.ts";
import type { Recording } from "../domain/recording.ts";
import { widen, type Buckets } from "../domain/signal/extremes.ts";
import { encodeHead, layoutOf, lengthOf, type SignalHead } from "../domain/signal/layout.ts";
import { thinSpans } from "../domain/signal/thin.ts";
import { channelsOf, type Spec } from "../domain/spec.ts";
import { openDuckdb } from "./duckdb.ts";
import type { SeriesPart } from "./pieces.ts";
import { readRecordings } from "./series.ts";

export interface SignalJobInput {
  readonly parts: readonly SeriesPart[];
  readonly spec: Spec;
  /** [subject, recording] of what is read as one recording, and how many rows it has, as `find-recording` says. */
  readonly where: readonly (readonly [string, string])[];
  readonly rows: number;
}

export interface SignalJobOutput {
  readonly path: string;
  /** On the clock, gaps included. */
  readonly samples: number;
  readonly rateHz: number;
  readonly startUs: number;
}

/** Labels that a head holds; the viewer shows no more. */
export const MOST_LABELS = 5_000;
/** Bytes a row takes beside its channels while a recording is assembled, and bytes each channel adds: measured with 10 M rows. */
const ROW_BYTES = 40;
const CHANNEL_BYTES = 12;

/**
 * Writes one recording as the viewer reads it (`lib/domain/signal/layout.ts`): as it was measured, before any filter. Of a
 * long recording only as many channels are read at a time as the job's memory allows.
 * @throws SensorloopError SUBJECT_UNKNOWN where the parts hold no sample of it
 */
export const run: Job<SignalJobInput, SignalJobOutput> = async ({ parts, spec, where, rows }, control) => {
  await using database = await openDuckdb({
    folder: control.folder,
    // A quarter beside the half that is ours: ten million rows then take 0.72 of the GiB that a job may hold (bench `viewer`).
    memoryMb: Math.floor(spec.limits.jobMegabytes / 4),
    threads: 1,
    readable: parts.flatMap((part) => [part.path, part.pieces]),
  });
  const channels = channelsOf(spec);
  const atOnce = channelsAtOnce(rows, spec.limits.jobMegabytes);
  const path = join(control.folder, "signal.bin");
  await using file = await open(path, "wx");
  let head: SignalHead | undefined;
  let begin = 0;
  for (let first = 0; first < channels.length; first += atOnce) {
    const names = channels.slice(first, first + atOnce);
    const read = await readOne({ database, parts, where, spec: onlyChannels(spec, names) });
    if (!read) throw unknown(where);
    if (!head) {
      head = headOf(read, spec, channels);
      const bytes = encodeHead(head);
      begin = bytes.length;
      await write(file, bytes, 0);
    }
    for (const name of names) await writeChannel(file, head, begin, channels.indexOf(name), read.channels.get(name)!);
    control.progress({ done: Math.min(channels.length, first + atOnce), total: channels.length, unit: "channels" });
  }
  if (!head) throw unknown(where);
  return { path, samples: lengthOf(head), rateHz: head.rateHz, startUs: head.startUs };
};

function channelsAtOnce(rows: number, megabytes: number): number {
  const free = (megabytes / 2) * 2 ** 20 - ROW_BYTES * rows;
  return Math.max(1, Math.floor(free / (CHANNEL_BYTES * Math.max(1, rows))));
}

/** Files stay, even those of which no channel is wanted: a stretch is where all of them have samples. */
function onlyChannels(spec: Spec, names: readonly string[]): Spec {
  const wanted = new Set(names);
  const files = spec.files.map((each) => ({
    ...each,
    channels: Object.fromEntries(Object.entries(each.channels).filter(([name]) => wanted.has(name))),
  }));
  return { ...spec, files };
}

async function readOne(options: Parameters<typeof readRecordings>[0]): Promise<Recording | undefined> {
  for await (const recording of readRecordings(options)) return recording;
  return undefined;
}

function headOf(recording: Recording, spec: Spec, channels: readonly string[]): SignalHead {
  const declared = new Map(spec.files.flatMap((files) => Object.entries(files.channels)));
  const { stretches, offsets, rateHz, labels } = recording;
  const onClock = (position: number) => position + (offsets?.[stretches.findLastIndex(([from]) => from <= position)] ?? 0);
  const length = stretches.at(-1)?.[1] ?? 0;
  const sliding = spec.windows.kind === "sliding";
  return {
    format: 1,
    rateHz,
    // Rows have times of their own; one rate and one beginning do not tell them.
    startUs: sliding ? recording.startUs : 0,
    axis: sliding ? "time" : "row",
    channels: channels.map((name) => ({ name, sensor: declared.get(name)!.sensor, unit: declared.get(name)!.unit ?? null })),
    stretches: stretches.map(([from, to], index) => [from + (offsets?.[index] ?? 0), to + (offsets?.[index] ?? 0)]),
    labels: thinSpans(labels, length, MOST_LABELS).map(({ label, from, to }) => ({ label, from: onClock(from), to: onClock(to - 1) + 1 })),
  };
}

async function writeChannel(file: FileHandle, head: SignalHead, begin: number, channel: number, samples: Float32Array): Promise<void> {
  let finer: (Buckets & { readonly size: number }) | undefined;
  for (const { size, width, runs, bytes, offset } of layoutOf(head, begin)) {
    const level: Buckets = finer ? widen(finer, size / finer.size, runs) : { values: samples, width, runs };
    await write(file, new Uint8Array(level.values.buffer, level.values.byteOffset, bytes), offset + channel * bytes);
    finer = { ...level, size };
  }
}

async function write(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, at + written);
    written += bytesWritten;
  }
}

function unknown([first]: SignalJobInput["where"]): SensorloopError {
  return new SensorloopError("SUBJECT_UNKNOWN", `there is no sample of recording '${first?.[1] ?? ""}'`, {
    facts: { recording: first?.[1] },
  });
}
