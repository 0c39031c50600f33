import { randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Genome } from "../lib/domain/spec.ts";
import type { NewLabel } from "../lib/ml/gain-job.ts";
import type { Platform } from "../lib/platform.ts";
import { hold, raise } from "../lib/store/fence.ts";
import { currentFence, currentSignal } from "./attempt.ts";
import { viewOf } from "./slot.ts";
import { specOf } from "./spec-of.ts";
import { logRun } from "./stage-record.ts";
import { shardsOf } from "./window.ts";

/** What one night's training is measured by. */
export interface GainContext {
  readonly night: string;
  readonly project: string;
  readonly run: string;
}

export function createGainActivities(platform: Platform) {
  const { db, objects, compute, config } = platform;

  /**
   * Keeps with a night what the labels since the training before it bought, beside equally many taken at random; see
   * `lib/ml/gain-job.ts`. Nothing is kept where there was no training before, or no label since.
   */
  async function measureGain({ night, project, run }: GainContext): Promise<void> {
    const fence = currentFence();
    await raise(db, fence);
    const { candidate, spec_version, seed, requested_at } = await db
      .selectFrom("run")
      .select(["candidate", "spec_version", "seed", "requested_at"])
      .where("id", "=", run)
      .executeTakeFirstOrThrow();
    const before = await trainingBefore(project, requested_at);
    if (!candidate || !before) return;
    const spec = await specOf(db, { project, specVersion: spec_version });
    const labels = await labelsBetween(project, before, requested_at, spec.rateHz);
    if (labels.length === 0) return;
    const model = await db
      .selectFrom("model")
      .select(["genome", "window_set", "slot"])
      .where("id", "=", candidate)
      .executeTakeFirstOrThrow();
    const slot = await db
      .selectFrom("run_slot")
      .select(["cohort", "sensors"])
      .where("run", "=", run)
      .where("slot", "=", model.slot)
      .executeTakeFirstOrThrow();
    // Of several the first: what they learn from is the same.
    const genome = (model.genome.family === "ensemble" ? model.genome.members[0]! : model.genome) as Genome;
    const path = join(config.scratchDir, `labels-${randomUUID()}.json`);
    await mkdir(config.scratchDir, { recursive: true });
    await writeFile(path, JSON.stringify(labels));
    try {
      await using view = await viewOf(platform, spec, { ...slot, clustering: null });
      const shards = await Promise.all((await shardsOf(db, model.window_set)).map((shard) => objects.fetch(shard)));
      await using job = await compute.run(
        "label-gain",
        { genome, shards, columns: view.columns, labels: path, metric: spec.gate.metric, seed },
        { signal: currentSignal() },
      );
      const gain = job.output;
      await db.transaction().execute(async (tx) => {
        await hold(tx, fence);
        await tx
          .updateTable("night")
          .set({ gain: JSON.stringify(gain) })
          .where("id", "=", night)
          .execute();
        await logRun(
          tx,
          run,
          null,
          `${gain.labels} labels moved ${gain.metric} from ${gain.before.toFixed(3)} to ${gain.chosen.toFixed(3)}`,
        );
      });
    } finally {
      await rm(path, { force: true });
    }
  }

  /** When the training before was asked for; its snapshot has no later label. */
  async function trainingBefore(project: string, at: Date): Promise<Date | undefined> {
    const row = await db
      .selectFrom("run")
      .select("requested_at")
      .where("project", "=", project)
      .where("state", "=", "done")
      .where("snapshot", "is not", null)
      .where("requested_at", "<", at)
      .orderBy("requested_at", "desc")
      .executeTakeFirst();
    return row?.requested_at;
  }

  async function labelsBetween(project: string, after: Date, until: Date, rateHz: number): Promise<NewLabel[]> {
    const rows = await db
      .selectFrom("label")
      .leftJoin("task", "task.id", "label.task")
      .select(["label.subject", "label.recording", "label.from_sample", "label.to_sample", "label.rate_hz", "task.reason"])
      .where("label.project", "=", project)
      .where("label.at", ">", after)
      .where("label.at", "<=", until)
      .where("label.class", "is not", null)
      .where((where) =>
        where.not(where.exists(where.selectFrom("label as later").select("later.id").whereRef("later.supersedes", "=", "label.id"))),
      )
      .execute();
    return rows.map(({ subject, recording, from_sample, to_sample, rate_hz, reason }) => ({
      subject,
      recording,
      from: (from_sample * rateHz) / rate_hz,
      to: (to_sample * rateHz) / rate_hz,
      random: reason === "random",
    }));
  }

  return { measureGain };
}
