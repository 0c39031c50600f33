import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { copyFile, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import type { Report } from "../service.ts";

/** A published archive (tar.gz) and the list of checksums published beside it. */
export interface Release {
  readonly archiveUrl: string;
  readonly checksumsUrl: string;
}

/** How long nothing may come, at the start and between two pieces. */
const STALL_MS = 20_000;

/** Where GitHub keeps the files of a release. */
export function githubRelease(repository: string, tag: string, archive: string): Release {
  const base = `https://github.com/${repository}/releases/download/${tag}`;
  return { archiveUrl: `${base}/${archive}`, checksumsUrl: `${base}/checksums.txt` };
}

/** Downloads and unpacks a release, and puts the program of that name into `folder`. */
export async function downloadProgram(release: Release | null, name: string, folder: string, report: Report): Promise<void> {
  if (!release) throw new Error(`none is published for ${process.platform} on ${process.arch}`);
  const archive = join(folder, "archive.tar.gz");
  const unpacked = join(folder, "unpacked");
  const sha256 = await download(release.archiveUrl, archive, (line) => report(`downloading ${name}: ${line}`));
  await checkSum(release, sha256);
  await mkdir(unpacked);
  await promisify(execFile)("tar", ["-xzf", archive, "-C", unpacked]);
  const path = (await readdir(unpacked, { recursive: true, withFileTypes: true })).find((entry) => entry.isFile() && entry.name === name);
  if (!path) throw new Error(`the archive holds no ${name}`);
  await copyFile(join(path.parentPath, name), join(folder, name));
  await rm(archive);
  await rm(unpacked, { recursive: true });
}

/** Streams `url` into the file `path` and returns its SHA-256. Fails when it stalls or when bytes are missing. */
async function download(url: string, path: string, report: Report): Promise<string> {
  const stalled = new AbortController();
  const stall = () => stalled.abort(new Error(`nothing came from ${new URL(url).host} for ${STALL_MS / 1000} s`));
  let timer = setTimeout(stall, STALL_MS);
  try {
    const response = await fetch(url, { signal: stalled.signal, redirect: "follow" });
    if (!response.ok || !response.body) throw new Error(`${new URL(url).host} answered ${response.status}`);
    const length = response.headers.get("content-length");
    const total = length === null ? null : Number(length);
    const hash = createHash("sha256");
    let bytes = 0;
    let told = 0;
    await pipeline(
      response.body,
      async function* (source: AsyncIterable<Uint8Array>) {
        for await (const piece of source) {
          clearTimeout(timer);
          timer = setTimeout(stall, STALL_MS);
          hash.update(piece);
          bytes += piece.byteLength;
          if (Date.now() - told > 500) {
            told = Date.now();
            report(`${megabytes(bytes)}${total === null ? "" : ` of ${megabytes(total)}`} MB`);
          }
          yield piece;
        }
      },
      createWriteStream(path),
      { signal: stalled.signal },
    );
    if (total !== null && bytes !== total) throw new Error(`${bytes} of ${total} bytes came`);
    return hash.digest("hex");
  } catch (error) {
    throw new Error(`${url} cannot be downloaded: ${reasonOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function checkSum({ archiveUrl, checksumsUrl }: Release, sha256: string): Promise<void> {
  const response = await fetch(checksumsUrl, { signal: AbortSignal.timeout(STALL_MS) });
  if (!response.ok) throw new Error(`${checksumsUrl} answered ${response.status}`);
  const name = archiveUrl.slice(archiveUrl.lastIndexOf("/") + 1);
  const line = (await response.text()).split("\n").find((text) => text.trim().split(/\s+/)[1]?.replace(/^\*/, "") === name);
  const expected = line?.trim().split(/\s+/)[0]?.toLowerCase();
  if (expected !== sha256) throw new Error(`${name} has SHA-256 ${sha256}, its publisher says ${expected ?? "nothing"}`);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // fetch hides the reason in the cause.
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
