import { join } from "node:path";
import { lastJson, runCommand } from "./command.ts";
import { crossValidate, dealFolds, leakingTwin } from "./folds.ts";
import { ratio, round, type Bench, type BenchContext } from "./harness.ts";
import { bringUp } from "./installation.ts";
import { pythonEnvironment } from "./python.ts";
import { runOutcome, stageSeconds } from "./run-outcome.ts";
import { Study } from "./study.ts";

const AT_LEAST = { test: 0.975, leftOut: 0.965 };
const FOLDS = 7;
/** What is cross-validated: the simplest model, and the first of the nets whose mean the spec answers with. */
const LEFT_OUT = ["logistic", "mlp"] as const;
/** The names of files of the official test people cannot match, so that these are not even read. */
const TRAINING_PEOPLE = "(?!0*(?:2|4|9|10|12|13|18|20|24)\\.txt)0*(?<user>\\d+)\\.txt$";

/**
 * UCI HAR from its raw signals to a promoted model, scored on the official test subjects; the model is chosen on left-out
 * training subjects. The test people are easier than others, so that the first models of the spec are also cross-validated
 * over the 21 training people. The peer is a good script: 207 features, scikit-learn's logistic regression, the same people.
 */
export const run: Bench = async (context) => {
  if (context.data === "")
    throw new Error("the recordings are not here: name their folder with --data; examples/har/spec.yaml says where they come from");
  const folder = join(context.data, "uci_har_raw");
  const training = await trainingPeople(context);
  await using installation = await bringUp(context);
  const ours = runOutcome(await installation.sensorloop("run", "start", "har", "--data", folder, "--wait", "--json"));
  context.say(`ours: accuracy ${round(ours.accuracy)} in ${round(ours.seconds)} s`);
  let peer: { accuracy: number; macroF1: number } | null = null;
  if (!context.skipPeer) {
    const python = await pythonEnvironment("duckdb", ["duckdb==2.0.0", "scikit-learn==1.9.1"], context);
    peer = lastJson(await runCommand(python, [join(import.meta.dirname, "peers/har_sklearn.py"), join(folder, "hapt_raw.zip")]));
    context.say(`scikit-learn: accuracy ${round(peer!.accuracy)}`);
  }
  const { metrics, decision, candidate, models } = ours.run;
  const leftOut = training.leftOut["mlp"]!.accuracy.value;
  return {
    value: round(ours.accuracy),
    unit: "accuracy",
    target: `>= ${AT_LEAST.test} on the official test subjects, >= ${AT_LEAST.leftOut} on left-out training subjects`,
    ok: ours.accuracy >= AT_LEAST.test && leftOut >= AT_LEAST.leftOut && decision?.promoted === true,
    peer: peer && { name: "207 features + scikit-learn logistic regression", value: round(peer.accuracy) },
    ratio: peer && ratio(ours.accuracy, peer.accuracy, "higher"),
    detail: {
      seconds: round(ours.seconds),
      ...training,
      macroF1: metrics && round(metrics.macroF1.value),
      // Errors tell more than accuracies this near to one.
      errorsAgainstPeer: peer && round((1 - ours.accuracy) / (1 - peer.accuracy), 3),
      perClass: metrics?.perClass,
      candidate,
      winner: models.find(({ id }) => id === candidate)?.family,
      decision,
      stages: stageSeconds(ours),
      peakMb: ours.memory?.totalMb,
      largestMb: ours.memory?.largestMb,
    },
  };
};

/** The 21 training people alone: each answered by models of the others, and what a leaking split would have claimed. */
async function trainingPeople(context: BenchContext) {
  await using study = await Study.open(context, "har", "uci_har_raw", {
    "files[0].match": `acc_exp0*(?<experiment>\\d+)_user${TRAINING_PEOPLE}`,
    "files[1].match": `gyro_exp0*(?<experiment>\\d+)_user${TRAINING_PEOPLE}`,
  });
  const spec = {
    ...study.spec,
    models: LEFT_OUT.map((family) => study.spec.models.find((genome) => genome.family === family)!),
    ensemble: 0,
  };
  const { models } = await crossValidate(context, study, dealFolds(study.units, context.quick ? 2 : FOLDS), spec);
  return { leftOut: models, leak: await leakingTwin(study, 1 / FOLDS, spec) };
}
