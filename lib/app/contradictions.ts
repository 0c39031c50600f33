import { randomUUID } from "node:crypto";
import type { Transaction } from "kysely";
import type { Label } from "../domain/api/labels.ts";
import type { Spec } from "../domain/spec.ts";
import type { AnnotationSpec } from "../domain/spec-annotation.ts";
import type { Database } from "../store/database.ts";
import { append } from "../store/journal.ts";
import { passTask } from "../store/repositories/leases.ts";
import { predictionsAgainst, predictionsAgainstAll, type Contradiction } from "../store/repositories/task-candidates.ts";
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
  await ask(
    tx,
    { project, actor: by },
    against.map((prediction) => ({ ...prediction, ...{ label: label.class!, by } })),
    label.rateHz,
  );
}

/**
 * Asks about predictions that imported labels contradict, as `contradict` does label by label, in one statement and at most
 * as many as a promotion would ask about.
 * @param signed the first and the last entry of the journal that they are
 */
export async function contradictAll(
  tx: Transaction<Database>,
  { spec, signed, actor }: { spec: Spec; signed: { readonly first: number; readonly last: number }; actor: string },
): Promise<void> {
  const { project, rateHz, windows, annotation } = spec;
  if (!annotation || annotation.tasks.contradicted === 0) return;
  const against = await predictionsAgainstAll(
    tx,
    // Rows that are not resampled have their places whatever the rate.
    { project, ...signed, surer: annotation.doubtBelow, rateHz: windows.kind === "sliding" ? rateHz : null },
    { ofLabel: MOST_A_LABEL, limit: annotation.tasks.contradicted },
  );
  await ask(tx, { project, actor }, against, rateHz);
}

/** A prediction, and the word against it. */
type Contradicted = Contradiction & { readonly label: string; readonly by: string };

async function ask(
  tx: Transaction<Database>,
  { project, actor }: { readonly project: string; readonly actor: string },
  against: readonly Contradicted[],
  rateHz: number,
): Promise<void> {
  const tasks = against.map((prediction) => ({ ...prediction, id: randomUUID() }));
  const made = new Set(
    await insertTasks(
      tx,
      tasks.map((task) => ({
        ...{ id: task.id, project, reason: "contradicted" as const, subject: task.subject, recording: task.recording },
        ...{ from_sample: task.from, to_sample: task.to, rate_hz: rateHz, start_us: task.startUs },
        ...{ model: task.model, snapshot: task.snapshot, predicted: task.predicted, confidence: task.confidence },
        ...{ claimed: task.label, gold: null, rank: 0, wanted: 1 },
      })),
    ),
  );
  const asked = tasks.filter(({ id }) => made.has(id));
  for (const { id, by } of asked) await passTask(tx, id, by, "contradicted by their own label");
  for (const [model, its] of Map.groupBy(asked, ({ model: of }) => of))
    await append(tx, { kind: "task.made", actor, project, payload: { reason: "contradicted", tasks: its.length, model } });
}
