import { condition, continueAsNew, defineQuery, defineSignal, proxyActivities, setHandler, workflowInfo } from "@temporalio/workflow";
import type { Activities } from "../activities/index.ts";
import { record } from "./presets.ts";

const queue = proxyActivities<Activities["runs"]>(record);
/** Three tries of each way, each with its time-outs; who could not be told now is told when the next reminder is due. */
const messages = proxyActivities<Activities["runs"]>({
  taskQueue: "orchestration",
  startToCloseTimeout: "3m",
  scheduleToCloseTimeout: "15m",
  retry: { maximumAttempts: 3 },
});

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
  let reminding = false;
  /** Brought to the front, and told to nobody yet. */
  let urgent = 0;
  setHandler(labelledSignal, () => {
    woken = true;
  });
  setHandler(queueQuery, () => seen);

  for (;;) {
    woken = false;
    const { since, escalated } = await queue.tendQueue({ project });
    urgent += escalated;
    if (!reminding) void remind(since);
    await queue.askForRetraining({ project });
    const { nextMs, ...state } = await queue.lookAtQueue({ project, since });
    seen = state;
    if (!woken && state.open + state.adjudicate === 0) return state;
    if (workflowInfo().historyLength > HISTORY && !reminding) await continueAsNew<typeof annotationWorkflow>({ project });
    await condition(() => woken, Math.min(LOOK_MS, Math.max(PAUSE_MS, Math.ceil(nextMs ?? LOOK_MS))));
  }

  /** Beside everything else: a mail server that says nothing keeps no lease, and no night, waiting. */
  async function remind(since: string): Promise<void> {
    reminding = true;
    const escalated = urgent;
    urgent = 0;
    await messages.remindPeople({ project, escalated, since }).catch(() => undefined);
    reminding = false;
    if (urgent > 0) woken = true;
  }
}
