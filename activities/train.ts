import { sql } from "kysely";
import type { JobOutput } from "../lib/compute/job.ts";
import { SensorloopError } from "../lib/domain/errors.ts";
import { EVERYONE } from "../lib/domain/evolution/slots.ts";
import type { Metrics } from "../lib/domain/metrics-schema.ts";
import type { SearchContext } from "../lib/domain/stages.ts";
import type { SynthesisReport } from "../lib/domain/synthesis/report.ts";
import type { Platform } from "../lib/platform.ts";
import { hold, raise } from "../lib/store/fence.ts";
import { record, type PutObject } from "../lib/store/objects.ts";
import { currentFence, currentSignal } from "./attempt.ts";
import { refOf } from "./object-of.ts";
import { specOf } from "./spec-of.ts";
import { viewOf } from "./slot.ts";
import { logRun, progressReporter } from "./stage-record.ts";
import { shardsOf } from "./window.ts";

type TrainOutput = JobOutput<"train-model">;
export function createTrainActivities(platform: Platform) {
  const { db, objects, compute } = platform;
  const { checkpointSeconds } = platform.config.jobs;

  /** Trains one model to its end, from its last checkpoint. A model that cannot be trained fails alone, with its reason in its row. */
  async function trainModel(context: SearchContext & { model: string }): Promise<void> {
    const fence = currentFence();
    await raise(db, fence);
    const model = await db.selectFrom("model").selectAll().where("id", "=", context.model).executeTakeFirstOrThrow();
    if (model.state === "trained") return;
    const { genome } = model;
    if (genome.family === "ensemble") throw new SensorloopError("INTERNAL", "an ensemble is made of models that are trained");
    const paths = await Promise.all((await shardsOf(db, model.window_set)).map((shard) => objects.fetch(shard)));
    const checkpoint = model.checkpoint ? await objects.fetch(await refOf(db, model.checkpoint)).catch(() => null) : null;
    if (checkpoint) await logRun(db, context.run, "train", `${model.family}: goes on after epoch ${model.epoch}`);
    await using view = await viewOf(platform, await specOf(db, context), context);
    // Made-up windows are as long as the spec's; beside longer or shorter ones they would be another thing to learn.
    const joins = context.synthesis !== null && genome.cut?.seconds === undefined;
    const madeUp = joins ? await madeUpWindows(context.synthesis!, context.cohort) : {};
    const fit = model.fitted_on === "train" ? (["train"] as const) : (["train", "validation"] as const);
    const report = progressReporter(db, context.run, "train");
    let saving = Promise.resolve();
    let saved = Date.now();
    try {
      await using job = await compute.run(
        "train-model",
        {
          genome,
          shards: paths,
          fit: [...fit],
          ...madeUp,
          columns: view.columns,
          subjects: view.subjects,
          seed: context.seed,
          checkpoint,
          checkpointEverySeconds: checkpointSeconds,
        },
        {
          signal: currentSignal(),
          onProgress: (progress) => {
            const path = progress.detail?.["checkpoint"] as string | undefined;
            const { checkpoint: _, ...detail } = progress.detail ?? {};
            report({ ...progress, detail, model: context.model, family: model.family });
            if (!path || Date.now() - saved < checkpointSeconds * 1_000) return;
            saved = Date.now();
            saving = saving.then(() => saveCheckpoint(context, path, progress.done)).catch(() => {});
          },
        },
      );
      await saving;
      await publish(context, job.output);
    } catch (error) {
      await saving;
      if (!(error instanceof SensorloopError) || error.retryable || error.code === "CANCELLED") throw error;
      await db
        .updateTable("model")
        .set({ state: "failed", error: JSON.stringify(error.report()) })
        .where("id", "=", context.model)
        .execute();
      await logRun(db, context.run, "train", `${model.family}: ${error.message} (${error.code})`, "warn");
    }
  }

  /** A checkpoint that cannot be saved costs time at worst, so training never fails for it. */
  async function saveCheckpoint(context: SearchContext & { model: string }, path: string, epoch: number): Promise<void> {
    const put = await objects.putFile(context.project, "checkpoint", path);
    await db.transaction().execute(async (tx) => {
      await hold(tx, currentFence());
      await record(tx, [put]);
      const before = await tx.selectFrom("model").select("checkpoint").where("id", "=", context.model).executeTakeFirst();
      await tx.updateTable("model").set({ checkpoint: put.key, epoch }).where("id", "=", context.model).execute();
      if (before?.checkpoint) await tx.deleteFrom("object").where("key", "=", before.checkpoint).execute();
    });
  }

  async function publish(context: SearchContext & { model: string }, output: TrainOutput): Promise<void> {
    const artifact = await objects.putFile(context.project, "model", output.artifact.path);
    const weights = await objects.putFile(context.project, "model", output.weights.path);
    const { seconds, rows, backend, threads, curve } = output;
    await db.transaction().execute(async (tx) => {
      await hold(tx, currentFence());
      await record(tx, [artifact, weights] satisfies PutObject[]);
      await tx
        .updateTable("model")
        .set({
          state: "trained",
          artifact: artifact.key,
          weights: weights.key,
          epoch: sql`greatest(epoch, ${curve.length})`,
          training: JSON.stringify({ seconds, rows, backend, threads, seed: context.seed, weightsSha256: output.weights.sha256 }),
          validation: output.validation ? JSON.stringify(output.validation satisfies Metrics) : null,
          curve: JSON.stringify(curve),
        })
        .where("id", "=", context.model)
        .execute();
    });
  }

  /** A cohort's models learn from the made-up people of their cohort alone, as they do from real ones. */
  async function madeUpWindows(synthesis: string, cohort: string): Promise<{ extra: string[]; extraSubjects?: string[] }> {
    const { object, report } = await db
      .selectFrom("synthesis")
      .select(["object", "report"])
      .where("id", "=", synthesis)
      .executeTakeFirstOrThrow();
    const extra = [await objects.fetch(await refOf(db, object ?? ""))];
    if (cohort === EVERYONE) return { extra };
    const { people } = report as unknown as Pick<SynthesisReport, "people">;
    return { extra, extraSubjects: people.filter((person) => person.cohort === cohort).map(({ id }) => id) };
  }

  return { trainModel };
}
