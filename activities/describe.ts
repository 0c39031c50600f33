import { randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JobOutput } from "../lib/compute/job.ts";
import type { Spec } from "../lib/domain/spec.ts";
import type { RunContext } from "../lib/domain/stages.ts";
import type { Platform } from "../lib/platform.ts";
import { hold, raise } from "../lib/store/fence.ts";
import { codeVersion, sha256Of } from "../lib/store/hashes.ts";
import { record } from "../lib/store/objects.ts";
import { currentFence, currentSignal } from "./attempt.ts";
import { readManifest } from "./snapshot.ts";
import { specOf } from "./spec-of.ts";
import { beginStage, endStage, progressReporter, type StageEnd } from "./stage-record.ts";

type InSnapshot = RunContext & { snapshot: string; clustering: string | null };

export function createDescribeActivities(platform: Platform) {
  const { db, objects, compute, config } = platform;

  /** Statistics of the snapshot's training rows: the key of the document, or null where the spec asks for none. */
  async function describeSnapshot(context: InSnapshot): Promise<{ description: string | null }> {
    const fence = currentFence();
    await raise(db, fence);
    await beginStage(db, context.run, "describe");
    const spec = await specOf(db, context);
    if (!spec.describe) {
      await endStage(db, context.run, "describe", { state: "skipped", reason: "the spec has no `describe`" });
      return { description: null };
    }
    const cohorts = await cohortsOf(context.clustering);
    const input = describeHash(spec, cohorts);
    const before = await db
      .selectFrom("description")
      .select(["object", "detail"])
      .where("project", "=", context.project)
      .where("snapshot", "=", context.snapshot)
      .where("input_sha256", "=", input)
      .executeTakeFirst();
    if (before) {
      const { run, output } = before.detail as unknown as { run: string; output: JobOutput<"describe-snapshot"> };
      await endStage(db, context.run, "describe", {
        ...endOf(output),
        state: "reused",
        reusedFrom: run,
        reason: "the same snapshot, cohorts and code",
      });
      return { description: before.object };
    }
    const { manifest: key } = await db
      .selectFrom("snapshot")
      .select("manifest")
      .where("id", "=", context.snapshot)
      .executeTakeFirstOrThrow();
    const manifest = await readManifest(platform, key);
    const parts = await Promise.all(
      manifest.parts.map(async ({ fileSpec, role, pieces, ...object }) => {
        const [path, list] = await Promise.all([objects.fetch(object), objects.fetch(pieces)]);
        return { path, pieces: list, fileSpec, role };
      }),
    );
    await using members = await fileOf(cohorts);
    await using job = await compute.run(
      "describe-snapshot",
      {
        parts,
        spec,
        split: await objects.fetch(manifest.split),
        cohorts: members.path,
        labels: manifest.labels ? await objects.fetch(manifest.labels) : undefined,
        outName: "description.json",
      },
      { signal: currentSignal(), onProgress: progressReporter(db, context.run, "describe") },
    );
    const put = await objects.putFile(context.project, "description", join(job.folder, "description.json"));
    await db.transaction().execute(async (tx) => {
      await hold(tx, fence);
      await record(tx, [put]);
      await tx
        .insertInto("description")
        .values({
          project: context.project,
          snapshot: context.snapshot,
          input_sha256: input,
          object: put.key,
          detail: JSON.stringify({ run: context.run, output: job.output }),
        })
        // Another run may have described the same meanwhile; either document says the same.
        .onConflict((conflict) => conflict.columns(["project", "snapshot", "input_sha256"]).doUpdateSet({ object: put.key }))
        .execute();
      await endStage(tx, context.run, "describe", { ...endOf(job.output), state: "done" });
    });
    return { description: put.key };
  }

  /** Cohort by subject; null where there is one cohort. */
  async function cohortsOf(clustering: string | null): Promise<Record<string, string> | null> {
    if (clustering === null) return null;
    const members = await db.selectFrom("cohort_member").select(["subject", "cohort"]).where("clustering", "=", clustering).execute();
    return Object.fromEntries(members.map(({ subject, cohort }) => [subject, cohort]));
  }

  async function fileOf(cohorts: Record<string, string> | null): Promise<{ path: string | null } & AsyncDisposable> {
    if (!cohorts) return { path: null, [Symbol.asyncDispose]: () => Promise.resolve() };
    const path = join(config.scratchDir, `cohorts-${randomUUID()}.json`);
    await mkdir(config.scratchDir, { recursive: true });
    await writeFile(path, JSON.stringify(cohorts), { mode: 0o600 });
    return { path, [Symbol.asyncDispose]: () => rm(path, { force: true }) };
  }

  return { describeSnapshot };
}

function endOf({ rows, people, cells, bytes, missing, through }: JobOutput<"describe-snapshot">): Omit<StageEnd, "state"> {
  return { counts: { rowsIn: rows, rowsOut: cells }, detail: { unit: "cells", rows, people, bytes, missing, through } };
}

/** Everything a description of a snapshot depends on. */
function describeHash({ files, rateHz, labels, windows, describe }: Spec, cohorts: Record<string, string> | null): string {
  const channels = files.map((file) => ({ channels: file.channels, rateHz: file.rateHz, interval: file.interval }));
  const gap = windows.kind === "sliding" ? windows.maxGapSeconds : null;
  return sha256Of({ channels, rateHz, labels, kind: windows.kind, gap, describe, cohorts, code: codeVersion() });
}
