import { createHash } from "node:crypto";
import type { FilesSpec } from "../domain/spec.ts";
import { CellMemo } from "./cell-memo.ts";
import { NullCells } from "./cells.ts";
import type { Clock } from "./clock.ts";
import { trimEnd, trimStart, type CsvReader } from "./csv-reader.ts";
import { channelColumns } from "./header.ts";
import { numberFault, parseFloat32, textOf } from "./number.ts";
import { FloatColumn, Int32Column, Int64Column, StringColumn, type Column } from "./parquet/columns.ts";
import { ParquetWriter, rowGroupOf, type WrittenFile } from "./parquet/writer.ts";
import { Pieces, type Piece } from "./pieces.ts";
import type { Refusal } from "./quarantine.ts";
import type { OpenRecording } from "./recordings.ts";
import { StepHistogram } from "./step-histogram.ts";

interface Channel {
  readonly name: string;
  /** Positions of its cells in a row: one for each sample of the row. */
  readonly cells: Int32Array;
  readonly scale: number;
  readonly least: number;
  readonly most: number;
  readonly unit: string;
  readonly nulls: "refuse" | "keep" | "carry";
  readonly into: FloatColumn;
  readonly measured: Float32Array;
}

export interface SampleRowsOptions {
  readonly path: string;
  readonly files: FilesSpec;
  readonly positions: ReadonlyMap<string, number>;
  readonly clock: Clock | null;
  /** Of the samples inside an unfolded row. */
  readonly rateHz: number;
  /** Rows of the file, at most. */
  readonly lines: number;
}

/** What a row turns into: refused with a reason, or samples in the Parquet file. */
export class SampleRows {
  readonly #samples: number;
  readonly #stepUs: number;
  readonly #channels: readonly Channel[];
  readonly #nulls: NullCells;
  readonly #clock: Clock | null;
  readonly #timeAt: number;
  readonly #timeColumn: string;
  readonly #extras: readonly { readonly at: number; readonly name: string; readonly memo: CellMemo }[];
  readonly #subject: StringColumn;
  readonly #recording: StringColumn;
  readonly #line: Int32Column;
  readonly #index: Int64Column;
  readonly #at: Int64Column;
  readonly #label: StringColumn;
  readonly #extra: StringColumn;
  readonly #piece: Int32Column;
  readonly #writer: ParquetWriter;
  readonly #signals = createHash("sha256");
  #extraValue: string | null = null;
  #time = NaN;
  fromUs = Infinity;
  toUs = -Infinity;
  outOfOrder = 0;
  /** True once a row's time was not after all earlier ones of its recording: it may repeat one of them. */
  mayRepeat = false;
  readonly steps = new StepHistogram();
  readonly pieces = new Pieces();

  constructor({ path, files, positions, clock, rateHz, lines }: SampleRowsOptions) {
    const at = (column: string) => positions.get(column) as number;
    const channels = Object.entries(files.channels);
    this.#samples = files.format.unfold?.samples ?? 1;
    const rows = rowGroupOf(channels.length + 8, lines * this.#samples);
    this.#stepUs = 1e6 / rateHz;
    this.#nulls = new NullCells(files.format);
    this.#clock = clock;
    this.#timeColumn = files.time.kind === "column" ? files.time.column : "";
    this.#timeAt = files.time.kind === "column" ? at(files.time.column) : -1;
    this.#extras = files.extra.map((name) => ({ at: at(name), name, memo: new CellMemo() }));
    this.#subject = new StringColumn("subject", rows);
    this.#recording = new StringColumn("recording", rows);
    this.#line = new Int32Column("line", rows);
    this.#index = new Int64Column("index", rows);
    this.#at = new Int64Column("at_us", rows);
    this.#label = new StringColumn("label", rows);
    this.#extra = new StringColumn("extras", rows);
    this.#piece = new Int32Column("piece", rows);
    this.#channels = channels.map(([name, channel]) => ({
      name,
      cells: Int32Array.from(channelColumns(files, channel.column ?? name), at),
      scale: channel.scale,
      least: Math.fround(channel.range?.[0] ?? -Infinity),
      most: Math.fround(channel.range?.[1] ?? Infinity),
      unit: channel.unit ? ` ${channel.unit}` : "",
      nulls: channel.nulls,
      into: new FloatColumn(name, rows),
      measured: new Float32Array(this.#samples),
    }));
    const columns: Column[] = [this.#subject, this.#recording, this.#line, this.#index, this.#at];
    this.#writer = new ParquetWriter(
      path,
      [...columns, ...this.#channels.map((channel) => channel.into), this.#label, this.#extra, this.#piece],
      rows,
    );
  }

