import { join } from "node:path";
import { lastJson, runCommand } from "./command.ts";
import { ratio, round, type Bench } from "./harness.ts";
import { bringUp } from "./installation.ts";
import { pythonEnvironment } from "./python.ts";
import { runOutcome, stageSeconds } from "./run-outcome.ts";

const AT_LEAST = 0.96;

/**
 * UCI HAR from its raw signals to a promoted model, scored on the official test subjects; the model is chosen on left-out
 * training subjects. The peer is a good script: 207 features, scikit-learn's logistic regression, the same people.
 */
export const run: Bench = async (context) => {
  if (context.data === "")
    throw new Error("the recordings are not here: name their folder with --data; examples/har/spec.yaml says where they come from");
  const folder = join(context.data, "uci_har_raw");
  await using installation = await bringUp(context);
  const ours = runOutcome(await installation.sensorloop("run", "start", "har", "--data", folder, "--wait", "--json"));
  context.say(`ours: accuracy ${round(ours.accuracy)} in ${round(ours.seconds)} s`);
  let peer: { accuracy: number; macroF1: number } | null = null;
  if (!context.skipPeer) {
    const python = await pythonEnvironment("duckdb", ["duckdb==2.0.0", "scikit-learn==1.9.1"], context);
    peer = lastJson(await runCommand(python, [join(import.meta.dirname, "peers/har_sklearn.py"), join(folder, "hapt_raw.zip")]));
    context.say(`scikit-learn: accuracy ${round(peer!.accuracy)}`);
  }
  const { metrics, decision, candidate } = ours.run;
  return {
    value: round(ours.accuracy),
    unit: "accuracy",
    target: `>= ${AT_LEAST} on the official test subjects`,
    ok: ours.accuracy >= AT_LEAST && decision?.promoted === true,
    peer: peer && { name: "207 features + scikit-learn logistic regression", value: round(peer.accuracy) },
    ratio: peer && ratio(ours.accuracy, peer.accuracy, "higher"),
    detail: {
      seconds: round(ours.seconds),
      macroF1: metrics && round(metrics.macroF1.value),
      // Errors tell more than accuracies this near to one.
      errorsAgainstPeer: peer && round((1 - ours.accuracy) / (1 - peer.accuracy), 3),
      perClass: metrics?.perClass,
      candidate,
      decision,
      stages: stageSeconds(ours),
      peakMb: ours.memory?.totalMb,
      largestMb: ours.memory?.largestMb,
    },
  };
};
