import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { takeIn, type Source } from "../lib/app/intake.ts";
import type { TakenIn } from "../lib/domain/api/data.ts";
import { SensorloopError } from "../lib/domain/errors.ts";
import type { Spec } from "../lib/domain/spec.ts";
import { publicText } from "../lib/sources/egress.ts";
import { filesAt } from "../lib/sources/folder.ts";
import { download, type HttpsSource } from "../lib/sources/https.ts";
import { S3Source } from "../lib/sources/s3.ts";
import type { Session } from "./session.ts";

/** Files on their way at once: enough to keep disk and store busy while one is hashed. */
const AT_ONCE = 4;

/** Something to take in: where it comes from, and how to bring it to a path of this machine. */
interface Candidate {
  /** @param folder for what has to be fetched first; emptied afterwards */
  bring(folder: string): Promise<Source>;
}

/**
 * Takes in what stands at the places named: folders (walked; what no pattern of the spec matches is left out), files,
 * https and s3 addresses. Without places, the sources of the spec.
 * @throws SensorloopError NO_FILES, FILE_UNMATCHED, and whatever fetching and intake throw
 */
export async function takeInAll(session: Session, project: string, spec: Spec, places: readonly string[]): Promise<TakenIn[]> {
  const platform = session.platform();
  using s3 = new S3Source(platform.config.s3);
  const candidates = places.length === 0 ? spec.sources.map((source) => fromHttps(session, source)) : [];
  for (const place of places) {
    if (place.startsWith("https://") || place.startsWith("http://")) candidates.push(fromHttps(session, knownSource(spec, place)));
    else if (place.startsWith("s3://")) candidates.push(...(await fromS3(s3, spec, place)));
    else candidates.push(...(await fromDisk(session, spec, place)));
  }
  if (candidates.length === 0)
    throw new SensorloopError("NO_FILES", `the spec of '${project}' names no sources; name files or folders`, { facts: { project } });
  await mkdir(platform.config.scratchDir, { recursive: true });
  const folder = await mkdtemp(join(platform.config.scratchDir, "fetched-"));
  const taken: TakenIn[] = [];
  const queue = candidates.entries();
  const work = async () => {
    for (const [index, candidate] of queue) {
      session.signal.throwIfAborted();
      const own = join(folder, String(index));
      await mkdir(own);
      const answer = await takeIn(platform, project, await candidate.bring(own), session.actor);
      await rm(own, { recursive: true });
      taken[index] = answer;
      session.note(`${answer.known ? "known already" : "taken in"}: ${answer.name} (${size(answer.bytes)})`);
    }
  };
  try {
    const ended = await Promise.allSettled(Array.from({ length: Math.min(AT_ONCE, candidates.length) }, work));
    const failure = ended.find((end) => end.status === "rejected");
    if (failure) throw failure.reason;
    return taken;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fromDisk(session: Session, spec: Spec, place: string): Promise<Candidate[]> {
  const files = await filesAt(place);
  // A file that was named by itself is taken whatever it is called: staging says what is wrong with it.
  if (files.length === 1 && files[0]!.path === place)
    return files.map(({ name, path }) => ({ bring: () => Promise.resolve({ name, path }) }));
  const wanted = matching(spec, files);
  if (wanted.length === 0) throw unmatched(place, files);
  if (wanted.length < files.length)
    session.note(`${files.length - wanted.length} of ${files.length} files in ${place} match no pattern of the spec and are left out`);
  return wanted.map(({ name, path }) => ({ bring: () => Promise.resolve({ name, path }) }));
}

async function fromS3(s3: S3Source, spec: Spec, place: string): Promise<Candidate[]> {
  const files = await s3.list(place);
  const wanted = files.length === 1 ? files : matching(spec, files);
  if (wanted.length === 0) throw unmatched(place, files);
  return wanted.map((file) => ({
    async bring(folder) {
      const path = join(folder, "object");
      await s3.fetch(file, path);
      return { name: file.name, path, from: `s3://${file.bucket}/${file.key}` };
    },
  }));
}

function fromHttps(session: Session, source: HttpsSource): Candidate {
  const name = basename(decodeURIComponent(URL.parse(source.url)?.pathname ?? "")) || "download";
  return {
    async bring(folder) {
      const path = join(folder, "download");
      session.note(`fetching ${publicText(source.url)}`);
      await download(source, { path, signal: session.signal });
      return { name, path, from: publicText(source.url) };
    },
  };
}

/** An address that the spec names too is held to the spec's checksum. */
function knownSource(spec: Spec, url: string): HttpsSource {
  return spec.sources.find((source) => source.url === url) ?? { url };
}

/** Archives are judged by what is in them, later. */
function matching<File extends { name: string }>(spec: Spec, files: readonly File[]): File[] {
  const patterns = spec.files.map((entry) => new RegExp(entry.match));
  return files.filter(
    ({ name }) => /\.zip$/i.test(name) || patterns.some((pattern) => pattern.test(name) || pattern.test(name.replace(/\.gz$/i, ""))),
  );
}

function unmatched(place: string, files: readonly { name: string }[]): SensorloopError {
  const names = files.slice(0, 5).map((file) => file.name);
  return new SensorloopError(
    "FILE_UNMATCHED",
    `no file in ${place} matches a pattern of the spec (there are ${names.join(", ")}${files.length > 5 ? ", ..." : ""})`,
    {
      facts: { place, files: files.length },
    },
  );
}

export function size(bytes: number): string {
  const unit = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** unit).toFixed(unit === 0 ? 0 : 1)} ${["B", "kB", "MB", "GB", "TB"][unit]}`;
}
