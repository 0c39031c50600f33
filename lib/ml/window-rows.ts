import { open, readFile } from "node:fs/promises";
import { z } from "zod";
import type { ModelInput } from "../domain/artifact.ts";
import { columnsOf, missingFrom, placesIn, shapeOf } from "../domain/artifact-input.ts";
import { SensorloopError } from "../domain/errors.ts";
import type { Genome } from "../domain/spec.ts";
import { decodeWindowShard, SPLITS } from "../domain/window-shard.ts";
import type { Split, WindowShard } from "../domain/window-shard.ts";
import { widthOf } from "../domain/layers.ts";

/** Reads a shard's file as a whole; its arrays are views on those bytes. */
export async function readShard(path: string): Promise<WindowShard> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(size);
    let at = 0;
    while (at < size) {
      // Beyond 2 GiB a single read is refused.
      const { bytesRead } = await file.read(bytes, at, Math.min(size - at, 1 << 30), at);
      if (bytesRead === 0) throw new SensorloopError("OBJECT_CORRUPT", "a window shard ended while it was read");
      at += bytesRead;
    }
    return decodeWindowShard(bytes);
  } finally {
    await file.close();
  }
}

/** The subjects that a file lists as a JSON array. @throws SensorloopError REQUEST_INVALID */
export async function readSubjects(path: string): Promise<ReadonlySet<string>> {
  const listed = z.array(z.string()).safeParse(JSON.parse(await readFile(path, "utf8")));
  if (!listed.success) throw new SensorloopError("REQUEST_INVALID", "the file of subjects is no list of names");
  return new Set(listed.data);
}

/** All that a shard's windows have. */
function contentOf({ features, channels, samples }: WindowShard): ModelInput {
  return { kind: "both", channels: [...channels], samples, names: [...features] };
}

/**
 * What a model of this genome reads of a shard's windows, in their order.
 * @param columns features and channels it may read; all without it
 * @throws SensorloopError TOO_LITTLE_DATA where none of what it reads is among them
 */
function inputOf(shard: WindowShard, genome: Genome, columns: readonly string[] | undefined): ModelInput {
  const allowed = columns && new Set(columns);
  const kept = (names: readonly string[]) => names.filter((name) => allowed?.has(name) ?? true);
  const readsSignals = genome.family === "cnn";
  const readsFeatures = genome.family !== "cnn" || genome.features !== undefined;
  const [channels, names] = [readsSignals ? kept(shard.channels) : [], readsFeatures ? kept(shard.features) : []];
  if ((readsSignals && channels.length === 0) || (readsFeatures && names.length === 0)) {
    const what = readsSignals && channels.length === 0 ? "channels" : "features";
    throw new SensorloopError("TOO_LITTLE_DATA", `the windows have no ${what} that a model of family '${genome.family}' may read here`, {
      facts: { family: genome.family },
    });
  }
  const { samples } = shard;
  if (!readsSignals) return { kind: "features", names };
  return readsFeatures ? { kind: "both", channels, samples, names } : { kind: "signal", channels, samples };
}

/**
 * Values of the windows as `input` names them, wherever the columns stand in the shard; row-major.
 * @param before values that stand before them in the array that is returned; its buffer is grown, and cannot be used any more
 * @throws SensorloopError REQUEST_INVALID where the windows lack a column, or are of another length
 */
export function gather(
  shard: WindowShard,
  windows: readonly number[],
  input: ModelInput,
  before: Float32Array<ArrayBuffer> = new Float32Array(0),
): Float32Array<ArrayBuffer> {
  const content = contentOf(shard);
  const missing = missingFrom(content, input);
  if (missing.length > 0) {
    throw new SensorloopError(
      "REQUEST_INVALID",
      `the windows lack ${missing.length} inputs of the model: ${missing.slice(0, 5).join(", ")}`,
      { facts: { missing } },
    );
  }
  const { channels, samples } = columnsOf(input);
  if (channels.length > 0 && samples !== shard.samples)
    throw new SensorloopError("REQUEST_INVALID", `the model reads windows of ${samples} samples, and these have ${shard.samples}`);
  const width = widthOf(shapeOf(input));
  const places = placesIn(content, input) ?? Int32Array.from({ length: width }, (_, place) => place);
  const border = shard.samples * shard.channels.length;
  // Moves pages where a second array would hold everything twice.
  const values = new Float32Array(before.buffer.transfer(4 * (before.length + windows.length * width)));
  let to = values.length - windows.length * width;
  for (const window of windows) {
    const [signal, features] = [window * border, window * shard.features.length - border];
    for (const place of places) values[to++] = place < border ? shard.signals[signal + place]! : shard.featureValues[features + place]!;
  }
  return values;
}

