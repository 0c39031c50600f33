import { setImmediate } from "node:timers/promises";
import type { FilesSpec } from "../domain/spec.ts";
import { CellMemo } from "./cell-memo.ts";
import { NullCells } from "./cells.ts";
import { trimEnd, trimStart, type CsvReader } from "./csv-reader.ts";
import type { RepeatedTimes } from "./duplicates.ts";
import type { IntervalRows } from "./interval-rows.ts";
import { textOf } from "./number.ts";
import type { ProfileRows } from "./profile-rows.ts";
import type { Quarantine, Refusal } from "./quarantine.ts";
import type { OpenRecording, Recordings } from "./recordings.ts";
import { SampleRows } from "./sample-rows.ts";
import type { FileScan } from "./scan.ts";
import { sentLine } from "./scan.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** What is kept of a refused row's own text. */
const RAW_BYTES = 4_000;
/** Chunks of the reader (1 MB) between two turns of the event loop, in which progress goes out. */
const CHUNKS_A_TURN = 8;

export interface PassParts {
  readonly files: FilesSpec;
  readonly scan: FileScan;
  readonly columns: number;
  readonly positions: ReadonlyMap<string, number>;
  readonly reader: CsvReader;
  readonly recordings: Recordings;
  readonly vocabulary: Vocabulary;
  /** The label of all rows, where it comes from the file's name or the spec. */
  readonly fixedLabel: string | null;
  readonly rows: SampleRows | IntervalRows | ProfileRows;
  readonly quarantine: Quarantine;
  /** Staged line from which the file repeats itself; Infinity where it does not. */
  readonly repeatsFrom: number;
  readonly repeatedTimes: RepeatedTimes;
  readonly onRows: (rows: number) => void;
}

interface Label {
  readonly value: string | null;
  readonly unknown: string | null;
}

/** One reading of a file from its first row to its last. Each row ends in exactly one of the counts. */
export class CleaningPass {
  rowsIn = 0;
  rowsOk = 0;
  rowsDuplicate = 0;
  leftOut = 0;
  /** Rows per class, "" for those without a label. */
  readonly classes: Record<string, number> = {};
  readonly #reader: CsvReader;
  readonly #recordings: Recordings;
  readonly #rows: SampleRows | IntervalRows | ProfileRows;
  readonly #quarantine: Quarantine;
  readonly #vocabulary: Vocabulary;
  readonly #repeatedTimes: RepeatedTimes;
  readonly #onRows: (rows: number) => void;
  readonly #columns: number;
  readonly #headerLines: number;
  /** What the line in the staged file is less than that in the file as it was sent. */
  readonly #shift: number;
  readonly #repeatsFrom: number;
  readonly #samples: number;
  readonly #nulls: NullCells;
  readonly #only: readonly { readonly at: number; readonly allowed: ReadonlySet<string>; readonly memo: CellMemo; passes: boolean }[];
  readonly #labelAt: number;
  readonly #labelColumn: string | null;
  readonly #labelMemo = new CellMemo();
  #label: Label;
  #labelRows = 0;
  #repeat = 0;

