import { createHash } from "node:crypto";
import { SensorloopError } from "../domain/errors.ts";
import type { FilesSpec } from "../domain/spec.ts";
import { headerCells } from "./header.ts";
import { BLANK_LINES_LISTED, type FileScan } from "./scan.ts";

const LF = 10;

/** Looks at the normalised bytes of a file as they pass: their hash, and all of `FileScan` that is about lines. */
export class LineScan {
  readonly #name: string;
  readonly #format: FilesSpec["format"];
  readonly #longestAllowed: number;
  readonly #headerRows: number;
  readonly #quote: string | null;
  readonly #hash = createHash("sha256");
  #bytes = 0;
  #lines = 0;
  /** Bytes of the line that is not yet finished. */
  #open = 0;
  #longest = 0;
  #quotes = false;
  #headerLeft: number;
  #headerLines = 0;
  #headerText: string | null = null;
  #headerPieces: Buffer[] = [];
  #blankCount = 0;
  readonly #blankLines: number[] = [];

  constructor(name: string, { format, rules }: FilesSpec) {
    this.#name = name;
    this.#format = format;
    this.#longestAllowed = rules.maxLineBytes;
    // An ARFF file's declarations arrive here as one header line.
    this.#headerRows = format.type === "arff" ? 1 : format.headerRows;
    this.#headerLeft = this.#headerRows;
    this.#quote = format.quote;
  }

  /** Whole lines so far. */
  get lines(): number {
    return this.#lines;
  }

  /** @throws SensorloopError LINE_TOO_LONG */
  add(chunk: Buffer): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    if (this.#quote && !this.#quotes) this.#quotes = chunk.includes(this.#quote);
    let from = 0;
    if (this.#headerLeft > 0) from = this.#takeHeader(chunk);
    let open = this.#open;
    let longest = this.#longest;
    let lines = this.#lines;
    for (let to = chunk.indexOf(LF, from); to >= 0; to = chunk.indexOf(LF, from)) {
      const length = open + to - from;
      lines++;
      if (length > longest) longest = length;
      if (length === 0) this.#blank(lines);
      open = 0;
      from = to + 1;
    }
    this.#lines = lines;
    this.#open = open + chunk.length - from;
    this.#longest = Math.max(longest, this.#open);
    if (this.#longest > this.#longestAllowed) throw this.#tooLong();
  }

  /**
   * @param firstDataLine of the file as sent, where normalising changed the number of header lines
   * @throws SensorloopError EMPTY_FILE, HEADER_ONLY
   */
  end(
    encoding: FileScan["encoding"],
    newline: FileScan["newline"],
    firstDataLine?: number,
  ): { scan: FileScan; sha256: string; bytes: number } {
    if (this.#headerLeft > 0 && this.#headerPieces.length > 0) {
      this.#lines++;
      this.#open = 0;
      this.#endHeaderLine();
    }
    const lines = this.#lines + (this.#open > 0 ? 1 : 0);
    const rows = lines - this.#headerLines - this.#blankCount;
    if (this.#bytes === 0) throw new SensorloopError("EMPTY_FILE", `${this.#name} has 0 bytes`);
    if (this.#headerText === null && (rows <= 0 || this.#headerRows > 0))
      throw new SensorloopError("EMPTY_FILE", `${this.#name} has ${this.#bytes} bytes, and nothing but empty lines`);
    if (rows <= 0 || this.#headerLeft > 0) throw new SensorloopError("HEADER_ONLY", `${this.#name} has a header and no row under it`);
    const first = firstDataLine ?? this.#headerLines + 1;
    const scan: FileScan = {
      lines,
      header: this.#headerText === null ? null : headerCells(this.#headerText, this.#format),
      headerLines: this.#headerLines,
      firstDataLine: first,
      blankCount: this.#blankCount,
      blankLines: this.#blankLines.map((line) => line - this.#headerLines + first - 1),
      longestLine: this.#longest,
      quotes: this.#quotes,
      encoding,
      newline,
    };
    return { scan, sha256: this.#hash.digest("hex"), bytes: this.#bytes };
  }

  /** Header rows are the first lines that are not empty. Returns where the rows begin in the chunk. */
  #takeHeader(chunk: Buffer): number {
    let from = 0;
    while (this.#headerLeft > 0) {
      const to = chunk.indexOf(LF, from);
      const piece = chunk.subarray(from, to < 0 ? chunk.length : to);
      if (piece.length > 0) this.#headerPieces.push(Buffer.from(piece));
      this.#open += piece.length;
      if (this.#open > this.#longestAllowed) throw this.#tooLong();
      if (to < 0) return chunk.length;
      this.#lines++;
      this.#longest = Math.max(this.#longest, this.#open);
      this.#open = 0;
      if (this.#headerPieces.length > 0) this.#endHeaderLine();
      from = to + 1;
    }
    return from;
  }

  #endHeaderLine(): void {
    this.#headerText ??= Buffer.concat(this.#headerPieces).toString("utf8");
    this.#headerPieces = [];
    this.#headerLeft--;
    this.#headerLines = this.#lines;
  }

  #blank(line: number): void {
    this.#blankCount++;
    if (this.#blankLines.length < BLANK_LINES_LISTED) this.#blankLines.push(line);
  }

  #tooLong(): SensorloopError {
    const line = this.#lines + 1;
    return new SensorloopError(
      "LINE_TOO_LONG",
      `a line of ${this.#name} has more than ${this.#longestAllowed} bytes, at or before line ${line}`,
      { facts: { line, longestAllowed: this.#longestAllowed } },
    );
  }
}
