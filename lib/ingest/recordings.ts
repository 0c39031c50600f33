import { SensorloopError } from "../domain/errors.ts";
import type { FilesSpec, Origin } from "../domain/spec.ts";
import { CellMemo } from "./cell-memo.ts";
import { trimEnd, trimStart, type CsvReader } from "./csv-reader.ts";
import { biometricId, joinIds, recordingId } from "./identity.ts";
import { textOf } from "./number.ts";

/** One recording while its file is read. */
export interface OpenRecording {
  readonly external: string;
  readonly subject: string;
  readonly recording: string;
  /** Index of its next sample, refused rows counted: they leave a gap. */
  next: number;
  /** Rows that were taken in. */
  rows: number;
  /** Latest time so far, -Infinity before the first. */
  latest: number;
  /** Per channel the last value measured, NaN before the first; null where the spec carries none. */
  readonly carried: Float32Array | null;
}

export interface Identities {
  readonly project: string;
  readonly pepper: string;
  /** Name of the recording where the spec has no origin for it. */
  readonly fallback: string;
  /** Whether all that the file holds was made up. */
  readonly synthetic: boolean;
}

/** An origin with its columns' positions, or the one value that holds for the whole file. */
type Source =
  { readonly fixed: string } | { readonly columns: readonly { readonly at: number; readonly name: string; readonly memo: CellMemo }[] };

/** Tells which recording a row belongs to. */
export class Recordings {
  readonly #identities: Identities;
  readonly #carried: number;
  readonly #subject: Source;
  readonly #recording: Source;
  readonly #open = new Map<string, OpenRecording>();
  #externals: string[] = [];
  #current: OpenRecording | null = null;
  #missing = "";

  constructor(files: FilesSpec, fileName: string, positions: ReadonlyMap<string, number>, identities: Identities) {
    this.#identities = identities;
    const channels = Object.values(files.channels);
    this.#carried = channels.some((channel) => channel.nulls === "carry") ? channels.length : 0;
    this.#subject = sourceOf(files.subject, files, fileName, positions);
    this.#recording = files.recording ? sourceOf(files.recording, files, fileName, positions) : { fixed: identities.fallback };
    if ("fixed" in this.#subject && "fixed" in this.#recording) this.#current = this.#find(this.#subject.fixed, this.#recording.fixed);
  }

  /** The recording of the row; null where a cell that names it is empty (`missing`). */
  of(reader: CsvReader): OpenRecording | null {
    const subject = this.#subject;
    const recording = this.#recording;
    const sameSubject = "fixed" in subject || unchanged(subject.columns, reader);
    const sameRecording = "fixed" in recording || unchanged(recording.columns, reader);
    if (sameSubject && sameRecording) return this.#current;
    const external = this.#read(subject, reader);
    const name = this.#read(recording, reader);
    this.#current = external === null || name === null ? null : this.#find(external, name);
    return this.#current;
  }

  /** The recording in which the reader stands: a row whose cells cannot be told apart belongs to it. */
  get current(): OpenRecording | null {
    return this.#current;
  }

  /** The column whose empty cell left the last row without a recording. */
  get missing(): string {
    return this.#missing;
  }

  *[Symbol.iterator](): Iterator<OpenRecording> {
    yield* this.#open.values();
  }

  #read(source: Source, reader: CsvReader): string | null {
    if ("fixed" in source) return source.fixed;
    this.#externals = [];
    for (const { at, name, memo } of source.columns) {
      const { bytes } = reader;
      const from = reader.starts[at] as number;
      const to = reader.ends[at] as number;
      memo.remember(bytes, from, to);
      const begin = trimStart(bytes, from, to);
      const value = textOf(bytes, begin, trimEnd(bytes, begin, to));
      if (value === "") {
        this.#missing = name;
        return null;
      }
      this.#externals.push(value);
    }
    return joinIds(this.#externals);
  }

  #find(external: string, name: string): OpenRecording {
    const key = `${external}\n${name}`;
    let open = this.#open.get(key);
    if (!open) {
      const { pepper, project, synthetic } = this.#identities;
      const subject = biometricId(pepper, project, external, synthetic);
      const carried = this.#carried > 0 ? new Float32Array(this.#carried).fill(NaN) : null;
      open = { external, subject, recording: recordingId(subject, name), next: 0, rows: 0, latest: -Infinity, carried };
      this.#open.set(key, open);
    }
    return open;
  }
}

/** The one value that an origin has for a whole file; undefined where it differs by row. */
export function fixedValue(origin: Origin, files: FilesSpec, fileName: string): string | undefined {
  if ("constant" in origin) return origin.constant;
  if (!("fileName" in origin)) return undefined;
  const value = new RegExp(files.match).exec(fileName)?.groups?.[origin.fileName];
  if (value === undefined || value === "") {
    throw new SensorloopError("FILE_UNMATCHED", `the name '${fileName}' has nothing for the group '${origin.fileName}' of \`match\``, {
      facts: { group: origin.fileName },
    });
  }
  return value;
}

function sourceOf(origin: Origin, files: FilesSpec, fileName: string, positions: ReadonlyMap<string, number>): Source {
  const fixed = fixedValue(origin, files, fileName);
  if (fixed !== undefined) return { fixed: joinIds([fixed]) };
  const names = "column" in origin ? [origin.column] : "columns" in origin ? origin.columns : [];
  return { columns: names.map((name) => ({ at: positions.get(name) as number, name, memo: new CellMemo() })) };
}

function unchanged(columns: Extract<Source, { columns: unknown }>["columns"], reader: CsvReader): boolean {
  for (const { at, memo } of columns) if (!memo.same(reader.bytes, reader.starts[at] as number, reader.ends[at] as number)) return false;
  return true;
}
