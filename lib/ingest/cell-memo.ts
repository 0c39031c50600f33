/**
 * The bytes of the cell last looked at. Subjects, recordings and labels come in runs, so that most rows need one
 * comparison where they would need a string and a hash.
 */
export class CellMemo {
  #bytes = Buffer.alloc(32);
  #length = -1;

  /** Whether the cell has the same bytes as the one last remembered. */
  same(bytes: Buffer, from: number, to: number): boolean {
    const length = to - from;
    if (length !== this.#length) return false;
    const known = this.#bytes;
    // From the end: what differs between neighbours (a counter, a suffix) mostly stands there.
    for (let at = length - 1; at >= 0; at--) if (bytes[from + at] !== known[at]) return false;
    return true;
  }

  remember(bytes: Buffer, from: number, to: number): void {
    const length = to - from;
    if (length > this.#bytes.length) this.#bytes = Buffer.alloc(length * 2);
    this.#bytes.set(bytes.subarray(from, to));
    this.#length = length;
  }
}
