import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import type { FilesSpec } from "../domain/spec.ts";
import type { Bytes, SentFile } from "./archive.ts";
import { ArffToCsv } from "./arff.ts";
import { Decoder } from "./decode.ts";
import { LineEnds } from "./line-ends.ts";
import { LineScan } from "./line-scan.ts";
import type { FileScan } from "./scan.ts";

/** Enough to tell an encoding and what is no table at all. */
const HEAD = 512;

export interface Staged {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly scan: FileScan;
}

/**
 * Brings one file to its normal form: UTF-8 without a mark, LF, no row ends, ARFF as CSV. A file that lies on the disk in
 * that form already is only looked at; anything else is written to `target`.
 * @throws SensorloopError why the file is refused; errors of the file system as they are
 */
export async function stageFile(file: SentFile, files: FilesSpec, target: string): Promise<Staged> {
  if (file.path !== undefined && files.format.type === "csv") {
    const normal = await new Normaliser(file.names[0] as string, files).run(file.bytes(), null);
    if (normal) return { path: file.path, ...normal };
  }
  const fd = openSync(target, "wx");
  try {
    const normal = await new Normaliser(file.names[0] as string, files).run(file.bytes(), fd);
    closeSync(fd);
    return { path: target, ...(normal as NonNullable<typeof normal>) };
  } catch (error) {
    closeSync(fd);
    rmSync(target, { force: true });
    throw error;
  }
}

class Normaliser {
  readonly #name: string;
  readonly #files: FilesSpec;
  readonly #ends: LineEnds;
  readonly #scan: LineScan;
  readonly #arff: ArffToCsv | null;
  #decoder: Decoder | null = null;

  constructor(name: string, files: FilesSpec) {
    this.#name = name;
    this.#files = files;
    this.#ends = new LineEnds(files.format.rowEnd);
    this.#scan = new LineScan(name, files);
    this.#arff = files.format.type === "arff" ? new ArffToCsv(name, files.format) : null;
  }

  /** @param fd where to write; with null, nothing is written and the answer is null as soon as something would change */
  async run(source: Bytes, fd: number | null): Promise<Omit<Staged, "path"> | null> {
    let head = Buffer.alloc(0);
    for await (const chunk of source) {
      if (!this.#decoder) {
        head = Buffer.concat([head, chunk]);
        if (head.length < HEAD) continue;
        this.#decoder = new Decoder(this.#name, this.#files.format.encoding, head.subarray(0, HEAD));
        if (fd === null && !this.#decoder.identical) return null;
        this.#take(this.#decoder.decode(head), fd);
      } else {
        this.#decoder.at(this.#scan.lines);
        this.#take(this.#decoder.decode(chunk), fd);
      }
      if (fd === null && this.#ends.changed) return null;
    }
    if (!this.#decoder) {
      this.#decoder = new Decoder(this.#name, this.#files.format.encoding, head);
      if (fd === null && !this.#decoder.identical) return null;
      this.#take(this.#decoder.decode(head), fd);
    }
    this.#take(this.#decoder.end(), fd);
    this.#put(this.#arff ? this.#arff.convert(this.#ends.end()) : this.#ends.end(), fd);
    if (this.#arff) this.#put(this.#arff.end(), fd);
    if (fd === null && this.#ends.changed) return null;
    return this.#scan.end(this.#decoder.encoding, this.#ends.newline, this.#arff ? this.#arff.headerLines + 1 : undefined);
  }

  #take(bytes: Buffer, fd: number | null): void {
    const lines = this.#ends.convert(bytes);
    this.#put(this.#arff ? this.#arff.convert(lines) : lines, fd);
  }

  #put(bytes: Buffer, fd: number | null): void {
    if (bytes.length === 0) return;
    this.#scan.add(bytes);
    if (fd !== null) for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written);
  }
}
