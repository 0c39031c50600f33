import { randomUUID } from "node:crypto";
import { hotkeysOf } from "../domain/annotation/hotkeys.ts";
import { rankTasks } from "../domain/annotation/ranking.ts";
import { spaced } from "../domain/annotation/spacing.ts";
import type { Page, PageQuery } from "../domain/api/page.ts";
import type { Annotation, LeasedTask, Task, TaskDetail } from "../domain/api/tasks.ts";
import { SensorloopError } from "../domain/errors.ts";
import { EVERYONE } from "../domain/evolution/slots.ts";
import { slotId } from "../domain/ids.ts";
import { sensorsOf, type Spec } from "../domain/spec.ts";
import { wilson } from "../domain/wilson.ts";
import type { Platform } from "../platform.ts";
import { append } from "../store/journal.ts";
import { countNewLabels, lastGain } from "../store/repositories/label-progress.ts";
import { listLabels } from "../store/repositories/labels.ts";
import { dropLease, lease, leasesOf, leaseWaiting, passTask } from "../store/repositories/leases.ts";
import { listChampions } from "../store/repositories/models.ts";
import type { Db } from "../store/repositories/rows.ts";
import { predictionsInCell } from "../store/repositories/task-candidates.ts";
import * as store from "../store/repositories/tasks.ts";
import { annotatedSpec, mayAdjudicate, type Signer } from "./answers.ts";
import { needProject, needSpec } from "./projects.ts";
import { wakeAnnotation } from "./wake-annotation.ts";

/** All that a page for annotators needs before its first task. @throws SensorloopError SPEC_UNKNOWN */
export async function showAnnotation({ db }: Platform, project: string, actor: Signer): Promise<Annotation> {
  const spec = await needSpec(db, project);
  const { annotation } = spec;
  const [queue, byReason, labels, gain, champion] = await Promise.all([
    store.countQueue(db, project, actor.account),
    store.countOpenByReason(db, project),
    countNewLabels(db, project),
    lastGain(db, project),
    principalChampion(db, spec),
  ]);
  return {
    project,
    enabled: annotation !== undefined,
    classes: hotkeysOf(spec.labels.classes, annotation?.hotkeys),
    guide: annotation?.guide ?? "",
    rateHz: spec.rateHz,
    expert: annotation?.experts.includes(actor.account) ?? false,
    mayAdjudicate: annotation !== undefined && mayAdjudicate(annotation, actor),
    queue,
    byReason,
    retrain: { labels, at: spec.retrain.atLabels },
    estimate: await estimateOf(db, project, champion),
    gainPerHundred: gain && gain.labels > 0 ? (100 * 100 * (gain.chosen - gain.before)) / gain.labels : null,
    champion,
  };
}

/** How good the champion is by the random slice of its own tasks: what it has learned since cannot be among them. */
export async function showEstimate({ db }: Platform, project: string): Promise<Annotation["estimate"]> {
  return estimateOf(db, project, await principalChampion(db, await needSpec(db, project)));
}

async function estimateOf(db: Db, project: string, champion: Annotation["champion"]): Promise<Annotation["estimate"]> {
  if (!champion) return null;
  const { answered, right } = await store.countRandomAnswers(db, project, champion.model);
  return answered === 0 ? null : { answered, accuracy: wilson(right, answered) };
}

/** The one that serves everybody with all sensors: what tasks are made of and the browser scores with. */
async function principalChampion(db: Db, spec: Spec): Promise<Annotation["champion"]> {
  const [champion] = await listChampions(db, spec.project, slotId(spec.project, EVERYONE, sensorsOf(spec)));
  return champion ? { model: champion.model, slot: champion.slot } : null;
}

export async function listTasks({ db }: Platform, project: string, query: store.TaskFilter & PageQuery): Promise<Page<Task>> {
  await needProject(db, project);
  return store.listTasks(db, project, query);
}

/**
 * A task with its answers, for those who can no longer be swayed by them: who has answered, and who may decide. What
 * others have in hand is told to everybody.
 * @throws SensorloopError NOT_FOUND
 */
export async function showTask({ db }: Platform, project: string, id: string, actor: Signer): Promise<TaskDetail> {
  const { annotation } = await needSpec(db, project);
  const row = await needTask(db, project, id);
  const { items } = await listLabels(db, project, { task: id, standing: true, limit: 50 });
  const decides = annotation !== undefined && mayAdjudicate(annotation, actor) && row.state !== "open";
  const seesAnswers = decides || items.some((label) => label.by === actor.account);
  const leases = await leasesOf(db, id);
  return {
    task: store.taskOf(row),
    answers: seesAnswers ? items.toReversed() : [],
    leases: leases.map(({ account, until }) => ({ account, until: until.toISOString() })),
  };
}

