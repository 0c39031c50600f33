import { z } from "zod";
import { SensorloopError } from "../errors.ts";
import { entriesOf, levelsOf, runsOf, type Run } from "./extremes.ts";

/**
 * How a recording lies in its object, so that any view is one read a channel: "SLS1" and the length of the head in bytes
 * (u32, little-endian), the head as JSON, filled up to four bytes; then, channel by channel, the samples as 32-bit floats;
 * then, level by level and channel by channel, first, last, least and greatest of each bucket. Gaps are not stored.
 */
export const signalHeadSchema = z.object({
  format: z.literal(1),
  rateHz: z.number(),
  startUs: z.number(),
  /** What a sample is: a moment, or a row that is an example of its own. */
  axis: z.enum(["time", "row"]),
  channels: z.array(z.object({ name: z.string(), sensor: z.string(), unit: z.string().nullable() })),
  /** [from, to) in samples of the clock, ascending. */
  stretches: z.array(z.tuple([z.number(), z.number()])),
  /** Labels of the files, in samples of the clock. */
  labels: z.array(z.object({ label: z.string(), from: z.number(), to: z.number() })),
});
export type SignalHead = z.infer<typeof signalHeadSchema>;

/** "SLS1" */
const MAGIC = 0x31534c53;
export const PREFIX_BYTES = 8;

export interface Level {
  /** Samples in a bucket; 1 for the samples themselves. */
  readonly size: number;
  readonly width: 1 | 4;
  readonly runs: readonly Run[];
  /** Bytes of one channel, and where those of the first begin. */
  readonly bytes: number;
  readonly offset: number;
}

export function encodeHead(head: SignalHead): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(head));
  const padded = Math.ceil(text.length / 4) * 4;
  const bytes = new Uint8Array(PREFIX_BYTES + padded).fill(0x20);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, padded, true);
  bytes.set(text, PREFIX_BYTES);
  return bytes;
}

/** Length of the head behind the prefix. @throws SensorloopError FORMAT_TOO_NEW */
export function headBytes(prefix: Uint8Array): number {
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  if (prefix.byteLength < PREFIX_BYTES || view.getUint32(0, true) !== MAGIC)
    throw new SensorloopError("FORMAT_TOO_NEW", "the object is no signal that this version reads");
  return view.getUint32(4, true);
}

export function decodeHead(text: Uint8Array): SignalHead {
  const parsed = signalHeadSchema.safeParse(JSON.parse(new TextDecoder().decode(text)));
  if (!parsed.success) throw new SensorloopError("FORMAT_TOO_NEW", "the object is no signal that this version reads");
  return parsed.data;
}

/** Where everything lies, the samples first, then levels ascending. @param begin bytes before the first sample */
export function layoutOf({ stretches, channels }: Pick<SignalHead, "stretches" | "channels">, begin: number): Level[] {
  const levels: Level[] = [];
  let offset = begin;
  for (const size of [1, ...levelsOf(stretches)]) {
    const runs = runsOf(stretches, size);
    const width = size === 1 ? 1 : 4;
    const bytes = 4 * width * entriesOf(runs);
    levels.push({ size, width, runs, bytes, offset });
    offset += bytes * channels.length;
  }
  return levels;
}

/** Samples on the clock, gaps included. */
export function lengthOf({ stretches }: Pick<SignalHead, "stretches">): number {
  return stretches.at(-1)?.[1] ?? 0;
}
