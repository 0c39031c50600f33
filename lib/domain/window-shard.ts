import { z } from "zod";
import { SensorloopError } from "./errors.ts";

/**
 * A shard of a window set at rest: a JSON header and raw little-endian columns, so that a trainer maps it without
 * parsing. Layout: 8 bytes magic "SLWIN001", uint32 header length, header (UTF-8, padded with blanks so that the first
 * column begins at a multiple of 8), columns one after another, each padded to 8 bytes.
 */
const MAGIC = "SLWIN001";
const columnSchema = z.object({
  name: z.string(),
  type: z.enum(["f32", "f64", "i32", "u8"]),
  shape: z.array(z.number().int().nonnegative()),
  offset: z.number().int(),
});
const headerSchema = z.object({
  windows: z.number().int(),
  /** Dictionaries: columns `subject`, `recording`, `label` hold indices into these; -1 is none. */
  subjects: z.array(z.string()),
  recordings: z.array(z.string()),
  classes: z.array(z.string()),
  features: z.array(z.string()),
  channels: z.array(z.string()),
  /** Samples per window in `signals`; 0 where windows differ in length or only features are kept. */
  samples: z.number().int(),
  rateHz: z.number(),
  columns: z.array(columnSchema),
});

/** Which side of the split a window is on; `unlabelled` windows are scored after promotion and never trained on. */
export const SPLITS = ["train", "validation", "holdout", "unlabelled"] as const;
export type Split = (typeof SPLITS)[number];

export interface WindowShard {
  readonly windows: number;
  readonly subjects: readonly string[];
  readonly recordings: readonly string[];
  readonly classes: readonly string[];
  readonly features: readonly string[];
  readonly channels: readonly string[];
  readonly samples: number;
  readonly rateHz: number;
  /** Per window: index into `subjects`, `recordings`, `classes` (-1 none). */
  readonly subject: Int32Array;
  readonly recording: Int32Array;
  readonly label: Int32Array;
  /** Per window: index into SPLITS. */
  readonly split: Uint8Array;
  /** 1 = an extra window, between the others or a copy that was turned: may be trained on, is never scored. */
  readonly dense: Uint8Array;
  /** [from, to) in samples of the recording; start in microseconds since 1970. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly startUs: Float64Array;
  /** Row-major [windows, features.length]. NaN is missing. */
  readonly featureValues: Float32Array;
  /** Row-major [windows, samples, channels.length]; empty where no model reads signals. */
  readonly signals: Float32Array;
}

type ColumnName = "subject" | "recording" | "label" | "split" | "dense" | "from" | "to" | "startUs" | "featureValues" | "signals";
const ARRAYS = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u8: Uint8Array } as const;
const TYPES: Readonly<Record<ColumnName, keyof typeof ARRAYS>> = {
  subject: "i32",
  recording: "i32",
  label: "i32",
  split: "u8",
  dense: "u8",
  from: "i32",
  to: "i32",
  startUs: "f64",
  featureValues: "f32",
  signals: "f32",
};
const pad8 = (bytes: number) => Math.ceil(bytes / 8) * 8;

/** The bytes of a shard as a list of pieces to write one after another; columns are not copied. */
export function encodeWindowShard(shard: WindowShard): Uint8Array[] {
  const names = Object.keys(TYPES) as ColumnName[];
  const columns: z.infer<typeof columnSchema>[] = [];
  let offset = 0;
  for (const name of names) {
    const array = shard[name];
    columns.push({ name, type: TYPES[name], shape: shapeOf(shard, name), offset });
    offset += pad8(array.byteLength);
  }
  const { windows, subjects, recordings, classes, features, channels, samples, rateHz } = shard;
  const json = new TextEncoder().encode(
    JSON.stringify({ windows, subjects, recordings, classes, features, channels, samples, rateHz, columns }),
  );
  const head = new Uint8Array(pad8(12 + json.length)).fill(0x20);
  head.set(new TextEncoder().encode(MAGIC));
  new DataView(head.buffer).setUint32(8, head.length - 12, true);
  head.set(json, 12);
  const pieces: Uint8Array[] = [head];
  for (const name of names) {
    const array = shard[name];
    pieces.push(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    const rest = pad8(array.byteLength) - array.byteLength;
    if (rest > 0) pieces.push(new Uint8Array(rest));
  }
  return pieces;
}

/**
 * Reads a shard in place: the arrays are views on `bytes`, which must begin at a multiple of 8 in its buffer.
 * @throws SensorloopError OBJECT_CORRUPT where the bytes are not a whole shard
 */
export function decodeWindowShard(bytes: Uint8Array): WindowShard {
  const fail = (why: string): never => {
    throw new SensorloopError("OBJECT_CORRUPT", `a window shard cannot be read: ${why}`);
  };
  if (bytes.length < 12 || new TextDecoder().decode(bytes.subarray(0, 8)) !== MAGIC) fail("it does not begin as one");
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
  if (12 + length > bytes.length) fail("its header is cut");
  const parsed = headerSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes.subarray(12, 12 + length))));
  if (!parsed.success) return fail("its header is not valid");
  const header = parsed.data;
  const arrays = Object.fromEntries(
    header.columns.map((column) => {
      const ArrayType = ARRAYS[column.type];
      const count = column.shape.reduce((product, size) => product * size, 1);
      const begin = 12 + length + column.offset;
      if (begin + count * ArrayType.BYTES_PER_ELEMENT > bytes.length) fail(`column '${column.name}' is cut`);
      return [column.name, new ArrayType(bytes.buffer as ArrayBuffer, bytes.byteOffset + begin, count)];
    }),
  );
  for (const name of Object.keys(TYPES)) if (!(name in arrays)) fail(`column '${name}' is missing`);
  const { columns: _, ...dictionaries } = header;
  return { ...dictionaries, ...arrays } as unknown as WindowShard;
}

function shapeOf(shard: WindowShard, name: ColumnName): number[] {
  if (name === "featureValues") return [shard.windows, shard.features.length];
  if (name === "signals") return shard.samples > 0 ? [shard.windows, shard.samples, shard.channels.length] : [0];
  return [shard.windows];
}
