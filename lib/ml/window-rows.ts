import { open } from "node:fs/promises";
import { SensorloopError } from "../domain/errors.ts";
import type { Genome } from "../domain/spec.ts";
import { decodeWindowShard, SPLITS } from "../domain/window-shard.ts";
import type { Split, WindowShard } from "../domain/window-shard.ts";
import type { InputShape } from "../domain/layers.ts";
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

/** What models of a family read of a shard's windows: its values, and their names in order. */
export interface WindowSource {
  readonly input: InputShape;
  /** Feature or channel names. */
  readonly names: readonly string[];
  readonly classes: readonly string[];
}

export function sourceOf(shard: WindowShard, family: Genome["family"]): WindowSource {
  const { classes, features, channels, samples } = shard;
  if (family === "cnn") return { input: { kind: "signal", samples, channels: channels.length }, names: channels, classes };
  return { input: { kind: "features", width: features.length }, names: features, classes };
}

/** Row-major values of all windows of the shard as that family reads them. */
export function valuesOf(shard: WindowShard, family: Genome["family"]): Float32Array {
  return family === "cnn" ? shard.signals : shard.featureValues;
}

/** Labelled rows, not yet scaled. */
export interface LabelledRows {
  readonly source: WindowSource;
  readonly values: Float32Array;
  readonly labels: Int32Array;
  readonly subjects: readonly string[];
  /** Index into `subjects` of each row. */
  readonly subject: Int32Array;
}

/** Which windows: by side of the split, with or without the extra, denser ones. */
export interface Selection {
  readonly splits: readonly Split[];
  readonly dense: boolean;
}

/**
 * The labelled windows of a selection from all shards of a window set, in order.
 * @throws SensorloopError OBJECT_CORRUPT where the shards do not belong together
 */
export async function selectRows(paths: readonly string[], family: Genome["family"], selection: Selection): Promise<LabelledRows> {
  const parts: Pick<LabelledRows, "values" | "labels" | "subject">[] = [];
  const people = indexer();
  let source: WindowSource | null = null;
  for (const path of paths) {
    const shard = await readShard(path);
    const here = sourceOf(shard, family);
    source ??= here;
    checkAlike(source, here);
    const rows = windowsOf(shard, selection).filter((window) => shard.label[window]! >= 0);
    parts.push({
      values: gatherRows(valuesOf(shard, family), widthOf(here.input), rows),
      labels: Int32Array.from(rows, (window) => shard.label[window]!),
      subject: Int32Array.from(rows, (window) => people.indexOf(shard.subjects[shard.subject[window]!]!)),
    });
  }
  if (!source) throw new SensorloopError("TOO_LITTLE_DATA", "there is no window shard to read");
  return {
    source,
    values: joined(
      Float32Array,
      parts.map(({ values }) => values),
    ),
    labels: joined(
      Int32Array,
      parts.map(({ labels }) => labels),
    ),
    subjects: people.names,
    subject: joined(
      Int32Array,
      parts.map(({ subject }) => subject),
    ),
  };
}

/** Indices of the windows of a selection, labelled or not. */
export function windowsOf(shard: WindowShard, { splits, dense }: Selection): number[] {
  const sides = new Set(splits.map((split) => SPLITS.indexOf(split)));
  const windows: number[] = [];
  for (let window = 0; window < shard.windows; window += 1) {
    if (sides.has(shard.split[window]!) && (dense || shard.dense[window] === 0)) windows.push(window);
  }
  return windows;
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

export function gatherRows(values: Float32Array, width: number, rows: readonly number[]): Float32Array {
  const gathered = new Float32Array(rows.length * width);
  for (const [place, row] of rows.entries()) gathered.set(values.subarray(row * width, (row + 1) * width), place * width);
  return gathered;
}

function checkAlike(one: WindowSource, other: WindowSource): void {
  const [expected, found] = [one, other].map((source) => JSON.stringify([source.input, source.names, source.classes]));
  if (expected !== found)
    throw new SensorloopError("OBJECT_CORRUPT", "the shards of one window set differ in their features, channels or classes");
}

function joined<A extends Float32Array | Int32Array>(ArrayType: new (length: number) => A, parts: readonly A[]): A {
  if (parts.length === 1) return parts[0]!;
  const all = new ArrayType(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
