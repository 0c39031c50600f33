import { condition, continueAsNew, defineQuery, defineSignal, proxyActivities, setHandler, workflowInfo } from "@temporalio/workflow";
import type { Activities } from "../activities/index.ts";
import { record } from "./presets.ts";

const queue = proxyActivities<Activities["runs"]>(record);

/** Something was answered, or put into the queue. */
const labelledSignal = defineSignal("labelled");
/** The queue as it was last looked at; null before that. */
const queueQuery = defineQuery<Queue | null>("queue");

export interface Queue {
  readonly open: number;
  readonly adjudicate: number;
  readonly leased: number;
}

/** Events after which it goes on in a history of its own. */
const HISTORY = 1_000;
/** Where the clock has nothing to do, it looks all the same: specs change, and with them what is due. */
const LOOK_MS = 3_600_000;
/** Never more often than this, so that what is due every instant keeps no worker busy. */
const PAUSE_MS = 250;

/**
 * Looks after the tasks of a project, as long as there are any: leases that run out, people to remind, tasks that have
 * waited too long, and the retraining that enough labels are worth. The rows are the queue; this only does what is due by
 * the clock, so that it may be lost and started again at any time.
 */
export async function annotationWorkflow({ project }: { readonly project: string }): Promise<Queue> {
  let woken = false;
  let seen: Queue | null = null;
  setHandler(labelledSignal, () => {
    woken = true;
  });
  setHandler(queueQuery, () => seen);

  for (;;) {
    woken = false;
    const { since, escalated } = await queue.tendQueue({ project });
    await queue.remindPeople({ project, escalated });
    await queue.askForRetraining({ project });
    const { nextMs, ...state } = await queue.lookAtQueue({ project, since });
    seen = state;
    if (!woken && state.open + state.adjudicate === 0) return state;
    if (workflowInfo().historyLength > HISTORY) await continueAsNew<typeof annotationWorkflow>({ project });
    await condition(() => woken, Math.min(LOOK_MS, Math.max(PAUSE_MS, Math.ceil(nextMs ?? LOOK_MS))));
  }
}
