import type { AddLabel, Label } from "../../../lib/domain/api/labels.ts";
import { labelSchema } from "../../../lib/domain/api/labels.ts";
import { failureOf } from "../api/failure.ts";
import { newUuid } from "../api/new-id.ts";

/** What somebody has decided and the server has to be told. */
export type Act =
  | { readonly kind: "label"; readonly label: AddLabel }
  | { readonly kind: "skip"; readonly task: string }
  /** `id` is that of the label which takes `label` back. */
  | { readonly kind: "withdraw"; readonly label: string; readonly id: string };

/** An act on its way. It is kept on the device until the server has answered. */
export interface Outgoing {
  readonly id: string;
  /** Acts leave in this order: a label is taken back after it was signed. */
  readonly order: number;
  readonly project: string;
  readonly act: Act;
  /** It has left once; whether it arrived is not known. */
  readonly tried: boolean;
}

/** An act that the server will not do. Kept until somebody has read it. */
export interface Refusal {
  readonly id: string;
  readonly project: string;
  readonly act: Act;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  /** The label that was there first, and the version of the task that knows it. */
  readonly winner: Label | null;
  readonly version: number | null;
}

/** What is to be done about an act that did not go through. */
export type Consequence =
  /** Nobody could be asked, or nobody is signed in: again, later. */
  | { readonly kind: "later"; readonly signedOut: boolean }
  /** There was nothing to be done. */
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export function consequenceOf({ id, project, act }: Outgoing, error: unknown): Consequence {
  const { status, code, message, remedy, retryable, facts } = failureOf(error);
  if (status === 401) return { kind: "later", signedOut: true };
  if (retryable || status === 0 || status === 408 || status === 429) return { kind: "later", signedOut: false };
  // A task that is gone need not be passed on, and a label that never arrived need not be taken back.
  if (code === "NOT_FOUND" && act.kind !== "label") return { kind: "done" };
  const winner = labelSchema.safeParse(facts["winner"]).data ?? null;
  const task = facts["task"] as { version?: unknown } | null | undefined;
  const version = typeof task?.version === "number" ? task.version : null;
  return { kind: "refused", refusal: { id, project, act, code, message, remedy, winner, version } };
}

/** The refused answer once more, as a second opinion about which someone decides; undefined where it was not too late. */
export function insisted({ act, version, winner }: Refusal): Act | undefined {
  if (act.kind !== "label" || version === null || winner === null) return undefined;
  return { kind: "label", label: { ...act.label, id: newUuid(), version } };
}

/** The task that an act is about. */
export function taskOf(act: Act): string | undefined {
  if (act.kind === "withdraw") return undefined;
  return act.kind === "skip" ? act.task : act.label.task;
}
