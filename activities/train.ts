import { sql } from "kysely";
import type { JobOutput } from "../lib/compute/job.ts";
import { SensorloopError } from "../lib/domain/errors.ts";
import { slotId } from "../lib/domain/ids.ts";
import type { Metrics } from "../lib/domain/metrics-schema.ts";
import { sensorsOf } from "../lib/domain/spec.ts";
import type { RunContext } from "../lib/domain/stages.ts";
import type { Platform } from "../lib/platform.ts";
import { hold, raise } from "../lib/store/fence.ts";
import { codeVersion, sha256Of } from "../lib/store/hashes.ts";
import { record, type PutObject } from "../lib/store/objects.ts";
import { currentFence, currentSignal } from "./attempt.ts";
import { refOf } from "./object-of.ts";
import { specOf } from "./spec-of.ts";
import { beginStage, endStage, logRun, progressReporter } from "./stage-record.ts";
import { shardsOf } from "./window.ts";

/** A lost worker costs at most this much training. */
const CHECKPOINT_SECONDS = 10;

type TrainOutput = JobOutput<"train-model">;
type FittedOn = "train" | "train+validation";

/** Which models a run trains, and which of them is its candidate. */
export function createTrialActivities({ db }: Platform) {
  /** One trial for each genome of the spec. A trial is named by everything its result depends on, so that none is trained twice. */
  async function planTrials(context: RunContext & { windowSet: string }): Promise<{ trials: string[] }> {
    await beginStage(db, context.run, "train");
    const spec = await specOf(db, context);
    const trials: string[] = [];
    for (const genome of spec.models) {
      const { id, trained } = await ensureModel(context, genome, "train");
      if (!trained) trials.push(id);
    }
    return { trials };
  }

  /** The trial with the best macro F1 on validation, to be fitted again on training and validation together. */
  async function chooseCandidate(context: RunContext & { windowSet: string }): Promise<{ model: string; fresh: boolean }> {
    const spec = await specOf(db, context);
    const ids = await Promise.all(spec.models.map((genome) => modelId(context, genome, "train")));
    const models = await db.selectFrom("model").selectAll().where("id", "in", ids).execute();
    const scored = models.flatMap((model) => (model.state === "trained" ? [{ model, f1: model.validation?.macroF1.value ?? 0 }] : []));
    // Equal scores go to the genome the spec names first.
    scored.sort((a, b) => b.f1 - a.f1 || ids.indexOf(a.model.id) - ids.indexOf(b.model.id));
    const best = scored[0];
    if (!best) {
      const reason = models.find((model) => model.error)?.error;
      throw new SensorloopError(
        reason?.code ?? "TRAINING_DIVERGED",
        `none of ${models.length} models could be trained: ${reason?.message ?? "no reason recorded"}`,
      );
    }
    const { id, trained } = await ensureModel(context, best.model.genome, "train+validation");
    await logRun(
      db,
      context.run,
      "train",
      `${best.model.family} is best on validation (macro F1 ${best.f1.toFixed(4)} of ${scored.length} trained)`,
    );
    return { model: id, fresh: !trained };
  }

  async function closeTraining(context: RunContext & { model: string }): Promise<void> {
    const model = await db.selectFrom("model").selectAll().where("id", "=", context.model).executeTakeFirstOrThrow();
    if (model.state !== "trained") {
      throw new SensorloopError(
        model.error?.code ?? "TRAINING_DIVERGED",
        `the chosen model could not be trained again on all of its rows: ${model.error?.message}`,
      );
    }
    const mine = model.run === context.run;
    const rows = Number(model.training?.["rows"] ?? 0);
    const backend = model.training?.["backend"];
    await endStage(db, context.run, "train", {
      state: mine ? "done" : "reused",
      counts: { rowsIn: rows, rowsOut: rows },
      reusedFrom: mine ? null : model.run,
      reason: mine ? undefined : "the same windows, genomes, seed and code",
      detail: { model: model.id, family: model.family, backend },
    });
    if (backend && backend !== "native")
      await logRun(db, context.run, "train", `trained on the ${String(backend)} back end, not on native TensorFlow`, "warn");
  }

  async function ensureModel(
    context: RunContext & { windowSet: string },
    genome: object & { family: string },
    fittedOn: FittedOn,
  ): Promise<{ id: string; trained: boolean }> {
    const id = await modelId(context, genome, fittedOn);
    const spec = await specOf(db, context);
    const { snapshot } = await db.selectFrom("window_set").select("snapshot").where("id", "=", context.windowSet).executeTakeFirstOrThrow();
    await db
      .insertInto("model")
      .values({
        id,
        project: context.project,
        slot: slotId(context.project, "all", sensorsOf(spec)),
        run: context.run,
        snapshot,
        window_set: context.windowSet,
        family: genome.family,
        genome: JSON.stringify(genome),
        state: "training",
        fitted_on: fittedOn,
      })
      // What failed for another run may do better now: more memory, another seed of faults.
      .onConflict((conflict) =>
        conflict.column("id").doUpdateSet({ state: "training", run: context.run, error: null }).where("model.state", "=", "failed"),
      )
      .execute();
    const { state } = await db.selectFrom("model").select("state").where("id", "=", id).executeTakeFirstOrThrow();
    return { id, trained: state === "trained" };
  }

  async function modelId(context: RunContext & { windowSet: string }, genome: object, fittedOn: FittedOn): Promise<string> {
    const { input_sha256, snapshot } = await db
      .selectFrom("window_set")
      .select(["input_sha256", "snapshot"])
      .where("id", "=", context.windowSet)
      .executeTakeFirstOrThrow();
    return sha256Of({
      project: context.project,
      windows: input_sha256,
      snapshot,
      genome,
      fittedOn,
      seed: context.seed,
      code: codeVersion(),
    }).slice(0, 16);
  }

  return { planTrials, chooseCandidate, closeTraining };
}

