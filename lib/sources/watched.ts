import { realpath } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import { SensorloopError } from "../domain/errors.ts";
import type { RetrainSpec } from "../domain/spec-annotation.ts";
import { checkUrl, publicText, type AddressRule } from "./egress.ts";
import { filesAt } from "./folder.ts";
import { download } from "./https.ts";
import { S3Source, parseS3Url, type S3Access } from "./s3.ts";

/** A place of `retrain.watch`: a folder, an S3 prefix or an https address. */
export type WatchedPlace = RetrainSpec["watch"][number];

/** A file that was seen there. */
export interface WatchedFile {
  readonly name: string;
  /** Where it came from, for the record; null for folders, whose paths are no one's business. */
  readonly from: string | null;
  /** What the spec says its content is. */
  readonly sha256?: string;
  /** What tells without fetching it that it was fetched before: its size, and when it was last written. */
  readonly bytes?: number;
  readonly changedAt?: Date;
  /** Its path on this machine; what has to be fetched first goes into `folder`. */
  bring(folder: string): Promise<string>;
}

export interface WatchAccess {
  /** Folders that may be looked into, and what lies in them. */
  readonly watchDirs: readonly string[];
  readonly s3: S3Access & { readonly bucket: string };
  readonly signal?: AbortSignal;
  /** For servers of one's own: certificate authority, and which addresses may be spoken to. */
  readonly ca?: string | Buffer;
  readonly permitted?: AddressRule;
}

/** The place in words that may stand in a log. */
export function placeText(place: WatchedPlace): string {
  if ("folder" in place) return place.folder;
  return "s3" in place ? place.s3 : (URL.parse(place.url)?.origin ?? "an address");
}

/**
 * The files of a place; none where it is empty.
 * @throws SensorloopError CONFIG_INVALID (a folder that the operator has not opened), FORBIDDEN (the platform's own
 * bucket), EGRESS_REFUSED, SOURCE_UNREACHABLE, NO_FILES (a folder that cannot be read)
 */
export async function filesOfPlace(place: WatchedPlace, access: WatchAccess): Promise<WatchedFile[]> {
  if ("folder" in place) return filesOfFolder(place.folder, access);
  if ("s3" in place) return filesOfPrefix(place.s3, access);
  const { url, sha256 } = place;
  const { pathname } = checkUrl(url, access.permitted);
  return [
    {
      name: basename(pathname) || "download",
      from: publicText(url),
      sha256,
      async bring(folder) {
        const path = join(folder, "download");
        await download({ url, sha256 }, { path, ...access });
        return path;
      },
    },
  ];
}

async function filesOfFolder(folder: string, { watchDirs }: WatchAccess): Promise<WatchedFile[]> {
  // Links are resolved on both sides: a link inside a watched folder leads nowhere else.
  const real = await realpath(folder).catch((cause: unknown) => {
    throw new SensorloopError("NO_FILES", `the folder '${folder}' cannot be read`, { cause, facts: { folder } });
  });
  const open = await Promise.all(watchDirs.map((dir) => realpath(dir).catch(() => null)));
  if (!open.some((dir) => dir !== null && (real === dir || real.startsWith(dir + sep)))) {
    const why = watchDirs.length === 0 ? "SENSORLOOP_WATCH_DIRS names none" : "it lies in none of SENSORLOOP_WATCH_DIRS";
    throw new SensorloopError("CONFIG_INVALID", `the folder '${folder}' may not be watched: ${why}`, { facts: { folder } });
  }
  const files = await filesAt(real).catch((error: unknown) => {
    // A folder into which nothing has come yet.
    if (error instanceof SensorloopError && error.code === "NO_FILES" && error.cause === undefined) return [];
    throw error;
  });
  return files.map(({ name, path }) => ({ name, from: null, bring: () => Promise.resolve(path) }));
}

async function filesOfPrefix(url: string, { s3 }: WatchAccess): Promise<WatchedFile[]> {
  // Our own bucket holds other projects' bytes, and whoever writes a spec need not see those.
  if (parseS3Url(url).bucket === s3.bucket)
    throw new SensorloopError("FORBIDDEN", "the platform's own bucket is no source", { facts: { url } });
  using source = new S3Source(s3);
  const files = await source.list(url).catch((error: unknown) => {
    if (error instanceof SensorloopError && error.code === "NO_FILES") return [];
    throw error;
  });
  return files.map((file) => ({
    name: file.name,
    from: `s3://${file.bucket}/${file.key}`,
    bytes: file.bytes,
    changedAt: file.changedAt,
    async bring(folder) {
      const path = join(folder, "object");
      using own = new S3Source(s3);
      await own.fetch(file, path);
      return path;
    },
  }));
}
