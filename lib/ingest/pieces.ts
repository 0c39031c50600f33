import type { OpenRecording } from "./recordings.ts";
import { Int32Column, Int64Column, StringColumn } from "./parquet/columns.ts";
import { ParquetWriter, rowGroupOf, type WrittenFile } from "./parquet/writer.ts";

/** The rows of a file that belong to one recording and carry one label. */
export interface Piece {
  /** Its place in the list of pieces, which every row of the cleaned file carries. */
  readonly number: number;
  readonly subject: string;
  readonly recording: string;
  readonly label: string | null;
  /** Samples; of intervals, what they cover in the file's unit. */
  extent: number;
  fromUs: number;
  toUs: number;
}

const COLUMNS = 7;

/**
 * What is in a cleaned file, counted while it is written: later stages list recordings and deal out rows by these few
 * numbers, and need neither group nor join millions of rows by text.
 */
export class Pieces {
  readonly #all: Piece[] = [];
  readonly #known = new Map<OpenRecording, Map<string | null, Piece>>();
  #recording: OpenRecording | null = null;
  #current: Piece | null = null;

  /** The piece that a row belongs to; its owner counts the row in. */
  of(recording: OpenRecording, label: string | null): Piece {
    const current = this.#current;
    if (current && recording === this.#recording && label === current.label) return current;
    let labels = this.#known.get(recording);
    if (!labels) this.#known.set(recording, (labels = new Map()));
    let piece = labels.get(label);
    if (!piece) {
      const { subject, recording: name } = recording;
      piece = { number: this.#all.length, subject, recording: name, label, extent: 0, fromUs: NaN, toUs: NaN };
      labels.set(label, piece);
      this.#all.push(piece);
    }
    this.#recording = recording;
    this.#current = piece;
    return piece;
  }

  write(path: string): WrittenFile {
    const rows = rowGroupOf(COLUMNS, this.#all.length);
    const number = new Int32Column("piece", rows);
    const subject = new StringColumn("subject", rows);
    const recording = new StringColumn("recording", rows);
    const label = new StringColumn("label", rows);
    const extent = new Int64Column("extent", rows);
    const fromUs = new Int64Column("from_us", rows);
    const toUs = new Int64Column("to_us", rows);
    const writer = new ParquetWriter(path, [number, subject, recording, label, extent, fromUs, toUs], rows);
    try {
      for (const piece of this.#all) {
        const { row } = writer;
        number.values[row] = piece.number;
        subject.set(row, piece.subject);
        recording.set(row, piece.recording);
        label.set(row, piece.label);
        extent.values[row] = piece.extent;
        fromUs.values[row] = piece.fromUs;
        toUs.values[row] = piece.toUs;
        writer.endRow();
      }
      return writer.close();
    } finally {
      writer.abandon();
    }
  }
}
