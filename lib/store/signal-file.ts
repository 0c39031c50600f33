import { open, type FileHandle } from "node:fs/promises";
import { clip, columnsOf, levelFor } from "../domain/signal/extremes.ts";
import { decodeHead, headBytes, layoutOf, PREFIX_BYTES, type Level, type SignalHead } from "../domain/signal/layout.ts";
import { gridOf, type SampleRange, type SignalView } from "../domain/signal/view.ts";

/** What is read once of a signal's file. */
export interface SignalFile {
  readonly path: string;
  readonly head: SignalHead;
  readonly levels: readonly Level[];
}

/** @param path of a file whose hash was checked. @throws SensorloopError FORMAT_TOO_NEW */
export async function openSignalFile(path: string): Promise<SignalFile> {
  await using file = await open(path);
  const length = headBytes(await readAt(file, 0, PREFIX_BYTES));
  const head = decodeHead(await readAt(file, PREFIX_BYTES, length));
  return { path, head, levels: layoutOf(head, PREFIX_BYTES + length) };
}

/**
 * A view of at most `columns` columns. Reads, for each channel and column, at most eight samples or two buckets of a level.
 * @param range in samples of the clock; what lies outside of the recording comes as NaN
 */
export async function readView({ path, head, levels }: SignalFile, range: SampleRange, columns: number): Promise<SignalView> {
  const grid = gridOf(range, columns);
  const size = levelFor(
    grid.step,
    levels.slice(1).map((level) => level.size),
  );
  const level = levels.find((each) => each.size === size)!;
  const part = clip(level.runs, { from: Math.floor(grid.from / size), to: Math.ceil((grid.from + grid.columns * grid.step) / size) });
  await using file = await open(path);
  const entry = 4 * level.width;
  const channels = await Promise.all(
    head.channels.map(async (_, channel) => {
      const bytes = await readAt(file, level.offset + channel * level.bytes + part.start * entry, part.count * entry);
      const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
      return columnsOf({ values, width: level.width, runs: part.runs }, size, grid);
    }),
  );
  return { ...grid, channels };
}

/** A buffer of its own, so that 32-bit floats lie where they may. */
async function readAt(file: FileHandle, at: number, bytes: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(bytes);
  let read = 0;
  while (read < bytes) {
    const { bytesRead } = await file.read(buffer, read, bytes - read, at + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return buffer.subarray(0, read);
}
