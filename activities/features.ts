import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Transaction } from "kysely";
import { canonicalJson } from "../lib/domain/canonical.ts";
import { definitionsOf, type WindowsSet } from "../lib/domain/features-store/definition.ts";
import type { FeatureRow } from "../lib/domain/features-store/feature-row.ts";
import { labelRows } from "../lib/domain/features-store/label-rows.ts";
import { profileRows } from "../lib/domain/features-store/profile-rows.ts";
import { trailingRows } from "../lib/domain/features-store/trailing-rows.ts";
import type { Spec } from "../lib/domain/spec.ts";
import type { RunContext } from "../lib/domain/stages.ts";
import type { Platform } from "../lib/platform.ts";
import type { Database } from "../lib/store/database.ts";
import { writeFeatures, type WrittenFeatures } from "../lib/store/feature-writer.ts";
import { hold, raise } from "../lib/store/fence.ts";
import { historyOfSet, labelsBySubject, sendingTimes, statedProfiles } from "../lib/store/repositories/feature-sources.ts";
import { findProject } from "../lib/store/repositories/projects.ts";
import { currentFence, currentSignal } from "./attempt.ts";
import { readManifest } from "./snapshot.ts";
import { specOf } from "./spec-of.ts";
import { beginStage, endStage, progressReporter } from "./stage-record.ts";
import { shardsOf } from "./window.ts";

type Definition = ReturnType<typeof definitionsOf>[number];
type Windowed = Definition & { readonly set: WindowsSet };
type Materialised = RunContext & { readonly snapshot: string; readonly windowSet: string };

/** Rows handed to the writer at once. */
const BATCH = 5_000;

export function createFeatureActivities(platform: Platform) {
  const { db, objects, compute } = platform;

  /** Brings the feature store up to what is known now: windows, profiles and labels, then what trails behind them. */
  async function materialiseFeatures(context: Materialised): Promise<void> {
    const fence = currentFence();
    await raise(db, fence);
    await beginStage(db, context.run, "features");
    const spec = await specOf(db, context);
    const definitions = definitionsOf(spec);
    const skipped = definitions.length === 0 ? "the spec has no `featureStore`" : await outdated(context, definitions);
    if (skipped !== null) return endStage(db, context.run, "features", { state: "skipped", reason: skipped });

    const windowed = definitions.filter(isWindowed);
    await using job = windowed.length > 0 ? await sumUpWindows(context, spec, windowed) : null;
    const files = new Map(windowed.map(({ name }, index) => [name, job!.output.files[index]!.path]));
    const sets: (WrittenFeatures & { readonly name: string })[] = [];
    for (const definition of definitions) {
      currentSignal().throwIfAborted();
      // In one transaction: a reader sees all of a new version or none of it.
      const written = await db.transaction().execute(async (tx) => {
        await hold(tx, fence);
        const rows = rowsOf(tx, context, spec, definition, files.get(definition.name));
        return writeFeatures(tx, context.project, definition, rows, context.run);
      });
      sets.push({ name: definition.name, ...written });
    }
    const written = sets.reduce((sum, set) => sum + set.written, 0);
    const known = sets.reduce((sum, set) => sum + set.known, 0);
    await endStage(db, context.run, "features", {
      state: written === 0 && known > 0 ? "reused" : "done",
      reason: written === 0 && known > 0 ? "every row was there with the same values" : undefined,
      counts: { rowsIn: written + known, rowsOut: written },
      detail: { sets },
    });
  }

  /** A run of an older spec, or of one that was changed for it alone, must not take the store back to other definitions. */
  async function outdated({ project, specVersion }: RunContext, definitions: readonly Definition[]): Promise<string | null> {
    const newest = (await findProject(db, project))?.specVersion ?? specVersion;
    if (newest === specVersion) return null;
    const wanted = definitionsOf(await specOf(db, { project, specVersion: newest }));
    const text = (all: readonly Definition[]) => canonicalJson(all.map(({ name, names, definition }) => [name, names, definition]));
    if (text(wanted) === text(definitions)) return null;
    return `this run's feature sets are not those of the newest spec, version ${newest}`;
  }

  async function sumUpWindows({ run, snapshot, windowSet }: Materialised, spec: Spec, windowed: readonly Windowed[]) {
    const shards = await Promise.all((await shardsOf(db, windowSet)).map((shard) => objects.fetch(shard)));
    return compute.run(
      "sum-up-windows",
      {
        shards,
        sets: windowed.map(({ names, set }) => ({ names, set })),
        parts: await partsOf(spec, snapshot),
        bySubject: spec.windows.kind === "subject",
        memoryMb: Math.floor(spec.limits.jobMegabytes / 2),
      },
      { signal: currentSignal(), onProgress: progressReporter(db, run, "features") },
    );
  }

  /** Files are looked at only where one has no clock. */
  async function partsOf(spec: Spec, snapshot: string) {
    const isTimed = (fileSpec: number) => spec.files[fileSpec]?.time.kind === "column";
    const { manifest } = await db.selectFrom("snapshot").select("manifest").where("id", "=", snapshot).executeTakeFirstOrThrow();
    const parts = (await readManifest(platform, manifest)).parts.filter(({ role }) => role === "samples");
    if (parts.every(({ fileSpec }) => isTimed(fileSpec))) return [];
    const times = await sendingTimes(
      db,
      parts.map(({ file }) => file),
    );
    return Promise.all(
      parts.map(async ({ file, fileSpec, pieces }) => ({
        pieces: await objects.fetch(pieces),
        timed: isTimed(fileSpec),
        sentMs: times.get(file)?.getTime() ?? 0,
      })),
    );
  }

  return { materialiseFeatures };
}

function isWindowed(definition: Definition): definition is Windowed {
  return definition.set.from === "windows";
}

/** All rows of a set as they are known now, batch by batch. */
async function* rowsOf(
  tx: Transaction<Database>,
  { project }: RunContext,
  spec: Spec,
  { set, names }: Definition,
  windowFile: string | undefined,
): AsyncGenerator<FeatureRow[]> {
  switch (set.from) {
    case "windows":
      return yield* rowsOfFile(windowFile!);
    case "profile":
      return yield profileRows(await statedProfiles(tx, project));
    case "labels":
      for await (const people of labelsBySubject(tx, project))
        yield people.flatMap(([subject, labels]) => labelRows(subject, labels, names));
      return;
    case "trailing": {
      const base = spec.featureStore!.sets[set.of]!;
      const baseNames = definitionsOf(spec).find(({ name }) => name === set.of)!.names;
      const places = set.features.map((feature) => baseNames.indexOf(feature));
      const byDay = base.from === "windows" && base.per === "day";
      for await (const people of historyOfSet(tx, project, set.of)) yield people.flatMap((rows) => trailingRows(rows, set, places, byDay));
    }
  }
}

async function* rowsOfFile(path: string): AsyncGenerator<FeatureRow[]> {
  const batch: FeatureRow[] = [];
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    if (line) batch.push(JSON.parse(line) as FeatureRow);
    if (batch.length >= BATCH) yield batch.splice(0);
  }
  yield batch;
}
