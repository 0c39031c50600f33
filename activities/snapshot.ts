import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JobOutput } from "../lib/compute/job.ts";
import { SensorloopError } from "../lib/domain/errors.ts";
import { LabelFreezer, type FrozenLabels, type LeftOut } from "../lib/domain/labels/frozen.ts";
import { parseManifest, splitOfManifestSchema, type Manifest } from "../lib/domain/manifest.ts";
import { recordingName } from "../lib/domain/recording-id.ts";
import type { Spec } from "../lib/domain/spec.ts";
import { assignSplit, type Side, type SplitUnit } from "../lib/domain/split.ts";
import type { RunContext } from "../lib/domain/stages.ts";
import type { Platform } from "../lib/platform.ts";
import { hold, raise } from "../lib/store/fence.ts";
import { sha256Of } from "../lib/store/hashes.ts";
import { record, type PutObject } from "../lib/store/objects.ts";
import { listErased } from "../lib/store/repositories/erasures.ts";
import { heardUntil } from "../lib/store/repositories/label-progress.ts";
import { standingByRecording } from "../lib/store/repositories/labels.ts";
import { currentFence, currentSignal } from "./attempt.ts";
import { cleanedBy, cleaningRules, filesOf, hashesOf } from "./clean.ts";
import { refOf } from "./object-of.ts";
import { specOf } from "./spec-of.ts";
import { beginStage, endStage, logRun, progressReporter } from "./stage-record.ts";

type Part = Manifest["parts"][number];
type Listing = JobOutput<"list-recordings">;

