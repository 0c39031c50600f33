import type { FilesSpec } from "../domain/spec.ts";
import { trimEnd, trimStart, type CsvReader } from "./csv-reader.ts";
import { textOf } from "./number.ts";
import { Int32Column, Int64Column, StringColumn } from "./parquet/columns.ts";
import { ParquetWriter, rowGroupOf, type WrittenFile } from "./parquet/writer.ts";
import { Pieces } from "./pieces.ts";
import type { Refusal } from "./quarantine.ts";
import type { OpenRecording } from "./recordings.ts";
import { parseEpoch } from "./time.ts";

const COLUMNS = 7;

/**
 * Rows that say from where to where a label holds. In the file both ends are included and may be counted from 1; in the
 * Parquet file they are counted from 0 and the end is excluded: samples, or microseconds where the unit is a time.
 */
export class IntervalRows {
  readonly #interval: NonNullable<FilesSpec["interval"]>;
  readonly #fromAt: number;
  readonly #toAt: number;
  readonly #subject: StringColumn;
  readonly #recording: StringColumn;
  readonly #line: Int32Column;
  readonly #from: Int64Column;
  readonly #to: Int64Column;
  readonly #label: StringColumn;
  readonly #piece: Int32Column;
  readonly #writer: ParquetWriter;
  readonly #seen = new Set<string>();
  #bounds: readonly [number, number] = [0, 0];
  readonly pieces = new Pieces();

  constructor(path: string, interval: NonNullable<FilesSpec["interval"]>, positions: ReadonlyMap<string, number>, lines: number) {
    const rows = rowGroupOf(COLUMNS, lines);
    this.#interval = interval;
    this.#fromAt = positions.get(interval.from) as number;
    this.#toAt = positions.get(interval.to) as number;
    this.#subject = new StringColumn("subject", rows);
    this.#recording = new StringColumn("recording", rows);
    this.#line = new Int32Column("line", rows);
    this.#from = new Int64Column("from", rows);
    this.#to = new Int64Column("to", rows);
    this.#label = new StringColumn("label", rows);
    this.#piece = new Int32Column("piece", rows);
    const columns = [this.#subject, this.#recording, this.#line, this.#from, this.#to, this.#label, this.#piece];
    this.#writer = new ParquetWriter(path, columns, rows);
  }

  read(reader: CsvReader): Refusal | null {
    const from = this.#position(reader, this.#fromAt, this.#interval.from);
    if (typeof from !== "number") return from;
    const to = this.#position(reader, this.#toAt, this.#interval.to);
    if (typeof to !== "number") return to;
    if (to < from) return { rule: "range", column: this.#interval.to, reason: `the interval ends (${to}) before it begins (${from})` };
    const base = this.#interval.unit === "sample" ? this.#interval.base : 0;
    if (from < base)
      return { rule: "range", column: this.#interval.from, reason: `the interval begins at ${from}, before the first sample (${base})` };
    this.#bounds = [from - base, to - base + 1];
    return null;
  }

  /** Whether an earlier row said the same. */
  repeats(recording: OpenRecording, label: string | null): boolean {
    const key = JSON.stringify([recording.recording, ...this.#bounds, label]);
    if (this.#seen.has(key)) return true;
    this.#seen.add(key);
    return false;
  }

  write(recording: OpenRecording, line: number, label: string | null): void {
    const { row } = this.#writer;
    this.#subject.set(row, recording.subject);
    this.#recording.set(row, recording.recording);
    this.#line.values[row] = line;
    [this.#from.values[row], this.#to.values[row]] = this.#bounds;
    this.#label.set(row, label);
    const piece = this.pieces.of(recording, label);
    piece.extent += this.#bounds[1] - this.#bounds[0];
    this.#piece.values[row] = piece.number;
    this.#writer.endRow();
  }

  close(): WrittenFile {
    return this.#writer.close();
  }

  abandon(): void {
    this.#writer.abandon();
  }

  #position({ bytes, starts, ends }: CsvReader, at: number, column: string): number | Refusal {
    const from = trimStart(bytes, starts[at] as number, ends[at] as number);
    const to = trimEnd(bytes, from, ends[at] as number);
    if (from === to) return { rule: "null", column, reason: `${column} is missing` };
    const text = textOf(bytes, from, to);
    const { unit } = this.#interval;
    const value = unit === "sample" ? (/^\d{1,15}(\.0*)?$/.test(text) ? Number(text) : NaN) : parseEpoch(bytes, from, to, unit);
    if (value === value) return value;
    return {
      rule: "type",
      column,
      reason: `${column} is '${text.slice(0, 60)}', which is no ${unit === "sample" ? "sample number" : "time in the unit named"}`,
    };
  }
}
