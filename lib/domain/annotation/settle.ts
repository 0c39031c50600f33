import type { LabelAuthority } from "../api/labels.ts";
import type { TaskState } from "../api/tasks.ts";

/** An answer to a task as it stands: nothing has superseded it, and it names a class. */
export interface Answer {
  readonly id: string;
  readonly by: string;
  readonly class: string;
  readonly authority: LabelAuthority;
}

export interface Settlement {
  readonly state: Exclude<TaskState, "withdrawn">;
  /** The class that was found; null until the task is done. */
  readonly outcome: string | null;
}

/**
 * What the answers of a task come to. Someone's decision ends it. Without one it is done as soon as enough people have
 * said the same, and goes to a person who decides where they have not; that depends on who said what, never on the order.
 * @param answers oldest first; of several decisions the last counts
 */
export function settle(answers: readonly Answer[], wanted: number): Settlement {
  const decision = answers.findLast((answer) => answer.authority === "adjudicated");
  if (decision) return { state: "done", outcome: decision.class };
  if (answers.length < wanted) return { state: "open", outcome: null };
  const [first, ...others] = answers;
  if (first === undefined) return { state: "open", outcome: null };
  return others.every((answer) => answer.class === first.class)
    ? { state: "done", outcome: first.class }
    : { state: "adjudicate", outcome: null };
}

/** The class that more than half of the answers name; null where none does. */
export function majorityOf(answers: readonly Answer[]): string | null {
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer.class, (counts.get(answer.class) ?? 0) + 1);
  for (const [name, count] of counts) if (2 * count > answers.length) return name;
  return null;
}

/** An answer that somebody wants to give. */
export interface Attempt {
  readonly by: string;
  /** The version of the task that was seen when it was answered; undefined: an open one. */
  readonly seen: number | undefined;
  /** The answer that it takes the place of. */
  readonly replaces: string | null;
}

/**
 * The answer that stands in the way of another one; undefined where there is room for it. Before the task is done only
 * one's own does. Afterwards the first answer that was found right does, unless whoever answers has seen that it is done
 * and says otherwise all the same: a second opinion, about which someone has to decide. After a decision there is none.
 */
export function inTheWay(
  task: { readonly state: TaskState; readonly version: number; readonly outcome: string | null },
  answers: readonly Answer[],
  attempt: Attempt,
): Answer | undefined {
  const decision = answers.findLast((answer) => answer.authority === "adjudicated");
  if (decision && decision.id !== attempt.replaces) return decision;
  const own = answers.find((answer) => answer.by === attempt.by && answer.id !== attempt.replaces);
  if (own) return own;
  if (task.state !== "done" || attempt.seen === task.version) return undefined;
  if (answers.some((answer) => answer.id === attempt.replaces)) return undefined;
  return answers.find((answer) => answer.class === task.outcome);
}
