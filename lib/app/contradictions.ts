import { randomUUID } from "node:crypto";
import type { Transaction } from "kysely";
import type { Label } from "../domain/api/labels.ts";
import type { AnnotationSpec } from "../domain/spec-annotation.ts";
import type { Database } from "../store/database.ts";
import { append } from "../store/journal.ts";
import { passTask } from "../store/repositories/leases.ts";
import { predictionsAgainst } from "../store/repositories/task-candidates.ts";
import { insertTasks } from "../store/repositories/tasks.ts";

/** One label of a whole recording may contradict a thousand windows; a few of them show why. */
const MOST_A_LABEL = 5;

/**
 * Asks about predictions that a label contradicts, in its transaction: those of the champion that a user's word is
 * against, and those it was sure of that an annotator's is against, by windows that lie in the label for the most part
 * and do not overlap. Whoever signed is not asked. An expert is not doubted.
 */
export async function contradict(
  tx: Transaction<Database>,
  { label, annotation }: { label: Label; annotation: AnnotationSpec },
): Promise<void> {
  const { project, by, authority } = label;
  if (annotation.tasks.contradicted === 0 || (authority !== "user" && authority !== "annotator")) return;
  const surer = authority === "user" ? 0 : annotation.doubtBelow;
  const against = await predictionsAgainst(tx, label, surer, MOST_A_LABEL);
  const made = await insertTasks(
    tx,
    against.map((prediction) => ({
      ...{ id: randomUUID(), project, reason: "contradicted" as const, subject: label.subject, recording: label.recording },
      from_sample: prediction.from,
      to_sample: prediction.to,
      rate_hz: label.rateHz,
      start_us: prediction.startUs,
      ...{ model: prediction.model, snapshot: prediction.snapshot, predicted: prediction.predicted, confidence: prediction.confidence },
      ...{ claimed: label.class, gold: null, rank: 0, wanted: 1 },
    })),
  );
  for (const task of made) await passTask(tx, task, by, "contradicted by their own label");
  const model = against[0]?.model;
  if (made.length > 0 && model !== undefined)
    await append(tx, { kind: "task.made", actor: by, project, payload: { reason: "contradicted", tasks: made.length, model } });
}