export function createTrainActivities(platform: Platform) {
  const { db, objects, compute } = platform;

  /** Trains one model to its end, from its last checkpoint. A model that cannot be trained fails alone, with its reason in its row. */
  async function trainModel(context: RunContext & { model: string }): Promise<void> {
    const fence = currentFence();
    await raise(db, fence);
    const model = await db.selectFrom("model").selectAll().where("id", "=", context.model).executeTakeFirstOrThrow();
    if (model.state === "trained") return;
    const paths = await Promise.all((await shardsOf(db, model.window_set)).map((shard) => objects.fetch(shard)));
    const checkpoint = model.checkpoint ? await objects.fetch(await refOf(db, model.checkpoint)).catch(() => null) : null;
    if (checkpoint) await logRun(db, context.run, "train", `${model.family}: goes on after epoch ${model.epoch}`);
    const fit = model.fitted_on === "train" ? (["train"] as const) : (["train", "validation"] as const);
    const report = progressReporter(db, context.run, "train");
    let saving = Promise.resolve();
    let saved = Date.now();
    try {
      await using job = await compute.run(
        "train-model",
        { genome: model.genome, shards: paths, fit: [...fit], seed: context.seed, checkpoint, checkpointEverySeconds: CHECKPOINT_SECONDS },
        {
          signal: currentSignal(),
          onProgress: (progress) => {
            const path = progress.detail?.["checkpoint"] as string | undefined;
            const { checkpoint: _, ...detail } = progress.detail ?? {};
            report({ ...progress, detail, model: context.model, family: model.family });
            if (!path || Date.now() - saved < CHECKPOINT_SECONDS * 1_000) return;
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
  async function saveCheckpoint(context: RunContext & { model: string }, path: string, epoch: number): Promise<void> {
    const put = await objects.putFile(context.project, "checkpoint", path);
    await db.transaction().execute(async (tx) => {
      await hold(tx, currentFence());
      await record(tx, [put]);
      const before = await tx.selectFrom("model").select("checkpoint").where("id", "=", context.model).executeTakeFirst();
      await tx.updateTable("model").set({ checkpoint: put.key, epoch }).where("id", "=", context.model).execute();
      if (before?.checkpoint) await tx.deleteFrom("object").where("key", "=", before.checkpoint).execute();
    });
  }

  async function publish(context: RunContext & { model: string }, output: TrainOutput): Promise<void> {
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

  return { trainModel };
}
