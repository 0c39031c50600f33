import { randomUUID } from "node:crypto";
import type { Kysely } from "kysely";
import type { Database } from "../../lib/store/database.ts";

/** A spec that is valid and small; what is in it does not matter to who tests access, journals and pages. */
export function specText(project: string, title = "A test"): string {
  return `
project: ${project}
title: ${title}
files:
  - match: "\\\\.csv$"
    subject: { constant: someone }
    channels:
      x: { sensor: acc, range: [-16, 16] }
    label: { column: label }
labels:
  classes: [rest, walk]
windows: { kind: row }
`;
}

/** A trained model as the training stage leaves it, with one evaluation on the holdout. */
export async function insertModel(
  db: Kysely<Database>,
  model: { id: string; project: string; slot: string; state?: "trained" | "failed"; accuracy?: number; at?: Date },
): Promise<string> {
  const { id, project, slot, state = "trained" } = model;
  const snapshot = await insertSnapshot(db, project);
  await db
    .insertInto("model")
    .values({
      ...{ id, project, slot, state },
      run: "some-run",
      snapshot,
      window_set: randomUUID(),
      family: "logistic",
      genome: JSON.stringify({ family: "logistic", l2: 0.001, maxIterations: 200 }),
      fitted_on: "train",
      ...(model.at && { created_at: model.at }),
    })
    .execute();
  await db
    .insertInto("evaluation")
    .values({
      model: id,
      snapshot,
      split: "holdout",
      holdout_sha256: "0".repeat(64),
      metrics: JSON.stringify(metrics(model.accuracy ?? 0.9)),
      outcomes: null,
      latency_us: 10,
      bytes: 100,
    })
    .execute();
  return id;
}

/** Every test's models answer the same holdout of their project. */
async function insertSnapshot(db: Kysely<Database>, project: string): Promise<string> {
  const id = `${project}-snapshot`;
  const key = `${project}/snapshot/${id}`;
  const once = { key, project, kind: "snapshot", sha256: "0".repeat(64), bytes: 1 };
  await db
    .insertInto("object")
    .values(once)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await db
    .insertInto("snapshot")
    .values({
      id,
      project,
      manifest: key,
      recordings: 1,
      subjects: 1,
      rows: 10,
      splits: "{}",
      holdout_sha256: "0".repeat(64),
      leaking: false,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return id;
}

function metrics(accuracy: number) {
  const estimate = { value: accuracy, low: null, high: null };
  return {
    ...{ windows: 10, accuracy: estimate, macroF1: estimate, weightedF1: accuracy },
    perClass: [{ label: "rest", support: 10, predicted: 10, precision: 1, recall: 1, f1: accuracy }],
    confusion: { classes: ["rest"], counts: [[10]] },
    subjects: [{ subject: "s1", windows: 10, accuracy }],
    calibration: { ece: 0, bins: [] },
    uncertain: { threshold: 0.5, windows: 0 },
    leaking: false,
  };
}
