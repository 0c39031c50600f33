import { createReadStream, createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32, createGunzip, createInflateRaw } from "node:zlib";
import * as yauzl from "yauzl";
import { SensorloopError } from "../domain/errors.ts";
import { UnpackBudget, type UnpackLimits } from "./budget.ts";

export type Bytes = AsyncIterable<Buffer>;

/** One file as it was sent: the upload itself, or an entry of it. */
export interface SentFile {
  /** Names it may be known by, the plainest first: the path inside its archive, then with the outer archive's before it. */
  readonly names: readonly string[];
  /** Where its bytes lie on the disk as they are; undefined inside an archive. */
  readonly path?: string;
  /** Its bytes, once. Errors of the archive come from here. */
  readonly bytes: () => Bytes;
}

/** An entry that could not even be opened. */
export interface BrokenFile {
  readonly names: readonly string[];
  readonly error: SensorloopError;
}

const CHUNK = 1 << 18;
const EMPTY = { async *[Symbol.asyncIterator]() {} } as Bytes;
/** Archives around a file: a zip of gzip files is two, and the most. */
const MAX_DEPTH = 2;
const METHODS = { stored: 0, deflated: 8 } as const;

/**
 * The files of an upload, by what it is and not by its name: a zip archive's entries, a gzip file's content, or the upload
 * itself; one archive inside another is opened too. Everything is streamed; names are never used as paths.
 *
 * @param wanted tells by its names whether a file is read at all; others are yielded with `bytes` that nobody calls
 */
export async function* filesOf(
  path: string,
  name: string,
  folder: string,
  limits: UnpackLimits,
  wanted: (names: readonly string[]) => boolean,
): AsyncGenerator<SentFile | BrokenFile> {
  const budget = new UnpackBudget(name, limits);
  const head = await firstBytes(path);
  const kind = kindOf(head);
  if (kind === "zip") return yield* zipEntries({ path, archive: name, prefix: "", folder, budget, depth: 1, wanted });
  if (kind !== "gzip") return yield { names: [name], path, bytes: () => readFile(path) };
  const unpacked = () => gunzip(readFile(path), budget, true);
  yield* content({ names: [withoutGz(name)], open: unpacked, folder, budget, depth: 1, wanted });
}

interface Content {
  readonly names: readonly string[];
  readonly open: () => Bytes;
  readonly folder: string;
  readonly budget: UnpackBudget;
  readonly depth: number;
  readonly wanted: (names: readonly string[]) => boolean;
}

/** What came out of an archive: perhaps an archive again. */
async function* content({ names, open, folder, budget, depth, wanted }: Content): AsyncGenerator<SentFile | BrokenFile> {
  // The first piece tells what it is; whoever reads the file gets it back.
  const rest = open()[Symbol.asyncIterator]();
  let head: Buffer;
  try {
    const first = await rest.next();
    head = first.done ? Buffer.alloc(0) : first.value;
  } catch (error) {
    yield broken(names, error);
    return;
  }
  const kind = kindOf(head);
  if (kind === "text" || (kind === "gzip" && !wanted(names.map(withoutGz)))) {
    yield { names, bytes: () => joined(head, rest) };
    await rest.return?.();
    return;
  }
  await rest.return?.();
  if (depth >= MAX_DEPTH) {
    yield { names, error: new SensorloopError("DECOMPRESSION_BOMB", `${names[0]} is an archive in an archive in an archive`) };
    return;
  }
  if (kind === "gzip") {
    yield* content({ names: names.map(withoutGz), open: () => gunzip(open(), budget, false), folder, budget, depth: depth + 1, wanted });
    return;
  }
  const spooled = join(folder, `nested-${process.hrtime.bigint()}.zip`);
  try {
    await spool(open(), spooled);
    yield* zipEntries({ path: spooled, archive: names[0] ?? "", prefix: `${names[0]}/`, folder, budget, depth: depth + 1, wanted });
  } catch (error) {
    yield broken(names, error);
  } finally {
    await rm(spooled, { force: true });
  }
}

interface Zip {
  readonly path: string;
  readonly archive: string;
  /** Of the names of its entries, where it is itself an entry. */
  readonly prefix: string;
  readonly folder: string;
  readonly budget: UnpackBudget;
  readonly depth: number;
  readonly wanted: (names: readonly string[]) => boolean;
}

async function* zipEntries({ path, archive, prefix, folder, budget, depth, wanted }: Zip): AsyncGenerator<SentFile | BrokenFile> {
  let zip: yauzl.ZipFile;
  try {
    // Names are decoded here instead, so that one hostile name does not spoil the whole archive.
    zip = await yauzl.openPromise(path, { autoClose: false, decodeStrings: false });
  } catch (cause) {
    yield { names: [archive], error: zipCorrupt(archive, cause) };
    return;
  }
  if (depth === 1) budget.read((await stat(path)).size);
  try {
    for await (const entry of zip.eachEntry()) {
      const name = safeName(yauzl.getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, false));
      if (name === "" || entry.fileNameRaw.at(-1) === 0x2f) continue;
      const names = prefix ? [name, prefix + name] : [name];
      const inner = budget.of(name);
      const open = () => zipEntry(path, zip, entry, name, inner);
      const known = wanted(names) || wanted(names.map(withoutGz));
      // A file that nobody wants may still be an archive with files that somebody does.
      if (!known && kindOf(await firstOf(open()).catch(() => Buffer.alloc(0))) !== "zip") yield { names, bytes: open };
      else yield* content({ names, open, folder, budget: inner, depth, wanted });
    }
  } catch (cause) {
    yield { names: [archive], error: zipCorrupt(archive, cause) };
  } finally {
    zip.close();
  }
}

