import {
  ActivityFailure,
  CancellationScope,
  condition,
  defineQuery,
  defineUpdate,
  isCancellation,
  proxyActivities,
  setHandler,
} from "@temporalio/workflow";
import { ApplicationFailure } from "@temporalio/common";
import type { Activities } from "../activities/index.ts";
import type { RunContext, RunResult, StageName, Verdict } from "../lib/domain/stages.ts";
import { bulk, record, training } from "./presets.ts";

const runs = proxyActivities<Activities["runs"]>(record);
const data = proxyActivities<Activities["data"]>(bulk);
const models = proxyActivities<Activities["models"]>(training);

export interface Approval {
  readonly approve: boolean;
  readonly by: string;
  readonly why: string;
}

/** The stage the run is in. */
const progressQuery = defineQuery<StageName | "waiting" | "done">("progress");
/** Answers a gate in `manual` mode. Refused while nothing waits for it. */
const approveUpdate = defineUpdate<void, [Approval]>("approve");

/** Chunks and shards in flight at once; the workers' slots bound what really runs. */
const FAN_OUT = 20;

/** Raw files in, a better champion out - or the reason why not. */
export async function trainingPipelineWorkflow(context: RunContext): Promise<RunResult> {
  let at: StageName | "waiting" | "done" = "stage";
  let approval: Approval | undefined;
  setHandler(progressQuery, () => at);
  setHandler(
    approveUpdate,
    (answer) => {
      approval = answer;
    },
    {
      validator: (_answer: Approval): void => {
        if (at !== "waiting") throw ApplicationFailure.nonRetryable("this run does not wait for an approval", "CONFLICT");
      },
    },
  );

  try {
    await runs.openRun(context);
    await data.stageUploads(context);

    at = "clean";
    await cleanFiles(context);

    at = "snapshot";
    const { snapshot } = await data.takeSnapshot(context);

    at = "window";
    const windowSet = await makeWindows(context, snapshot, "window");

    // cluster, describe and synthesise have their places here.
    at = "train";
    const { trials } = await runs.planTrials({ ...context, windowSet });
    await Promise.all(trials.map((model) => models.trainModel({ ...context, model })));
    const { model: candidate, fresh } = await runs.chooseCandidate({ ...context, windowSet });
    if (fresh) await models.trainModel({ ...context, model: candidate });
    await runs.closeTraining({ ...context, model: candidate });

    at = "evaluate";
    const champion = await runs.currentChampion(context);
    if (champion && champion.model !== candidate) {
      const windows = await makeWindows({ ...context, specVersion: champion.specVersion }, snapshot, "evaluate");
      await models.evaluateModel({ ...context, model: champion.model, windowSet: windows, snapshot });
    }
    await models.evaluateModel({ ...context, model: candidate, windowSet, snapshot });

    at = "decide";
    let verdict = await runs.decide({ ...context, candidate, champion: champion?.model ?? null, snapshot });
    if (verdict.needsApproval) {
      at = "waiting";
      await condition(() => approval !== undefined);
      verdict = await runs.recordApproval({ ...context, verdict, approval: approval as Approval });
    }

    at = "promote";
    await runs.promote({ ...context, verdict });

    at = "score";
    await models.scoreRecordings({ ...context, model: candidate, windowSet, snapshot, promoted: verdict.promoted });

    const result = await runs.closeRun({ ...context, snapshot, candidate, verdict: withoutFlag(verdict) });
    at = "done";
    return result;
  } catch (error) {
    await CancellationScope.nonCancellable(() =>
      runs.failRun({ ...context, stage: stageOf(at), cancelled: isCancellation(error), error: reportOf(error) }),
    );
    throw error;
  }
}

/** Cleans the files that still hold refused rows, or were refused, under the newest spec. */
export async function quarantineReplayWorkflow(context: RunContext): Promise<{ released: number; held: number }> {
  try {
    await runs.openRun(context);
    await data.selectQuarantined(context);
    await cleanFiles(context);
    return await runs.closeReplay(context);
  } catch (error) {
    await CancellationScope.nonCancellable(() =>
      runs.failRun({ ...context, stage: "clean", cancelled: isCancellation(error), error: reportOf(error) }),
    );
    throw error;
  }
}

async function cleanFiles(context: RunContext): Promise<void> {
  const { chunks } = await data.planCleaning(context);
  await inParallel(chunks, (chunk) => data.cleanChunk({ ...context, chunk }));
  await data.closeCleaning(context);
}

/** The windows of a snapshot as the context's spec wants them; the champion's may be cut otherwise than the candidate's. */
async function makeWindows(context: RunContext, snapshot: string, stage: "window" | "evaluate"): Promise<string> {
  const { windowSet, shards } = await data.planWindows({ ...context, snapshot, stage });
  await inParallel(shards, (shard) => data.windowShard({ ...context, snapshot, windowSet, shard, stage }));
  await data.closeWindows({ ...context, windowSet, stage });
  return windowSet;
}

/** Runs `work` for 0 .. count-1, at most FAN_OUT at once; the first failure fails the whole. */
async function inParallel(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(FAN_OUT, count) }, lane));
}

function stageOf(at: StageName | "waiting" | "done"): StageName {
  if (at === "waiting") return "decide";
  return at === "done" ? "score" : at;
}

function withoutFlag({ needsApproval: _, ...verdict }: Verdict & { needsApproval: boolean }): Verdict {
  return verdict;
}

/** What the catalogue said of the failure, as far as it came from an activity. */
function reportOf(error: unknown): { code: string; message: string; facts: unknown } {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure)
    return { code: cause.type ?? "INTERNAL", message: cause.message, facts: cause.details?.[0] ?? {} };
  return {
    code: isCancellation(error) ? "CANCELLED" : "INTERNAL",
    message: error instanceof Error ? error.message : String(error),
    facts: {},
  };
}
