import type { Transaction } from "kysely";
import { LABEL_AUTHORITIES, type Label } from "../domain/api/labels.ts";
import type { ErrorCode } from "../domain/errors.ts";
import { refusal, type ForeignLabel, type RefusedLabel } from "../domain/labels/foreign.ts";
import type { Database } from "../store/database.ts";
import { sha256Of } from "../store/hashes.ts";
import { appendAll, takeTurns } from "../store/journal.ts";
import { labelChains, type Wanted } from "../store/repositories/labels.ts";
import { holdTask, type TaskRow } from "../store/repositories/tasks.ts";
import { countAnswers } from "./answers.ts";

/** A label of a file that was looked up: whose samples it is about, in the words of the spec. */
export interface ImportedLabel extends Wanted {
  readonly foreign: ForeignLabel;
}

export interface Corrected {
  readonly refused: readonly RefusedLabel[];
  /** Of the journal, one for each that was signed, ascending. */
  readonly entries: readonly number[];
}

/**
 * Signs what a file says anew of labels that are here, in the transaction of an import whose turn it is: each correction
 * supersedes what stands, under an id that follows from the old one and what is said, so that it is one label however
 * often the file is sent. It is still the answer to the task that the old one answered. Refused is what somebody here has
 * changed in another way meanwhile, what lies in another recording or outside the task, and a weaker word, or an equal one
 * of somebody else.
 */
export async function correctLabels(
  tx: Transaction<Database>,
  project: string,
  corrections: readonly ImportedLabel[],
  actor: string,
): Promise<Corrected> {
  const before = await labelChains(
    tx,
    corrections.map(({ id }) => id),
  );
  const tasks = await holdTasks(tx, project, before);
  const heads = [...before.values()].map((chain) => chain.at(-1)!.id);
  await takeTurns(tx, "label", heads);
  // Whoever else wanted a task or a label of these was before us, or waits.
  const chains = await labelChains(tx, [...before.keys()]);

  const refused: RefusedLabel[] = [];
  const replaced = new Map<ImportedLabel, Label>();
  for (const correction of corrections) {
    const chain = chains.get(correction.id)!;
    const head = chain.at(-1)!;
    const trouble = whyNot(correction, chain, head.task === null ? undefined : tasks.get(head.task));
    // Somebody else's import of the same file may have been first.
    if (chain.some((label) => contentOf(label) === contentOf(correction))) continue;
    if (trouble) refused.push(refusal(correction.foreign, ...trouble));
    else replaced.set(correction, head);
  }
  const entries = await appendAll(
    tx,
    [...replaced].map(([{ id, subject, recording, from, to, rateHz, class: name, by, foreign }, head]) => ({
      kind: "label.signed",
      actor,
      project,
      payload: {
        ...{ label: correctedId(id, { subject, recording, from, to, rateHz, class: name }), authority: foreign.authority },
        ...{ subject, recording, from, to, rateHz, class: name, task: head.task, supersedes: head.id, seconds: null },
        ...(by !== actor && { by }),
      },
    })),
  );
  const touched = new Set([...replaced.values()].map(({ task }) => task));
  for (const [id, task] of tasks) if (touched.has(id)) await countAnswers(tx, task, actor);
  return { refused, entries: entries.map(({ id }) => id) };
}

/** In the order of their ids, and before the labels, as everybody takes them. */
async function holdTasks(
  tx: Transaction<Database>,
  project: string,
  chains: ReadonlyMap<string, readonly Label[]>,
): Promise<ReadonlyMap<string, TaskRow>> {
  const ids = new Set([...chains.values()].flatMap((chain) => chain.at(-1)!.task ?? []));
  const held = new Map<string, TaskRow>();
  for (const id of [...ids].toSorted()) {
    const task = await holdTask(tx, project, id);
    if (task) held.set(id, task);
  }
  return held;
}

function whyNot(correction: ImportedLabel, chain: readonly Label[], task: TaskRow | undefined): readonly [ErrorCode, string] | undefined {
  const { id, subject, recording, from, to, by, foreign } = correction;
  const head = chain.at(-1)!;
  const elsewhere = chain.slice(1).find((label) => label.id !== correctedId(id, label));
  if (elsewhere) return ["CONFLICT", `label '${id}' was changed here, by '${elsewhere.by}', and otherwise than in the file`];
  if (head.subject !== subject || head.recording !== recording)
    return ["REQUEST_INVALID", `label '${id}' is one of another recording: a new label needs an id of its own`];
  if (task && (from >= task.to_sample || to <= task.from_sample))
    return ["REQUEST_INVALID", `label '${id}' answers a task, and lies elsewhere than what that asks about`];
  const [rank, headRank] = [LABEL_AUTHORITIES.indexOf(foreign.authority), LABEL_AUTHORITIES.indexOf(head.authority)];
  if (by === head.by ? rank > headRank : rank >= headRank)
    return ["FORBIDDEN", `label '${id}' is ${head.by}'s (${head.authority}), and no weaker word than ${by}'s (${foreign.authority})`];
  return undefined;
}

type Said = Pick<Label, "subject" | "recording" | "from" | "to" | "rateHz" | "class">;

/** What a label says, whoever says it. */
export function contentOf({ subject, recording, from, to, rateHz, class: name }: Said): string {
  return JSON.stringify([subject, recording, from, to, rateHz, name]);
}

/** An id that is the same for the same correction of the same label: a UUID of version 8, of a hash. */
function correctedId(id: string, said: Said): string {
  const hex = sha256Of({ id, said: contentOf(said) });
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join("-");
}
