import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { TakenIn, Upload } from "../domain/api/data.ts";
import { SensorloopError } from "../domain/errors.ts";
import type { Platform } from "../platform.ts";
import { append } from "../store/journal.ts";
import { hashFile, record } from "../store/objects.ts";
import type { Db } from "../store/repositories/rows.ts";
import { findUpload, insertUpload } from "../store/repositories/uploads.ts";
import { sql } from "kysely";
import { needProject } from "./projects.ts";

/** Where the bytes are: a file of this machine, or a stream. `name` is for people and patterns, never a path here. */
export type Source = { readonly name: string; readonly from?: string } & (
  { readonly path: string } | { readonly stream: AsyncIterable<Uint8Array> }
);

export interface IntakeLimits {
  /** @default 64 GiB: what fits no volume is no upload */
  readonly maxBytes?: number;
}

/**
 * Takes one file in as it is: hashed, put under a key of its own, and made to exist by its row. What is in it is judged
 * by the stage `stage`. The same bytes under the same name are answered with the upload that is there.
 * @throws SensorloopError REQUEST_INVALID (name), EMPTY_FILE, PAYLOAD_TOO_LARGE, STORAGE_FULL
 */
export async function takeIn(
  platform: Platform,
  project: string,
  source: Source,
  actor: string,
  limits: IntakeLimits = {},
): Promise<TakenIn> {
  const name = checkFileName(source.name);
  await needProject(platform.db, project);
  if ("path" in source)
    return keep(platform, { project, name, path: source.path, from: source.from ?? null, ...(await hashFile(source.path)) }, actor);
  const path = join(platform.config.scratchDir, `intake-${randomUUID()}.part`);
  try {
    const written = await writeHashed(path, source.stream, limits.maxBytes ?? 64 * 2 ** 30);
    return await keep(platform, { project, name, path, from: source.from ?? null, ...written }, actor);
  } finally {
    await rm(path, { force: true });
  }
}

interface Arrived {
  readonly project: string;
  readonly name: string;
  readonly path: string;
  readonly from: string | null;
  readonly sha256: string;
  readonly bytes: number;
}

async function keep({ db, objects }: Platform, file: Arrived, actor: string): Promise<TakenIn> {
  const { project, name, path, from, sha256, bytes } = file;
  if (bytes === 0) throw new SensorloopError("EMPTY_FILE", `'${name}' has no bytes`, { facts: { name } });
  const known = await findUpload(db, project, name, sha256);
  if (known) return { ...known, known: true };
  const put = await objects.putFile(project, "upload", path, { sha256, bytes });
  return db.transaction().execute(async (tx) => {
    // Ten senders of the same file take turns here; the first makes the row, and what the others have put is swept.
    await sql`select pg_advisory_xact_lock(hashtextextended(${`upload:${project}:${name}:${sha256}`}, 0))`.execute(tx);
    const meanwhile = await findUpload(tx, project, name, sha256);
    if (meanwhile) return { ...meanwhile, known: true };
    return { ...(await insert(tx)), known: false };
  });

  async function insert(tx: Parameters<typeof append>[0] & Db): Promise<Upload> {
    const id = randomUUID();
    await record(tx, [put]);
    const createdAt = await insertUpload(tx, { id, project, name, object: put.key, source: from, createdBy: actor });
    await append(tx, { kind: "file.added", actor, project, payload: { upload: id, name, sha256, bytes, source: from } });
    return { id, project, name, sha256, bytes, source: from, createdBy: actor, createdAt: createdAt.toISOString() };
  }
}

/** Folders inside a name are kept (patterns of the spec read them); what could climb out of one is refused. */
function checkFileName(name: string): string {
  const clean = name.normalize("NFC");
  const parts = clean.split("/");
  const control = [...clean].some((character) => character < " " || character === "\u007f" || character === "\\");
  const bad = clean.length > 255 || control || parts.some((part) => part === "" || part === "." || part === "..");
  if (bad) {
    const message = "a file's name has 1 to 255 characters, folders separated by '/', and no '..', '\\' or control characters";
    throw new SensorloopError("REQUEST_INVALID", message, { facts: { field: "name", name: JSON.stringify(clean.slice(0, 80)) } });
  }
  return clean;
}

async function writeHashed(path: string, stream: AsyncIterable<Uint8Array>, maxBytes: number): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash("sha256");
  let bytes = 0;
  await mkdir(join(path, ".."), { recursive: true });
  const file = await open(path, "wx");
  try {
    for await (const piece of stream) {
      bytes += piece.length;
      if (bytes > maxBytes)
        throw new SensorloopError("PAYLOAD_TOO_LARGE", `more than ${maxBytes} bytes were sent`, { facts: { limit: maxBytes } });
      hash.update(piece);
      await file.writeFile(piece);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC")
      throw new SensorloopError("STORAGE_FULL", "the scratch volume is full", { cause: error });
    throw error;
  } finally {
    await file.close();
  }
  return { sha256: hash.digest("hex"), bytes };
}
