import {
  CancellationScope,
  ChildWorkflowCancellationType,
  condition,
  defineQuery,
  defineUpdate,
  executeChild,
  isCancellation,
  patched,
  proxyActivities,
  setHandler,
} from "@temporalio/workflow";
import { ApplicationFailure } from "@temporalio/common";
import type { Activities } from "../activities/index.ts";
import { workflowId } from "../lib/domain/ids.ts";
import type { RunContext, RunResult, SearchContext, StageName, Verdict } from "../lib/domain/stages.ts";
import { evolutionWorkflow } from "./evolution.ts";
import { reportOf } from "./failure-report.ts";
import { inParallel, makeWindows } from "./make-windows.ts";
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

/** Searches of one run at once: each keeps all workers busy by itself, and a second fills the gaps between its generations. */
const SLOTS_AT_ONCE = 2;

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

  /** Candidate against champion on the slot's part of the holdout, a person's word where the gate wants it, and what follows. */
  async function decideSlot(search: SearchContext, candidate: string): Promise<Verdict> {
    at = "evaluate";
    const champion = await runs.currentChampion(search);
    if (champion && champion.model !== candidate) {
      const { specVersion, cut } = champion;
      const windowSet = await makeWindows({ ...context, specVersion }, search.snapshot, "evaluate", cut);
      await models.evaluateModel({ ...search, model: champion.model, windowSet });
    }
    await models.evaluateModel({ ...search, model: candidate });

    at = "decide";
    const judged = await runs.decide({ ...search, candidate, champion: champion?.model ?? null });
    let verdict: Verdict = withoutFlag(judged);
    if (judged.needsApproval) {
      approval = undefined;
      at = "waiting";
      await condition(() => approval !== undefined);
      at = "decide";
      verdict = withoutFlag(await runs.recordApproval({ ...search, verdict, approval: approval! }));
    }

    at = "promote";
    await runs.promote({ ...context, verdict });

    at = "score";
    await models.scoreRecordings({ ...search, model: candidate, promoted: verdict.promoted });
    // Runs from before there were tasks end without any.
    if (verdict.promoted && patched("tasks")) await models.chooseTasks({ ...search, model: candidate, before: verdict.champion });
    return verdict;
  }

  try {
    await runs.openRun(context);
    await data.stageUploads(context);

    at = "clean";
    await cleanFiles(context);

    at = "snapshot";
    const { snapshot } = await data.takeSnapshot(context);

    at = "window";
    const windowSet = await makeWindows(context, snapshot, "window");

    at = "cluster";
    const { clustering, cohorts } = await data.clusterSubjects({ ...context, snapshot, windowSet });

    at = "describe";
    const { description } = await data.describeSnapshot({ ...context, snapshot, clustering });

    at = "synthesise";
    const { synthesis, joins } = await models.synthesise({ ...context, snapshot, windowSet, description });

    at = "train";
    const { slots } = await runs.planSlots({ ...context, cohorts });
    const found = await searchSlots(
      slots.map((slot) => ({ ...context, ...slot, clustering, snapshot, windowSet, synthesis: joins ? synthesis : null })),
    );

    // The principal slot comes last: what the stages say in the end is said of it.
    let last: { candidate: string; verdict: Verdict } | undefined;
    for (const { search, candidate, windowSet: windows } of found.reverse()) {
      const verdict = await decideSlot({ ...search, windowSet: windows }, candidate);
      last = { candidate, verdict };
    }
    const { candidate, verdict } = last!;

    // Runs from before the feature store end without it.
    if (patched("features")) {
      at = "features";
      await data.materialiseFeatures({ ...context, snapshot, windowSet });
    }

    const result = await runs.closeRun({ ...context, snapshot, candidate, verdict });
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

/** One search a slot, a few at a time. A slot beside the principal one (the first) that fails is left out, with its reason. */
async function searchSlots(slots: readonly SearchContext[]): Promise<{ search: SearchContext; candidate: string; windowSet: string }[]> {
  const found: { search: SearchContext; candidate: string; windowSet: string }[] = [];
  await inParallel(
    slots.length,
    async (index) => {
      const search = slots[index]!;
      try {
        const result = await executeChild(evolutionWorkflow, {
          args: [{ ...search, generation: 0, since: null }],
          workflowId: workflowId.search(search.run, search.slot),
          cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        });
        found[index] = { search, ...result };
      } catch (error) {
        if (index === 0 || isCancellation(error)) throw error;
        await runs.closeSlot({ ...search, failed: reportOf(error).message });
      }
    },
    SLOTS_AT_ONCE,
  );
  return found.filter(Boolean);
}

async function cleanFiles(context: RunContext): Promise<void> {
  const { chunks } = await data.planCleaning(context);
  await inParallel(chunks, (chunk) => data.cleanChunk({ ...context, chunk }));
  await data.closeCleaning(context);
}

function stageOf(at: StageName | "waiting" | "done"): StageName {
  if (at === "waiting") return "decide";
  return at === "done" ? "features" : at;
}

function withoutFlag({ needsApproval: _, ...verdict }: Verdict & { needsApproval: boolean }): Verdict {
  return verdict;
}
