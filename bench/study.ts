import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, open, readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { JobInput, JobOutput } from "../lib/compute/job.ts";
import { ComputePool } from "../lib/compute/pool.ts";
import { readsSignals } from "../lib/domain/cut.ts";
import { recordingName } from "../lib/domain/recording-id.ts";
import { overrideSpec } from "../lib/domain/spec-overrides.ts";
import type { Spec, SplitSpec } from "../lib/domain/spec.ts";
import { assignSplit, type Side, type SplitUnit } from "../lib/domain/split.ts";
import { SPLITS, encodeWindowShard } from "../lib/domain/window-shard.ts";
import { readShard } from "../lib/ml/window-rows.ts";
import { filesAt } from "../lib/sources/folder.ts";
import { sha256Of } from "../lib/store/hashes.ts";
import type { BenchContext } from "./harness.ts";
import { ROOT } from "./installation.ts";

/** What one job may hold, as the product has it by default. */
const JOB_MEGABYTES = 1024;
/** Biometric ids are keyed hashes; nothing leaves the bench, so that the key need not be secret. */
const PEPPER = "5e".repeat(32);

type Part = JobInput<"window-shard">["parts"][number];

/**
 * The recordings of an example, taken in once by the platform's own jobs, to be split, cut into windows and learned from as
 * often as a protocol asks. Everything that matters stands in the example's spec; a study changes its `split` alone.
 */
export class Study implements AsyncDisposable {
  readonly spec: Spec;
  /** Who can be put on a side: subjects or recordings, by the spec's split. */
  readonly units: readonly SplitUnit[];
  readonly compute: ComputePool;
  readonly #folder: string;
  readonly #parts: readonly Part[];
  readonly #shards: JobOutput<"list-recordings">["shards"];
  readonly #made = new Map<string, Promise<readonly string[]>>();

  private constructor(fields: {
    spec: Spec;
    units: readonly SplitUnit[];
    compute: ComputePool;
    folder: string;
    parts: readonly Part[];
    shards: JobOutput<"list-recordings">["shards"];
  }) {
    this.spec = fields.spec;
    this.units = fields.units;
    this.compute = fields.compute;
    this.#folder = fields.folder;
    this.#parts = fields.parts;
    this.#shards = fields.shards;
  }