/** The bytes of an entry, checked against the size and CRC that the archive's directory gives. */
async function* zipEntry(path: string, zip: yauzl.ZipFile, entry: yauzl.Entry, name: string, budget: UnpackBudget): Bytes {
  if (entry.isEncrypted()) throw new SensorloopError("ZIP_CORRUPT", `${name} is encrypted`);
  if (entry.compressionMethod !== METHODS.stored && entry.compressionMethod !== METHODS.deflated) {
    throw new SensorloopError("ZIP_CORRUPT", `${name} is packed by method ${entry.compressionMethod}; only deflate is taken in`);
  }
  let sum = 0;
  let size = 0;
  let paid = 0;
  try {
    // Read past yauzl, whose own streams break when they are left before their end (3.4.0).
    const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
    const packed = entry.compressedSize === 0 ? EMPTY : readFile(path, fileDataStart, fileDataStart + entry.compressedSize - 1);
    const inflate = createInflateRaw({ chunkSize: CHUNK });
    const stored = entry.compressionMethod === METHODS.stored;
    for await (const chunk of stored ? packed : through(packed, inflate)) {
      const taken = stored ? size + chunk.length : inflate.bytesWritten;
      budget.read(taken - paid);
      paid = taken;
      budget.unpacked(chunk.length);
      sum = crc32(chunk, sum);
      size += chunk.length;
      yield chunk;
    }
  } catch (cause) {
    throw cause instanceof SensorloopError ? cause : zipCorrupt(name, cause);
  }
  if (size !== entry.uncompressedSize || sum !== entry.crc32)
    throw zipCorrupt(name, new Error("its bytes are not those that the archive's directory promises"));
}

/**
 * Verified to the last byte: each member's CRC and size, and nothing after the last but zeros (padding of tapes).
 * @param paysIn whether its input counts for the budget: of what came out of an archive already, the archive's does
 */
async function* gunzip(packed: Bytes, budget: UnpackBudget, paysIn: boolean): Bytes {
  const inflate = createGunzip({ chunkSize: CHUNK });
  let read = 0;
  let tail: Buffer = Buffer.alloc(0);
  const remember = async function* (): Bytes {
    for await (const chunk of packed) {
      read += chunk.length;
      tail = chunk;
      yield chunk;
    }
  };
  try {
    let paid = 0;
    for await (const chunk of through(remember(), inflate)) {
      // What the engine has taken in by now; the stream before it reads ahead.
      if (paysIn) budget.read(inflate.bytesWritten - paid);
      paid = inflate.bytesWritten;
      budget.unpacked(chunk.length);
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof SensorloopError) throw cause;
    throw new SensorloopError("GZIP_CORRUPT", `the gzip data is damaged or cut: ${(cause as Error).message}`, { cause });
  }
  const unread = read - inflate.bytesWritten;
  if (unread > 0 && (unread > tail.length || tail.subarray(tail.length - unread).some((byte) => byte !== 0))) {
    throw new SensorloopError("GZIP_CORRUPT", `${unread} bytes follow the end of the gzip data`);
  }
}

async function* through(source: Bytes, transform: Duplex): Bytes {
  // Errors of either side destroy the transform, and the loop below throws them.
  const pumped = pipeline(source, transform).catch(() => {});
  for await (const chunk of transform) yield chunk as Buffer;
  // What follows the end of the packed data is still on its way then, and must be seen before it can be judged.
  await pumped;
}

async function* joined(head: Buffer, rest: AsyncIterator<Buffer>): Bytes {
  yield head;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

/** @param end the last byte that is read */
function readFile(path: string, start = 0, end = Infinity): Bytes {
  return createReadStream(path, { highWaterMark: CHUNK, start, end }) as unknown as Bytes;
}

async function firstBytes(path: string): Promise<Buffer> {
  return firstOf(createReadStream(path, { end: 511 }) as unknown as Bytes);
}

async function firstOf(bytes: Bytes): Promise<Buffer> {
  for await (const chunk of bytes) return chunk;
  return Buffer.alloc(0);
}

async function spool(bytes: Bytes, path: string): Promise<void> {
  await pipeline(bytes, createWriteStream(path, { flags: "wx" }));
}

function kindOf(head: Buffer): "zip" | "gzip" | "text" {
  if (head[0] === 0x1f && head[1] === 0x8b) return "gzip";
  const zip = head[0] === 0x50 && head[1] === 0x4b && ((head[2] === 3 && head[3] === 4) || (head[2] === 5 && head[3] === 6));
  return zip ? "zip" : "text";
}

/** For people and patterns only: no way up, no drive, no control characters. */
export function safeName(name: string): string {
  const parts = name.replaceAll("\\", "/").split("/");
  const kept = parts.filter((part) => part !== "" && part !== "." && part !== "..");

  return (
    kept
      .join("/")
      // eslint-disable-next-line no-control-regex -- control characters are what is looked for
      .replace(/[\u0000-\u001f\u007f]/g, "_")
      .slice(0, 500)
  );
}

const withoutGz = (name: string): string => name.replace(/\.gz$/i, "");

function zipCorrupt(name: string, cause: unknown): SensorloopError {
  if (cause instanceof SensorloopError) return cause;
  return new SensorloopError("ZIP_CORRUPT", `${name} cannot be unpacked: ${(cause as Error).message}`, { cause });
}

function broken(names: readonly string[], error: unknown): BrokenFile {
  if (error instanceof SensorloopError) return { names, error };
  throw error;
}
