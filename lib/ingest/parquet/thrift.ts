/**
 * The part of Thrift's compact protocol that Parquet's page headers and footer need
 * (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
 */
export type ThriftValue =
  | { readonly i32: number }
  | { readonly i64: number }
  | { readonly bool: boolean }
  | { readonly binary: Uint8Array }
  | { readonly struct: ThriftStruct }
  | { readonly list: readonly ThriftValue[] };

/** Fields by id, ascending; undefined ones are left out. */
export type ThriftStruct = Readonly<Record<number, ThriftValue | undefined>>;

const TYPE = { true: 1, false: 2, i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const;

export function encodeStruct(struct: ThriftStruct): Buffer {
  const bytes: number[] = [];
  writeStruct(bytes, struct);
  return Buffer.from(bytes);
}

export const text = (value: string): ThriftValue => ({ binary: Buffer.from(value, "utf8") });

function writeStruct(out: number[], struct: ThriftStruct): void {
  let last = 0;
  for (const [key, value] of Object.entries(struct)) {
    if (!value) continue;
    const id = Number(key);
    const type = "bool" in value ? (value.bool ? TYPE.true : TYPE.false) : typeOf(value);
    if (id - last <= 15) out.push(((id - last) << 4) | type);
    else {
      out.push(type);
      writeVarint(out, zigzag(id));
    }
    last = id;
    if (!("bool" in value)) writeValue(out, value);
  }
  out.push(0);
}

function writeValue(out: number[], value: ThriftValue): void {
  if ("i32" in value) writeVarint(out, zigzag(value.i32));
  else if ("i64" in value) writeVarint(out, zigzag(value.i64));
  else if ("struct" in value) writeStruct(out, value.struct);
  else if ("bool" in value) out.push(value.bool ? 1 : 2);
  else if ("binary" in value) {
    writeVarint(out, value.binary.length);
    for (const byte of value.binary) out.push(byte);
  } else {
    const type = value.list[0] ? typeOf(value.list[0]) : TYPE.struct;
    if (value.list.length < 15) out.push((value.list.length << 4) | type);
    else {
      out.push(0xf0 | type);
      writeVarint(out, value.list.length);
    }
    for (const item of value.list) writeValue(out, item);
  }
}

function typeOf(value: ThriftValue): number {
  if ("i32" in value) return TYPE.i32;
  if ("i64" in value) return TYPE.i64;
  if ("binary" in value) return TYPE.binary;
  if ("list" in value) return TYPE.list;
  if ("struct" in value) return TYPE.struct;
  return TYPE.true;
}

/** Whole numbers up to 2^53 without BigInt: |value| * 2, less one where it is negative. */
export function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

export function writeVarint(out: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    out.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
}
