import type { Transaction } from "kysely";
import { inTheWay, settle, type Answer } from "../domain/annotation/settle.ts";
import type { Actor } from "../domain/api/access.ts";
import { LABEL_AUTHORITIES, type AddedLabel, type AddLabel, type Label, type LabelAuthority } from "../domain/api/labels.ts";
import { SensorloopError } from "../domain/errors.ts";
import type { EventPayload } from "../domain/journal.ts";
import type { Spec } from "../domain/spec.ts";
import type { AnnotationSpec } from "../domain/spec-annotation.ts";
import type { Platform } from "../platform.ts";
import type { Database } from "../store/database.ts";
import { append, eventsAbout, takeTurn } from "../store/journal.ts";
import { holdErasures } from "../store/repositories/erasures.ts";
import { findLabel, findLabelSuperseding, isLabelId } from "../store/repositories/labels.ts";
import { dropLease, leaseTo } from "../store/repositories/leases.ts";
import type { Db } from "../store/repositories/rows.ts";
import { answersOf, findTask, holdTask, updateTask, type TaskRow } from "../store/repositories/tasks.ts";
import { contradict } from "./contradictions.ts";
import { checkNotErased, checkPlace } from "./label-place.ts";
import { needSpec } from "./projects.ts";
import { wakeAnnotation } from "./wake-annotation.ts";

/** Who signs: the account, and whether it may decide what others disagree on. */
export type Signer = Pick<Actor, "account" | "role">;

type Tx = Transaction<Database>;
type Signed = EventPayload<"label.signed">;
/** What a transaction came to; a refusal is committed too, and thrown afterwards. */
type Outcome = AddedLabel | { readonly winner: Label; readonly task: TaskRow | undefined };

/**
 * Signs a label, and counts it as an answer where it is one: the first to a task of one answer ends it, of several the
 * last. Answers to one task take turns on its row. Who comes too late is told what was there first; the refused answer
 * stands in the journal, and may be sent again with the `version` of the task as it is now: then it is a second opinion,
 * about which someone decides. The same id again is the same label.
 * @throws SensorloopError ANNOTATION_OFF, UNKNOWN_CLASS, SUBJECT_UNKNOWN, INTERVAL_OUTSIDE, NOT_FOUND (the task, or the
 * label it supersedes), LABEL_CONFLICT (`facts.winner` is a Label, `facts.task` the task as it is), CONFLICT (the id is
 * taken by another label), FORBIDDEN (to supersede a stronger word of another), REQUEST_INVALID
 */
export async function signLabel(platform: Platform, project: string, label: AddLabel, actor: Signer): Promise<AddedLabel> {
  const { db } = platform;
  const known = await findLabel(db, project, label.id);
  if (known) return sameAgain(db, known, label, actor);
  const spec = await annotatedSpec(db, project);
  checkClass(spec, label.class);
  const authority = authorityOf(spec, actor, label.confirmation);
  const outcome = await db.transaction().execute((tx) => sign(tx, { project, spec, label, authority, actor }));
  if ("winner" in outcome) throw refusal(outcome.winner, outcome.task);
  wakeAnnotation(platform, project);
  return outcome;
}

interface Signing {
  readonly project: string;
  readonly spec: AnnotatedSpec;
  readonly label: AddLabel;
  readonly authority: LabelAuthority;
  readonly actor: Signer;
}