export function createSnapshotActivities(platform: Platform) {
  const { db, objects, compute } = platform;

  /**
   * Freezes what was cleaned and what people said of it: a manifest of parts with their hashes, the recordings in them
   * but those of erased people, the labels that stand, and the side each subject is on.
   */
  async function takeSnapshot(context: RunContext): Promise<{ snapshot: string }> {
    const fence = currentFence();
    await raise(db, fence);
    await beginStage(db, context.run, "snapshot");
    const spec = await specOf(db, context);
    const { parts, twins } = await partsOf(context, spec);
    const { frozen, leftOut } = await labelsOf(context, spec);
    await tellLeftOut(context, leftOut);
    const erased = await listErased(db, context.project);
    const splitHash = sha256Of({ split: spec.split, seed: context.seed });
    const id = sha256Of({
      project: context.project,
      parts: parts.map(({ sha256, fileSpec, role, name }) => ({ sha256, fileSpec, role, name })),
      splitHash,
      // Only where there are any: a snapshot without them is the one that it was before there could be some.
      ...(frozen && { labels: sha256Of(frozen) }),
      ...(erased.length > 0 && { erased }),
    });
    const before = await db
      .selectFrom("snapshot")
      .selectAll()
      .where("id", "=", id)
      .where("project", "=", context.project)
      .executeTakeFirst();
    if (before) {
      await endStage(db, context.run, "snapshot", {
        state: "reused",
        counts: { rowsIn: before.rows, rowsOut: before.rows },
        reason: "the same cleaned files, the same labels and the same split",
        detail: { snapshot: id, subjects: before.subjects, recordings: before.recordings, splits: before.splits, ...labelled(frozen) },
      });
      return { snapshot: id };
    }

    for (const group of twins) {
      const names = group.map((part) => part.name).join(" and ");
      await logRun(db, context.run, "snapshot", `the same samples in ${names}: kept on one side of the split`, "warn");
    }
    const labels = frozen && (await objects.putBytes(context.project, "snapshot", Buffer.from(JSON.stringify(frozen))));
    const local = await Promise.all(parts.map(async (part) => ({ ...part, pieces: await objects.fetch(part.pieces) })));
    await using job = await compute.run(
      "list-recordings",
      {
        parts: local.map(({ pieces, file, fileSpec, role }) => ({ pieces, file, fileSpec, role })),
        spec,
        twins: twins.map((group) => group.map((part) => part.file)),
        labels: labels ? await objects.fetch(labels) : undefined,
        erased,
        shards: Math.max(platform.config.jobs.processes, Math.ceil(parts.reduce((sum, part) => sum + part.rows, 0) / SHARD_ROWS)),
      },
      { signal: currentSignal(), onProgress: progressReporter(db, context.run, "snapshot") },
    );
    const listing = job.output;
    if (listing.erased.recordings > 0) {
      const { recordings, subjects } = listing.erased;
      await logRun(db, context.run, "snapshot", `${recordings} recordings of ${subjects} erased people are left out`, "warn");
    }
    if (listing.gone > 0)
      await logRun(db, context.run, "snapshot", `labels on ${listing.gone} recordings that are not in the data are left out`, "warn");
    const sides = await sidesOf(context, spec, listing, splitHash);
    const splitPath = join(job.folder, "split.json");
    await writeFile(splitPath, JSON.stringify(Object.fromEntries(sides)));
    const split = await objects.putFile(context.project, "snapshot", splitPath);
    const shards: { put: PutObject; parts: readonly string[]; rows: number }[] = [];
    for (const shard of listing.shards) {
      const put = await objects.putFile(context.project, "snapshot", shard.recordings);
      shards.push({ put, parts: shard.parts, rows: shard.rows });
    }
    const splits = countSides(sides);
    const manifest: Manifest = {
      format: 3,
      project: context.project,
      splitBy: spec.split.by,
      splitHash,
      parts,
      split,
      labels,
      shards: shards.map(({ put, parts: files, rows }) => ({ recordings: put, parts: [...files], rows })),
    };
    const body = await objects.putBytes(context.project, "snapshot", Buffer.from(JSON.stringify(manifest)));
    const holdout = [...sides].filter(([, side]) => side === "holdout").map(([unit]) => unit);
    const onHoldout = frozen && labelsOn(frozen, spec, new Set(holdout));
    await db.transaction().execute(async (tx) => {
      await hold(tx, fence);
      await record(tx, [split, ...shards.map((shard) => shard.put), ...(labels ? [labels] : []), body]);
      await tx
        .insertInto("snapshot")
        .values({
          id,
          project: context.project,
          manifest: body.key,
          recordings: listing.totals.recordings,
          subjects: listing.totals.subjects,
          rows: listing.totals.rows,
          splits: JSON.stringify(splits),
          holdout_sha256: sha256Of({
            holdout: holdout.sort(),
            parts: parts.map((part) => part.sha256).sort(),
            ...(onHoldout && { labels: onHoldout }),
          }),
          labels: labels?.key ?? null,
          leaking: spec.split.by === "random",
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      await endStage(tx, context.run, "snapshot", {
        state: "done",
        counts: { rowsIn: listing.totals.rows, rowsOut: listing.totals.rows },
        detail: {
          snapshot: id,
          subjects: listing.totals.subjects,
          recordings: listing.totals.recordings,
          splits,
          by: spec.split.by,
          twins: twins.length,
          ...labelled(frozen),
        },
      });
    });
    return { snapshot: id };
  }

  /** What people said, resolved; null where nothing of it can be used. All of it as of one moment. */
  async function labelsOf({ run, project }: RunContext, spec: Spec): Promise<{ frozen: FrozenLabels | null; leftOut: LeftOut }> {
    // Not what is said while it works: another attempt would come to another snapshot, and the next run would count it again.
    const at = await heardUntil(db, run);
    const freezer = new LabelFreezer(spec);
    await db
      .transaction()
      .setIsolationLevel("repeatable read")
      .execute(async (tx) => {
        for await (const labels of standingByRecording(tx, project, { at })) freezer.add(labels);
      });
    const frozen = freezer.frozen();
    return { frozen: frozen.recordings.length > 0 ? frozen : null, leftOut: freezer.leftOut() };
  }

  async function tellLeftOut({ run }: RunContext, { classes, synthetic }: LeftOut): Promise<void> {
    for (const [name, labels] of Object.entries(classes))
      await logRun(db, run, "snapshot", `${labels} labels by the class '${name}', which the spec has no longer, are left out`, "warn");
    if (synthetic > 0) await logRun(db, run, "snapshot", `${synthetic} labels on recordings that were made up are left out`, "warn");
  }

  async function partsOf(context: RunContext, spec: Spec): Promise<{ parts: Part[]; twins: Part[][] }> {
    const files = await filesOf(db, context.run);
    const rules = cleaningRules(spec);
    const cleanings = await cleanedBy(db, hashesOf(rules, files));
    const parts: Part[] = [];
    const signals = new Map<string, unknown>();
    for (const file of files) {
      const cleaning = cleanings.get(file.id);
      if (cleaning?.state !== "clean" || !cleaning.object || !cleaning.pieces || cleaning.rows_ok === 0) continue;
      const fileSpec = rules.fileSpecOf(file.name);
      const role = spec.files[fileSpec]?.role ?? "samples";
      if (role === "profiles") continue;
      signals.set(file.id, cleaning.detail["signalsSha256"] ?? file.id);
      const pieces = await refOf(db, cleaning.pieces);
      parts.push({ ...(await refOf(db, cleaning.object)), pieces, file: file.id, name: file.name, fileSpec, role, rows: cleaning.rows_ok });
    }
    if (!parts.some((part) => part.role === "samples")) {
      throw new SensorloopError("TOO_LITTLE_DATA", `none of ${files.length} files has a clean row of samples`, {
        facts: { files: files.length },
      });
    }
    // The same samples with other labels are no copy to drop, but they must not stand on both sides of the split.
    const twins = [...Map.groupBy(parts, (part) => signals.get(part.file)).values()].filter((group) => group.length > 1);
    return { parts, twins };
  }

  /** Who learns and who is asked: by subject or by recording; whoever had a side in the newest snapshot keeps it. */
  async function sidesOf(context: RunContext, spec: Spec, listing: Listing, splitHash: string): Promise<Map<string, Side>> {
    if (spec.split.by === "random") return new Map();
    const subjects = await db
      .selectFrom("subject")
      .select(["biometric_id", "external_id"])
      .where("project", "=", context.project)
      .execute();
    const names = new Map(subjects.map((row) => [row.biometric_id, row.external_id]));
    const seen = JSON.parse(await readFile(listing.units, "utf8")) as string[];
    const byPeople = new Set(JSON.parse(await readFile(listing.byPeople, "utf8")) as string[]);
    const bonds = new Map(Object.entries(JSON.parse(await readFile(listing.bonds, "utf8")) as Record<string, number>));
    const units: SplitUnit[] = seen.map((id) => {
      const name = spec.split.by === "subject" ? (names.get(id) ?? id) : recordingName(id);
      return {
        id,
        name,
        rank: createHash("sha256").update(`${context.seed}/${name}`).digest("hex"),
        bond: bonds.has(id) ? `twins-${bonds.get(id)}` : undefined,
        byPeople: byPeople.has(id),
      };
    });
    return assignSplit(units, spec.split, await earlierSides(context.project, splitHash));
  }

  async function earlierSides(project: string, splitHash: string): Promise<Map<string, Side>> {
    const newest = await db
      .selectFrom("snapshot")
      .select("manifest")
      .where("project", "=", project)
      .orderBy("created_at", "desc")
      .executeTakeFirst();
    if (!newest) return new Map();
    const path = await objects.fetch(await refOf(db, newest.manifest));
    const manifest = splitOfManifestSchema.parse(JSON.parse(await readFile(path, "utf8")));
    if (manifest.splitHash !== splitHash) return new Map();
    const sides = JSON.parse(await readFile(await objects.fetch(manifest.split), "utf8")) as Record<string, Side>;
    return new Map(Object.entries(sides));
  }

  return { takeSnapshot };
}

/** Small enough for one job's memory, large enough that its start does not count. */
const SHARD_ROWS = 2_500_000;

export async function readManifest({ db, objects }: Pick<Platform, "db" | "objects">, key: string): Promise<Manifest> {
  const path = await objects.fetch(await refOf(db, key));
  return parseManifest(await readFile(path, "utf8"));
}

/** What of the labels decides what the holdout is; null for nothing. Windows split at random may all be in it. */
function labelsOn({ recordings, ...rest }: FrozenLabels, { split }: Spec, holdout: ReadonlySet<string>): FrozenLabels | null {
  const on = split.by === "random" ? recordings : recordings.filter((each) => holdout.has(each[split.by as "subject" | "recording"]));
  return on.length > 0 ? { ...rest, recordings: on } : null;
}

/** For the run's page. */
function labelled(frozen: FrozenLabels | null): { labels?: { recordings: number; spans: number } } {
  if (!frozen) return {};
  return { labels: { recordings: frozen.recordings.length, spans: frozen.recordings.reduce((sum, { spans }) => sum + spans.length, 0) } };
}

function countSides(sides: ReadonlyMap<string, Side>): Record<Side, number> {
  const counts = { train: 0, validation: 0, holdout: 0 };
  for (const side of sides.values()) counts[side]++;
  return counts;
}
