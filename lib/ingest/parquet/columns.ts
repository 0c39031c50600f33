import {
  encodeDeltas,
  encodeHybrid,
  encodePlainFloat,
  encodePlainInt32,
  encodePlainInt64,
  encodePlainStrings,
  encodeRun,
  type ByteSink,
} from "./encodings.ts";

/** Numbers of the Parquet format (parquet.thrift). */
export const PHYSICAL = { int32: 1, int64: 2, float: 4, string: 6 } as const;
export const ENCODING = { plain: 0, rle: 3, deltaBinaryPacked: 5, rleDictionary: 8 } as const;

export type ColumnType = keyof typeof PHYSICAL;

/** One column of the row group that is being filled. Values are set by row; a row that is not set keeps an older value. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /**
   * The encoded values of the rows so far; the column is then ready for the next row group. What is returned lies in the
   * two sinks, whose old content is gone.
   */
  encode(rows: number, page: ByteSink, dictionary: ByteSink): EncodedColumn;
}

export interface EncodedColumn {
  readonly encoding: number;
  /** Distinct values that the indices in `data` mean; null where the data stands for itself. */
  readonly dictionary: { readonly bytes: Buffer; readonly values: number } | null;
  /** Definition levels (4 bytes of length, then the hybrid) and values: a page before compression. */
  readonly data: Buffer;
  readonly nulls: number;
  /** Least and greatest value in the format's own bytes, by which readers skip row groups. */
  readonly least: Buffer | null;
  readonly greatest: Buffer | null;
}

/** Text with few distinct values that come in runs, null where there is none. */
export class StringColumn implements Column {
  readonly type = "string";
  readonly name: string;
  readonly #codes: Int32Array;
  readonly #codeOf = new Map<string, number>();
  #last: string | null = null;
  #lastCode = -1;
  /** Row from which the last value holds. */
  #since = 0;
  #nulls = false;

  constructor(name: string, rows: number) {
    this.name = name;
    this.#codes = new Int32Array(rows);
  }

