import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { SensorloopError } from "../domain/errors.ts";
import type { Spec } from "../domain/spec.ts";
import type { Platform } from "../platform.ts";
import { filesOfPlace, placeText, type WatchAccess, type WatchedFile, type WatchedPlace } from "../sources/watched.ts";
import { hashFile } from "../store/objects.ts";
import { hasContent, hasFetched } from "../store/repositories/uploads.ts";
import { takeIn } from "./intake.ts";

export interface Watched {
  /** Files that were taken in: of contents that were not there, under whatever name. */
  readonly files: number;
  /** What could not be read, each in a sentence. */
  readonly notes: readonly string[];
}

/** Said by name up to here; whoever has more trouble than this looks at the first. */
const MOST_NOTES = 10;

/**
 * Takes in what is new at the places that the spec watches. A place that cannot be read, or a file that is refused, keeps
 * nobody from the rest: it is told in the notes.
 */
export async function takeInWatched(
  platform: Platform,
  spec: Spec,
  actor: string,
  options: Pick<WatchAccess, "signal" | "ca" | "permitted"> = {},
): Promise<Watched> {
  const { config } = platform;
  const access: WatchAccess = { ...options, watchDirs: config.nights.watchDirs, s3: config.s3 };
  const notes: string[] = [];
  let files = 0;
  for (const place of spec.retrain.watch) {
    try {
      for (const file of wanted(spec, place, await filesOfPlace(place, access))) {
        options.signal?.throwIfAborted();
        const taken = await takeInOne(platform, spec.project, file, actor).catch(note(`'${file.name}' of ${placeText(place)}`));
        if (taken) files++;
      }
    } catch (error) {
      note(placeText(place))(error);
    }
  }
  return { files, notes: notes.length > MOST_NOTES ? [...notes.slice(0, MOST_NOTES), `and ${notes.length - MOST_NOTES} more`] : notes };

  function note(what: string): (error: unknown) => false {
    return (error) => {
      // What trying again can help is tried again with the whole activity; an outage of ours is no fault of the place.
      if (!(error instanceof SensorloopError) || (error.retryable && error.code !== "SOURCE_UNREACHABLE")) throw error;
      notes.push(`${what} was left out: ${error.message} (${error.code})`);
      return false;
    };
  }
}

async function takeInOne(platform: Platform, project: string, file: WatchedFile, actor: string): Promise<boolean> {
  const { db, config } = platform;
  if (file.sha256 !== undefined && (await hasContent(db, project, file.sha256))) return false;
  if (file.from !== null && file.changedAt && (await hasFetched(db, project, file.from, file.bytes ?? 0, file.changedAt))) return false;
  await mkdir(config.scratchDir, { recursive: true });
  const folder = await mkdtemp(join(config.scratchDir, "watched-"));
  try {
    const path = await file.bring(folder);
    if (await hasContent(db, project, (await hashFile(path)).sha256)) return false;
    const { known } = await takeIn(platform, project, { name: file.name, path, ...(file.from !== null && { from: file.from }) }, actor);
    return !known;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the spec has a pattern for, and archives, which are judged by what is in them; a file that was named is judged by staging. */
function wanted(spec: Spec, place: WatchedPlace, files: readonly WatchedFile[]): readonly WatchedFile[] {
  if ("url" in place) return files;
  const patterns = spec.files.map((entry) => new RegExp(entry.match));
  return files.filter(
    ({ name }) => /\.zip$/i.test(name) || patterns.some((pattern) => pattern.test(name) || pattern.test(name.replace(/\.gz$/i, ""))),
  );
}
