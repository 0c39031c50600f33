import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readShard } from "../lib/ml/window-rows.ts";
import { lastJson, runCommand } from "./command.ts";
import { ratio, round, type BenchContext, type BenchResult } from "./harness.ts";
import { pythonEnvironment } from "./python.ts";
import type { Study } from "./study.ts";

/** Three times as many take minutes where there are 724 features. */
const TREES = 100;

/**
 * scikit-learn's random forest on the same windows, features and folds: what a good script gets. It learns from the windows
 * that are scored; dense ones and rotated copies are what the platform adds.
 * @param ours accuracy to compare with
 */
export async function forestPeer(
  context: BenchContext,
  study: Study,
  folds: readonly (readonly string[])[],
  ours: number,
): Promise<Pick<BenchResult, "peer" | "ratio">> {
  if (context.skipPeer) return { peer: null, ratio: null };
  const python = await pythonEnvironment("duckdb", ["duckdb==2.0.0", "scikit-learn==1.9.1"], context);
  const foldOf = new Map(folds.flatMap((names, fold) => names.map((name) => [name, fold] as const)));
  const foldOfUnit = new Map(study.units.map(({ id, name }) => [id, foldOf.get(name)]));
  const rows: Float32Array[] = [];
  const [labels, held]: number[][] = [[], []];
  for (const path of await study.windows(study.spec)) {
    const shard = await readShard(path);
    const width = shard.features.length;
    for (let window = 0; window < shard.windows; window++) {
      const unit =
        study.spec.split.by === "subject" ? shard.subjects[shard.subject[window]!]! : shard.recordings[shard.recording[window]!]!;
      const fold = foldOfUnit.get(unit);
      if (shard.dense[window] === 1 || shard.label[window]! < 0 || fold === undefined) continue;
      rows.push(shard.featureValues.subarray(window * width, (window + 1) * width));
      labels!.push(shard.label[window]!);
      held!.push(fold);
    }
  }
  const paths = ["table.f32", "labels.i32", "folds.i32"].map((name) => join(context.folder, name));
  await writeFile(paths[0]!, Buffer.concat(rows.map((row) => Buffer.from(row.buffer, row.byteOffset, row.byteLength))));
  await writeFile(paths[1]!, Int32Array.from(labels!));
  await writeFile(paths[2]!, Int32Array.from(held!));
  const script = join(import.meta.dirname, "peers", "folds_sklearn.py");
  const found = await runCommand(python, [script, ...paths, String(rows[0]!.length), String(TREES)]);
  const { accuracy } = lastJson<{ accuracy: number }>(found);
  context.say(`scikit-learn: accuracy ${round(accuracy)}`);
  return {
    peer: { name: `scikit-learn's random forest of ${TREES} trees, the same windows, features and folds`, value: round(accuracy) },
    ratio: ratio(ours, accuracy, "higher"),
  };
}
