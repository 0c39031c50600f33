import { writeVarint, zigzag } from "./thrift.ts";

/**
 * Parquet's encodings of column values (https://github.com/apache/parquet-format/blob/master/Encodings.md), for arrays
 * of which the first `count` values are taken.
 */

/** Bytes that grow; encoders append to it. */
export class ByteSink {
  bytes = Buffer.allocUnsafe(1 << 16);
  length = 0;

  reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + more));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  /** A view that is valid until the next append. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length);
  }
}

/**
 * Hybrid of runs and bit-packed groups, for definition levels and dictionary indices. A stretch of equal values is a
 * run once it spans a whole group of eight; what lies between is packed.
 */
export function encodeHybrid(sink: ByteSink, values: Int32Array | Uint8Array, count: number, bitWidth: number): void {
  let pending = 0;
  let at = 0;
  while (at < count) {
    let end = at + 1;
    const value = values[at] as number;
    while (end < count && values[end] === value) end++;
    // A packed group must be filled up to eight before a run may follow it.
    const missing = (8 - ((at - pending) & 7)) & 7;
    if (end - at - missing < 8) {
      at = end;
      continue;
    }
    at += missing;
    packGroups(sink, values, pending, at, bitWidth);
    encodeRun(sink, value, end - at, bitWidth);
    at = end;
    pending = end;
  }
  packGroups(sink, values, pending, count, bitWidth);
}

/** One run of the hybrid. */
export function encodeRun(sink: ByteSink, value: number, length: number, bitWidth: number): void {
  writeHeader(sink, length * 2);
  sink.reserve(4);
  for (let bits = 0; bits < bitWidth; bits += 8) sink.bytes[sink.length++] = (value >>> bits) & 255;
}

/** Bits from the least significant up; the last group is filled with zeros. */
function packGroups(sink: ByteSink, values: Int32Array | Uint8Array, from: number, to: number, bitWidth: number): void {
  if (to <= from) return;
  const groups = (to - from + 7) >> 3;
  writeHeader(sink, groups * 2 + 1);
  sink.reserve(groups * bitWidth + 8);
  const bytes = sink.bytes;
  let position = sink.length;
  let bits = 0;
  let held = 0;
  for (let index = from; index < from + groups * 8; index++) {
    const value = index < to ? (values[index] as number) : 0;
    // Fewer than 8 bits are held over and indices take at most 17 (a row group's rows), so that 32 suffice.
    bits |= value << held;
    held += bitWidth;
    while (held >= 8) {
      bytes[position++] = bits & 255;
      bits >>>= 8;
      held -= 8;
    }
  }
  sink.length = position;
}

function writeHeader(sink: ByteSink, value: number): void {
  sink.reserve(5);
  let rest = value;
  while (rest >= 128) {
    sink.bytes[sink.length++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  sink.bytes[sink.length++] = rest;
}

const BLOCK = 128;
const MINIBLOCK = 32;

/**
 * Differences of whole numbers (|v| <= 2^53), packed per 32 at the width they need: regular counters and clocks take
 * next to nothing. False, with nothing appended, where differences spread over more than 31 bits.
 */
export function encodeDeltas(sink: ByteSink, values: Float64Array | Int32Array, count: number): boolean {
  const start = sink.length;
  writeHeader(sink, BLOCK);
  writeHeader(sink, BLOCK / MINIBLOCK);
  writeHeader(sink, count);
  appendZigzag(sink, values[0] as number);
  const deltas = new Int32Array(BLOCK);
  for (let block = 1; block < count; block += BLOCK) {
    const end = Math.min(block + BLOCK, count);
    let least = Infinity;
    let most = -Infinity;
    let before = values[block - 1] as number;
    for (let index = block; index < end; index++) {
      const value = values[index] as number;
      const delta = value - before;
      if (delta < least) least = delta;
      if (delta > most) most = delta;
      before = value;
    }
    if (most - least >= 2 ** 31 || Math.abs(least) > 2 ** 52) {
      sink.length = start;
      return false;
    }
    appendZigzag(sink, least);
    sink.reserve(BLOCK / MINIBLOCK);
    const widths = sink.length;
    sink.bytes.fill(0, widths, (sink.length += BLOCK / MINIBLOCK));
    if (least === most) continue;
    deltas.fill(0);
    before = values[block - 1] as number;
    for (let index = block; index < end; index++) {
      const value = values[index] as number;
      deltas[index - block] = value - before - least;
      before = value;
    }
    // Miniblocks without a value have no width and are left out; one with a value is written whole.
    for (let mini = 0; mini < BLOCK / MINIBLOCK; mini++) {
      let all = 0;
      for (let index = mini * MINIBLOCK; index < (mini + 1) * MINIBLOCK; index++) all |= deltas[index] as number;
      if (all === 0) continue;
      const width = 32 - Math.clz32(all);
      sink.bytes[widths + mini] = width;
      packBits(sink, deltas, mini * MINIBLOCK, width);
    }
  }
  return true;
}

function appendZigzag(sink: ByteSink, value: number): void {
  const bytes: number[] = [];
  writeVarint(bytes, zigzag(value));
  sink.reserve(bytes.length);
  for (const byte of bytes) sink.bytes[sink.length++] = byte;
}

/** 32 values of `width` <= 31 bits, from the least significant bit up. */
function packBits(sink: ByteSink, values: Int32Array, from: number, width: number): void {
  sink.reserve(width * 4 + 8);
  const bytes = sink.bytes;
  let position = sink.length;
  let low = 0;
  let held = 0;
  for (let index = from; index < from + MINIBLOCK; index++) {
    const value = values[index] as number;
    low |= value << held;
    if (held + width < 32) held += width;
    else {
      bytes.writeInt32LE(low, position);
      position += 4;
      const used = 32 - held;
      low = used >= width ? 0 : value >>> used;
      held = width - used;
    }
  }
  sink.length = position;
}

/** Eight bytes each, little-endian two's complement, of whole numbers up to 2^53. */
export function encodePlainInt64(sink: ByteSink, values: Int32Array | Float64Array, count: number): void {
  sink.reserve(count * 8);
  const { bytes } = sink;
  let at = sink.length;
  for (let index = 0; index < count; index++) {
    const value = values[index] as number;
    const high = Math.floor(value / 4294967296);
    const low = value - high * 4294967296;
    bytes[at] = low;
    bytes[at + 1] = low >>> 8;
    bytes[at + 2] = low >>> 16;
    bytes[at + 3] = low >>> 24;
    bytes[at + 4] = high;
    bytes[at + 5] = high >>> 8;
    bytes[at + 6] = high >>> 16;
    bytes[at + 7] = high >>> 24;
    at += 8;
  }
  sink.length = at;
}

export function encodePlainInt32(sink: ByteSink, values: Int32Array | Float64Array, count: number): void {
  sink.reserve(count * 4);
  for (let index = 0; index < count; index++) sink.length = sink.bytes.writeInt32LE(values[index] as number, sink.length);
}

export function encodePlainFloat(sink: ByteSink, values: Float32Array, count: number): void {
  sink.reserve(count * 4);
  sink.bytes.set(new Uint8Array(values.buffer, values.byteOffset, count * 4), sink.length);
  sink.length += count * 4;
}

/** A length of four bytes and UTF-8, each. */
export function encodePlainStrings(sink: ByteSink, values: readonly string[]): void {
  for (const value of values) {
    sink.reserve(4 + value.length * 3);
    const written = sink.bytes.write(value, sink.length + 4, "utf8");
    sink.bytes.writeUInt32LE(written, sink.length);
    sink.length += 4 + written;
  }
}
