import { crossValidate, dealFolds, leakingTwin } from "./folds.ts";
import { round, type Bench } from "./harness.ts";
import { figuresOf } from "./learn.ts";
import { answersBySet, classesOfRecordings } from "./sets.ts";
import { Study } from "./study.ts";

const AT_LEAST = { window: 0.92, macroF1: 0.85, set: 0.93 };
const FOLDS = 5;

/**
 * 30 gym exercises from a watch at the wrist, each set answered by a model that never saw it. One person lifted nearly all
 * of it, so that this is a new set and not a new person.
 */
export const run: Bench = async (context) => {
  await using study = await Study.open(context, "exercises", "muvr_exercises");
  const classes = await classesOfRecordings(study);
  const folds = dealFolds(study.units, FOLDS, ({ id }) => classes.get(id) ?? "");
  const { outcomes, chosen, folds: learned } = await crossValidate(context, study, context.quick ? folds.slice(0, 1) : folds);
  const { accuracy, macroF1, windows } = figuresOf(outcomes, false);
  const bySet = { sets: 0, right: 0 };
  for (const fold of learned) {
    const { sets, right } = await answersBySet(fold);
    bySet.sets += sets;
    bySet.right += right;
  }
  const set = bySet.right / bySet.sets;
  const leak = await leakingTwin(study, learned[0]!.chosen, 1 / FOLDS);
  return {
    value: round(accuracy.value),
    unit: "accuracy of a window",
    target: `>= ${AT_LEAST.window} of windows, macro F1 >= ${AT_LEAST.macroF1}, >= ${AT_LEAST.set} of sets by mean probability`,
    ok: accuracy.value >= AT_LEAST.window && macroF1.value >= AT_LEAST.macroF1 && set >= AT_LEAST.set,
    peer: null,
    ratio: null,
    detail: { chosen, windows, accuracy: accuracy.value, macroF1: macroF1.value, bySet: { ...bySet, accuracy: set }, leak },
  };
};
