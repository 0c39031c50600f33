import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { SensorloopError } from "../domain/errors.ts";
import type { ObjectRef } from "../domain/object-ref.ts";

export type WriteVerified = (body: AsyncIterable<Uint8Array>, expected: ObjectRef) => Promise<void>;

/** Oldest files are removed beyond this; what is needed again is fetched again. */
const MAX_BYTES = 20 * 2 ** 30;

/**
 * A cache on the local disk, addressed by content: a file's name is its SHA-256, and it gets that name only after its
 * bytes were checked against it. Several processes share one folder.
 */
export class Scratch {
  readonly folder: string;
  readonly #inFlight = new Map<string, Promise<string>>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The path of the content, filled by `fill` when it is not here yet. Concurrent callers share one fill. */
  async hold(sha256: string, fill: (write: WriteVerified) => Promise<void>): Promise<string> {
    const path = join(this.folder, sha256);
    const now = new Date();
    const here = await utimes(path, now, now).then(
      () => true,
      () => false,
    );
    if (here) return path;
    let filling = this.#inFlight.get(sha256);
    if (!filling) {
      filling = this.#fill(path, fill).finally(() => this.#inFlight.delete(sha256));
      this.#inFlight.set(sha256, filling);
    }
    return filling;
  }

  /** Keeps a copy of a file whose hash is known. Failing to is no error: the copy only saves a fetch. */
  async adopt(path: string, sha256: string): Promise<void> {
    const target = join(this.folder, sha256);
    const partial = `${target}.${randomUUID()}.part`;
    try {
      await mkdir(this.folder, { recursive: true });
      await copyFile(path, partial, constants.COPYFILE_FICLONE);
      await rename(partial, target);
    } catch {
      await rm(partial, { force: true });
    }
  }

  /** Removes what is older than the newest `maxBytes`, and parts that a killed process left. */
  async trim(maxBytes = MAX_BYTES): Promise<void> {
    const names = await readdir(this.folder).catch(() => []);
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.folder, name);
        const info = await stat(path).catch(() => undefined);
        return { path, partial: name.endsWith(".part"), bytes: info?.size ?? 0, at: info?.mtimeMs ?? 0 };
      }),
    );
    let kept = 0;
    for (const file of files.sort((a, b) => b.at - a.at)) {
      kept += file.bytes;
      const stale = file.partial && Date.now() - file.at > 3_600_000;
      if (kept > maxBytes || stale) await rm(file.path, { force: true });
    }
  }

  async #fill(path: string, fill: (write: WriteVerified) => Promise<void>): Promise<string> {
    await mkdir(this.folder, { recursive: true });
    const partial = `${path}.${randomUUID()}.part`;
    try {
      await fill((body, expected) => writeVerified(partial, body, expected));
      await rename(partial, path);
      return path;
    } catch (error) {
      await rm(partial, { force: true });
      throw full(error) ?? error;
    }
  }
}

async function writeVerified(path: string, body: AsyncIterable<Uint8Array>, expected: ObjectRef): Promise<void> {
  const hash = createHash("sha256");
  let bytes = 0;
  const file = await open(path, "wx");
  try {
    for await (const piece of body) {
      hash.update(piece);
      bytes += piece.length;
      await file.write(piece);
    }
  } catch (cause) {
    throw (
      full(cause) ?? new SensorloopError("OBJECT_STORE_UNAVAILABLE", `object '${expected.key}' broke off after ${bytes} bytes`, { cause })
    );
  } finally {
    await file.close();
  }
  const sha256 = hash.digest("hex");
  if (bytes !== expected.bytes || sha256 !== expected.sha256) {
    throw new SensorloopError(
      "OBJECT_CORRUPT",
      `object '${expected.key}' has ${bytes} bytes with another hash than its row says (${expected.bytes} bytes)`,
      {
        facts: { key: expected.key, expected: expected.sha256, actual: sha256 },
      },
    );
  }
}

function full(error: unknown): SensorloopError | undefined {
  if ((error as NodeJS.ErrnoException)?.code !== "ENOSPC") return undefined;
  return new SensorloopError("STORAGE_FULL", "the scratch volume is full", { cause: error });
}
