import { hash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { PROFILE_FIELDS, readProfileField, type Profile, type ProfileField } from "../domain/profile.ts";
import type { FilesSpec } from "../domain/spec.ts";
import { NullCells } from "./cells.ts";
import { trimEnd, trimStart, type CsvReader } from "./csv-reader.ts";
import { textOf } from "./number.ts";
import type { WrittenFile } from "./parquet/writer.ts";
import type { Refusal } from "./quarantine.ts";
import type { OpenRecording } from "./recordings.ts";

/** A line of the NDJSON that a file of people turns into: what it says of one of them; what it does not say is left out. */
export interface StatedProfile {
  /** Biometric id. */
  readonly person: string;
  readonly profile: Partial<Profile>;
}

/**
 * Rows that say who people are, one row a person. They become rows of Postgres, not Parquet: there is one of a person,
 * and no window is cut from it.
 */
export class ProfileRows {
  readonly #path: string;
  readonly #columns: readonly { readonly field: ProfileField; readonly name: string; readonly at: number }[];
  readonly #nulls: NullCells;
  readonly #people = new Map<string, string>();
  #profile = "{}";

  constructor(path: string, files: FilesSpec, positions: ReadonlyMap<string, number>) {
    this.#path = path;
    this.#nulls = new NullCells(files.format);
    this.#columns = PROFILE_FIELDS.flatMap((field) => {
      const name = files.profile?.[field];
      return name === undefined ? [] : [{ field, name, at: positions.get(name) as number }];
    });
  }

  get people(): number {
    return this.#people.size;
  }

  read({ bytes, starts, ends }: CsvReader, { subject }: OpenRecording): Refusal | null {
    const profile: Record<string, unknown> = {};
    for (const { field, name, at } of this.#columns) {
      const from = trimStart(bytes, starts[at] as number, ends[at] as number);
      const to = trimEnd(bytes, from, ends[at] as number);
      if (from === to || this.#nulls.has(bytes, from, to)) continue;
      const reading = readProfileField(field, textOf(bytes, from, to));
      if ("rule" in reading) return { rule: reading.rule, column: name, reason: `${name}: ${reading.reason}` };
      profile[field] = reading.value;
    }
    this.#profile = JSON.stringify(profile);
    const before = this.#people.get(subject);
    if (before === undefined || before === this.#profile) return null;
    return { rule: "conflict", column: null, reason: "an earlier row says something else of the same person" };
  }

  /** Whether an earlier row said the same of the person. */
  repeats({ subject }: OpenRecording): boolean {
    return this.#people.has(subject);
  }

  write({ subject }: OpenRecording): void {
    this.#people.set(subject, this.#profile);
  }

  close(): WrittenFile {
    const lines = [...this.#people].map(([person, profile]) => `{"person":${JSON.stringify(person)},"profile":${profile}}\n`);
    const text = lines.join("");
    writeFileSync(this.#path, text);
    return { path: this.#path, sha256: hash("sha256", text, "hex"), bytes: Buffer.byteLength(text), rows: lines.length };
  }

  /** Nothing is open before `close`. */
  abandon(): void {}
}
