import { crossValidate, dealFolds, leakingTwin } from "./folds.ts";
import { forestPeer } from "./forest-peer.ts";
import { round, type Bench } from "./harness.ts";
import { answersBySet, classesOfRecordings } from "./sets.ts";
import { Study } from "./study.ts";

const AT_LEAST = { window: 0.92, macroF1: 0.85, set: 0.93 };
const FOLDS = 5;

/**
 * 30 gym exercises from a watch at the wrist, each set answered by models that never saw it. One person lifted nearly all of
 * it, so that this is a new set and not a new person.
 */
export const run: Bench = async (context) => {
  await using study = await Study.open(context, "exercises", "muvr_exercises");
  const classes = await classesOfRecordings(study);
  const folds = dealFolds(study.units, FOLDS, ({ id }) => classes.get(id) ?? "");
  const { answer, models, winner, folds: done } = await crossValidate(context, study, context.quick ? folds.slice(0, 1) : folds);
  const bySet = await Promise.all(done.map(({ fitted, shards }) => answersBySet(fitted.at(-1)!.model, shards)));
  const sets = bySet.reduce((sum, fold) => sum + fold.sets, 0);
  const set = bySet.reduce((sum, fold) => sum + fold.right, 0) / sets;
  const { accuracy, macroF1 } = answer;
  return {
    value: round(accuracy.value),
    unit: "accuracy of a window",
    target: `>= ${AT_LEAST.window} of windows, macro F1 >= ${AT_LEAST.macroF1}, >= ${AT_LEAST.set} of sets by mean probability`,
    ok: accuracy.value >= AT_LEAST.window && macroF1.value >= AT_LEAST.macroF1 && set >= AT_LEAST.set,
    ...(await forestPeer(context, study, folds, accuracy.value)),
    detail: { macroF1: macroF1.value, bySet: { sets, accuracy: set }, winner, models, leak: await leakingTwin(study, 1 / FOLDS) },
  };
};