  /** Reads time and channels; null where the row may be taken in. */
  read(reader: CsvReader, recording: OpenRecording): Refusal | null {
    const { bytes } = reader;
    this.#time = NaN;
    if (this.#clock) {
      let from = reader.starts[this.#timeAt] as number;
      let to = reader.ends[this.#timeAt] as number;
      if (from < to && ((bytes[from] as number) <= 32 || (bytes[to - 1] as number) <= 32)) {
        from = trimStart(bytes, from, to);
        to = trimEnd(bytes, from, to);
      }
      if (this.#nulls.has(bytes, from, to)) return { rule: "null", column: this.#timeColumn, reason: "the time is missing" };
      this.#time = this.#clock.read(bytes, from, to, recording.latest);
      if (this.#time !== this.#time) return { rule: "time", column: this.#timeColumn, reason: this.#clock.fault };
    }
    for (let index = 0; index < this.#channels.length; index++) {
      const refusal = this.#measure(
        reader,
        this.#channels[index] as Channel,
        recording.carried ? (recording.carried[index] as number) : NaN,
      );
      if (refusal) return refusal;
    }
    return null;
  }

  /** Writes the row last read. */
  write(reader: CsvReader, recording: OpenRecording, index: number, line: number, label: string | null): void {
    const piece = this.pieces.of(recording, label);
    piece.extent += this.#samples;
    if (this.#clock) this.#order(recording, piece);
    if (this.#extras.length > 0) this.#readExtras(reader);
    if (recording.carried) {
      for (let channel = 0; channel < this.#channels.length; channel++) {
        recording.carried[channel] = this.#channels[channel]!.measured[this.#samples - 1] as number;
      }
    }
    const writer = this.#writer;
    for (let sample = 0; sample < this.#samples; sample++) {
      const row = writer.row;
      this.#subject.set(row, recording.subject);
      this.#recording.set(row, recording.recording);
      this.#line.values[row] = line;
      this.#index.values[row] = index + sample;
      this.#at.values[row] = this.#time + (sample === 0 ? 0 : Math.round(sample * this.#stepUs));
      for (const { into, measured } of this.#channels) into.values[row] = measured[sample] as number;
      this.#label.set(row, label);
      this.#extra.set(row, this.#extraValue);
      this.#piece.values[row] = piece.number;
      writer.endRow();
      if (writer.row === 0) this.#digest(row + 1);
    }
  }

  close(): WrittenFile & { readonly signalsSha256: string } {
    this.#digest(this.#writer.row);
    return { ...this.#writer.close(), signalsSha256: this.#signals.digest("hex") };
  }

  /** Takes in the channels of a row group, whose arrays still hold it. */
  #digest(rows: number): void {
    for (const { into } of this.#channels) this.#signals.update(new Uint8Array(into.values.buffer, 0, rows * 4));
  }

  abandon(): void {
    this.#writer.abandon();
  }

  #measure(reader: CsvReader, channel: Channel, carried: number): Refusal | null {
    const { bytes } = reader;
    const { cells, measured } = channel;
    for (let sample = 0; sample < cells.length; sample++) {
      let from = reader.starts[cells[sample] as number] as number;
      let to = reader.ends[cells[sample] as number] as number;
      if (from < to && ((bytes[from] as number) <= 32 || (bytes[to - 1] as number) <= 32)) {
        from = trimStart(bytes, from, to);
        to = trimEnd(bytes, from, to);
      }
      if (this.#nulls.has(bytes, from, to)) {
        if (channel.nulls === "refuse") return { rule: "null", column: channel.name, reason: `${channel.name} is missing` };
        measured[sample] = channel.nulls === "keep" ? NaN : sample > 0 ? (measured[sample - 1] as number) : carried;
        continue;
      }
      const value = parseFloat32(bytes, from, to, channel.scale);
      if (value >= channel.least && value <= channel.most) {
        measured[sample] = value;
        continue;
      }
      return value === value ? outside(channel, value) : notNumber(channel.name, textOf(bytes, from, to));
    }
    return null;
  }

  #order(recording: OpenRecording, piece: Piece): void {
    const at = this.#time;
    const end = at + Math.round((this.#samples - 1) * this.#stepUs);
    if (at < this.fromUs) this.fromUs = at;
    if (end > this.toUs) this.toUs = end;
    if (!(at >= piece.fromUs)) piece.fromUs = at;
    if (!(end <= piece.toUs)) piece.toUs = end;
    if (at > recording.latest) {
      if (recording.latest !== -Infinity) this.steps.add(at - recording.latest);
      recording.latest = at;
      return;
    }
    this.mayRepeat = true;
    if (at < recording.latest) this.outOfOrder++;
  }

  #readExtras(reader: CsvReader): void {
    const { bytes, starts, ends } = reader;
    if (this.#extras.every(({ at, memo }) => memo.same(bytes, starts[at] as number, ends[at] as number))) return;
    const values: Record<string, string> = {};
    for (const { at, name, memo } of this.#extras) {
      const from = trimStart(bytes, starts[at] as number, ends[at] as number);
      const to = trimEnd(bytes, from, ends[at] as number);
      memo.remember(bytes, starts[at] as number, ends[at] as number);
      if (!this.#nulls.has(bytes, from, to)) values[name] = textOf(bytes, from, to);
    }
    this.#extraValue = Object.keys(values).length > 0 ? JSON.stringify(values) : null;
  }
}

function outside({ name, least, most, unit }: Channel, value: number): Refusal {
  return { rule: "range", column: name, reason: `${name} is ${value}${unit}, outside ${least} to ${most}` };
}

function notNumber(name: string, text: string): Refusal {
  const cell = `'${text.slice(0, 60)}'`;
  if (numberFault() === "finite") return { rule: "finite", column: name, reason: `${name} is ${cell}, which no float can hold` };
  const comma = /^[+-]?\d+,\d+$/.test(text) ? "; decimals are written with a point" : "";
  return { rule: "type", column: name, reason: `${name} is ${cell}, which is no number${comma}` };
}