  /** Rows are set in order. */
  set(row: number, value: string | null): void {
    if (value !== this.#last || row === 0) this.#change(row, value);
  }

  encode(rows: number, page: ByteSink, dictionary: ByteSink): EncodedColumn {
    this.#codes.fill(this.#lastCode, this.#since, rows);
    const texts = [...this.#codeOf.keys()];
    const { values: present, count, nulls } = presentOf(page, this.#codes, rows, this.#nulls ? missingCodes(this.#codes, rows) : null);
    const width = Math.max(1, 32 - Math.clz32(Math.max(0, texts.length - 1)));
    page.reserve(1);
    page.bytes[page.length++] = width;
    encodeHybrid(page, present, count, width);
    dictionary.length = 0;
    encodePlainStrings(dictionary, texts);
    this.#codeOf.clear();
    this.#nulls = false;
    return {
      encoding: ENCODING.rleDictionary,
      dictionary: { bytes: dictionary.view(), values: texts.length },
      data: page.view(),
      nulls,
      ...boundsOf(texts),
    };
  }

  #change(row: number, value: string | null): void {
    if (row > 0) this.#codes.fill(this.#lastCode, this.#since, row);
    this.#since = row;
    this.#last = value;
    if (value === null) {
      this.#lastCode = -1;
      this.#nulls = true;
      return;
    }
    const known = this.#codeOf.get(value);
    this.#lastCode = known ?? this.#codeOf.size;
    if (known === undefined) this.#codeOf.set(value, this.#lastCode);
  }
}

/** Readers compare bytes; those of long texts are left out. */
function boundsOf(values: readonly string[]): Pick<EncodedColumn, "least" | "greatest"> {
  let least: Buffer | null = null;
  let greatest: Buffer | null = null;
  for (const value of values) {
    if (value.length > 64) return { least: null, greatest: null };
    const bytes = Buffer.from(value, "utf8");
    if (!least || Buffer.compare(bytes, least) < 0) least = bytes;
    if (!greatest || Buffer.compare(bytes, greatest) > 0) greatest = bytes;
  }
  return { least, greatest };
}

/** Whole numbers of 32 bits, never null. */
export class Int32Column implements Column {
  readonly type = "int32";
  readonly name: string;
  readonly values: Int32Array;

  constructor(name: string, rows: number) {
    this.name = name;
    this.values = new Int32Array(rows);
  }

  encode(rows: number, page: ByteSink): EncodedColumn {
    return encodeWhole(page, presentOf(page, this.values, rows, null), 4);
  }
}

/** Whole numbers up to 2^53; NaN is null. */
export class Int64Column implements Column {
  readonly type = "int64";
  readonly name: string;
  readonly values: Float64Array;

  constructor(name: string, rows: number) {
    this.name = name;
    this.values = new Float64Array(rows);
  }

  encode(rows: number, page: ByteSink): EncodedColumn {
    return encodeWhole(page, presentOf(page, this.values, rows, missingFloats(this.values, rows)), 8);
  }
}

/** Measured values; NaN is null. */
export class FloatColumn implements Column {
  readonly type = "float";
  readonly name: string;
  readonly values: Float32Array;

  constructor(name: string, rows: number) {
    this.name = name;
    this.values = new Float32Array(rows);
  }

  encode(rows: number, page: ByteSink): EncodedColumn {
    const { values, count, nulls } = presentOf(page, this.values, rows, missingFloats(this.values, rows));
    encodePlainFloat(page, values, count);
    return { encoding: ENCODING.plain, dictionary: null, data: page.view(), nulls, least: null, greatest: null };
  }
}

function encodeWhole(page: ByteSink, { values, count, nulls }: Present<Int32Array | Float64Array>, bytes: 4 | 8): EncodedColumn {
  if (count === 0) return { encoding: ENCODING.plain, dictionary: null, data: page.view(), nulls, least: null, greatest: null };
  let least = Infinity;
  let greatest = -Infinity;
  for (let row = 0; row < count; row++) {
    const value = values[row] as number;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  const packed = encodeDeltas(page, values, count);
  // Differences of 32-bit values may need 32 bits themselves; those are written as they are too.
  if (!packed && bytes === 4) encodePlainInt32(page, values, count);
  if (!packed && bytes === 8) encodePlainInt64(page, values, count);
  const encoding = packed ? ENCODING.deltaBinaryPacked : ENCODING.plain;
  return {
    encoding,
    dictionary: null,
    data: page.view(),
    nulls,
    least: littleEndian(least, bytes),
    greatest: littleEndian(greatest, bytes),
  };
}

function littleEndian(value: number, bytes: 4 | 8): Buffer {
  const buffer = Buffer.alloc(bytes);
  if (bytes === 4) buffer.writeInt32LE(value);
  else buffer.writeBigInt64LE(BigInt(value));
  return buffer;
}

/** Where a value is missing: NaN, or a code below 0. Loops over one kind of array each, which V8 makes fast. */
function missingFloats(values: Float32Array | Float64Array, rows: number): Uint8Array | null {
  let present: Uint8Array | null = null;
  for (let row = 0; row < rows; row++) {
    const value = values[row] as number;
    if (value === value) continue;
    present ??= new Uint8Array(rows).fill(1);
    present[row] = 0;
  }
  return present;
}

function missingCodes(codes: Int32Array, rows: number): Uint8Array | null {
  let present: Uint8Array | null = null;
  for (let row = 0; row < rows; row++) {
    if ((codes[row] as number) >= 0) continue;
    present ??= new Uint8Array(rows).fill(1);
    present[row] = 0;
  }
  return present;
}

interface Present<Values> {
  readonly values: Values;
  readonly count: number;
  readonly nulls: number;
}

/**
 * The values that are there, moved together. Begins the page with their definition levels: 1 where a value is there. All
 * columns are optional in the schema.
 */
function presentOf<Values extends Int32Array | Float32Array | Float64Array>(
  page: ByteSink,
  values: Values,
  rows: number,
  present: Uint8Array | null,
): Present<Values> {
  page.length = 4;
  if (present) encodeHybrid(page, present, rows, 1);
  else encodeRun(page, 1, rows, 1);
  page.bytes.writeUInt32LE(page.length - 4, 0);
  if (!present) return { values, count: rows, nulls: 0 };
  const packed = new (values.constructor as new (length: number) => Values)(rows);
  let count = 0;
  for (let row = 0; row < rows; row++) if (present[row] === 1) packed[count++] = values[row] as number;
  return { values: packed, count, nulls: rows - count };
}
