import { crossValidate, dealFolds, leakingTwin } from "./folds.ts";
import { round, type Bench } from "./harness.ts";
import { figuresOf } from "./learn.ts";
import { Study } from "./study.ts";

const AT_LEAST = 0.785;

/**
 * WISDM v1.1, the paper's 43 features, each of 36 people answered by a model that never saw them (leave one user out).
 * Which model that is, is chosen for each of them on others.
 */
export const run: Bench = async (context) => {
  await using study = await Study.open(context, "wisdm", "wisdm_v1_transformed");
  const folds = dealFolds(study.units, study.units.length);
  const { outcomes, chosen, folds: learned } = await crossValidate(context, study, context.quick ? folds.slice(0, 3) : folds);
  const figures = figuresOf(outcomes, false);
  const leak = await leakingTwin(study, learned[0]!.chosen, 0.1);
  return {
    value: round(figures.accuracy.value),
    unit: "accuracy",
    target: `>= ${AT_LEAST}, leave one user out`,
    ok: figures.accuracy.value >= AT_LEAST,
    peer: null,
    ratio: null,
    detail: { chosen, ...figures, leak },
  };
};
