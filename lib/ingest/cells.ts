import type { FilesSpec } from "../domain/spec.ts";

/** Tells cells that mean "nothing was measured". */
export class NullCells {
  readonly #tokens: readonly Buffer[];
  /** Bit n is set where a token of n bytes exists, so that most cells need no comparison. */
  readonly #lengths: number;

  constructor(format: FilesSpec["format"]) {
    this.#tokens = format.nulls.map((token) => Buffer.from(token.trim(), "utf8"));
    this.#lengths = this.#tokens.reduce((mask, token) => mask | (1 << Math.min(token.length, 31)), 0);
  }

  /** @param from,to of the cell without the blanks around it */
  has(bytes: Buffer, from: number, to: number): boolean {
    const length = to - from;
    return (this.#lengths & (1 << (length < 31 ? length : 31))) !== 0 && this.#matches(bytes, from, length);
  }

  #matches(bytes: Buffer, from: number, length: number): boolean {
    return this.#tokens.some((token) => token.length === length && token.every((byte, index) => byte === bytes[from + index]));
  }
}
