import { SensorloopError } from "../lib/domain/errors.ts";
import type { Split } from "../lib/domain/window-shard.ts";
import type { RunContext } from "../lib/domain/stages.ts";
import type { Platform } from "../lib/platform.ts";
import { hold, raise } from "../lib/store/fence.ts";
import { record } from "../lib/store/objects.ts";
import { currentFence, currentSignal } from "./attempt.ts";
import { refOf } from "./object-of.ts";
import { beginStage, endStage, progressReporter } from "./stage-record.ts";
import { shardsOf } from "./window.ts";

type Scored = RunContext & { model: string; windowSet: string; snapshot: string };

export function createEvaluateActivities(platform: Platform) {
  const { db, objects } = platform;

  /** Measures a model on the frozen holdout of a snapshot. The same model on the same holdout is measured once. */
  async function evaluateModel(context: Scored): Promise<void> {
    const fence = currentFence();
    await raise(db, fence);
    await beginStage(db, context.run, "evaluate");
    const measured = await db
      .selectFrom("evaluation")
      .select("model")
      .where("model", "=", context.model)
      .where("snapshot", "=", context.snapshot)
      .where("split", "=", "holdout")
      .executeTakeFirst();
    if (measured) {
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
    await db.transaction().execute(async (tx) => {
      await hold(tx, fence);
      const { holdout_sha256 } = await tx
        .selectFrom("snapshot")
        .select("holdout_sha256")
        .where("id", "=", context.snapshot)
        .executeTakeFirstOrThrow();
      if (put) await record(tx, [put]);
      await tx
        .insertInto("evaluation")
        .values({
          model: context.model,
          snapshot: context.snapshot,
          split: "holdout",
          holdout_sha256,
          metrics: JSON.stringify(holdout),
          outcomes: put?.key ?? null,
          latency_us: latencyUs,
          bytes,
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      await endStage(tx, context.run, "evaluate", {
        state: "done",
        counts: { rowsIn: holdout.windows, rowsOut: holdout.windows },
        detail: { model: context.model, accuracy: holdout.accuracy, macroF1: holdout.macroF1, leaking: holdout.leaking, latencyUs },
      });
    });
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
  const model = await db.selectFrom("model").selectAll().where("id", "=", context.model).executeTakeFirstOrThrow();
  const { leaking } = await db.selectFrom("snapshot").select("leaking").where("id", "=", context.snapshot).executeTakeFirstOrThrow();
  const [artifact, weights] = await Promise.all([refOf(db, model.artifact ?? ""), refOf(db, model.weights ?? "")]);
  const [artifactPath, weightsPath] = await Promise.all([objects.fetch(artifact), objects.fetch(weights)]);
  const shards = await Promise.all((await shardsOf(db, context.windowSet)).map((shard) => objects.fetch(shard)));
  const stage = splits.includes("unlabelled") ? "score" : "evaluate";
  return compute.run(
    "score-model",
    { artifact: artifactPath, artifactSha256: artifact.sha256, weights: weightsPath, shards, splits: [...splits], leaking },
    { signal: currentSignal(), onProgress: progressReporter(db, context.run, stage) },
  );
}