  /** @param place inside the folder of recordings. @param set values of the spec to replace, by path, as `--set` does */
  static async open(context: BenchContext, project: string, place: string, set: Readonly<Record<string, unknown>> = {}): Promise<Study> {
    if (context.data === "")
      throw new Error(
        `the recordings are not here: name their folder with --data; examples/${project}/spec.yaml says where they come from`,
      );
    const text = await readFile(join(ROOT, "examples", project, "spec.yaml"), "utf8");
    const { spec } = overrideSpec(text, set, `examples/${project}/spec.yaml`);
    const folder = await mkdtemp(join(context.folder, `${project}-`));
    const compute = new ComputePool({ size: availableParallelism(), memoryMb: JOB_MEGABYTES, folder });
    try {
      const taken = await takeIn(compute, spec, join(context.data, place));
      const { output } = await compute.run("list-recordings", {
        parts: taken.parts.map(({ pieces, file, fileSpec, role }) => ({ pieces, file, fileSpec, role })),
        spec,
        shards: availableParallelism(),
        twins: taken.twins,
      });
      const units = await unitsOf(spec, output, taken.subjects);
      context.say(`${project}: ${output.totals.rows} rows, ${output.totals.recordings} recordings, ${output.totals.subjects} subjects`);
      return new Study({ spec, units, compute, folder, parts: taken.parts, shards: output.shards });
    } catch (error) {
      await compute[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Files of the window shards under a spec like the study's but for its split or features. Windows are made once, with
   * everybody on the training side; for each split they are only put on other sides. The dense windows and rotated copies
   * that holdouts then have are scored by nobody, and learned from by nobody.
   */
  async windows(spec: Spec): Promise<readonly string[]> {
    if (spec.split.by === "random") return this.#make(spec, new Map());
    const key = sha256Of({ windows: spec.windows, features: spec.features });
    const made = this.#made.get(key) ?? this.#make(spec, new Map(this.units.map(({ id }) => [id, "train"])));
    this.#made.set(key, made);
    const sides = assignSplit(this.units, spec.split, new Map());
    const folder = await mkdtemp(join(this.#folder, "split-"));
    return Promise.all((await made).map((path, index) => putOnSides(path, sides, spec.split.by, join(folder, `${index}.bin`))));
  }

  async #make(spec: Spec, sides: ReadonlyMap<string, Side>): Promise<readonly string[]> {
    const split = join(await mkdtemp(join(this.#folder, "split-")), "split.json");
    await writeFile(split, JSON.stringify(Object.fromEntries(sides)));
    return Promise.all(
      this.#shards.map(async (shard) => {
        const { folder } = await this.compute.run("window-shard", {
          parts: this.#parts.filter(({ file }) => shard.parts.includes(file)),
          spec,
          recordings: shard.recordings,
          split,
          seed: spec.seed,
          signals: readsSignals(spec),
          outName: "windows.bin",
        });
        return join(folder, "windows.bin");
      }),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.compute[Symbol.asyncDispose]();
  }
}

/** The same windows with each labelled one on its unit's side. */
async function putOnSides(path: string, sides: ReadonlyMap<string, Side>, by: SplitSpec["by"], target: string): Promise<string> {
  const shard = await readShard(path);
  const split = Uint8Array.from(shard.split, (side, window) => {
    if (SPLITS[side] === "unlabelled") return side;
    const unit = by === "subject" ? shard.subjects[shard.subject[window]!]! : shard.recordings[shard.recording[window]!]!;
    return SPLITS.indexOf(sides.get(unit)!);
  });
  await using file = await open(target, "wx");
  for (const piece of encodeWindowShard({ ...shard, split })) await file.appendFile(piece);
  return target;
}

interface Taken {
  readonly parts: readonly Part[];
  /** Files that hold the same samples. */
  readonly twins: readonly (readonly string[])[];
  /** Biometric id to the name that the recordings use. */
  readonly subjects: ReadonlyMap<string, string>;
}

/** Stages and cleans everything at a place, as a run does. */
async function takeIn(compute: ComputePool, spec: Spec, place: string): Promise<Taken> {
  const subjects = new Map<string, string>();
  const parts: Part[] = [];
  const signals: (readonly [string, string])[] = [];
  for (const { path, name } of await filesAt(place)) {
    const staged = await compute.run("stage-upload", { path, name, files: spec.files });
    const files = staged.output.entries.flatMap((entry, index) =>
      entry.state === "staged" ? [{ ...entry, id: `${name.replaceAll("/", "_")}#${index}`, error: undefined }] : [],
    );
    if (files.length === 0) continue;
    const input = { files, spec, pepper: PEPPER, memoryMb: Math.floor(JOB_MEGABYTES * 0.6), threads: 1 };
    const cleaned = await compute.run("clean-files", input);
    for (const [index, { file, state, parquet, pieces, subjects: people, detail, error }] of cleaned.output.files.entries()) {
      if (state !== "clean") throw new Error(`${files[index]!.name} was refused: ${error?.message}`);
      for await (const line of createInterface({ input: createReadStream(people?.path ?? "/dev/null") })) {
        const { external, biometric } = JSON.parse(line) as { external: string; biometric: string };
        subjects.set(biometric, external);
      }
      const { fileSpec } = files[index]!;
      const { role } = spec.files[fileSpec]!;
      if (!parquet || !pieces || role === "profiles") continue;
      parts.push({ path: parquet.path, pieces: pieces.path, file, fileSpec, role });
      if (detail.signalsSha256) signals.push([detail.signalsSha256, file]);
    }
  }
  if (parts.length === 0) throw new Error(`no file at ${place} is one of the spec's`);
  const alike = Map.groupBy(signals, ([hash]) => hash);
  return { parts, subjects, twins: [...alike.values()].filter((group) => group.length > 1).map((group) => group.map(([, file]) => file)) };
}

async function unitsOf(spec: Spec, listing: JobOutput<"list-recordings">, subjects: ReadonlyMap<string, string>): Promise<SplitUnit[]> {
  const ids = JSON.parse(await readFile(listing.units, "utf8")) as string[];
  const bonds = JSON.parse(await readFile(listing.bonds, "utf8")) as Record<string, number>;
  return ids.map((id) => {
    const name = spec.split.by === "subject" ? (subjects.get(id) ?? id) : recordingName(id);
    const rank = createHash("sha256").update(`${spec.seed}/${name}`).digest("hex");
    return { id, name, rank, bond: Object.hasOwn(bonds, id) ? `twins-${bonds[id]}` : undefined };
  });
}
