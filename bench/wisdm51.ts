import { crossValidate, dealFolds, leakingTwin } from "./folds.ts";
import { forestPeer } from "./forest-peer.ts";
import { round, type Bench, type BenchContext } from "./harness.ts";
import { Study } from "./study.ts";

const AT_LEAST = { 5: 0.9, 10: 0.925 } as const;
const FOLDS = 5;

/** Six activities from a watch, each of 34 people answered by models that never saw them, with windows of 5 s and of 10 s. */
export const run: Bench = async (context) => {
  const short = await byPeople(context, 5);
  const long = await byPeople({ ...context, skipPeer: true }, 10);
  const [five, ten] = [short.answer.accuracy.value, long.answer.accuracy.value];
  return {
    value: round(five),
    unit: "accuracy, windows of 5 s",
    target: `>= ${AT_LEAST[5]} with windows of 5 s, >= ${AT_LEAST[10]} with 10 s, by people`,
    ok: five >= AT_LEAST[5] && ten >= AT_LEAST[10],
    peer: short.peer,
    ratio: short.ratio,
    detail: { "5 s": short, "10 s": long },
  };
};

async function byPeople(context: BenchContext, seconds: number) {
  await using study = await Study.open(context, "smartwatch-51", "wisdm51_watch", { "windows.seconds": seconds });
  const folds = dealFolds(study.units, FOLDS);
  const { answer, models, winner } = await crossValidate(context, study, context.quick ? folds.slice(0, 1) : folds);
  const peer = await forestPeer(context, study, folds, answer.accuracy.value);
  return { answer, winner, models, leak: await leakingTwin(study, 1 / FOLDS), ...peer };
}
