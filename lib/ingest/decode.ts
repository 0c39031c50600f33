import { isUtf8 } from "node:buffer";
import { SensorloopError } from "../domain/errors.ts";
import type { FilesSpec } from "../domain/spec.ts";
import type { FileScan } from "./scan.ts";

type Encoding = FileScan["encoding"];

const BOMS: readonly (readonly [Encoding, readonly number[]])[] = [
  ["utf-8", [0xef, 0xbb, 0xbf]],
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
];

/** What people send instead of a table, by its first bytes. */
const NOT_TABLES: readonly (readonly [string, string, number])[] = [
  ["a PNG image", "\x89PNG", 0],
  ["a JPEG image", "\xff\xd8\xff", 0],
  ["a PDF document", "%PDF-", 0],
  ["a Parquet file", "PAR1", 0],
  ["an HDF5 or MATLAB file", "\x89HDF", 0],
  ["a SQLite database", "SQLite format 3", 0],
  ["an ELF program", "\x7fELF", 0],
  ["a bzip2 archive", "BZh", 0],
  ["an xz archive", "\xfd7zXZ", 0],
  ["a zstd archive", "\x28\xb5\x2f\xfd", 0],
  ["a 7z archive", "7z\xbc\xaf", 0],
  ["a RAR archive", "Rar!", 0],
  ["a tar archive", "ustar", 257],
];

/** Share of control characters from which bytes are no text in any encoding. */
const CONTROLS = 0.02;

/**
 * Brings a file to UTF-8 without a byte order mark, and refuses what is no text or another text than the spec says. An
 * encoding that was not declared is never guessed, only named: a wrong guess would change labels without a word.
 */
export class Decoder {
  readonly encoding: Encoding;
  readonly #name: string;
  readonly #wide: TextDecoder | null;
  #bom: number;
  #held = Buffer.alloc(0);
  #lines = 0;

  /** @param head the first bytes, some hundred where there are as many. @throws SensorloopError NOT_TEXT, ENCODING_UNDECLARED */
  constructor(name: string, declared: FilesSpec["format"]["encoding"], head: Buffer) {
    this.#name = name;
    const foreign = NOT_TABLES.find(([, magic, at]) => head.subarray(at, at + magic.length).equals(Buffer.from(magic, "latin1")));
    if (foreign) throw new SensorloopError("NOT_TEXT", `${name} is ${foreign[0]}`, { facts: { kind: foreign[0] } });
    const [marked, mark] = BOMS.find(([, bytes]) => bytes.every((byte, index) => head[index] === byte)) ?? [];
    const seen = marked ?? wideWithoutMark(head);
    const wideDeclared = declared === "utf-16le" || declared === "utf-16be";
    // A mark of UTF-8 is no contradiction to Latin-1, since nobody begins a table with the letters it would be there.
    if (seen && seen !== declared && !(seen === "utf-8" && declared === "latin1")) throw undeclared(name, seen, declared);
    if (wideDeclared && !seen && head.length > 0) throw undeclared(name, "utf-8", declared);
    this.encoding = seen ?? declared;
    this.#bom = mark?.length ?? 0;
    this.#wide =
      this.encoding === "utf-16le" || this.encoding === "utf-16be"
        ? new TextDecoder(this.encoding, { fatal: true, ignoreBOM: true })
        : null;
  }

  /** Whether the bytes that come out are those that went in. */
  get identical(): boolean {
    return this.#bom === 0 && this.encoding === "utf-8";
  }

