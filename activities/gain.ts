import { randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Genome } from "../lib/domain/spec.ts";
import type { NewLabel } from "../lib/ml/gain-job.ts";
import type { Platform } from "../lib/platform.ts";
import { hold, raise } from "../lib/store/fence.ts";
import { heardUntil, labelsBetween } from "../lib/store/repositories/label-progress.ts";
import { findTrainingBefore } from "../lib/store/repositories/training-data.ts";
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
   * `lib/ml/gain-job.ts`. Nothing is kept where there was no training before, or no label since that it learned from.
   */
  async function measureGain({ night, project, run }: GainContext): Promise<void> {
    const fence = currentFence();
    await raise(db, fence);
    const { candidate, spec_version, seed } = await db
      .selectFrom("run")
      .select(["candidate", "spec_version", "seed"])
      .where("id", "=", run)
      .executeTakeFirstOrThrow();
    const until = await heardUntil(db, run);
    const before = await findTrainingBefore(db, project, until);
    if (!candidate || !before) return;
    const spec = await specOf(db, { project, specVersion: spec_version });
    const heard = await labelsBetween(db, project, before.asOf.labels, until);
    if (heard.length === 0) return;
    const labels = heard.map(({ rateHz, reason, from, to, ...place }): NewLabel => {
      // Rows that are not resampled have their places whatever the rate.
      const scale = spec.windows.kind === "sliding" ? spec.rateHz / rateHz : 1;
      return { ...place, from: from * scale, to: to * scale, random: reason === "random" };
    });
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
      const shards = await shardPaths(model.window_set);
      const earlier = await earlierShards(before.run);
      await using job = await compute.run(
        "label-gain",
        { genome, shards, earlier, columns: view.columns, labels: path, metric: spec.gate.metric, seed },
        { signal: currentSignal() },
      );
      const gain = job.output;
      if (gain === null) return;
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

  async function shardPaths(windowSet: string): Promise<string[]> {
    return Promise.all((await shardsOf(db, windowSet)).map((shard) => objects.fetch(shard)));
  }

  /** The windows that a training before had. */
  async function earlierShards(run: string): Promise<string[]> {
    const model = await db
      .selectFrom("run")
      .innerJoin("model", "model.id", "run.candidate")
      .select("model.window_set")
      .where("run.id", "=", run)
      .executeTakeFirst();
    return model ? shardPaths(model.window_set) : [];
  }

  return { measureGain };
}