  constructor(parts: PassParts) {
    const { files, positions, scan } = parts;
    this.#reader = parts.reader;
    this.#recordings = parts.recordings;
    this.#rows = parts.rows;
    this.#quarantine = parts.quarantine;
    this.#vocabulary = parts.vocabulary;
    this.#repeatedTimes = parts.repeatedTimes;
    this.#onRows = parts.onRows;
    this.#columns = parts.columns;
    this.#headerLines = scan.headerLines;
    this.#shift = sentLine(scan, 0);
    this.#repeatsFrom = parts.repeatsFrom;
    this.#samples = files.format.unfold?.samples ?? 1;
    this.#nulls = new NullCells(files.format);
    this.#only = Object.entries(files.only).map(([column, values]) => ({
      at: positions.get(column) as number,
      allowed: new Set(values),
      memo: new CellMemo(),
      passes: false,
    }));
    this.#labelColumn = files.label && "column" in files.label ? files.label.column : null;
    this.#labelAt = this.#labelColumn === null ? -1 : (positions.get(this.#labelColumn) as number);
    this.#label = { value: parts.fixedLabel, unknown: null };
  }

  async run(): Promise<void> {
    const reader = this.#reader;
    reader.skip(this.#headerLines);
    for (let chunks = 1; reader.ready || reader.fill(); chunks++) {
      while (reader.next()) this.#row();
      if (chunks % CHUNKS_A_TURN !== 0) continue;
      this.#onRows(this.rowsIn + this.leftOut);
      await setImmediate();
    }
    this.#settleLabel();
  }

  #row(): void {
    const reader = this.#reader;
    const torn = reader.count !== this.#columns || reader.torn;
    if (this.#only.length > 0 && !torn && !this.#wanted()) {
      this.leftOut++;
      return;
    }
    this.rowsIn++;
    if (reader.line >= this.#repeatsFrom) {
      this.rowsDuplicate++;
      return;
    }
    const refusal = torn ? this.#tornRow() : this.#check();
    if (refusal) this.#refuse(refusal);
    else this.#take(this.#recordings.current as OpenRecording, reader.line + this.#shift);
  }

  #take(recording: OpenRecording, line: number): void {
    const rows = this.#rows;
    if (!(rows instanceof SampleRows)) {
      if (rows.repeats(recording, this.#label.value)) {
        this.rowsDuplicate++;
        return;
      }
      rows.write(recording, line, this.#label.value);
    } else {
      const { lines, same } = this.#repeatedTimes;
      if (lines[this.#repeat] === line) {
        if (same[this.#repeat++] === 1) this.rowsDuplicate++;
        else this.#refuse({ rule: "conflict", column: null, reason: "an earlier row has the same time and other values" });
        return;
      }
      rows.write(this.#reader, recording, recording.next - this.#samples, line, this.#label.value);
    }
    this.rowsOk++;
    this.#labelRows++;
    recording.rows++;
  }

  #refuse(refusal: Refusal): void {
    this.#quarantine.add({ line: this.#reader.line + this.#shift, ...refusal, raw: this.#reader.raw(RAW_BYTES) });
  }

  /** All rules in the order in which one makes the next meaningful; the first that is broken is the reason. */
  #check(): Refusal | null {
    const recordings = this.#recordings;
    const recording = recordings.of(this.#reader);
    if (!recording)
      return { rule: "null", column: recordings.missing, reason: `${recordings.missing} is missing: nobody knows whose row this is` };
    recording.next += this.#samples;
    const refusal = this.#rows.read(this.#reader, recording);
    if (refusal) return refusal;
    if (this.#labelAt >= 0) this.#readLabel();
    return this.#label.unknown === null ? null : { rule: "vocabulary", column: this.#labelColumn, reason: this.#label.unknown };
  }

  /** A row with another number of cells than the header; it belongs, most likely, to the recording it stands in. */
  #tornRow(): Refusal {
    const current = this.#recordings.current;
    if (current) current.next += this.#samples;
    if (this.#reader.torn) return { rule: "structure", column: null, reason: "a quoted cell is followed by more text" };
    const extra = this.#reader.count - this.#columns;
    return {
      rule: "structure",
      column: null,
      reason: `${this.#reader.count} cells where ${this.#columns} belong, ${Math.abs(extra)} too ${extra > 0 ? "many" : "few"}`,
    };
  }

  #wanted(): boolean {
    const reader = this.#reader;
    for (const only of this.#only) {
      const from = reader.starts[only.at] as number;
      const to = reader.ends[only.at] as number;
      if (!only.memo.same(reader.bytes, from, to)) {
        only.memo.remember(reader.bytes, from, to);
        only.passes = only.allowed.has(textOf(reader.bytes, from, to).trim());
      }
      if (!only.passes) return false;
    }
    return true;
  }

  #readLabel(): void {
    const reader = this.#reader;
    const from = reader.starts[this.#labelAt] as number;
    const to = reader.ends[this.#labelAt] as number;
    if (this.#labelMemo.same(reader.bytes, from, to)) return;
    this.#settleLabel();
    this.#labelMemo.remember(reader.bytes, from, to);
    const begin = trimStart(reader.bytes, from, to);
    const end = trimEnd(reader.bytes, begin, to);
    const reading = this.#nulls.has(reader.bytes, begin, end) ? { label: null } : this.#vocabulary.read(textOf(reader.bytes, begin, end));
    this.#label = "label" in reading ? { value: reading.label, unknown: null } : { value: null, unknown: reading.unknown };
  }

  /** Counts the rows since the label last changed. */
  #settleLabel(): void {
    if (this.#labelRows === 0) return;
    const name = this.#label.value ?? "";
    this.classes[name] = (this.classes[name] ?? 0) + this.#labelRows;
    this.#labelRows = 0;
  }
}