async function sign(tx: Tx, { project, spec, label, authority, actor }: Signing): Promise<Outcome> {
  await holdErasures(tx, project);
  await takeTurn(tx, { table: "label", key: label.id });
  const known = await findLabel(tx, project, label.id);
  if (known) return sameAgain(tx, known, label, actor);
  if (await isLabelId(tx, label.id)) throw idTaken(label.id);
  const replaced = label.supersedes === undefined ? undefined : await needLabel(tx, project, label.supersedes);
  // The label would leave one task for another, whose row alone is held.
  if (replaced && label.task !== undefined && label.task !== replaced.task)
    throw new SensorloopError("REQUEST_INVALID", "the label that it supersedes answers another task, or none", {
      facts: { field: "task", task: replaced.task },
    });
  // Always the task before the label that is replaced: whoever else wants both takes them in this order.
  const taskId = label.task ?? replaced?.task ?? null;
  const task = taskId === null ? undefined : await needTask(tx, project, taskId);
  const rateHz = task?.rate_hz ?? spec.rateHz;
  await checkPlace(tx, project, label, rateHz, task?.model ?? null);
  if (task) checkInside(task, label);
  const { from, to, subject, recording, class: name, seconds = null } = label;
  const payload: Signed = {
    ...{ label: label.id, subject, recording, from, to, rateHz, class: name, authority, seconds },
    task: taskId,
    supersedes: replaced?.id ?? null,
  };
  if (replaced) {
    await takeTurn(tx, { table: "label", key: replaced.id });
    const first = await findLabelSuperseding(tx, replaced.id);
    if (first) return refuse(tx, project, payload, first, task, actor);
    checkMayReplace(replaced, label, authority, actor);
  }
  const answers = task ? await answersOf(tx, task.id) : [];
  const attempt = { by: actor.account, seen: label.version, replaces: replaced?.id ?? null };
  const before = task && inTheWay(task, answers, attempt);
  if (before) return refuse(tx, project, payload, (await findLabel(tx, project, before.id))!, task, actor);

  await append(tx, { kind: "label.signed", actor: actor.account, project, payload });
  const signed = (await findLabel(tx, project, label.id))!;
  if (!task) {
    await contradict(tx, { label: signed, annotation: spec.annotation });
    return { label: signed, task: null };
  }
  await dropLease(tx, task.id, actor.account);
  return { label: signed, task: shown(await countAnswers(tx, task, actor.account)) };
}

/**
 * Takes one's own label back, by a label without a class that supersedes it. Its task is open again, where it wants an
 * answer, and in one's own hands. What has been decided can be taken back by who decided it alone.
 * @throws SensorloopError NOT_FOUND, ANNOTATION_OFF, SUBJECT_UNKNOWN (erased), FORBIDDEN (another's label), CONFLICT
 * (superseded or decided already)
 */
export async function withdrawLabel(platform: Platform, project: string, label: string, id: string, actor: Signer): Promise<AddedLabel> {
  const { db } = platform;
  const { annotation } = await annotatedSpec(db, project);
  const result = await db.transaction().execute(async (tx): Promise<AddedLabel> => {
    await holdErasures(tx, project);
    await takeTurn(tx, { table: "label", key: id });
    const own = await needLabel(tx, project, label);
    const known = await findLabel(tx, project, id);
    if (known) {
      if (known.supersedes !== label || known.class !== null || known.by !== actor.account) throw idTaken(id);
      return answerAgain(tx, known);
    }
    if (await isLabelId(tx, id)) throw idTaken(id);
    await checkNotErased(tx, project, own);
    if (own.by !== actor.account)
      throw new SensorloopError("FORBIDDEN", `label '${label}' is ${own.by}'s to take back`, { facts: { label, by: own.by } });
    const task = own.task === null ? undefined : await needTask(tx, project, own.task);
    await takeTurn(tx, { table: "label", key: label });
    const present = await needLabel(tx, project, label);
    if (!present.stands) throw new SensorloopError("CONFLICT", `label '${label}' does not stand any more`, { facts: { label } });
    const answers = task ? await answersOf(tx, task.id) : [];
    if (own.authority !== "adjudicated" && answers.some((answer) => answer.authority === "adjudicated"))
      throw new SensorloopError("CONFLICT", "this was decided, and is not taken back by one answer", { facts: { label, task: own.task } });
    const { subject, recording, from, to, rateHz, authority } = own;
    const payload: Signed = {
      ...{ label: id, subject, recording, from, to, rateHz, authority, task: own.task },
      ...{ class: null, supersedes: label, seconds: null },
    };
    await append(tx, { kind: "label.signed", actor: actor.account, project, payload });
    const signed = (await findLabel(tx, project, id))!;
    if (!task) return { label: signed, task: null };
    const counted = await countAnswers(tx, task, actor.account);
    if (counted.state === "open") await leaseTo(tx, task.id, actor.account, annotation.leaseMinutes);
    return { label: signed, task: shown(counted) };
  });
  wakeAnnotation(platform, project);
  return result;
}

