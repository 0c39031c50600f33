import { setImmediate } from "node:timers/promises";
import type { FilesSpec } from "../domain/spec.ts";
import { CellMemo } from "./cell-memo.ts";
import { NullCells } from "./cells.ts";
import { trimEnd, trimStart, type CsvReader } from "./csv-reader.ts";
import type { RepeatedTimes } from "./duplicates.ts";
import { IntervalRows } from "./interval-rows.ts";
import { textOf } from "./number.ts";
import type { Quarantine, Refusal } from "./quarantine.ts";
import type { OpenRecording, Recordings } from "./recordings.ts";
import type { SampleRows } from "./sample-rows.ts";
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
  readonly rows: SampleRows | IntervalRows;
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
  readonly #parts: PassParts;
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
    this.#parts = parts;
    const { files, positions } = parts;
    this.#samples = files.format.unfold?.samples ?? 1;
    this.#nulls = new NullCells(files.format);
    this.#only = Object.entries(files.only).map(([column, values]) => ({ at: positions.get(column) as number, allowed: new Set(values), memo: new CellMemo(), passes: false }));
    this.#labelColumn = files.label && "column" in files.label ? files.label.column : null;
    this.#labelAt = this.#labelColumn === null ? -1 : (positions.get(this.#labelColumn) as number);
    this.#label = { value: parts.fixedLabel, unknown: null };
  }

  async run(): Promise<void> {
    const { reader, scan, onRows } = this.#parts;
    reader.skip(scan.headerLines);
    for (let chunks = 1; reader.ready || reader.fill(); chunks++) {
      while (reader.next()) this.#row();
      if (chunks % CHUNKS_A_TURN !== 0) continue;
      onRows(this.rowsIn + this.leftOut);
      await setImmediate();
    }
    this.#settleLabel();
  }

  #row(): void {
    const { reader, recordings, rows, columns, repeatsFrom, quarantine, scan } = this.#parts;
    const torn = reader.count !== columns || reader.torn;
    if (this.#only.length > 0 && !torn && !this.#wanted()) {
      this.leftOut++;
      return;
    }
    this.rowsIn++;
    if (reader.line >= repeatsFrom) {
      this.rowsDuplicate++;
      return;
    }
    const refusal = torn ? this.#tornRow() : this.#check();
    if (refusal) {
      quarantine.add({ line: sentLine(scan, reader.line), ...refusal, raw: reader.raw(RAW_BYTES) });
      return;
    }
    const recording = recordings.current as OpenRecording;
    const line = sentLine(scan, reader.line);
    if (rows instanceof IntervalRows) {
      if (rows.repeats(recording, this.#label.value)) {
        this.rowsDuplicate++;
        return;
      }
      rows.write(recording, line, this.#label.value);
    } else {
      const { lines, same } = this.#parts.repeatedTimes;
      if (lines[this.#repeat] === line) {
        if (same[this.#repeat++] === 1) this.rowsDuplicate++;
        else quarantine.add({ line, rule: "conflict", column: null, reason: "an earlier row has the same time and other values", raw: reader.raw(RAW_BYTES) });
        return;
      }
      rows.write(reader, recording, recording.next - this.#samples, line, this.#label.value);
    }
    this.rowsOk++;
    this.#labelRows++;
    recording.rows++;
  }

  /** All rules in the order in which one makes the next meaningful; the first that is broken is the reason. */
  #check(): Refusal | null {
    const { reader, recordings, rows } = this.#parts;
    const recording = recordings.of(reader);
    if (!recording) return { rule: "null", column: recordings.missing, reason: `${recordings.missing} is missing: nobody knows whose row this is` };
    recording.next += this.#samples;
    const refusal = rows.read(reader, recording);
    if (refusal) return refusal;
    if (this.#labelAt >= 0) this.#readLabel();
    return this.#label.unknown === null ? null : { rule: "vocabulary", column: this.#labelColumn, reason: this.#label.unknown };
  }

  /** A row with another number of cells than the header; it belongs, most likely, to the recording it stands in. */
  #tornRow(): Refusal {
    const { reader, recordings, columns } = this.#parts;
    if (recordings.current) recordings.current.next += this.#samples;
    if (reader.torn) return { rule: "structure", column: null, reason: "a quoted cell is followed by more text" };
    const extra = reader.count - columns;
    return { rule: "structure", column: null, reason: `${reader.count} cells where ${columns} belong, ${Math.abs(extra)} too ${extra > 0 ? "many" : "few"}` };
  }

  #wanted(): boolean {
    const { reader } = this.#parts;
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
    const { reader, vocabulary } = this.#parts;
    const from = reader.starts[this.#labelAt] as number;
    const to = reader.ends[this.#labelAt] as number;
    if (this.#labelMemo.same(reader.bytes, from, to)) return;
    this.#settleLabel();
    this.#labelMemo.remember(reader.bytes, from, to);
    const begin = trimStart(reader.bytes, from, to);
    const end = trimEnd(reader.bytes, begin, to);
    const reading = this.#nulls.has(reader.bytes, begin, end) ? { label: null } : vocabulary.read(textOf(reader.bytes, begin, end));
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