  /** @throws SensorloopError NUL_BYTES, NOT_TEXT, ENCODING_UNDECLARED */
  decode(chunk: Buffer): Buffer {
    let bytes = chunk;
    if (this.#bom > 0) {
      const skipped = Math.min(this.#bom, bytes.length);
      bytes = bytes.subarray(skipped);
      this.#bom -= skipped;
    }
    if (this.#wide) return this.#checked(this.#fromWide(bytes));
    if (this.encoding === "latin1") return this.#checked(Buffer.from(bytes.toString("latin1"), "utf8"));
    if (this.#held.length > 0) bytes = Buffer.concat([this.#held, bytes]);
    const whole = wholeCharacters(bytes);
    this.#held = Buffer.from(bytes.subarray(whole));
    bytes = bytes.subarray(0, whole);
    if (!isUtf8(bytes)) throw this.#notUtf8(bytes);
    return this.#checked(bytes);
  }

  /** What is left at the end of the file. */
  end(): Buffer {
    if (this.#wide) return this.#fromWide(Buffer.alloc(0), true);
    if (this.#held.length > 0) throw this.#notUtf8(this.#held);
    return this.#held;
  }

  #checked(bytes: Buffer): Buffer {
    const nul = bytes.indexOf(0);
    if (nul >= 0) {
      const line = this.#lines + linesIn(bytes.subarray(0, nul)) + 1;
      throw new SensorloopError("NUL_BYTES", `${this.#name} has a NUL byte in line ${line}`, { facts: { line } });
    }
    return bytes;
  }

  /** Lines are counted by whoever splits them; they are told here to name a place. */
  at(lines: number): void {
    this.#lines = lines;
  }

  #fromWide(bytes: Buffer, end = false): Buffer {
    try {
      return Buffer.from((this.#wide as TextDecoder).decode(bytes, { stream: !end }), "utf8");
    } catch (cause) {
      throw new SensorloopError(
        "NOT_TEXT",
        `${this.#name} is not valid ${this.encoding} after line ${this.#lines}: half a character (a lone surrogate, or a byte too few)`,
        {
          cause,
          facts: { line: this.#lines + 1 },
        },
      );
    }
  }

  #notUtf8(bytes: Buffer): SensorloopError {
    const bad = firstInvalid(bytes);
    const line = this.#lines + linesIn(bytes.subarray(0, bad)) + 1;
    if (bytes[bad] === 0xed && (bytes[bad + 1] ?? 0) >= 0xa0) {
      return new SensorloopError("NOT_TEXT", `${this.#name} has half a character (a lone surrogate) in line ${line}`, { facts: { line } });
    }
    const near = bytes.subarray(Math.max(0, bad - 2048), bad + 2048);
    const controls = near.filter((byte) => byte < 32 && byte !== 9 && byte !== 10 && byte !== 13).length;
    if (controls > near.length * CONTROLS)
      return new SensorloopError("NOT_TEXT", `${this.#name} is not text: line ${line} is binary`, { facts: { line } });
    const windows = near.some((byte) => byte >= 0x80 && byte < 0xa0);
    const looksLike = windows ? "windows-1252" : "latin1";
    return new SensorloopError("ENCODING_UNDECLARED", `${this.#name} is not UTF-8: line ${line} looks like ${looksLike}`, {
      facts: { line, looksLike },
    });
  }
}

function undeclared(name: string, looksLike: Encoding, declared: string): SensorloopError {
  return new SensorloopError("ENCODING_UNDECLARED", `${name} looks like ${looksLike}, and the spec says ${declared}`, {
    facts: { looksLike, declared },
  });
}

/** UTF-16 without a mark: nearly every other byte of a table's first lines is 0. */
function wideWithoutMark(head: Buffer): Encoding | undefined {
  if (head.length < 4) return undefined;
  let even = 0;
  let odd = 0;
  for (const [index, byte] of head.entries()) {
    if (byte !== 0) continue;
    if (index % 2 === 0) even++;
    else odd++;
  }
  const most = Math.floor(head.length / 2) * 0.7;
  if (odd >= most && even === 0) return "utf-16le";
  return even >= most && odd === 0 ? "utf-16be" : undefined;
}

/** How many bytes of the chunk are whole characters; the rest, three at most, waits for the next chunk. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return needed > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** Halves until the part that breaks is one character. */
function firstInvalid(bytes: Buffer): number {
  let valid = 0;
  let invalid = bytes.length;
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1;
    const part = bytes.subarray(0, middle);
    if (isUtf8(part.subarray(0, wholeCharacters(part)))) valid = middle;
    else invalid = middle;
  }
  let at = valid;
  while (at > 0 && ((bytes[at] as number) & 0xc0) === 0x80 && valid - at < 3) at--;
  return isUtf8(bytes.subarray(at, at + 1)) ? valid : at;
}

function linesIn(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++;
  return lines;
}
