import { z } from "zod";
import { SensorloopError } from "./errors.ts";

/** What a model answered for each labelled window of one split: all that metrics and paired tests are computed from. */
export interface Outcomes {
  /** The model's classes, then those that only the labels have: the model can't be right there. */
  readonly classes: readonly string[];
  readonly subjects: readonly string[];
  /** Per window: index into `subjects`; the same for its label (-1 = none) and the answer; and its confidence. */
  readonly subject: Int32Array;
  readonly actual: Int32Array;
  readonly predicted: Int32Array;
  readonly confidence: Float32Array;
}

const MAGIC = "SLOUT001";
const headerSchema = z.object({ windows: z.int().nonnegative(), classes: z.array(z.string()), subjects: z.array(z.string()) });

/**
 * Layout: 8 bytes magic, uint32 header length, header (JSON padded with blanks so that the columns begin at a multiple of
 * 4), then subject, actual, predicted (int32) and confidence (float32), little-endian, each `windows` long.
 */
export function encodeOutcomes({ classes, subjects, subject, actual, predicted, confidence }: Outcomes): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify({ windows: subject.length, classes, subjects }));
  const headerLength = Math.ceil(json.length / 4) * 4;
  const bytes = new Uint8Array(12 + headerLength + 16 * subject.length).fill(0x20, 12, 12 + headerLength);
  bytes.set(new TextEncoder().encode(MAGIC));
  new DataView(bytes.buffer).setUint32(8, headerLength, true);
  bytes.set(json, 12);
  for (const [index, column] of [subject, actual, predicted, confidence].entries()) {
    bytes.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), 12 + headerLength + index * 4 * subject.length);
  }
  return bytes;
}

/** @throws SensorloopError OBJECT_CORRUPT where the bytes are not whole outcomes */
export function decodeOutcomes(bytes: Uint8Array): Outcomes {
  const fail = (why: string) => new SensorloopError("OBJECT_CORRUPT", `outcomes cannot be read: ${why}`);
  if (bytes.length < 12 || new TextDecoder().decode(bytes.subarray(0, 8)) !== MAGIC) throw fail("they do not begin as such");
  const headerLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
  const header = parseHeader(bytes.subarray(12, 12 + headerLength));
  if (!header) throw fail("their header is not valid");
  const { windows, classes, subjects } = header;
  if (bytes.length !== 12 + headerLength + 16 * windows) throw fail(`${windows} windows do not fit ${bytes.length} bytes`);
  // Copied, because columns must begin at a multiple of four and a view of a larger buffer may not.
  const columns = new Uint8Array(bytes.subarray(12 + headerLength)).buffer;
  const at = (index: number) => index * 4 * windows;
  const [subject, actual, predicted] = [0, 1, 2].map((index) => new Int32Array(columns, at(index), windows)) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  const confidence = new Float32Array(columns, at(3), windows);
  for (let window = 0; window < windows; window += 1) {
    const known = subject[window]! in subjects && predicted[window]! in classes && (actual[window] === -1 || actual[window]! in classes);
    if (!known) throw fail(`window ${window} names a subject or class that is not listed`);
  }
  return { classes, subjects, subject, actual, predicted, confidence };
}

function parseHeader(bytes: Uint8Array): z.infer<typeof headerSchema> | null {
  try {
    return headerSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return null;
  }
}