/**
 * Leases tasks to an account: those that it holds and may keep, then the next in the queue, `count` in all. What it holds
 * and is not among them has been answered by others. @throws SensorloopError ANNOTATION_OFF
 */
export async function claimTasks(
  { db }: Platform,
  project: string,
  claim: { readonly count: number; readonly holding: readonly string[] },
  actor: Signer,
): Promise<LeasedTask[]> {
  const { annotation } = await annotatedSpec(db, project);
  const wanted = { ...claim, project, account: actor.account, leaseMinutes: annotation.leaseMinutes };
  let rows = await db.transaction().execute((tx) => lease(tx, wanted));
  if (rows.length === 0) rows = await db.transaction().execute((tx) => leaseWaiting(tx, wanted));
  return spaced(rows.map((row) => ({ ...store.taskOf(row), until: row.until.toISOString() })));
}

/** Gives a task back to the others; this account is not given it again. @throws SensorloopError NOT_FOUND */
export async function skipTask({ db }: Platform, project: string, id: string, why: string, actor: Signer): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const task = await store.holdTask(tx, project, id);
    if (!task) throw noTask(project, id);
    await passTask(tx, id, actor.account, why);
    await dropLease(tx, id, actor.account);
  });
}

/** What tasks are made of by hand: a cell of a model's confusion matrix, or a column, or a row of it. */
export interface TaskRequest {
  readonly model: string;
  readonly split: "validation" | "holdout" | "unlabelled";
  readonly actual?: string;
  readonly predicted?: string;
  readonly limit: number;
}

/**
 * Makes tasks of predictions, those of overlapping windows once. Windows that are in the queue stay as they are.
 * @returns how many were made, and how many of the windows wanted were in the queue
 * @throws SensorloopError ANNOTATION_OFF, NOT_FOUND (the model)
 */
export async function makeTasks(
  platform: Platform,
  project: string,
  request: TaskRequest,
  actor: string,
): Promise<{ made: number; known: number }> {
  const { db } = platform;
  const spec = await annotatedSpec(db, project);
  const model = await db.selectFrom("model").select("id").where("id", "=", request.model).where("project", "=", project).executeTakeFirst();
  if (!model)
    throw new SensorloopError("NOT_FOUND", `project '${project}' has no model '${request.model}'`, { facts: { model: request.model } });
  // Twice as many, because windows that overlap become one task.
  const inCell = await predictionsInCell(db, { project, ...request }, 2 * request.limit);
  const found = inCell.filter((each) => !each.asked);
  const places = new Map<string, number>();
  const windows = found.map((each) => {
    const key = `${each.subject}\n${each.recording}`;
    const at = places.get(key) ?? places.set(key, places.size).size - 1;
    return { doubt: each.confidence, at, from: each.from, to: each.to, features: new Float32Array(0) };
  });
  const order = rankTasks(windows, spec.annotation.order, request.limit, spec.seed);
  const tasks = order.map((index, rank): store.NewTask => {
    const { subject, recording, from, to, startUs, snapshot, predicted, confidence, claimed } = found[index]!;
    return {
      ...{ id: randomUUID(), project, reason: "confusion", subject, recording, from_sample: from, to_sample: to, start_us: startUs },
      ...{ rate_hz: spec.rateHz, model: request.model, snapshot, predicted, confidence, claimed, gold: null, rank, wanted: 1 },
    };
  });
  const made = await db.transaction().execute(async (tx) => {
    const ids = await store.insertTasks(tx, tasks);
    const payload = { reason: "confusion", tasks: ids.length, model: request.model };
    if (ids.length > 0) await append(tx, { kind: "task.made", actor, project, payload });
    return ids.length;
  });
  if (made > 0) wakeAnnotation(platform, project);
  return { made, known: inCell.length - found.length + tasks.length - made };
}

async function needTask(db: Db, project: string, id: string): Promise<store.TaskRow> {
  const task = await store.findTask(db, project, id);
  if (!task) throw noTask(project, id);
  return task;
}

function noTask(project: string, id: string): SensorloopError {
  return new SensorloopError("NOT_FOUND", `project '${project}' has no task '${id}'`, { facts: { task: id } });
}
