import { readFile } from "node:fs/promises";
import { SPLITS } from "../lib/domain/window-shard.ts";
import { loadPredictor } from "../lib/ml/predictor.ts";
import { readShard } from "../lib/ml/window-rows.ts";
import type { ModelFiles } from "./learn.ts";
import type { Study } from "./study.ts";

/** The class of each recording that windows fit in, where a recording has one class: that of its first window. */
export async function classesOfRecordings(study: Study): Promise<ReadonlyMap<string, string>> {
  const classes = new Map<string, string>();
  for (const path of await study.windows({ ...study.spec, features: undefined })) {
    const { windows, recordings, recording, classes: names, label } = await readShard(path);
    for (let window = 0; window < windows; window++) {
      const name = recordings[recording[window]!]!;
      if (!classes.has(name) && label[window]! >= 0) classes.set(name, names[label[window]!]!);
    }
  }
  return classes;
}

/** One answer for each recording of the holdout: the class whose mean probability over its windows is highest. */
export async function answersBySet(
  model: ModelFiles,
  shards: readonly string[],
): Promise<{ readonly sets: number; readonly right: number }> {
  const predictor = loadPredictor(await readFile(model.artifact), await readFile(model.weights));
  const classes = predictor.artifact.classes;
  const sums = new Map<string, { readonly actual: string; readonly total: Float64Array }>();
  for (const path of shards) {
    const shard = await readShard(path);
    const width = shard.features.length;
    for (let window = 0; window < shard.windows; window++) {
      if (shard.split[window] !== SPLITS.indexOf("holdout") || shard.dense[window] === 1) continue;
      const { probabilities } = predictor.predict(shard.featureValues.slice(window * width, (window + 1) * width), 1);
      const name = shard.recordings[shard.recording[window]!]!;
      const sum = sums.get(name) ?? { actual: shard.classes[shard.label[window]!]!, total: new Float64Array(classes.length) };
      for (const [index, probability] of probabilities.entries()) sum.total[index]! += probability;
      sums.set(name, sum);
    }
  }
  let right = 0;
  for (const { actual, total } of sums.values()) if (classes[total.indexOf(Math.max(...total))] === actual) right++;
  return { sets: sums.size, right };
}
