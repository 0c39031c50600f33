import { SensorloopError } from "../lib/domain/errors.ts";
import type { SearchContext } from "../lib/domain/stages.ts";
import type { Platform } from "../lib/platform.ts";
import { hold, raise } from "../lib/store/fence.ts";
import { record } from "../lib/store/objects.ts";
import { currentFence, currentSignal } from "./attempt.ts";
import { score } from "./evaluate.ts";
import { refOf } from "./object-of.ts";
import { modelIdOf, type FittedOn } from "./search.ts";
import { logRun } from "./stage-record.ts";

export function createCombineActivities(platform: Platform) {
  const { db, objects, compute } = platform;

  /**
   * One model of several: the mean of their probabilities. Where the members never saw validation, it is measured there,
   * and `better` says whether it beats the best of them.
   */
  async function combineModels(
    context: SearchContext & { members: readonly string[]; fittedOn: FittedOn; generation: number },
  ): Promise<{ model: string; better: boolean }> {
    const fence = currentFence();
    await raise(db, fence);
    const { members, fittedOn, project, run, slot, snapshot } = context;
    const rows = await db
      .selectFrom("model")
      .selectAll()
      .where("id", "in", [...members])
      .execute();
    const ordered = members.map((id) => rows.find((row) => row.id === id));
    const parts = ordered.flatMap((row) => (row?.artifact && row.weights ? [row] : []));
    const [first] = parts;
    if (!first || parts.length < members.length) throw new SensorloopError("INTERNAL", "a member of an ensemble was never trained");
    const model = modelIdOf(context, { members, fittedOn });
    const genome = { family: "ensemble" as const, members: parts.map((part) => part.genome) };
    const paths = await Promise.all(
      parts.map(async (part) => ({
        artifact: await objects.fetch(await refOf(db, part.artifact!)),
        weights: await objects.fetch(await refOf(db, part.weights!)),
      })),
    );
    await using job = await compute.run("combine-models", { members: paths }, { signal: currentSignal() });
    const artifact = await objects.putFile(project, "model", job.output.artifact.path);
    const weights = await objects.putFile(project, "model", job.output.weights.path);
    await db.transaction().execute(async (tx) => {
      await hold(tx, fence);
      await record(tx, [artifact, weights]);
      const training = { ...first.training, seconds: sumOf(parts, "seconds"), weightsSha256: job.output.weights.sha256 };
      await tx
        .insertInto("model")
        .values({
          id: model,
          project,
          slot,
          run,
          snapshot,
          window_set: first.window_set,
          family: "ensemble",
          genome: JSON.stringify(genome),
          state: "trained",
          fitted_on: fittedOn,
          artifact: artifact.key,
          weights: weights.key,
          training: JSON.stringify(training),
          origin: "ensemble",
          generation: context.generation,
          parents: [...members],
          clustering: context.clustering,
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    });
    if (fittedOn === "train+validation") return { model, better: true };

    await using scored = await score(platform, { ...context, model, windowSet: first.window_set }, ["validation"]);
    const validation = scored.output.splits.find(({ split }) => split === "validation")?.metrics;
    if (!validation) throw new SensorloopError("TOO_LITTLE_DATA", "validation has no labelled window");
    await db
      .updateTable("model")
      .set({ validation: JSON.stringify(validation) })
      .where("id", "=", model)
      .execute();
    const best = Math.max(...parts.map((part) => part.validation?.macroF1.value ?? 0));
    const better = validation.macroF1.value > best;
    const families = parts.map((part) => part.family).join(" + ");
    await logRun(
      db,
      run,
      "train",
      `${slot}: the mean of ${families} has macro F1 ${validation.macroF1.value.toFixed(4)} on validation, the best of them ${best.toFixed(4)}`,
    );
    return { model, better };
  }

  return { combineModels };
}

function sumOf(parts: readonly { readonly training: Record<string, unknown> | null }[], field: string): number {
  return parts.reduce((sum, part) => sum + Number(part.training?.[field] ?? 0), 0);
}
