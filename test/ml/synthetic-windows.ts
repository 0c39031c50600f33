import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { JobControl, JobProgress } from "../../lib/compute/job.ts";
import { randomFor } from "../../lib/domain/random.ts";
import type { Random } from "../../lib/domain/random.ts";
import { encodeWindowShard, SPLITS } from "../../lib/domain/window-shard.ts";
import type { Split, WindowShard } from "../../lib/domain/window-shard.ts";

export interface SyntheticOptions {
  readonly windows: number;
  readonly classes?: readonly string[];
  readonly features?: number;
  readonly seed?: number;
  readonly subjects?: number;
  readonly samples?: number;
  readonly channels?: number;
  /** Distance between the class means along feature 0. */
  readonly distance?: number;
  readonly split?: (window: number) => Split;
  readonly change?: (shard: Mutable<WindowShard>) => void;
}
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Windows of Gaussian classes that touch along feature 0 (unit variance, means `distance` apart, so the best possible
 * accuracy of two classes is Phi(distance / 2)), and signals that are a sine of a class's own frequency plus noise.
 */
export function syntheticShard(options: SyntheticOptions): WindowShard {
  const { windows, classes = ["rest", "walk"], features = 5, seed = 1, subjects = 4, samples = 0, channels = 2, distance = 2 } = options;
  const random = randomFor(seed, 77);
  const label = Int32Array.from({ length: windows }, () => random.below(classes.length));
  const shard: Mutable<WindowShard> = {
    windows,
    subjects: names("person", subjects),
    recordings: names("recording", subjects),
    classes,
    features: names("feature", features),
    channels: names("channel", channels),
    samples,
    rateHz: 50,
    subject: Int32Array.from({ length: windows }, (_, window) => window % subjects),
    recording: Int32Array.from({ length: windows }, (_, window) => window % subjects),
    label,
    split: Uint8Array.from({ length: windows }, (_, window) => SPLITS.indexOf(options.split?.(window) ?? "train")),
    dense: new Uint8Array(windows),
    from: Int32Array.from({ length: windows }, (_, window) => window * 64),
    to: Int32Array.from({ length: windows }, (_, window) => window * 64 + 128),
    startUs: Float64Array.from({ length: windows }, (_, window) => 1.6e15 + window * 1.28e6),
    featureValues: Float32Array.from({ length: windows * features }, (_, at) => {
      const offset = at % features === 0 ? distance * label[Math.floor(at / features)]! : 0;
      return 10 + 3 * (random.normal() + offset);
    }),
    signals: signalsOf(random, label, samples, channels),
  };
  options.change?.(shard);
  return shard;
}

function signalsOf(random: Random, label: Int32Array, samples: number, channels: number): Float32Array {
  const signals = new Float32Array(label.length * samples * channels);
  let at = 0;
  for (const one of label) {
    const phase = random.uniform() * 6;
    for (let sample = 0; sample < samples; sample += 1) {
      for (let channel = 0; channel < channels; channel += 1)
        signals[at++] = Math.sin(phase + (0.3 + 0.5 * one) * sample) + 0.3 * random.normal();
    }
  }
  return signals;
}

const names = (what: string, count: number) => Array.from({ length: count }, (_, index) => `${what}-${index + 1}`);

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sensorloop-ml-"));
  folders.push(folder);
  return folder;
}

export async function writeShard(shard: WindowShard): Promise<string> {
  const path = join(await temporaryFolder(), "windows.bin");
  await writeFile(path, Buffer.concat(encodeWindowShard(shard)));
  return path;
}

/** A job's control that remembers what was reported. */
export async function recordingControl(): Promise<JobControl & { readonly reported: JobProgress[] }> {
  const reported: JobProgress[] = [];
  return { folder: await temporaryFolder(), reported, progress: (progress) => void reported.push(progress) };
}
