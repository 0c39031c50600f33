import { crossValidate, dealFolds, leakingTwin } from "./folds.ts";
import { forestPeer } from "./forest-peer.ts";
import { round, type Bench } from "./harness.ts";
import { Study } from "./study.ts";

const AT_LEAST = 0.785;

/** WISDM v1.1, the paper's 43 features, each of 36 people answered by models that never saw them (leave one user out). */
export const run: Bench = async (context) => {
  await using study = await Study.open(context, "wisdm", "wisdm_v1_transformed");
  const folds = dealFolds(study.units, context.quick ? 6 : study.units.length);
  const { answer, models, winner } = await crossValidate(context, study, folds);
  return {
    value: round(answer.accuracy.value),
    unit: "accuracy",
    target: `>= ${AT_LEAST}, leave one user out`,
    ok: answer.accuracy.value >= AT_LEAST,
    ...(await forestPeer(context, study, folds, answer.accuracy.value)),
    detail: { winner, models, leak: await leakingTwin(study, 0.1) },
  };
};
