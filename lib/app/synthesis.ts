import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { SensorloopError } from "../domain/errors.ts";
import { SYNTHETIC_SOURCE } from "../domain/recording-id.ts";
import { channelsOf, type Spec } from "../domain/spec.ts";
import { parseDescription, type Description } from "../domain/statistics/document.ts";
import { planPeople } from "../domain/synthesis/people.ts";
import { recordingsOf } from "../domain/synthesis/recordings.ts";
import { Synthesizer } from "../domain/synthesis/synthesizer.ts";
import { syntheticProfile } from "../ml/synthetic-profile.ts";
import type { Platform } from "../platform.ts";
import { findDescription } from "../store/repositories/descriptions.ts";
import { takeIn } from "./intake.ts";
import { filesOfRecording } from "./synthetic-files.ts";

export interface StreamOptions {
  /** Who is made up at most; as many as there is time for where only `seconds` is given. @default 20 */
  readonly people?: number;
  /** Rows a second; as fast as they come without it. */
  readonly rate?: number;
  /** Nothing is begun after this long. */
  readonly seconds?: number;
  /** What one person has of each class, at most. @default 60 */
  readonly secondsPerClass?: number;
  readonly as: "files" | "batches";
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly onFile?: (name: string, rows: number) => void;
}

export interface Streamed {
  /** Key of the statistics that everything was made up from. */
  readonly description: string;
  readonly people: number;
  readonly files: number;
  readonly rows: number;
  readonly seconds: number;
  readonly seed: number;
}

const PEOPLE = 20;
/** Where only time sets the limit. */
const MOST_PEOPLE = 10_000;

/**
 * Makes recordings up from the project's newest statistics and takes them in as files of the spec's own format, at the
 * rate asked for. Their uploads say what they are, so that their people never count as real.
 * @throws SensorloopError NOT_FOUND without statistics, CONFLICT where the spec has other channels or classes by now,
 *   TOO_LITTLE_DATA, REQUEST_INVALID, CANCELLED, and whatever intake throws
 */
export async function streamSynthetic(
  platform: Platform,
  project: string,
  spec: Spec,
  options: StreamOptions,
  actor: string,
): Promise<Streamed> {
  if (options.as === "batches")
    throw new SensorloopError("REQUEST_INVALID", "there is no way to send batches in yet; recordings can be sent as files", {
      facts: { as: "batches" },
    });
  const { key, description } = await newestDescription(platform, project, spec);
  const { seed, rate, signal, seconds: limit = Infinity } = options;
  const wanted = options.people ?? (options.seconds === undefined ? PEOPLE : MOST_PEOPLE);
  const { people } = planPeople(description, wanted);
  if (people.length === 0) throw new SensorloopError("TOO_LITTLE_DATA", "the statistics are of too few people for anybody to be made up");
  const mostRows = description.kind === "signals" ? (options.secondsPerClass ?? 60) * description.rateHz : Infinity;
  const synthesizer = new Synthesizer(description, { seed, mostRows });
  const begun = performance.now();
  const elapsed = () => (performance.now() - begun) / 1000;
  const sent = { people: 0, files: 0, rows: 0 };
  for (const person of people) {
    if (elapsed() >= limit) break;
    const { startUs } = syntheticProfile(person, seed);
    sent.people++;
    for (const recording of recordingsOf(person, description, synthesizer, spec.windows.kind, () => startUs)) {
      if (elapsed() >= limit) break;
      for (const { name, text, rows } of filesOfRecording(spec, recording, person.index, sent.files)) {
        signal?.throwIfAborted();
        const stream = (async function* () {
          yield Buffer.from(text);
        })();
        await takeIn(platform, project, { name, stream, from: `${SYNTHETIC_SOURCE}${key}` }, actor);
        sent.files++;
        sent.rows += rows;
        options.onFile?.(name, rows);
      }
      // Behind the rate nothing waits; ahead of it the next recording does.
      const ahead = rate === undefined ? 0 : Math.min(limit, sent.rows / rate) - elapsed();
      if (ahead > 0) await sleep(1000 * ahead, undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  }
  return { description: key, ...sent, seconds: elapsed(), seed };
}

async function newestDescription(
  { db, objects }: Platform,
  project: string,
  spec: Spec,
): Promise<{ key: string; description: Description }> {
  const found = await findDescription(db, project);
  if (!found)
    throw new SensorloopError("NOT_FOUND", `project '${project}' has no statistics yet: a run whose spec has \`describe\` makes them`, {
      facts: { project },
    });
  const description = parseDescription(JSON.parse(await readFile(await objects.fetch(found.object), "utf8")));
  const [channels, classes] = [channelsOf(spec), spec.labels.classes];
  const unknown = [
    ...channels.filter((name) => !description.channels.includes(name)),
    ...description.classes.filter((name) => !classes.includes(name)),
  ];
  if (unknown.length > 0)
    throw new SensorloopError(
      "CONFLICT",
      `the newest statistics are of an older spec, which differs in ${unknown.slice(0, 3).join(", ")}: run the pipeline again`,
      {
        facts: { unknown },
      },
    );
  return { key: found.object.key, description };
}
