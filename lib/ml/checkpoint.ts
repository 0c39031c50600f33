import { createHash } from "node:crypto";
import { open, readFile, rename } from "node:fs/promises";
import { z } from "zod";
import type { TrainingState } from "./training-step.ts";

/** A training between two epochs: all that the rest of it depends on. */
export interface Checkpoint {
  /** Hash of what is trained, on what, with what: a checkpoint only goes on where it equals. */
  readonly identity: string;
  /** Epochs done. */
  readonly epochs: number;
  /** No epoch is left to gain from. */
  readonly finished: boolean;
  /** Points of the learning curve so far, to be shown as one. */
  readonly curve: readonly CurvePoint[];
  readonly state: TrainingState;
}

const curvePointSchema = z.object({
  /** Epochs done, from 1. */
  epoch: z.int(),
  loss: z.number(),
  accuracy: z.number(),
  validationF1: z.number().optional(),
});
export type CurvePoint = z.infer<typeof curvePointSchema>;

const MAGIC = "SLCKP001";
const headerSchema = z.object({
  identity: z.string(),
  epochs: z.int(),
  finished: z.boolean(),
  curve: z.array(curvePointSchema),
  buffers: z.array(z.object({ name: z.string(), type: z.enum(["f32", "f64"]), length: z.int().nonnegative() })),
  sha256: z.string(),
});

/**
 * Layout: 8 bytes magic, uint32 header length, header (JSON), then the buffers one after another, little-endian. Written
 * beside its place and renamed, so that a killed process leaves a whole checkpoint or none.
 */
export async function writeCheckpoint(path: string, { state, ...facts }: Checkpoint): Promise<void> {
  const entries = Object.entries(state);
  const body = Buffer.concat(entries.map(([, { buffer, byteOffset, byteLength }]) => new Uint8Array(buffer, byteOffset, byteLength)));
  const buffers = entries.map(([name, array]) => ({ name, type: array instanceof Float64Array ? "f64" : "f32", length: array.length }));
  const header = Buffer.from(JSON.stringify({ ...facts, buffers, sha256: createHash("sha256").update(body).digest("hex") }));
  const head = Buffer.alloc(12);
  head.write(MAGIC);
  head.writeUInt32LE(header.length, 8);
  const file = await open(`${path}.part`, "w");
  try {
    await file.writeFile(Buffer.concat([head, header, body]));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.part`, path);
}

/** The checkpoint at `path`, or the reason why it is of no use, in words for people. */
export async function readCheckpoint(path: string, identity: string): Promise<Checkpoint | string> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => error);
  if (bytes instanceof Error) return `the checkpoint can't be read (${bytes.code ?? bytes.message})`;
  if (bytes.length < 12 || bytes.toString("latin1", 0, 8) !== MAGIC) return "the checkpoint does not begin as one";
  const end = 12 + bytes.readUInt32LE(8);
  const header = parseHeader(bytes.subarray(12, end));
  if (!header) return "the checkpoint's header is damaged";
  const body = bytes.subarray(end);
  if (createHash("sha256").update(body).digest("hex") !== header.sha256) return "the checkpoint's bytes do not match their hash";
  if (header.identity !== identity) return "the checkpoint belongs to another genome, seed, data, back end or thread count";
  const { buffers, sha256: _, ...facts } = header;
  const state: Record<string, Float32Array | Float64Array> = {};
  let at = 0;
  for (const { name, type, length } of buffers) {
    const ArrayType = type === "f64" ? Float64Array : Float32Array;
    const bytesHere = length * ArrayType.BYTES_PER_ELEMENT;
    state[name] = new ArrayType(new Uint8Array(body.subarray(at, at + bytesHere)).buffer);
    at += bytesHere;
  }
  return { ...facts, state };
}

function parseHeader(bytes: Buffer): z.infer<typeof headerSchema> | null {
  try {
    return headerSchema.parse(JSON.parse(bytes.toString("utf8")));
  } catch {
    return null;
  }
}
