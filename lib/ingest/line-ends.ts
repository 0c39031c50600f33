import type { FileScan } from "./scan.ts";

const LF = 10;
const CR = 13;

/** Brings line ends to LF, and takes away the character that ends each row where the spec names one. */
export class LineEnds {
  readonly #rowEnd: number;
  #carriage = false;
  #held = Buffer.alloc(0);
  #lf = false;
  #crlf = false;
  #cr = false;
  /** Whether anything was changed so far. */
  changed = false;

  constructor(rowEnd: string | undefined) {
    this.#rowEnd = rowEnd === undefined ? -1 : rowEnd.charCodeAt(0);
  }

  get newline(): FileScan["newline"] {
    const kinds = [this.#lf && "lf", this.#crlf && "crlf", this.#cr && "cr"].filter((kind) => kind !== false) as FileScan["newline"][];
    return kinds.length > 1 ? "mixed" : (kinds[0] ?? "none");
  }

  convert(chunk: Buffer): Buffer {
    const unix = this.#toUnix(chunk);
    return this.#rowEnd < 0 ? unix : this.#withoutRowEnds(unix);
  }

  /** What was held back at the end of the file. */
  end(): Buffer {
    const rest = this.#carriage ? Buffer.from("\n") : Buffer.alloc(0);
    if (this.#carriage) this.#cr = true;
    this.#carriage = false;
    const last = this.#rowEnd < 0 ? rest : Buffer.concat([this.#withoutRowEnds(rest), this.#held]);
    return last.length === 1 && last[0] === this.#rowEnd ? Buffer.alloc(0) : last;
  }

  #toUnix(chunk: Buffer): Buffer {
    if (!this.#carriage && chunk.indexOf(CR) < 0) {
      this.#lf ||= chunk.indexOf(LF) >= 0;
      return chunk;
    }
    this.changed = true;
    const out = Buffer.allocUnsafe(chunk.length + 1);
    let written = 0;
    for (const byte of chunk) {
      if (this.#carriage) {
        this.#carriage = false;
        out[written++] = LF;
        if (byte === LF) {
          this.#crlf = true;
          continue;
        }
        this.#cr = true;
      }
      if (byte === CR) this.#carriage = true;
      else {
        this.#lf ||= byte === LF;
        out[written++] = byte;
      }
    }
    return out.subarray(0, written);
  }

  #withoutRowEnds(chunk: Buffer): Buffer {
    const bytes = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    const out = Buffer.allocUnsafe(bytes.length);
    let written = 0;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte === LF && written > 0 && out[written - 1] === this.#rowEnd) {
        out[written - 1] = LF;
        this.changed = true;
      } else out[written++] = byte;
    }
    // The next chunk may begin with the newline that makes the last byte a row's end.
    const hold = written > 0 && out[written - 1] === this.#rowEnd ? 1 : 0;
    this.#held = Buffer.from(out.subarray(written - hold, written));
    if (hold) this.changed = true;
    return out.subarray(0, written - hold);
  }
}