/**
 * Decides what annotators disagree on, or what they agreed on wrongly, with the strongest word there is.
 * @throws SensorloopError NOT_FOUND, ANNOTATION_OFF, UNKNOWN_CLASS, SUBJECT_UNKNOWN (erased), FORBIDDEN (for engineers and the spec's experts),
 * CONFLICT (facts.task: it changed since that version, or still waits for answers)
 */
export async function adjudicate(
  platform: Platform,
  project: string,
  task: string,
  decision: { readonly id: string; readonly class: string; readonly version: number },
  actor: Signer,
): Promise<AddedLabel> {
  const { db } = platform;
  const spec = await annotatedSpec(db, project);
  if (!mayAdjudicate(spec.annotation, actor))
    throw new SensorloopError("FORBIDDEN", `'${actor.account}' may not decide what annotators disagree on`, {
      facts: { roles: ["engineer"], experts: spec.annotation.experts },
    });
  checkClass(spec, decision.class);
  const result = await db.transaction().execute(async (tx): Promise<AddedLabel> => {
    await holdErasures(tx, project);
    await takeTurn(tx, { table: "label", key: decision.id });
    const known = await findLabel(tx, project, decision.id);
    if (known) {
      if (known.task !== task || known.class !== decision.class || known.by !== actor.account) throw idTaken(decision.id);
      return answerAgain(tx, known);
    }
    if (await isLabelId(tx, decision.id)) throw idTaken(decision.id);
    const row = await needTask(tx, project, task);
    await checkNotErased(tx, project, row);
    if (row.version !== decision.version || (row.state !== "adjudicate" && row.state !== "done"))
      throw new SensorloopError("CONFLICT", `the task is ${row.state} at version ${row.version}`, { facts: { task: shown(row) } });
    const { subject, recording, from_sample: from, to_sample: to, rate_hz: rateHz } = row;
    const payload: Signed = {
      ...{ label: decision.id, subject, recording, from, to, rateHz, class: decision.class, task },
      ...{ authority: "adjudicated", supersedes: null, seconds: null },
    };
    await append(tx, { kind: "label.signed", actor: actor.account, project, payload });
    const signed = (await findLabel(tx, project, decision.id))!;
    return { label: signed, task: shown(await countAnswers(tx, row, actor.account)) };
  });
  wakeAnnotation(platform, project);
  return result;
}

/** Engineers, and the accounts that the spec calls experts. */
export function mayAdjudicate(annotation: AnnotationSpec, actor: Signer): boolean {
  return actor.role === "engineer" || annotation.experts.includes(actor.account);
}

/** Counts the answers of a task that is held, and journals what they have come to where that is new. */
export async function countAnswers(tx: Tx, task: TaskRow, account: string): Promise<TaskRow> {
  const answers = await answersOf(tx, task.id);
  const found = task.state === "withdrawn" ? { state: task.state, outcome: null } : settle(answers, task.wanted);
  const counted = await updateTask(tx, task.id, { ...found, answers: answers.filter(isAnswer).length });
  if (counted.state === "done" && (task.state !== "done" || task.outcome !== counted.outcome)) {
    const how = answers.some((answer) => answer.authority === "adjudicated") ? "adjudicated" : "agreed";
    const payload = { task: task.id, outcome: counted.outcome, how } as const;
    await append(tx, { kind: "task.settled", actor: account, project: task.project, payload });
  }
  return counted;
}

/** A decision ends a task; it is none of the answers that were asked for. */
function isAnswer({ authority }: Answer): boolean {
  return authority !== "adjudicated";
}

/** Writes down an answer that came too late, once, however often it is sent. */
async function refuse(tx: Tx, project: string, payload: Signed, winner: Label, task: TaskRow | undefined, actor: Signer): Promise<Outcome> {
  const [before] = await eventsAbout(tx, ["label.refused"], payload.label);
  if (!before) await append(tx, { kind: "label.refused", actor: actor.account, project, payload: { ...payload, winner: winner.id } });
  return { winner, task };
}

