import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { SensorloopError } from "../domain/errors.ts";
import type { FilesSpec } from "../domain/spec.ts";

const CHUNK = 1 << 20;
const LF = 10;
const SPACE = 32;
const TAB = 9;
const NO_BYTE = 256;

/**
 * Reads the rows of a staged file (UTF-8, LF) one after another without making a string of them. After `next` the cells
 * of the row are `bytes[starts[i], ends[i])`, blanks around them included, until the next call; `count` is how many
 * there are, of which only the first `columns` are kept. Empty lines are passed over and counted.
 *
 * A row is a line: quotes follow RFC 4180 but for line breaks inside them, since a quote that somebody forgot to close
 * would else swallow the rows after it (F17). Where the delimiter is a blank, several count as one.
 */
export class CsvReader {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  bytes: Buffer;
  count = 0;
  /** Number of the row's line in the staged file, from 1. */
  line = 0;
  /** True where a quoted cell of the row is followed by something else than a delimiter. */
  torn = false;
  #lineFrom = 0;
  #lineTo = 0;
  readonly #fd: number;
  readonly #columns: number;
  readonly #delimiter: number;
  readonly #quote: number;
  #buffer: Buffer;
  /** Whole lines are in [#at, #limit); what was read beyond ends at #filled. */
  #at = 0;
  #limit = 0;
  #filled = 0;
  #ended = false;
  #nextQuote = -1;
  #unquoted = Buffer.alloc(0);

