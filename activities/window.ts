import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { cutSpec, readsSignals, rotationDegrees } from "../lib/domain/cut.ts";
import { SensorloopError } from "../lib/domain/errors.ts";
import type { ObjectRef } from "../lib/domain/object-ref.ts";
import type { Spec } from "../lib/domain/spec.ts";
import type { Cut, RunContext } from "../lib/domain/stages.ts";
import type { Platform } from "../lib/platform.ts";
import { hold, raise } from "../lib/store/fence.ts";
import { codeVersion, sha256Of } from "../lib/store/hashes.ts";
import { record } from "../lib/store/objects.ts";
import { currentFence, currentSignal } from "./attempt.ts";
import { readManifest } from "./snapshot.ts";
import { specOf } from "./spec-of.ts";
import { beginStage, endStage, progressReporter } from "./stage-record.ts";

/** The stage that the windows are made for: their own, or a genome to be trained or champion to be measured that cuts them otherwise. */
type InStage = RunContext & { stage: "window" | "train" | "evaluate"; cut?: Cut | null };

export function createWindowActivities(platform: Platform) {
  const { db, objects, compute } = platform;

  /** The windows of a snapshot under a spec and a genome's cut: found again, or to be made shard by shard. */
  async function planWindows(context: InStage & { snapshot: string }): Promise<{ windowSet: string; shards: number }> {
    await beginStage(db, context.run, context.stage);
    const spec = cutSpec(await specOf(db, context), context.cut);
    const manifest = await manifestOf(context.snapshot);
    const input = windowHash(spec, context.seed);
    await db
      .insertInto("window_set")
      .values({
        id: randomUUID(),
        project: context.project,
        snapshot: context.snapshot,
        input_sha256: input,
        windows: 0,
        detail: JSON.stringify({ shards: manifest.shards.length, run: context.run, windows: spec.windows }),
      })
      .onConflict((conflict) => conflict.columns(["project", "snapshot", "input_sha256"]).doNothing())
      .execute();
    const { id } = await db
      .selectFrom("window_set")
      .select("id")
      .where("project", "=", context.project)
      .where("snapshot", "=", context.snapshot)
      .where("input_sha256", "=", input)
      .executeTakeFirstOrThrow();
    const made = await db.selectFrom("window_shard").select("shard").where("window_set", "=", id).execute();
    return { windowSet: id, shards: made.length === manifest.shards.length ? 0 : manifest.shards.length };
  }

  async function windowShard(context: InStage & { snapshot: string; windowSet: string; shard: number }): Promise<void> {
    const fence = currentFence();
    await raise(db, fence);
    const made = await db
      .selectFrom("window_shard")
      .select("shard")
      .where("window_set", "=", context.windowSet)
      .where("shard", "=", context.shard)
      .executeTakeFirst();
    if (made) return;
    const spec = cutSpec(await specOf(db, context), context.cut);
    const manifest = await manifestOf(context.snapshot);
    const shard = manifest.shards[context.shard];
    if (!shard) throw new Error(`the snapshot has no shard ${context.shard}`);
    const files = new Set(shard.parts);
    const parts = await Promise.all(
      manifest.parts
        .filter((part) => files.has(part.file))
        .map(async ({ file, fileSpec, role, pieces, ...object }) => {
          const [path, list] = await Promise.all([objects.fetch(object), objects.fetch(pieces)]);
          return { path, pieces: list, file, fileSpec, role };
        }),
    );
    await using job = await compute.run(
      "window-shard",
      {
        parts,
        spec,
        recordings: await objects.fetch(shard.recordings),
        split: await objects.fetch(manifest.split),
        labels: manifest.labels ? await objects.fetch(manifest.labels) : undefined,
        seed: context.seed,
        signals: readsSignals(spec),
        outName: "windows.bin",
      },
      { signal: currentSignal(), onProgress: progressReporter(db, context.run, context.stage) },
    );
    const put = await objects.putFile(context.project, "windows", join(job.folder, "windows.bin"));
    await db.transaction().execute(async (tx) => {
      await hold(tx, fence);
      await record(tx, [put]);
      await tx
        .insertInto("window_shard")
        .values({
          window_set: context.windowSet,
          shard: context.shard,
          windows: job.output.windows,
          object: put.key,
          detail: JSON.stringify({ ...job.output, rows: shard.rows }),
        })
        .execute();
    });
  }

  async function closeWindows(context: InStage & { windowSet: string }): Promise<void> {
    const shards = await db.selectFrom("window_shard").select(["windows", "detail"]).where("window_set", "=", context.windowSet).execute();
    const set = await db
      .selectFrom("window_set")
      .select(["detail", "windows"])
      .where("id", "=", context.windowSet)
      .executeTakeFirstOrThrow();
    const windows = shards.reduce((sum, shard) => sum + shard.windows, 0);
    const sum = (field: string) => sumRecords(shards.map((shard) => shard.detail[field] as Record<string, number>));
    const perSplit = sum("perSplit");
    for (const side of ["train", "validation", "holdout"]) {
      if (!perSplit[side]) throw new SensorloopError("TOO_LITTLE_DATA", `no labelled window is left for ${side}`, { facts: { perSplit } });
    }
    const reused = set.windows > 0;
    const detail = { ...set.detail, perSplit, perClass: sum("perClass"), skipped: sum("skipped") };
    await db
      .updateTable("window_set")
      .set({ windows, detail: JSON.stringify(detail) })
      .where("id", "=", context.windowSet)
      .execute();
    if (context.stage !== "window") return;
    await endStage(db, context.run, "window", {
      state: reused ? "reused" : "done",
      counts: { rowsIn: shards.reduce((total, shard) => total + Number(shard.detail["rows"] ?? 0), 0), rowsOut: windows },
      reusedFrom: reused ? (set.detail["run"] as string) : null,
      reason: reused ? "the same snapshot, windows, features and code" : undefined,
      detail: { ...detail, windowSet: context.windowSet },
    });
  }

  async function manifestOf(snapshot: string) {
    const { manifest } = await db.selectFrom("snapshot").select("manifest").where("id", "=", snapshot).executeTakeFirstOrThrow();
    return readManifest(platform, manifest);
  }

  return { planWindows, windowShard, closeWindows };
}

/** Everything the windows of a snapshot depend on. */
function windowHash(spec: Spec, seed: number): string {
  const { files, rateHz, labels, filters, windows, features, split } = spec;
  const degrees = rotationDegrees(spec);
  const channels = files.map((file) => ({ channels: file.channels, rateHz: file.rateHz, interval: file.interval }));
  return sha256Of({
    channels,
    rateHz,
    labels,
    filters,
    windows: windows.kind === "sliding" ? { ...windows, rotateDegrees: degrees } : windows,
    features,
    split: split.by,
    signals: readsSignals(spec),
    seed: split.by === "random" || degrees > 0 ? seed : 0,
    code: codeVersion(),
  });
}

/** The objects of a window set, in order. */
export async function shardsOf(db: Platform["db"], windowSet: string): Promise<ObjectRef[]> {
  return db
    .selectFrom("window_shard")
    .innerJoin("object", "object.key", "window_shard.object")
    .select(["object.key", "object.sha256", "object.bytes"])
    .where("window_set", "=", windowSet)
    .orderBy("shard")
    .execute();
}

function sumRecords(records: readonly (Record<string, number> | undefined)[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const each of records) for (const [key, value] of Object.entries(each ?? {})) total[key] = (total[key] ?? 0) + value;
  return total;
}
