import {
  CancellationScope,
  ChildWorkflowCancellationType,
  executeChild,
  isCancellation,
  proxyActivities,
  workflowInfo,
} from "@temporalio/workflow";
import type { Activities } from "../activities/index.ts";
import { workflowId } from "../lib/domain/ids.ts";
import type { NightState } from "../lib/domain/api/nights.ts";
import { nightId, type NightContext, type NightOrder } from "../lib/domain/nights/night-order.ts";
import { reportOf } from "./failure-report.ts";
import { bulk, record, training } from "./presets.ts";
import { trainingPipelineWorkflow } from "./training-pipeline.ts";

const runs = proxyActivities<Activities["runs"]>(record);
const data = proxyActivities<Activities["data"]>(bulk);

/** A night of a backfill waits until the project is free, as long as that takes; retries of an activity fill no history. */
const patient = proxyActivities<Activities["runs"]>({
  ...record,
  scheduleToCloseTimeout: "30d",
  retry: { initialInterval: "1s", backoffCoefficient: 1.5, maximumInterval: "30s" },
});

/** What a figure beside the night may cost; the night does not wait for better times. */
const figures = proxyActivities<Activities["models"]>({ ...training, scheduleToCloseTimeout: "3h", retry: { maximumAttempts: 2 } });
const messages = proxyActivities<Activities["data"]>({
  taskQueue: "data",
  startToCloseTimeout: "5m",
  scheduleToCloseTimeout: "1h",
  heartbeatTimeout: "30s",
});

/** Of the attribute that Temporal gives to whatever a schedule starts: when it was due, without jitter and delay. */
const DUE = "TemporalScheduledStartTime";

/** One night: takes in what is new, asks whether it is worth a training, trains, and says what came of it. */
export async function retrainWorkflow(order: NightOrder): Promise<{ night: string; state: NightState }> {
  const context = contextOf(order);
  const { project, night } = context;
  const notes: string[] = [];
  let run: string | null = null;
  let state: NightState = "done";
  let reason: string | null = null;
  try {
    const judge = order.cause === "backfill" ? patient : runs;
    const opened = await judge.openNight(context);
    if (opened.state !== "running") {
      if (opened.state === "skipped") await messages.tellOfNight({ project, night }).catch(() => undefined);
      return { night, state: opened.state };
    }
    const { specVersion } = opened;
    notes.push(...(await data.takeInNew({ ...context, specVersion })).notes);
    const judged = await judge.judgeNight({ ...context, specVersion });
    if (judged.run) {
      run = judged.run.run;
      await executeChild(trainingPipelineWorkflow, {
        args: [judged.run],
        workflowId: workflowId.run(run),
        cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      });
      if (judged.measureGain) await measureGain(project, night, run);
    } else {
      state = "skipped";
      reason = judged.reason;
    }
  } catch (error) {
    state = isCancellation(error) ? "cancelled" : "failed";
    const { code, message } = reportOf(error);
    reason = `${message} (${code})`;
    if (CancellationScope.current().consideredCancelled) {
      await CancellationScope.nonCancellable(() => runs.closeNight({ ...context, state, reason, run, notes }));
      throw error;
    }
  }
  await CancellationScope.nonCancellable(async () => {
    await runs.closeNight({ ...context, state, reason, run, notes });
    // What could not be told stands in the night's row; that it could not even be written there changes no night.
    await messages.tellOfNight({ project, night }).catch(() => undefined);
  });
  return { night, state };

  async function measureGain(project: string, night: string, run: string): Promise<void> {
    try {
      await figures.measureGain({ night, project, run });
    } catch (error) {
      if (isCancellation(error)) throw error;
      notes.push(`what the labels bought was not measured: ${reportOf(error).message}`);
    }
  }
}

function contextOf(order: NightOrder): NightContext {
  const info = workflowInfo();
  const due = new Date(order.dueAt ?? (info.searchAttributes[DUE]?.[0] as Date | undefined) ?? info.startTime);
  return { ...order, night: order.night ?? nightId(order.project, due), dueAt: due.toISOString() };
}
