import { SensorloopError } from "../domain/errors.ts";
import type { FilesSpec } from "../domain/spec.ts";

const LONGEST_HEADER = 4 << 20;

/**
 * Turns an ARFF file (https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/) into CSV with a header
 * line, as bytes come. Lines stay lines: a comment among the rows becomes an empty one.
 */
export class ArffToCsv {
  readonly #name: string;
  readonly #format: FilesSpec["format"];
  readonly #attributes: string[] = [];
  #pending = Buffer.alloc(0);
  #headerDone = false;
  #headerWritten = false;
  /** Lines up to and with `@data`. */
  headerLines = 0;
  #blanks = "";

  constructor(name: string, format: FilesSpec["format"]) {
    this.#name = name;
    this.#format = format;
  }

  /** @param chunk UTF-8 with LF. @throws SensorloopError NOT_TEXT, HEADER_MISMATCH */
  convert(chunk: Buffer): Buffer {
    const bytes = Buffer.concat([this.#pending, chunk]);
    const end = bytes.lastIndexOf(10) + 1;
    this.#pending = Buffer.from(bytes.subarray(end));
    if (!this.#headerDone && this.#pending.length > LONGEST_HEADER) throw this.#refuse("it has no @data line");
    return this.#lines(bytes.toString("utf8", 0, end));
  }

  end(): Buffer {
    const rest = this.#pending.length > 0 ? this.#lines(`${this.#pending.toString("utf8")}\n`) : Buffer.alloc(0);
    if (!this.#headerDone) throw this.#refuse("it has no @data line");
    return this.#headerWritten ? rest : Buffer.concat([rest, this.#header(this.#attributes.length)]);
  }

  #lines(text: string): Buffer {
    let out = "";
    let from = 0;
    for (let to = text.indexOf("\n"); to >= 0; from = to + 1, to = text.indexOf("\n", from)) {
      const line = text.slice(from, to);
      if (!this.#headerDone) this.#declare(line.trim());
      else if (line.trim() === "" || line.trimStart().startsWith("%")) {
        if (this.#headerWritten) out += "\n";
        else this.#blanks += "\n";
      } else {
        const row = this.#row(line);
        if (!this.#headerWritten) out += this.#header(row.count).toString("utf8") + this.#blanks;
        out += `${row.text}\n`;
      }
    }
    return Buffer.from(out, "utf8");
  }

  #declare(line: string): void {
    this.headerLines++;
    if (/^@data\b/i.test(line)) this.#headerDone = true;
    const attribute = /^@attribute\s+(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(\S+))/i.exec(line);
    if (attribute) this.#attributes.push((attribute[1] ?? attribute[2] ?? attribute[3] ?? "").replace(/\\(.)/g, "$1"));
    else if (line !== "" && !line.startsWith("%") && !/^@(relation|data)\b/i.test(line))
      throw this.#refuse(`line ${this.headerLines} declares nothing`);
  }

  /** Columns that the file forgot to declare come last and are named by the spec. */
  #header(cells: number): Buffer {
    this.#headerWritten = true;
    const undeclared = Math.max(0, cells - this.#attributes.length);
    const named = this.#format.columns ?? [];
    const rest = named.length === undeclared ? named : named.length === cells ? named.slice(this.#attributes.length) : [];
    if (rest.length !== undeclared) {
      throw new SensorloopError(
        "HEADER_MISMATCH",
        `${this.#name} declares ${this.#attributes.length} columns and has ${cells}; \`format.columns\` must name the ${undeclared} others`,
        {
          facts: { declared: this.#attributes.length, found: cells },
        },
      );
    }
    return Buffer.from(`${[...this.#attributes, ...rest].map((name) => this.#quoted(name)).join(this.#format.delimiter)}\n`, "utf8");
  }

  #row(line: string): { text: string; count: number } {
    if (line.trimStart().startsWith("{")) throw this.#refuse("sparse rows ({index value, ...}) are not taken in");
    if (!line.includes("'") && this.#headerWritten) return { text: line, count: 0 };
    const cells: string[] = [];
    const pattern = /\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^,]*))\s*(?:,|$)/y;
    while (pattern.lastIndex <= line.length) {
      const cell = pattern.exec(line);
      if (!cell) return { text: line, count: 0 };
      cells.push(
        cell[1] !== undefined || cell[2] !== undefined
          ? this.#quoted((cell[1] ?? cell[2] ?? "").replace(/\\(.)/g, "$1"))
          : (cell[3] ?? "").trim(),
      );
      if (pattern.lastIndex === line.length && !line.endsWith(",")) break;
      if (pattern.lastIndex === line.length) {
        cells.push("");
        break;
      }
    }
    return { text: cells.join(this.#format.delimiter), count: cells.length };
  }

  #quoted(text: string): string {
    const { quote, delimiter } = this.#format;
    if (!quote || !(text.includes(delimiter) || text.includes(quote))) return text;
    return quote + text.replaceAll(quote, quote + quote) + quote;
  }

  #refuse(why: string): SensorloopError {
    return new SensorloopError("NOT_TEXT", `${this.#name} is not an ARFF file that can be read: ${why}`);
  }
}
