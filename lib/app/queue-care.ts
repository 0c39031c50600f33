import { majorityOf } from "../domain/annotation/settle.ts";
import type { Platform } from "../platform.ts";
import { append } from "../store/journal.ts";
import * as store from "../store/repositories/task-care.ts";
import { returnLeases } from "../store/repositories/leases.ts";
import { answersOf, holdTask, updateTask } from "../store/repositories/tasks.ts";

/** What a look after the queue has done. */
export interface Tended {
  /** When it began, by Postgres' clock; what has become due since then was not done. */
  readonly since: string;
  readonly returned: number;
  readonly settled: number;
  readonly escalated: number;
}

/** In the journal, for what nobody decided but the clock. */
const actorOf = (project: string) => `annotation/${project}`;

/**
 * Does what is due in a queue: returns leases that have run out, settles what was brought to the front long ago and has a
 * majority all the same, and brings to the front what has waited too long. Every step is right however often it is taken.
 */
export async function tendQueue(platform: Platform, project: string, patience: store.Patience): Promise<Tended> {
  const { db } = platform;
  const since = await store.clock(db);
  const returned = await returnLeases(db, project);
  let settled = 0;
  for (const task of await store.listLeftOver(db, project, patience)) if (await settleByMajority(platform, project, task)) settled++;
  const why = `no answer in ${patience.escalateHours} hours`;
  const escalated = await db.transaction().execute(async (tx) => {
    const tasks = await store.escalateTasks(tx, project, patience);
    for (const task of tasks) await append(tx, { kind: "task.escalated", actor: actorOf(project), project, payload: { task, why } });
    return tasks.length;
  });
  return { since, returned, settled, escalated };
}

/** What most of those who answered say holds, where nobody has decided otherwise in all this time. */
async function settleByMajority({ db }: Platform, project: string, id: string): Promise<boolean> {
  return db.transaction().execute(async (tx) => {
    const task = await holdTask(tx, project, id);
    const answers = task ? await answersOf(tx, id) : [];
    const outcome = majorityOf(answers);
    if (!task || outcome === null || (task.state !== "open" && task.state !== "adjudicate")) return false;
    await updateTask(tx, id, { state: "done", outcome, answers: answers.length });
    await append(tx, { kind: "task.settled", actor: actorOf(project), project, payload: { task: id, outcome, how: "majority" } });
    return true;
  });
}