async function sameAgain(db: Db, known: Label, label: AddLabel, actor: Signer): Promise<AddedLabel> {
  const { subject, recording, from, to, class: name } = label;
  const alike =
    known.by === actor.account &&
    JSON.stringify([known.subject, known.recording, known.from, known.to, known.class]) ===
      JSON.stringify([subject, recording, from, to, name]) &&
    (label.task === undefined || label.task === known.task) &&
    (label.supersedes ?? null) === known.supersedes;
  if (!alike) throw idTaken(label.id);
  return answerAgain(db, known);
}

async function answerAgain(db: Db, label: Label): Promise<AddedLabel> {
  const task = label.task === null ? undefined : await findTask(db, label.project, label.task);
  return { label, task: task ? shown(task) : null };
}

type AnnotatedSpec = Spec & { readonly annotation: AnnotationSpec };

/** @throws SensorloopError SPEC_UNKNOWN, ANNOTATION_OFF */
export async function annotatedSpec(db: Db, project: string): Promise<AnnotatedSpec> {
  const spec = await needSpec(db, project);
  const { annotation } = spec;
  if (!annotation) throw new SensorloopError("ANNOTATION_OFF", `project '${project}' asks nobody for labels`, { facts: { project } });
  return { ...spec, annotation };
}

function authorityOf({ annotation }: AnnotatedSpec, { account }: Signer, confirmation: boolean): LabelAuthority {
  if (confirmation) return "user";
  return annotation.experts.includes(account) ? "expert" : "annotator";
}

function checkClass({ labels }: Spec, name: string): void {
  if (labels.classes.includes(name)) return;
  throw new SensorloopError("UNKNOWN_CLASS", `the spec has no class '${name}'`, { facts: { class: name, classes: labels.classes } });
}

function checkInside(task: TaskRow, { subject, recording, from, to, confirmation }: AddLabel): void {
  if (confirmation) throw new SensorloopError("REQUEST_INVALID", "a user's confirmation is no answer to a task");
  if (task.subject !== subject || task.recording !== recording || from >= task.to_sample || to <= task.from_sample)
    throw new SensorloopError("REQUEST_INVALID", "the label lies elsewhere than what its task asks about", { facts: { task: task.id } });
}

/** One's own word may be taken back by a new one, that of others by a stronger one. */
function checkMayReplace(replaced: Label, label: AddLabel, authority: LabelAuthority, actor: Signer): void {
  if (replaced.class === null)
    throw new SensorloopError("CONFLICT", `label '${replaced.id}' takes another back`, { facts: { label: replaced.id } });
  if (replaced.subject !== label.subject || replaced.recording !== label.recording)
    throw new SensorloopError("REQUEST_INVALID", "a label supersedes one of the same recording", { facts: { field: "supersedes" } });
  const own = replaced.by === actor.account && replaced.authority !== "adjudicated";
  if (own || LABEL_AUTHORITIES.indexOf(authority) < LABEL_AUTHORITIES.indexOf(replaced.authority)) return;
  throw new SensorloopError("FORBIDDEN", `label '${replaced.id}' is ${replaced.by}'s, and no weaker word than this one`, {
    facts: { label: replaced.id, by: replaced.by, authority: replaced.authority },
  });
}

async function needLabel(db: Db, project: string, id: string): Promise<Label> {
  const label = await findLabel(db, project, id);
  if (!label) throw new SensorloopError("NOT_FOUND", `project '${project}' has no label '${id}'`, { facts: { label: id } });
  return label;
}

async function needTask(tx: Tx, project: string, id: string): Promise<TaskRow> {
  const task = await holdTask(tx, project, id);
  if (!task) throw new SensorloopError("NOT_FOUND", `project '${project}' has no task '${id}'`, { facts: { task: id } });
  return task;
}

function shown({ id, state, version, outcome }: TaskRow): NonNullable<AddedLabel["task"]> {
  return { id, state, version, outcome };
}

function refusal(winner: Label, task: TaskRow | undefined): SensorloopError {
  return new SensorloopError("LABEL_CONFLICT", `${winner.by} said '${winner.class ?? "nothing"}' first`, {
    facts: { winner, task: task ? shown(task) : null },
  });
}

function idTaken(id: string): SensorloopError {
  return new SensorloopError("CONFLICT", `there is another label '${id}'`, { facts: { label: id } });
}