  /** @param quotes whether the quote character stands anywhere in the file */
  constructor(path: string, format: FilesSpec["format"], columns: number, quotes: boolean) {
    this.#fd = openSync(path, "r");
    this.#columns = columns;
    this.#delimiter = format.delimiter.charCodeAt(0);
    this.#quote = quotes && format.quote ? format.quote.charCodeAt(0) : NO_BYTE;
    this.starts = new Int32Array(columns + 1);
    this.ends = new Int32Array(columns + 1);
    this.#buffer = Buffer.allocUnsafe(Math.min(CHUNK, fstatSync(this.#fd).size + 2));
    this.bytes = this.#buffer;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Whether a row is at hand without reading from the disk; where it is not, `fill` reads on. */
  get ready(): boolean {
    return this.#at < this.#limit;
  }

  /** Reads the next whole lines; false at the end of the file. Cells of the last row are lost. */
  fill(): boolean {
    if (this.#at > 0) {
      this.#buffer.copyWithin(0, this.#at, this.#filled);
      this.#filled -= this.#at;
      this.#at = 0;
    }
    let limit = 0;
    while (limit === 0 && !this.#ended) {
      if (this.#filled + 1 >= this.#buffer.length) {
        const grown = Buffer.allocUnsafe(this.#buffer.length * 2);
        this.#buffer.copy(grown, 0, 0, this.#filled);
        this.#buffer = grown;
      }
      // One byte is kept free for the newline that the last line may lack.
      const read = readSync(this.#fd, this.#buffer, this.#filled, this.#buffer.length - this.#filled - 1, null);
      this.#filled += read;
      if (read === 0) {
        this.#ended = true;
        if (this.#filled > 0 && this.#buffer[this.#filled - 1] !== LF) this.#buffer[this.#filled++] = LF;
      }
      limit = this.#filled === 0 ? 0 : this.#buffer.lastIndexOf(LF, this.#filled - 1) + 1;
    }
    this.#limit = limit;
    this.#nextQuote = -1;
    return limit > 0;
  }

  /** Moves to the next row that is at hand; false where `fill` is needed. */
  next(): boolean {
    const buffer = this.#buffer;
    while (this.#at < this.#limit) {
      this.line++;
      this.torn = false;
      if (buffer[this.#at] === LF) {
        this.#at++;
        continue;
      }
      this.#lineFrom = this.#at;
      if (this.#quote !== NO_BYTE && this.#quoteBefore(buffer.indexOf(LF, this.#at))) this.#splitQuoted(buffer.indexOf(LF, this.#at));
      else if (this.#delimiter === SPACE) this.#splitBlanks();
      else this.#split();
      return true;
    }
    return false;
  }

  /** The row as it stands in the staged file, at most `limit` bytes of it. */
  raw(limit: number): string {
    const to = Math.min(this.#lineTo, this.#lineFrom + limit);
    return this.#buffer.toString("utf8", this.#lineFrom, to) + (to < this.#lineTo ? "…" : "");
  }

  /** Passes over lines, the header for one. */
  skip(lines: number): void {
    for (let skipped = 0; skipped < lines; skipped++) {
      if (!this.ready && !this.fill()) return;
      this.#at = this.#buffer.indexOf(LF, this.#at) + 1;
      this.line++;
    }
  }

  #split(): void {
    const { starts, ends } = this;
    const buffer = this.#buffer;
    const delimiter = this.#delimiter;
    const columns = this.#columns;
    // Most bytes lie above both, so that one comparison is enough for them.
    const highest = Math.max(delimiter, LF);
    let at = this.#at;
    let start = at;
    let count = 0;
    for (;;) {
      const byte = buffer[at] as number;
      if (byte > highest || (byte !== delimiter && byte !== LF)) {
        at++;
        continue;
      }
      if (count <= columns) {
        starts[count] = start;
        ends[count] = at;
      }
      count++;
      if (byte === LF) break;
      start = ++at;
    }
    this.#finish(buffer, at, count);
  }

  #splitBlanks(): void {
    const { starts, ends } = this;
    const buffer = this.#buffer;
    const columns = this.#columns;
    let at = this.#at;
    let count = 0;
    for (;;) {
      while (buffer[at] === SPACE) at++;
      if (buffer[at] === LF) break;
      const start = at;
      for (let byte = buffer[at] as number; byte !== SPACE && byte !== LF; byte = buffer[++at] as number);
      if (count <= columns) {
        starts[count] = start;
        ends[count] = at;
      }
      count++;
    }
    this.#finish(buffer, at, count);
  }

  /** Copies the cells without their quotes. @throws SensorloopError UNTERMINATED_QUOTE */
  #splitQuoted(end: number): void {
    const { starts, ends } = this;
    const buffer = this.#buffer;
    const quote = this.#quote;
    const delimiter = this.#delimiter;
    if (this.#unquoted.length < end - this.#at) this.#unquoted = Buffer.allocUnsafe(2 * (end - this.#at));
    const unquoted = this.#unquoted;
    let at = this.#at;
    let written = 0;
    let count = 0;
    for (;;) {
      if (delimiter === SPACE) while (at < end && buffer[at] === SPACE) at++;
      if (delimiter === SPACE && at === end) break;
      const start = written;
      let begin = at;
      while (begin < end && delimiter !== SPACE && (buffer[begin] === SPACE || (buffer[begin] === TAB && delimiter !== TAB))) begin++;
      if (begin < end && buffer[begin] === quote) {
        at = begin + 1;
        for (;;) {
          if (at >= end) throw this.#unterminated();
          const byte = buffer[at++] as number;
          if (byte !== quote) unquoted[written++] = byte;
          else if (at < end && buffer[at] === quote) unquoted[written++] = buffer[at++] as number;
          else break;
        }
        while (at < end && buffer[at] === SPACE && delimiter !== SPACE) at++;
        if (at < end && buffer[at] !== delimiter) this.torn = true;
      }
      while (at < end && buffer[at] !== delimiter) unquoted[written++] = buffer[at++] as number;
      if (count <= this.#columns) {
        starts[count] = start;
        ends[count] = written;
      }
      count++;
      if (at >= end) break;
      at++;
    }
    this.#finish(unquoted, end, count);
  }

  #finish(bytes: Buffer, end: number, count: number): void {
    this.bytes = bytes;
    this.count = count;
    this.#lineTo = end;
    this.#at = end + 1;
  }

  #quoteBefore(end: number): boolean {
    if (this.#nextQuote < this.#at) {
      const found = this.#buffer.indexOf(this.#quote, this.#at);
      this.#nextQuote = found < 0 || found >= this.#limit ? this.#limit : found;
    }
    return this.#nextQuote < end;
  }

  #unterminated(): SensorloopError {
    return new SensorloopError("UNTERMINATED_QUOTE", `a quote opens in line ${this.line} of the staged file and is not closed in it`, {
      facts: { line: this.line },
    });
  }
}

/** Without the blanks (spaces, tabs) around it: the first byte that counts, and the one after the last. */
export function trimStart(bytes: Buffer, from: number, to: number): number {
  let at = from;
  while (at < to && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
  return at;
}

export function trimEnd(bytes: Buffer, from: number, to: number): number {
  let at = to;
  while (at > from && (bytes[at - 1] === SPACE || bytes[at - 1] === TAB)) at--;
  return at;
}