/** Labelled rows, not yet scaled. */
export interface LabelledRows {
  readonly input: ModelInput;
  readonly classes: readonly string[];
  readonly values: Float32Array;
  readonly labels: Int32Array;
  readonly subjects: readonly string[];
  /** Index into `subjects` of each row. */
  readonly subject: Int32Array;
}

/** Which windows: by side of the split, with or without the extra, denser ones, of some subjects or of all. */
export interface Selection {
  readonly splits: readonly Split[];
  readonly dense: boolean;
  readonly subjects: ReadonlySet<string> | null;
  /** Of those, only the windows that this says yes to. */
  readonly keep?: (shard: WindowShard, window: number) => boolean;
}

/** Which labelled rows a model of a genome learns from or is measured on. */
export interface RowsWanted extends Selection {
  readonly genome: Genome;
  /** Shards of a window set, in order. */
  readonly shards: readonly string[];
  /** Shards of which all labelled windows are taken, whichever side they are on. */
  readonly extra?: readonly string[];
  /** Whose windows of those; everybody's without it. */
  readonly extraSubjects?: ReadonlySet<string>;
  readonly columns?: readonly string[];
}

/**
 * The labelled windows of a selection from all shards of a window set, in order, then the extra ones.
 * @throws SensorloopError OBJECT_CORRUPT where the shards do not belong together, TOO_LITTLE_DATA, REQUEST_INVALID
 */
export async function selectRows({ genome, shards, extra = [], extraSubjects, columns, ...selection }: RowsWanted): Promise<LabelledRows> {
  const parts: Pick<LabelledRows, "labels" | "subject">[] = [];
  let values = new Float32Array(0);
  const people = indexer();
  let first: Pick<LabelledRows, "input" | "classes"> | undefined;
  for (const [index, path] of [...shards, ...extra].entries()) {
    const shard = await readShard(path);
    const isExtra = index >= shards.length;
    const classes = shard.classes;
    first ??= { input: inputOf(shard, genome, columns), classes };
    const alike = JSON.stringify([isExtra ? first.input : inputOf(shard, genome, columns), classes]);
    if (alike !== JSON.stringify([first.input, first.classes]))
      throw new SensorloopError("OBJECT_CORRUPT", "the shards of one window set differ in their features, channels or classes");
    const windows = isExtra ? allOf(shard, extraSubjects) : windowsOf(shard, selection);
    const rows = windows.filter((window) => shard.label[window]! >= 0);
    values = gather(shard, rows, first.input, values);
    parts.push({
      labels: Int32Array.from(rows, (window) => shard.label[window]!),
      subject: Int32Array.from(rows, (window) => people.indexOf(shard.subjects[shard.subject[window]!]!)),
    });
  }
  if (!first) throw new SensorloopError("TOO_LITTLE_DATA", "there is no window shard to read");
  const all = (name: "labels" | "subject") => parts.map((part) => part[name]);
  return {
    input: first.input,
    classes: first.classes,
    values,
    labels: joined(all("labels")),
    subjects: people.names,
    subject: joined(all("subject")),
  };
}

/** Indices of the windows of a selection, labelled or not. */
export function windowsOf(shard: WindowShard, { splits, dense, subjects, keep }: Selection): number[] {
  const sides = new Set(splits.map((split) => SPLITS.indexOf(split)));
  const chosen = shard.subjects.map((subject) => subjects?.has(subject) ?? true);
  return allOf(shard).filter(
    (window) =>
      sides.has(shard.split[window]!) &&
      (dense || shard.dense[window] === 0) &&
      chosen[shard.subject[window]!]! &&
      (keep?.(shard, window) ?? true),
  );
}

/** Gives names numbers in the order in which they come. */
export function indexer(): { readonly names: readonly string[]; indexOf(name: string): number } {
  const places = new Map<string, number>();
  const names: string[] = [];
  const indexOf = (name: string) => {
    const known = places.get(name);
    if (known !== undefined) return known;
    places.set(name, names.length);
    return names.push(name) - 1;
  };
  return { names, indexOf };
}

function allOf({ windows, subjects, subject }: WindowShard, of?: ReadonlySet<string>): number[] {
  const all = Array.from({ length: windows }, (_, window) => window);
  return of ? all.filter((window) => of.has(subjects[subject[window]!]!)) : all;
}

function joined(parts: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
