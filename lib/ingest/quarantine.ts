import { closeSync, openSync, writeSync } from "node:fs";
import type { Rule } from "./clean-job.ts";

export interface Refusal {
  readonly rule: Rule;
  readonly column: string | null;
  readonly reason: string;
}

/** One refused row as it is written, one JSON document a line. */
export interface QuarantinedRow extends Refusal {
  /** In the file as it was sent. */
  readonly line: number;
  readonly raw: string;
}

const BATCH = 1 << 16;
const EXAMPLES = 5;

/** Writes refused rows to a file as they come; the file is made with the first. */
export class Quarantine {
  readonly path: string;
  readonly counts: Partial<Record<Rule, number>> = {};
  /** The first rows, without their content. */
  readonly examples: (Refusal & { readonly line: number })[] = [];
  rows = 0;
  #fd: number | undefined;
  #pending = "";

  constructor(path: string) {
    this.path = path;
  }

  add(row: QuarantinedRow): void {
    this.rows++;
    this.counts[row.rule] = (this.counts[row.rule] ?? 0) + 1;
    if (this.examples.length < EXAMPLES) this.examples.push({ line: row.line, rule: row.rule, column: row.column, reason: row.reason });
    this.#pending += `${JSON.stringify(row)}\n`;
    if (this.#pending.length > BATCH) this.#write();
  }

  close(): void {
    if (this.#pending) this.#write();
    this.abandon();
  }

  /** Closes without what is still pending. May be called again. */
  abandon(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #write(): void {
    this.#fd ??= openSync(this.path, "wx");
    const bytes = Buffer.from(this.#pending, "utf8");
    for (let written = 0; written < bytes.length;) written += writeSync(this.#fd, bytes, written);
    this.#pending = "";
  }
}
