import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { createHash } from "node:crypto";

const CHUNK = 1 << 20;
/**
 * What tells a copied file from a signal that stands still or repeats itself every second: the block is long, nearly
 * every line of it is its own (noise sees to that in a real recording), and it comes a few times only.
 */
const LEAST_ROWS = 100;
const LEAST_DISTINCT = 0.5;
const MOST_COPIES = 5;
/** Prime numbers of copies; others are found one factor after the other. */
const COPIES = [2, 3, 5];
const DISTINCT_LOOKED_AT = 200_000;

/**
 * The staged line from which a file repeats its own beginning to the end: the same rows, two or more times over, block
 * after block (WISDM's subject 1629). Null where it does not. Rows without a clock cannot be told from repeated ones
 * one by one, but a whole file that was appended to itself can: comparing stops at the first byte that differs.
 *
 * @param headerLines lines before the first row
 */
export function repeatedTail(path: string, headerLines: number): number | null {
  const fd = openSync(path, "r");
  try {
    const size = fstatSync(fd).size;
    const start = endOfLine(fd, headerLines);
    // The last line may lack its newline; the copy of it further up has one.
    const closed = size > start && byteAt(fd, size - 1) === 10;
    const length = size - start + (closed ? 0 : 1);
    let block = length;
    for (let copies = shortened(); copies; copies = shortened()) block /= copies;
    if (block === length || length / block > MOST_COPIES) return null;
    const rows = distinctRows(fd, start, block);
    return rows ? headerLines + rows + 1 : null;

    /** How many times over the block holds its own beginning; undefined where it is all different. */
    function shortened(): number | undefined {
      return COPIES.find((copies) => {
        const part = block / copies;
        if (!Number.isInteger(part) || byteAt(fd, start + part - 1) !== 10) return false;
        return sameFrom(fd, start, start + part, Math.min(block, size - start) - part);
      });
    }
  } finally {
    closeSync(fd);
  }
}

/** Whether `length` bytes from both positions are the same. */
function sameFrom(fd: number, left: number, right: number, length: number): boolean {
  // Nearly all files differ at once: the first look is a short one.
  for (let at = 0; at < length;) {
    const want = Math.min(at === 0 ? 512 : CHUNK, length - at);
    const a = Buffer.allocUnsafe(want);
    const b = Buffer.allocUnsafe(want);
    readFully(fd, a, want, left + at);
    readFully(fd, b, want, right + at);
    if (a.compare(b, 0, want, 0, want) !== 0) return false;
    at += want;
  }
  return true;
}

/** Lines of the block, where they are enough and different enough for a copy; else 0. */
function distinctRows(fd: number, start: number, length: number): number {
  const buffer = Buffer.allocUnsafe(CHUNK);
  const seen = new Set<string>();
  let rows = 0;
  let rest = Buffer.alloc(0);
  for (let at = 0; at < length; at += CHUNK) {
    const want = Math.min(CHUNK, length - at);
    readFully(fd, buffer, want, start + at);
    const bytes = Buffer.concat([rest, buffer.subarray(0, want)]);
    let from = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      rows++;
      if (rows <= DISTINCT_LOOKED_AT) seen.add(createHash("md5").update(bytes.subarray(from, end)).digest("base64"));
      from = end + 1;
    }
    rest = Buffer.from(bytes.subarray(from));
  }
  const looked = Math.min(rows, DISTINCT_LOOKED_AT);
  return rows >= LEAST_ROWS && seen.size >= looked * LEAST_DISTINCT ? rows : 0;
}

/** Position after so many lines. */
function endOfLine(fd: number, lines: number): number {
  const buffer = Buffer.allocUnsafe(1 << 16);
  let left = lines;
  for (let at = 0; left > 0; at += buffer.length) {
    const read = readSync(fd, buffer, 0, buffer.length, at);
    if (read === 0) return at;
    for (let end = buffer.indexOf(10); end >= 0 && end < read; end = buffer.indexOf(10, end + 1)) if (--left === 0) return at + end + 1;
  }
  return 0;
}

function byteAt(fd: number, position: number): number {
  const one = Buffer.alloc(1);
  return readSync(fd, one, 0, 1, position) === 1 ? (one[0] as number) : -1;
}

function readFully(fd: number, into: Buffer, length: number, position: number): void {
  for (let done = 0; done < length;) {
    const read = readSync(fd, into, done, length - done, position + done);
    if (read === 0) throw new Error("the file became shorter while it was read");
    done += read;
  }
}
