import { SensorloopError } from "../lib/domain/errors.ts";
import type { Split } from "../lib/domain/window-shard.ts";
import { EVERYONE } from "../lib/domain/evolution/slots.ts";
import { moreThanCanBe } from "../lib/domain/gate.ts";
import type { SearchContext } from "../lib/domain/stages.ts";
import type { Platform } from "../lib/platform.ts";
import { hold, raise } from "../lib/store/fence.ts";
import { sha256Of } from "../lib/store/hashes.ts";
import { record } from "../lib/store/objects.ts";
import { subjectsOfCohort } from "../lib/store/repositories/cohorts.ts";
import { currentFence, currentSignal } from "./attempt.ts";
import { refOf } from "./object-of.ts";
import { beginStage, endStage, logRun, progressReporter } from "./stage-record.ts";
import { viewOf } from "./slot.ts";
import { specOf } from "./spec-of.ts";
import { shardsOf } from "./window.ts";

type Scored = SearchContext & { model: string };

export function createEvaluateActivities(platform: Platform) {
  const { db, objects } = platform;

  /** Measures a model on the part of the frozen holdout that is its slot's. The same model on the same holdout is measured once. */
  async function evaluateModel(context: Scored): Promise<void> {
    const fence = currentFence();
    await raise(db, fence);
    await beginStage(db, context.run, "evaluate");
    const holdoutSha256 = await holdoutOf(context);
    const measured = await db
      .selectFrom("evaluation")
      .select("holdout_sha256")
      .where("model", "=", context.model)
      .where("snapshot", "=", context.snapshot)
      .where("split", "=", "holdout")
      .executeTakeFirst();
    if (measured?.holdout_sha256 === holdoutSha256) {
      return endStage(db, context.run, "evaluate", {
        state: "reused",
        reason: "this model was measured on this holdout before",
        detail: { model: context.model },
      });
    }
    await using job = await score(platform, context, ["holdout"]);
    const { splits, latencyUs } = job.output;
    const { metrics: holdout, outcomes } = splits.find(({ split }) => split === "holdout") ?? {};
    if (!holdout) throw new SensorloopError("TOO_LITTLE_DATA", "the holdout has no labelled window");
    const put = outcomes ? await objects.putFile(context.project, "model", outcomes.path) : undefined;
    const { bytes } = await weightsOf(context.model);
    const spec = await specOf(db, context);
    await db.transaction().execute(async (tx) => {
      await hold(tx, fence);
      if (put) await record(tx, [put]);
      await tx
        .insertInto("evaluation")
        .values({
          model: context.model,
          snapshot: context.snapshot,
          split: "holdout",
          holdout_sha256: holdoutSha256,
          metrics: JSON.stringify(holdout),
          outcomes: put?.key ?? null,
          latency_us: latencyUs,
          bytes,
        })
        // Cohorts may have been cut anew since: the older figures are those of other people.
        .onConflict((conflict) =>
          conflict.columns(["model", "snapshot", "split"]).doUpdateSet((row) => ({
            holdout_sha256: row.ref("excluded.holdout_sha256"),
            metrics: row.ref("excluded.metrics"),
            outcomes: row.ref("excluded.outcomes"),
            latency_us: row.ref("excluded.latency_us"),
            bytes: row.ref("excluded.bytes"),
          })),
        )
        .execute();
      const caution = moreThanCanBe(holdout, spec.gate);
      if (caution) await logRun(tx, context.run, "evaluate", caution, "warn");
      await endStage(tx, context.run, "evaluate", {
        state: "done",
        counts: { rowsIn: holdout.windows, rowsOut: holdout.windows },
        detail: { model: context.model, accuracy: holdout.accuracy, macroF1: holdout.macroF1, leaking: holdout.leaking, latencyUs },
      });
    });
  }

  /** Which holdout this is: the snapshot's, or of it those of the slot's cohort. */
  async function holdoutOf({ snapshot, cohort, clustering }: Scored): Promise<string> {
    const { holdout_sha256 } = await db
      .selectFrom("snapshot")
      .select("holdout_sha256")
      .where("id", "=", snapshot)
      .executeTakeFirstOrThrow();
    if (cohort === EVERYONE || clustering === null) return holdout_sha256;
    return sha256Of({ holdout: holdout_sha256, subjects: (await subjectsOfCohort(db, clustering, cohort)).toSorted() });
  }

  async function weightsOf(model: string) {
    const { weights } = await db.selectFrom("model").select("weights").where("id", "=", model).executeTakeFirstOrThrow();
    return refOf(db, weights ?? "");
  }

  return { evaluateModel };
}

/** Scores the windows of some splits with a model, in a child process. */
export async function score(platform: Platform, context: Scored, splits: readonly Split[]) {
  const { db, objects, compute } = platform;
  await using view = await viewOf(platform, await specOf(db, context), context);
  const model = await db.selectFrom("model").selectAll().where("id", "=", context.model).executeTakeFirstOrThrow();
  const { leaking } = await db.selectFrom("snapshot").select("leaking").where("id", "=", context.snapshot).executeTakeFirstOrThrow();
  const [artifact, weights] = await Promise.all([refOf(db, model.artifact ?? ""), refOf(db, model.weights ?? "")]);
  const [artifactPath, weightsPath] = await Promise.all([objects.fetch(artifact), objects.fetch(weights)]);
  const shards = await Promise.all((await shardsOf(db, context.windowSet)).map((shard) => objects.fetch(shard)));
  const stage = splits.includes("unlabelled") ? "score" : "evaluate";
  // Which columns it reads stands in the model itself; whose windows they are is the slot's.
  return await compute.run(
    "score-model",
    {
      artifact: artifactPath,
      artifactSha256: artifact.sha256,
      weights: weightsPath,
      shards,
      subjects: view.subjects,
      splits: [...splits],
      leaking,
    },
    { signal: currentSignal(), onProgress: progressReporter(db, context.run, stage) },
  );
}
